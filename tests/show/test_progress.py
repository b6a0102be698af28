"""What is told while something takes long, where it is told."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from multi_env_lambda.show.progress import in_a_terminal, lines_where_this_runs
from multi_env_lambda.world import ProgressEvent


@pytest.mark.parametrize(
    ("shell", "shown"), [(SimpleNamespace(kernel=object()), "starting\n"), (SimpleNamespace(), "")]
)
def test_a_sentence_is_shown_in_a_notebook_and_not_to_a_script(
    shell: object, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell with a kernel is a notebook; one without is a terminal."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))

    lines_where_this_runs()("starting")

    assert capsys.readouterr().out == shown


def test_a_failure_is_one_line_while_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    told = ProgressEvent(project="a", environment="prod", phase="failed", text="smoke: expected 1, got 2\nlog:\n  …")
    with in_a_terminal(1) as report:
        report(told)

    assert capsys.readouterr().err == "prod a failed: smoke: expected 1, got 2\n"
