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
    from multi_env_lambda.api.function import Job

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
    project = open_workspace(local).project(name)
    if function in project.jobs_in(environment):
        return _run_job(project.jobs[function], environment, _event(payload), as_json)
    answer = project.function(function).call(_event(payload), environment)
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


def _run_job(job: Job, environment: str, event: object, as_json: bool) -> int:
    """The payload's entries are the arguments of the run."""
    if not isinstance(event, dict):
        raise ConfigurationError(
            "--payload", "a job takes a JSON object of arguments", hint='--payload \'{"day": "…"}\''
        )
    run = job.run({word: str(value) for word, value in event.items()}, environment)
    if as_json:
        print_json(attrs.asdict(run))
    else:
        click.echo(run.state)
    if run.error is not None:
        note(f"{job.project}.{job.key} in {environment}: the run failed: {run.error}")
        return CheckFailed.exit_code
    return 0


def _event(payload: str) -> object:
    text = sys.stdin.read() if payload == "-" else payload
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError("--payload", f"not JSON: {error}", hint="quote it: --payload '{\"id\": 1}'") from error
