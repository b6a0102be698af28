"""The verb ``invoke``: one function through its alias, or one run of a job."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import attrs
import click

from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, print_json, unit_of
from multi_env_lambda.errors import CheckFailed, ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda.workspace import Workspace

__all__ = ["invoke_command"]


@click.command("invoke")
@click.argument("words", nargs=-1, required=True, metavar="[UNIT] FUNCTION ENVIRONMENT")
@click.option("--payload", default="{}", help="The event as JSON; `-` reads stdin.")
@local_option
@json_option
def invoke_command(words: tuple[str, ...], payload: str, local: bool | None, as_json: bool) -> int:
    """Call FUNCTION of UNIT in ENVIRONMENT through the alias `live`, or run a job of it and wait.

    The answer goes to stdout, the log to stderr.
    """
    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if len(named) != 3:
        raise click.UsageError(
            "`invoke.py UNIT FUNCTION ENVIRONMENT`, or FUNCTION ENVIRONMENT from a unit's own script"
        )
    name, function, environment = named
    workspace = open_workspace(local)
    if _is_job(workspace, name, function, environment):
        return _run_job(workspace, name, function, environment, _event(payload), as_json)
    answer = workspace.call(name, function, environment, _event(payload))
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


def _is_job(workspace: Workspace, name: str, key: str, environment: str) -> bool:
    place = workspace.config.environment(environment)
    return key in [job.key for job in workspace.project(name).settings[place.name].jobs]


def _run_job(workspace: Workspace, name: str, key: str, environment: str, event: object, as_json: bool) -> int:
    """The payload's entries are the arguments of the run."""
    if not isinstance(event, dict):
        raise ConfigurationError(
            "--payload", "a job takes a JSON object of arguments", hint='--payload \'{"day": "…"}\''
        )
    run = workspace.run_job(name, key, environment, {word: str(value) for word, value in event.items()})
    if as_json:
        print_json(attrs.asdict(run))
    else:
        click.echo(run.state)
    if run.error is not None:
        note(f"{name}.{key} in {environment}: the run failed: {run.error}")
        return CheckFailed.exit_code
    return 0


def _event(payload: str) -> object:
    text = sys.stdin.read() if payload == "-" else payload
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError("--payload", f"not JSON: {error}", hint="quote it: --payload '{\"id\": 1}'") from error
