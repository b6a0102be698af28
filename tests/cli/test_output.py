"""How a command talks."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from multi_env_lambda.cli.output import out
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.show.text import history_table


@pytest.mark.parametrize("text", ["orders/[red]file[/].py changed", "https://console.example.org/" + "x" * 300])
def test_a_plain_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out(text)

    assert capsys.readouterr().out == f"{text}\n"


def test_a_reason_with_brackets_stays_as_it_was_written() -> None:
    entry = Deployment(
        sequence=1,
        action="deploy",
        outcome="succeeded",
        release="0" * 64,
        version="0.1.0",
        layer=None,
        who="arn:aws:iam::111111111111:user/ada",
        when="2026-01-01T00:00:00Z",
        commit="",
        committed="",
        dirty=False,
        inputs=(),
        reason="see [/Resources/Data] and [red]",
    )
    screen = io.StringIO()
    Console(file=screen, width=200).print(history_table({"prod": [entry]}))

    assert "see [/Resources/Data] and [red]" in screen.getvalue()
