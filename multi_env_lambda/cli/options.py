"""What several verbs have in common on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from multi_env_lambda.cli.complete import answers, names_argument, names_of

__all__ = ["consent_options", "out_option", "selection_options", "target_options", "upgrade_option"]

Command = Callable[..., Any]


def selection_options(command: Command) -> Command:
    """Which units of the work tree, and how far."""
    text = "Compare every unit by content, not only the affected ones."
    return target_options(click.option("--all", "everything", is_flag=True, help=text)(command))


def target_options(command: Command) -> Command:
    """Which units, and how far."""
    for option in (
        click.option(
            "--only",
            multiple=True,
            metavar="UNIT",
            shell_complete=names_of,
            help="Only this unit, like UNIT; can be repeated.",
        ),
        click.option(
            "--to", metavar="ENVIRONMENT", shell_complete=names_of, help="Go through all environments up to this one."
        ),
        names_argument("words", nargs=-1, metavar="[UNIT]... [ENVIRONMENT]"),
    ):
        command = option(command)
    return command


def consent_options(command: Command) -> Command:
    for option in (
        click.option(
            "--agree",
            multiple=True,
            metavar="KIND:NAME",
            shell_complete=answers,
            help="Answer a question that the plan asks.",
        ),
        click.option(
            "--wait", default="0s", metavar="DURATION", help="Wait up to this long (90s, 5m) for other deployments."
        ),
        click.option("--yes", is_flag=True, help="Skip the confirmation."),
    ):
        command = option(command)
    return command


def upgrade_option(command: Command) -> Command:
    text = "Only changes that come from a new version of this library."
    return click.option("--upgrade", is_flag=True, help=text)(command)


def out_option(help: str) -> Callable[[Command], Command]:
    return click.option("--out", "saved", type=click.Path(dir_okay=False, path_type=Path), help=help)
