"""How a command talks."""

from __future__ import annotations

import pytest

from multi_env_lambda.cli.output import out


@pytest.mark.parametrize("text", ["orders/[red]file[/].py changed", "https://console.example.org/" + "x" * 300])
def test_a_plain_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out(text)

    assert capsys.readouterr().out == f"{text}\n"
