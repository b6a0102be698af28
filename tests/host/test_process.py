"""A program that fails is quoted, and may have printed all that it was given."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping

import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.process import last_lines, run, trusting

VALUE = "c4n4ry/+?of-the-index"
PRINTS = "import base64, os, sys; sys.exit(f'{os.environ} {base64.b64encode(os.environb[b'UV_INDEX_A_PASSWORD'])}')"


def said(program: str, given: Mapping[str, str]) -> str:
    """With nothing else of this process's environment, whose length would say what is quoted."""
    with pytest.raises(ToolError) as caught:
        run([sys.executable, "-c", program], where="a tool", hint="none", env={"PATH": os.environ["PATH"], **given})
    return str(caught.value)


def test_what_a_program_says_on_the_other_stream_is_quoted_if_it_says_no_more() -> None:
    assert "1 failed" in said("import sys; print('1 failed'); sys.exit(1)", {})
    assert "1 failed" not in said("import sys; print('1 failed'); sys.exit('why')", {})


def test_of_a_very_long_line_the_beginning_is_quoted_without_a_secret_that_is_cut() -> None:
    token = "ghp_" + "a1B2" * 9

    said = last_lines(f"one\n{'x ' * 995}{token} {'y' * 100_000}\nthree")

    assert (said[:4], said[-6:], "ghp_" in said, len(said) < 2100) == ("one\n", "\nthree", False, True)


def test_a_program_without_arguments_is_named() -> None:
    with pytest.raises(ToolError, match="`false` ended with status 1"):
        run(["false"], where="a tool", hint="none")


def test_what_a_program_says_of_its_environment_has_no_secret_in_it() -> None:
    given = {
        "UV_INDEX_A_PASSWORD": VALUE,
        "UV_EXTRA_INDEX_URL": "https://ci:hunter2@index.example.org/simple",
        "PLACE": "at home",
    }
    program = PRINTS.replace("os.environb[b'UV_INDEX_A_PASSWORD']", 'os.environb[b"UV_INDEX_A_PASSWORD"]')
    text = said(program, given)

    assert "at home" in text and "index.example.org" in text
    encoded = base64.b64encode(VALUE.encode()).decode()[:-4]
    assert [secret for secret in (VALUE, "hunter2", encoded) if secret in text] == []


def test_a_secret_that_is_only_this_process_s_is_blotted_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", VALUE)

    assert "it is ***" in said(f"import sys; sys.exit('it is {VALUE}')", {})


@pytest.mark.parametrize(
    ("given", "told"), [({}, True), ({"SSL_CERT_FILE": ""}, True), ({"SSL_CERT_FILE": "/a"}, False)]
)
def test_uv_trusts_what_the_machine_trusts_unless_a_file_says_what_to_trust(given: dict[str, str], told: bool) -> None:
    assert ("UV_SYSTEM_CERTS" in trusting(given)) is told
