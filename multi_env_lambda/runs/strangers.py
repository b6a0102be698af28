"""Changes of strangers at GitHub, in three jobs that share nothing but bytes.

``write_copy`` runs for the protected branch, with a role that may read. ``preview`` runs the change's code, in a job
without credentials. ``tell_preview`` runs for the protected branch again, and believes nothing of what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api.copied import world_against
from multi_env_lambda.ci.comment import MARKER, Comment, of_plan, render
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.strangers import MOST_BYTES, Preview, from_log, is_from_credentials, not_planned, to_log
from multi_env_lambda.errors import ConfigurationError, DocumentError, UpgradeNeeded
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.host.github_api import GitHubApi
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.model.ci import DAY
from multi_env_lambda.model.github import STRANGERS_JOB
from multi_env_lambda.model.plan_copy import LARGEST_PACKED, PlanCopy
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.copied import UNKNOWN
from multi_env_lambda.operations.copying import copied
from multi_env_lambda.runs.event import event_file
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["MOST_DAYS", "preview", "read_copy", "tell_preview", "write_copy"]

MOST_DAYS = 7
"""An older copy says too little. One is written after each run of the protected branch, and at least hourly."""


def write_copy(world: World, file: Path) -> None:
    """Write the copy, for the commit that is checked out.

    Raises:
        DocumentError: it would be too large.
    """
    write_atomically(file, copied(world, world.maker.snapshot(()).commit or ""))


def read_copy(file: Path) -> PlanCopy:
    """Read it back.

    Raises:
        ConfigurationError: there is no such file.
        DocumentError, UpgradeNeeded: it is something else.
    """
    try:
        with file.open("rb") as there:
            body = there.read(LARGEST_PACKED + 1)
    except OSError as error:
        hint = "`ci copy` writes it, in a run of the protected branch"
        raise ConfigurationError(file.name, f"the copy cannot be read: {error.strerror}", hint=hint) from error
    return PlanCopy.from_bytes(body, where=file.name)


def preview(root: Path, file: Path, *, say: Callable[[str], None], now: float) -> str:
    """Plan the work tree against a copy; returns the lines that carry the result.

    Raises:
        MultiEnvLambdaError: it is no copy, an old one, one of another workspace, or the work tree cannot be planned.
    """
    copy = read_copy(file)
    made = datetime.fromtimestamp(copy.made, UTC).isoformat(timespec="seconds")
    if now - copy.made > MOST_DAYS * DAY:
        hint = "start the workflow on the protected branch; its run writes a new one"
        raise DocumentError(file.name, f"the copy of the records is of {made}, over {MOST_DAYS} days ago", hint=hint)

    def told(event: ProgressEvent) -> None:
        say(f"{event.environment} {event.project}: {event.phase} {event.text}".rstrip())

    with private_folder() as folder:
        world = world_against(root, copy, folder, report=told, said=say)
        last = world.config.end
        plan = pipeline.plan(world, Request(verb="deploy", target=last, through=True)).plan
    say(str(plan) if plan.deploys else "nothing would change")
    say(f"This is a plan against a copy of the records of {made}, which may be old. It does not know:")
    for line in UNKNOWN:
        say(f"- {line}")
    blocked = [f"{step.environment} {step.project}: {step.what}" for step in plan.blocked if step.kind != "Refused"]
    return to_log(Preview.of(of_plan(0, "", plan, failures=blocked), made, UNKNOWN))


def tell_preview(file: Path, variables: Mapping[str, str]) -> str:
    """Show in its pull request what the job of a stranger's change has said; what was done, in a line.

    Whatever that job does, this one succeeds: nobody who may not push makes a run of the protected branch red.

    Args:
        file: the event ``workflow_run`` of GitHub.

    Raises:
        ConfigurationError: it is no such event.
        ToolError: GitHub does not answer, or refuses.
    """
    run = _run(event_file(file))
    if run is None:
        return "the fork is gone; nothing is said"
    asks = GitHubApi.of(variables)
    number = asks.request_at(run.owner, run.branch, run.commit, fork=run.fork)
    if not number:
        return f"no open pull request is at {run.commit[:12]} of {quoted(run.branch)}; nothing is said"
    log = asks.log_of(run.id, STRANGERS_JOB, 10 * MOST_BYTES)
    if not log:
        return f"pull request {number}: the run has no log of a job `{STRANGERS_JOB}`; nothing is said"
    server = variables.get("GITHUB_SERVER_URL", "https://github.com")
    comment = _comment(log, number, run.commit, f"{server}/{asks.repository}/actions/runs/{run.id}")
    host = GitHub(repository=asks.repository, token=asks.token, api=asks.address)
    changed = host.comment(
        number, MARKER, render(comment, host.limit), keeps=lambda body: is_from_credentials(body, run.commit)
    )
    return f"pull request {number}: {'said' if changed else 'nothing new'}"


def _comment(log: bytes, number: int, commit: str, link: str) -> Comment:
    try:
        return from_log(log).comment(number, commit, link)
    except (DocumentError, UpgradeNeeded) as error:
        return not_planned(number, commit, link, error.what)


@attrs.frozen(kw_only=True)
class _Run:
    """What GitHub says of a run: its number, and whose branch it was about, in which fork, and where that stood."""

    id: int
    owner: str
    fork: int
    branch: str
    commit: str


def _run(body: bytes) -> _Run | None:
    """None: the fork no longer exists."""
    try:
        found = json.loads(body)["workflow_run"]
        fork = found["head_repository"]
        if fork is None:
            return None
        numbers, texts = (found["id"], fork["id"]), (fork["owner"]["login"], found["head_branch"], found["head_sha"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = 'GitHub names it in each job: "$GITHUB_EVENT_PATH"'
        raise ConfigurationError("ci tell", "the event is no `workflow_run` of GitHub", hint=hint) from error
    if not all(isinstance(one, int) for one in numbers) or not all(isinstance(one, str) for one in texts):
        raise ConfigurationError("ci tell", "the event is no `workflow_run` of GitHub", hint="run it in that workflow")
    return _Run(id=numbers[0], fork=numbers[1], owner=texts[0], branch=texts[1], commit=texts[2])
