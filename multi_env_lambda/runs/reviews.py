"""The jobs at GitHub around a reviewer's yes: what waits is shown, the yes becomes an approval, and that is applied.

``show`` and ``reviewed`` run no code of a unit. Between the two, GitHub waits for a person. Only the run that follows
deploys, as every other does: by the gate, which opens for the digest that she has seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.review import page
from multi_env_lambda.errors import ConfigurationError, PlanStale, Refused
from multi_env_lambda.flow.gate import Approval
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.host.github_api import GitHubApi
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.github import WORKFLOW, approving_job
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.waiting import command_for
from multi_env_lambda.operations.ci_kept import kept_plan, was_asked, write_asked
from multi_env_lambda.operations.reviewed import Reviewed, bear_out, must_be_protected, unprotected
from multi_env_lambda.runs.report import Report
from multi_env_lambda.world import World

__all__ = [
    "OUTPUT",
    "SUMMARY",
    "Shown",
    "leave_shown",
    "leave_waits",
    "must_have_gone",
    "reviewed",
    "show",
    "what_waits",
]

OUTPUT, SUMMARY = "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"
"""The files of a job at GitHub for what the next jobs get, and for the page of the run.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Asks(Protocol):
    """What GitHub is asked before a person is (``host/github_api.py``)."""

    def environment(self, name: str) -> Any: ...

    def jobs(self, run: int) -> list[Any]: ...

    def waiting_runs(self, workflow: str) -> list[Any]: ...


@attrs.frozen(kw_only=True)
class Shown:
    """What a reviewer is to see; without a plan, why nobody is asked."""

    environment: str
    digest: str
    plan: Plan | None = None
    note: str = ""


def what_waits(world: World, asks: Asks, environment: str, digest: str, *, run: str = "", again: bool = True) -> Shown:
    """Make the plan again that waits there, from what is published.

    Args:
        run: which one asks. again: also where a run has asked before that waits no longer, since somebody said no.

    Raises:
        Refused: GitHub would ask nobody, or what waits needs more than the yes of a reviewer.
        MultiEnvLambdaError: GitHub or AWS does not answer, or there is no such plan.
    """
    github = world.config.github
    if github is None or environment not in github.reviewed:
        what = f"{quoted(environment)} is not opened by reviewers at GitHub"
        raise ConfigurationError("ci show", what, hint="name it in `reviewed` of the table, then `ci write github`")
    if missing := unprotected(asks.environment(environment)):
        raise must_be_protected(environment, missing)
    kept = kept_plan(world.store, environment, digest) if _DIGEST.fullmatch(digest) else None
    if kept is None:
        what = f"no run has stopped in front of it with a plan {quoted(digest)}"
        raise ConfigurationError(environment, what, hint="start the workflow again")
    try:
        plan = with_rules(world, pipeline.same_again(world, kept, published=True).plan)
    except PlanStale as error:
        return Shown(environment=environment, digest=digest, note=f"nobody is asked, since {error.where}: {error.what}")
    if plan.environments != (environment,) or plan.digest_of(environment) != digest:
        what = f"the plan {digest[:12]} is not about {environment} alone"
        raise ConfigurationError(environment, what, hint="start the workflow again")
    if any(bound.weaker or bound.order or bound.unreadable for bound in plan.rules):
        text = "; ".join(line for bound in plan.rules for line in bound.lines())
        hint = f"`{command_for(environment, digest)}` shows it, and agrees"
        raise Refused(environment, f"a review at GitHub agrees to no weaker rules: {text}", hint=hint)
    if link := _asking(asks, environment, digest):
        return Shown(environment=environment, digest=digest, note=f"it is asked for already: {link}")
    if not again and (before := was_asked(world.store, environment, digest)):
        note = f"it was asked for in run {quoted(before)}: to be asked again, start the workflow by hand"
        return Shown(environment=environment, digest=digest, note=note)
    write_asked(world.store, environment, digest, run)
    return Shown(environment=environment, digest=digest, plan=plan)


