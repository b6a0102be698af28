"""The verb ``invoke``: one function through its alias."""

from __future__ import annotations

import json
import sys

import attrs
import click

from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, print_json, unit_of
from multi_env_lambda.errors import CheckFailed, ConfigurationError

__all__ = ["invoke_command"]


@click.command("invoke")
@click.argument("words", nargs=-1, required=True, metavar="[UNIT] FUNCTION ENVIRONMENT")
@click.option("--payload", default="{}", help="The event as JSON; `-` reads stdin.")
@local_option
@json_option
def invoke_command(words: tuple[str, ...], payload: str, local: bool | None, as_json: bool) -> int:
    """Call FUNCTION of UNIT in ENVIRONMENT through the alias `live`; the answer goes to stdout, the log to stderr."""
    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if len(named) != 3:
        raise click.UsageError(
            "`invoke.py UNIT FUNCTION ENVIRONMENT`, or FUNCTION ENVIRONMENT from a unit's own script"
        )
    name, function, environment = named
    answer = open_workspace(local).call(name, function, environment, _event(payload))
    if answer.log_tail and not as_json:
        note(answer.log_tail.rstrip())
    text = answer.payload.decode("utf-8", "replace")
    if as_json:
        print_json({**attrs.asdict(answer), "payload": text})
    else:
        click.echo(text)
    if answer.error is not None:
        note(f"{name}.{function} in {environment}: the function raised {answer.error}")
        return CheckFailed.exit_code
    return 0


def _event(payload: str) -> object:
    text = sys.stdin.read() if payload == "-" else payload
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError("--payload", f"not JSON: {error}", hint="quote it: --payload '{\"id\": 1}'") from error
