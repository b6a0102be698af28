"""The verb ``event``: prints a sample of what a function gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from multi_env_lambda.cli.complete import event_kinds
from multi_env_lambda.cli.output import out, print_json

__all__ = ["event_command", "set_option"]

Command = Callable[..., Any]


def set_option(command: Command) -> Command:
    """``--set KEY=VALUE``, as often as there are values."""
    help = "A value in the sample event; can be repeated."
    return click.option("--set", "values", multiple=True, metavar="KEY=VALUE", callback=_pairs, help=help)(command)


def _pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found = dict(text.partition("=")[::2] for text in given if "=" in text)
    for text in given:
        if "=" not in text:
            raise click.BadParameter(f"found `{text}`; expected KEY=VALUE, such as `body=hello`")
    return found


@click.command("event")
@click.argument("kind", required=False, metavar="[KIND]", shell_complete=event_kinds)
@set_option
def event_command(kind: str | None, values: dict[str, str]) -> int:
    """Print a sample event of KIND as JSON, in the form that AWS sends it; without KIND, list the kinds.

    `invoke --event KIND` sends it to a function.
    """
    from multi_env_lambda.api.samples import EVENT_KEYS, sample_event

    if kind is not None:
        print_json(sample_event(kind, values))
        return 0
    if values:
        raise click.UsageError("--set requires KIND")
    for name, keys in EVENT_KEYS.items():
        out(f"{name}: {' '.join(f'{key}={_shown(example)}' for key, example in keys.items())}")
    return 0


def _shown(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example)