def _asking(asks: Asks, environment: str, digest: str) -> str:
    """Another run that waits for a yes to the same: nobody is asked twice, as each hour would."""
    name = approving_job(environment, digest)
    for run in asks.waiting_runs(Path(WORKFLOW).name):
        number = run.get("id") if isinstance(run, Mapping) else None
        jobs = asks.jobs(number) if isinstance(number, int) else []
        if any(isinstance(one, Mapping) and (one.get("name"), one.get("status")) == (name, "waiting") for one in jobs):
            return str(run.get("html_url", number))
    return ""


def show(
    root: Path,
    environment: str,
    digest: str,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None,
    variables: Mapping[str, str],
) -> Shown:
    """The same, in a job of the workflow.

    Raises:
        MultiEnvLambdaError: as above.
    """
    asks = GitHubApi.of(variables)
    if variables.get("GITHUB_RUN_ATTEMPT", "1") != "1":
        note = (
            "nobody is asked in a run that is repeated, since GitHub keeps who agreed by run: start the workflow again"
        )
        return Shown(environment=environment, digest=digest, note=note)
    world, run = (opener or Workspace.open)(root, progress=say).world, variables.get("GITHUB_RUN_ID", "")
    again = variables.get("GITHUB_EVENT_NAME") != "schedule"
    return what_waits(world, asks, environment, digest, run=run, again=again)


def leave_shown(shown: Shown, lines: Sequence[str], variables: Mapping[str, str]) -> None:
    """Write the page of the run, and tell the next job which plan it is about.

    Args:
        lines: the plan, as `approve` shows it.

    Raises:
        Refused: it is too long to be shown as a whole.
    """
    if shown.plan is None:
        return
    text = page(shown.environment, shown.digest, shown.plan, lines)
    if not text:
        hint = f"`{command_for(shown.environment, shown.digest)}` shows it, and agrees"
        raise Refused(shown.environment, "the plan is too long to be shown at GitHub as a whole", hint=hint)
    _added(variables.get(SUMMARY, ""), text)
    _added(variables.get(OUTPUT, ""), f"digest={shown.digest}\n")


def leave_waits(report: Report, reviewed: Iterable[str], variables: Mapping[str, str]) -> None:
    """Tell the next jobs what waits for reviewers: of each environment, the first plan."""
    first = {wait.environment: wait.digest for wait in reversed(report.waits)}
    lines = [f"{name}={first[name]}\n" for name in reviewed if _DIGEST.fullmatch(first.get(name, ""))]
    _added(variables.get(OUTPUT, ""), "".join(lines))


def must_have_gone(report: Report, environment: str) -> Report:
    """The same; a failure if the environment still waits, since what the reviewer agreed to was not done."""
    waits = [wait for wait in report.waits if wait.environment == environment]
    done = any(one.environment == environment and one.outcome in ("deployed", "destroyed") for one in report.results)
    if done or not waits:
        return report
    text = f"{environment}: nothing was deployed, since the plan is now {waits[0].digest[:12]}: {waits[0].what}"
    return report + Report(failures=(text,))


def reviewed(environment: str, digest: str, branch: str, variables: Mapping[str, str]) -> Approval:
    """Write the approval of the reviewer that has let this job start; it knows nothing of a work tree.

    Raises:
        Refused: she is not known, or has not seen this plan; nothing is written.
        MultiEnvLambdaError: GitHub or the bucket does not answer.
    """
    asks = GitHubApi.of(variables)
    account_id, bucket = _said(variables, ACCOUNT_VARIABLE), _said(variables, BUCKET_VARIABLE)
    place = Devops(account_id=account_id, region=_said(variables, "AWS_REGION"), bucket=bucket, role_name="")
    store = Bucket(Sessions().client(place, "s3"), bucket, account_id)
    run = _said(variables, "GITHUB_RUN_ID")
    number = int(run) if re.fullmatch(r"[0-9]{1,18}", run) else 0
    return bear_out(store, asks, Reviewed(run=number, environment=environment, digest=digest, branch=branch))


def _said(variables: Mapping[str, str], name: str) -> str:
    found = variables.get(name, "")
    if not found:
        raise ConfigurationError(name, "it is not set", hint="the workflow that `ci write github` writes sets it")
    return found


def _added(file: str, text: str) -> None:
    if file and text:
        with Path(file).open("a", encoding="utf-8") as there:
            there.write(text)
