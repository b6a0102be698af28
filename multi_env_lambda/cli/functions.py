"""The verbs about one function: ``invoke`` it, or a run of a job, and read its ``logs``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import attrs
import click

from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json, unit_of
from multi_env_lambda.errors import CheckFailed, ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda.api.function import Job

__all__ = ["invoke_command", "logs_command"]


@click.command("invoke")
@click.argument("words", nargs=-1, required=True, metavar="[UNIT] FUNCTION ENVIRONMENT")
@click.option("--payload", default="{}", help="The event as JSON; `-` reads it from stdin.")
@local_option
@json_option
def invoke_command(words: tuple[str, ...], payload: str, local: bool | None, as_json: bool) -> int:
    """Invoke FUNCTION of UNIT in ENVIRONMENT through its alias `live`, or run a job of UNIT and wait for it.

    The response goes to stdout, the log to stderr.
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
        out(text)
    if answer.error is not None:
        note(f"{name}.{function} in {environment}: the function raised {answer.error}")
        return CheckFailed.exit_code
    return 0


@click.command("logs")
@click.argument("words", nargs=-1, required=True, metavar="[UNIT] FUNCTION [ENVIRONMENT]")
@click.option("--minutes", type=click.FloatRange(min=0), default=10.0, show_default=True, help="How far back to read.")
@local_option
@json_option
def logs_command(words: tuple[str, ...], minutes: float, local: bool | None, as_json: bool) -> int:
    """Print what FUNCTION of UNIT has logged in ENVIRONMENT, oldest first; CloudWatch is a few seconds behind."""
    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if len(named) not in (2, 3):
        raise click.UsageError("`logs.py UNIT FUNCTION [ENVIRONMENT]`, without UNIT from a unit's own script")
    name, function, *environment = named
    found = open_workspace(local).project(name).function(function).logs(*environment, minutes=minutes)
    if as_json:
        print_json(found.to_dict()["items"])
    elif len(found):
        out(found.text())
    else:
        note(f"no log events in the last {minutes:g} minutes")
    return 0


def _run_job(job: Job, environment: str, event: object, as_json: bool) -> int:
    """The payload's entries are the arguments of the run."""
    if not isinstance(event, dict):
        raise ConfigurationError(
            "--payload", "expected a JSON object with the arguments of the job", hint='--payload \'{"day": "…"}\''
        )
    run = job.run({word: str(value) for word, value in event.items()}, environment)
    if as_json:
        print_json(attrs.asdict(run))
    else:
        out(run.state)
    if run.error is not None:
        note(f"{job.project}.{job.key} in {environment}: the run failed: {run.error}")
        return CheckFailed.exit_code
    return 0


def _event(payload: str) -> object:
    text = sys.stdin.read() if payload == "-" else payload
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError("--payload", f"bad JSON: {error}", hint="quote it: --payload '{\"id\": 1}'") from error
