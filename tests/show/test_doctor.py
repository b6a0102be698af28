"""What ``doctor`` found, as a person at a terminal and in a notebook reads it."""

from __future__ import annotations

from multi_env_lambda.api import tables
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.show.doctor import doctor_table
from multi_env_lambda.show.render import text_of
from multi_env_lambda.wording import Advice, advice

FINDINGS = (
    Finding(place="machine", check="git", state="ok", what="/usr/bin/git"),
    Finding(place="machine", check="uv", state="unknown", what="[red]not looked at[/]"),
    Finding(
        place="you",
        check="credentials",
        state="problem",
        what="there are none",
        hint=advice("use the local cloud: {}", Advice("--local", "local=True")),
    ),
)


def test_a_place_is_named_once_and_a_problem_has_its_hint_below() -> None:
    lines = [line.split() for line in text_of(doctor_table(FINDINGS)).splitlines()]

    assert lines[0] == ["machine", "✓", "git", "/usr/bin/git"]
    assert lines[1] == ["·", "uv", "[red]not", "looked", "at[/]"]
    assert lines[2] == ["you", "✗", "credentials", "there", "are", "none"]
    assert lines[3] == ["hint:", "use", "the", "local", "cloud:", "--local"]


def test_a_notebook_reads_arguments_instead_of_options() -> None:
    assert "local=True" in text_of(tables.findings(FINDINGS))
