"""The table about CodePipeline, and the text that an approver reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.codepipeline import CodePipeline, digest_in, read_codepipeline_table, said_of
from multi_env_lambda.model.reading import Table

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/0a1b"
DIGEST = "0123456789abcdef" * 4


def read(has_roles: bool = True, **said: Any) -> CodePipeline | None:
    table = Table(where="pyproject.toml", path="ci", values={"codepipeline": said} if said else {})
    return read_codepipeline_table(table, has_roles=has_roles)


def test_a_repository_is_codecommit_s_or_comes_through_a_connection() -> None:
    assert read(repository="units") == CodePipeline(repository="units")
    found = read(repository="https://github.com/acme/units", connection=CONNECTION)
    assert found is not None and (found.source.kind, found.full_name) == ("GITHUB", "acme/units")
    assert read() is None


@pytest.mark.parametrize(
    "said",
    [
        {"repository": "https://github.com/acme/units"},
        {"repository": "https://git.acme.org/units", "connection": CONNECTION},
        {"repository": "#{Plan.X}"},
        {"repository": "units", "connection": "a"},
        {"connection": CONNECTION},
        {"repository": "units", "mode": "PARALLEL"},
    ],
)
def test_what_no_pipeline_can_read_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read(**said)


def test_without_roles_nobody_can_be_told_apart() -> None:
    with pytest.raises(ConfigurationError, match="one role serves everybody"):
        read(has_roles=False, repository="units")


def test_the_digest_is_that_of_the_text() -> None:
    assert digest_in(said_of("prod", DIGEST, "2 units: a, b"), "prod") == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        said_of("test", DIGEST, "1 unit"),
        said_of("prod", DIGEST[:12], "1 unit"),
        said_of("prod", DIGEST, f"in truth {'f' * 64}"),
        said_of("prod", DIGEST, f"in truth {'F' * 64}"),
        said_of("prod", "#{Ask-prod.MULTI_ENV_LAMBDA_DIGEST}", DIGEST),
        f"x {said_of('prod', DIGEST, '1 unit')}",
        DIGEST,
        "",
    ],
)
def test_a_text_that_is_another_one_names_nothing(text: str) -> None:
    assert digest_in(text, "prod") == ""


@given(st.text(max_size=40), st.from_regex(r"[0-9a-f]{64}", fullmatch=True), st.text(max_size=40))
def test_whatever_a_build_says_it_is_one_digest_that_was_read_or_none(before: str, digest: str, after: str) -> None:
    found = digest_in(said_of("prod", f"{before}{digest}", after), "prod")
    assert found in ("", digest)
