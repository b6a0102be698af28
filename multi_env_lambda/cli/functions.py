"""The verbs about one function: ``invoke`` it, or a run of a job, and read its ``logs``."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs
import click

from multi_env_lambda.cli.complete import event_kinds, names_argument
from multi_env_lambda.cli.event import set_option
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json, unit_of
from multi_env_lambda.errors import CheckFailed, ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda import LogLine
    from multi_env_lambda.api.function import Function, Job
    from multi_env_lambda.api.project import Project
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["invoke_command", "logs_command"]


@click.command("invoke")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] FUNCTION ENVIRONMENT")
@click.option("--payload", help="The event as JSON, `{}` without it; `-` reads it from stdin.")
@click.option(
    "--event",
    "kind",
    metavar="KIND",
    shell_complete=event_kinds,
    help="Send a sample event of this kind; `event` lists the kinds.",
)
@set_option
@click.option("--here", is_flag=True, help="Run the code of this work tree on this machine; nothing is deployed.")
@local_option
@json_option
def invoke_command(
    words: tuple[str, ...],
    payload: str | None,
    kind: str | None,
    values: dict[str, str],
    here: bool,
    local: bool | None,
    as_json: bool,
) -> int:
    """Invoke FUNCTION of UNIT in ENVIRONMENT through its alias `live`, or run a job of UNIT and wait for it.

    The response goes to stdout, the log to stderr.
    """
    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if len(named) != 3:
        raise click.UsageError("expected UNIT, FUNCTION and ENVIRONMENT; a unit's script takes no UNIT")
    if kind is not None and payload is not None:
        raise click.UsageError("--event cannot be combined with --payload")
    if kind is None and values:
        raise click.UsageError("--set requires --event")
    name, function, environment = named
    project = open_workspace(local).project(name)
    if function in project.jobs_in(environment):
        if here:
            raise click.UsageError("--here is for functions, not for jobs")
        if kind is not None:
            raise click.UsageError("--event is for functions; a job gets the arguments in --payload")
        return _run_job(project.jobs[function], environment, _event(payload), as_json)
    called = project.function(function)
    event = _event(payload) if kind is None else called.sample_event(kind, values, environment)
    answer = called.call(event, environment, here=here)
    if answer.log_tail and not as_json:
        note(answer.log_tail.rstrip())
    text = answer.payload.decode("utf-8", "replace")
    if as_json:
        print_json({**attrs.asdict(answer), "payload": text})
    else:
        out(text)
    if answer.error is not None:
        note(f"{name}.{function} in {environment}: the function raised {answer.reason}")
        return CheckFailed.exit_code
    return 0


@click.command("logs")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] [FUNCTION] [ENVIRONMENT]")
@click.option("--since", default="10m", show_default=True, help="How far back: 90s, 10m, 2h, 3d, or a timestamp.")
@click.option("--filter", "containing", default="", metavar="TEXT", help="Only lines with this text.")
@click.option("--follow", is_flag=True, help="Go on with each new line, until you press Ctrl-C.")
@local_option
@json_option
def logs_command(
    words: tuple[str, ...], since: str, containing: str, follow: bool, local: bool | None, as_json: bool
) -> int:
    """Print what FUNCTION of UNIT, or each of its functions, has logged in ENVIRONMENT, oldest first.

    CloudWatch is a few seconds behind.
    """
    handle, environment, several = _logged(words, open_workspace(local))
    if follow:
        with suppress(KeyboardInterrupt):  # that is how it ends
            for line in handle.follow_logs(environment, since=since, containing=containing):
                _print_line(line, as_json, several=several)
        return 0
    found = handle.logs(environment, since=since, containing=containing)
    if as_json:
        print_json(found.to_dict()["items"])
    elif len(found):
        out(found.text())
    else:
        note(f"no log events since {since}{f' with {containing!r}' if containing else ''}")
    return 0


def _logged(words: tuple[str, ...], workspace: Workspace) -> tuple[Project | Function, str | None, bool]:
    """What is read, in which environment, and whether it is more than one function.

    One word after the unit is an environment if there is one of that name and no such function.
    """
    unit = unit_of()
    name, *rest = words if unit is None else (unit, *words)
    if len(rest) > 2:
        raise click.UsageError("expected UNIT, then FUNCTION or ENVIRONMENT or both; a unit's script takes no UNIT")
    project = workspace.project(name)
    if not rest or (len(rest) == 1 and rest[0] in workspace.environments and rest[0] not in project.functions):
        return project, rest[0] if rest else None, len(project.functions) > 1
    return project.function(rest[0]), rest[1] if len(rest) == 2 else None, False


def _print_line(line: LogLine, as_json: bool, *, several: bool) -> None:
    from multi_env_lambda.show.log import log_text

    if as_json:
        out(json.dumps(line.to_dict()))
    else:
        out(log_text(line, several=several))


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


def _event(payload: str | None) -> object:
    text = sys.stdin.read() if payload == "-" else "{}" if payload is None else payload
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError("--payload", f"bad JSON: {error}", hint="quote it: --payload '{\"id\": 1}'") from error
