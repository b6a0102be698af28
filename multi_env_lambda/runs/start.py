"""Starts a run in a build, or at a keyboard: the clone around it, who it is, and what it opens workspaces with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import attrs

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.ci.happened import Happened, PullRequestChanged, ScheduleLooked
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host import bitbucket, gitlab
from multi_env_lambda.host.branches import cloned
from multi_env_lambda.host.github_api import GitHubApi, build_of
from multi_env_lambda.host.identity import this_process
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.messages import Desk
from multi_env_lambda.runs.event import (
    Here,
    event_file,
    follow_cell,
    follow_event,
    follow_left,
    happened_at_bitbucket,
    happened_at_github,
    happened_at_gitlab,
)
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.matrix import cell_named, cells_in, leave_cells, leave_pipeline
from multi_env_lambda.runs.own import in_own
from multi_env_lambda.runs.pipeline import Found, run_step, step_of
from multi_env_lambda.runs.previews import say_previews
from multi_env_lambda.runs.proofs import RealProofs
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.reviews import leave_waits, must_have_gone
from multi_env_lambda.runs.run import is_job, run_job
from multi_env_lambda.runs.voice import voices
from multi_env_lambda.world import ProgressEvent, World

__all__ = [
    "Host",
    "build_id",
    "job_of",
    "start",
    "start_after_cells",
    "start_at",
    "start_cell",
    "start_codepipeline",
    "start_event",
    "start_reviewed",
]


def start(
    root: Path,
    job: str,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Report:
    """Do what a job wants, in the clone at ``root``.

    Args:
        job: its id; empty: the one that the variable has.
        say: a line for people, at once.
        opener: opens workspaces, as ``Workspace.open`` does.

    Raises:
        MultiEnvLambdaError: it could not be done.
    """
    variables = os.environ if environment is None else environment
    name = job_of(job, variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        return run_job(attrs.evolve(hands, job=name), root)


def start_event(
    root: Path,
    file: Path,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    environment: Mapping[str, str] | None = None,
    leaves: bool = False,
) -> Report:
    """Hear of an event of GitHub, and do what follows from it and nobody does yet, in the clone at ``root``.

    Args:
        file: the event's JSON, which GitHub writes; the variable ``GITHUB_EVENT_NAME`` says what it is.
        leaves: cells of a stage are left to jobs beside each other.

    Raises:
        MultiEnvLambdaError: it cannot be read, or what is wanted cannot be stored.
    """
    variables = os.environ if environment is None else environment
    name = variables.get("GITHUB_EVENT_NAME", "")
    if not name:
        hint = "GitHub sets it in each job; by hand, `ci run JOB`"
        raise ConfigurationError("GITHUB_EVENT_NAME", "it is not set", hint=hint)
    asks = GitHubApi.of(variables)
    body = event_file(file)
    with _handed(root, variables, say=say, opener=opener) as hands:
        world = hands.opens(root)
        github = world.config.github
        repository = "" if github is None else f"https://github.com/{github.repository}"
        found = happened_at_github(name, body, asks)
        here = Here(hands.build, asks.is_over, cell_of=_cell_of(world, leaves=leaves))
        report = _followed(attrs.evolve(hands, spreads=leaves), root, world, here, found, repository)
    leave_waits(report, () if github is None else github.reviewed, variables)
    leave_cells(here.left, variables)
    return report


def _cell_of(world: World, *, leaves: bool) -> Callable[[str], str]:
    return cells_in(world.store) if leaves else lambda _: ""


def _is_over(variables: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether another build has ended, by the host of this job."""
    return gitlab.is_over if gitlab.build_of(variables) else GitHubApi.of(variables).is_over


def start_cell(
    root: Path,
    cell: str,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Report:
    """Do what a job of the same workflow or pipeline has left to a cell; ``cell``: its key or id.

    Raises:
        MultiEnvLambdaError: it is none, or it cannot be done.
    """
    variables = os.environ if variables is None else variables
    is_over = _is_over(variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        world = hands.opens(root)
        mine = cell_named(world.store, cell)
        here = Here(hands.build, is_over, mine=mine, cell_of=cells_in(world.store))
        run = partial(_run_in, hands, root)
        return follow_cell(_desk(world, here, ""), here, run=run, say=say, sleep=world.sleep)


def start_after_cells(
    root: Path,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    variables: Mapping[str, str] | None = None,
    leaves: bool = False,
) -> Report:
    """Go on after the cells of a stage; ``leaves`` as for an event.

    Raises:
        MultiEnvLambdaError: it cannot be done.
    """
    variables = os.environ if variables is None else variables
    is_over = _is_over(variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        world = hands.opens(root)
        github = world.config.github
        here = Here(hands.build, is_over, cell_of=_cell_of(world, leaves=leaves))
        run = partial(_run_in, attrs.evolve(hands, spreads=leaves), root)
        report = follow_left(_desk(world, here, ""), here, run=run, say=say, sleep=world.sleep)
    leave_waits(report, () if github is None else github.reviewed, variables)
    leave_cells(here.left, variables)
    return report


def start_reviewed(
    root: Path,
    environment: str,
    digest: str,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Report:
    """Go on after a reviewer at GitHub has agreed to a plan: look at everything, as each hour does.

    Raises:
        MultiEnvLambdaError: it cannot be done.
    """
    variables = os.environ if variables is None else variables
    asks = GitHubApi.of(variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        world = hands.opens(root)
        github = world.config.github
        if github is None or environment not in github.reviewed:
            what = f"{quoted(environment)} is not opened by reviewers at GitHub"
            raise ConfigurationError("ci run", what, hint="name it in `reviewed` of the table, then `ci write github`")
        here = Here(hands.build, asks.is_over, turn=f"/{environment}/{digest[:12]}")
        repository = f"https://github.com/{github.repository}"
        report = _followed(hands, root, world, here, (ScheduleLooked(),), repository)
    leave_waits(report, github.reviewed, variables)
    found = must_have_gone(report, environment)
    for text in found.failures[len(report.failures) :]:
        say(f"failed: {text}")
    return found


@attrs.frozen(kw_only=True)
class _AtHost:
    """A host whose jobs say by their variables what they were started for.

    Args:
        repository: how the table of a workspace calls the one that all is about.
    """

    branch_of: Callable[[Mapping[str, str]], str]
    is_over: Callable[[str], bool]
    happened: Callable[[Mapping[str, str]], Happened]
    repository: Callable[[WorkspaceConfig], str]


Host = Literal["gitlab", "bitbucket"]
_HOSTS: Mapping[Host, _AtHost] = {
    "gitlab": _AtHost(
        branch_of=gitlab.branch_of,
        is_over=gitlab.is_over,
        happened=happened_at_gitlab,
        repository=lambda config: "" if config.gitlab is None else config.gitlab.project,
    ),
    "bitbucket": _AtHost(
        branch_of=bitbucket.branch_of,
        is_over=bitbucket.is_over,
        happened=happened_at_bitbucket,
        repository=lambda config: "" if config.bitbucket is None else config.bitbucket.repository,
    ),
}


def start_at(
    name: Host,
    root: Path,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    environment: Mapping[str, str] | None = None,
    leaves: bool = False,
) -> Report:
    """Look, in a job at GitLab or Bitbucket: at the protected branch after a push to it, at a change that is not merged
    in a job for it, else at everything. ``leaves``: cells of a stage are left to jobs beside each other.

    Raises:
        MultiEnvLambdaError: it is no such job, or what is wanted cannot be stored.
    """
    variables = os.environ if environment is None else environment
    host = _HOSTS[name]
    happened = host.happened(variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        here = Here(hands.build, host.is_over)
        if isinstance(happened, PullRequestChanged):
            own = {} if happened.stranger else {happened.number: happened.branch}
            hands = attrs.evolve(hands, requested=own)
            root = _checked_out(hands, happened.into)
            world = hands.opens(root)
            return _followed(hands, root, world, here, (happened,), host.repository(world.config))
        world = _on_protected(hands, root, host.branch_of(variables), name)
        if leaves:
            hands, here.cell_of = attrs.evolve(hands, spreads=True), cells_in(world.store)
            leave_pipeline(root, world.config, (), variables)
        report = _followed(hands, root, world, here, (happened,), host.repository(world.config))
        if here.left:
            leave_pipeline(root, world.config, here.left, variables)
        said = say_previews(partial(hands.voice, world.config), world.store, world.config.ci.branch)
        return report + Report(notes=said).told(say)


def _checked_out(hands: Hands, branch: str) -> Path:
    """The branch that a change goes into, which decides; what the job has checked out is the change itself.

    Raises:
        ConfigurationError: the remote has no such branch.
    """
    hands.repository.fetch()
    there = hands.repository.heads().get(branch)
    if there is None:
        hint = "start the pipeline again; the branch may be gone"
        raise ConfigurationError("ci run", f"the remote has no branch {quoted(branch)}", hint=hint)
    return hands.repository.check_out(there.commit)


def _on_protected(hands: Hands, root: Path, branch: str, host: Host) -> World:
    """The workspace, if this is a job of its protected branch."""
    world = hands.opens(root)
    wanted = world.config.ci.branch
    if branch != wanted:
        what = f"found a job of the branch `{branch}`; expected the protected branch `{wanted}`"
        raise ConfigurationError("ci run", what, hint=f"run `ci write {host}` again, on that branch")
    return world


def start_codepipeline(
    root: Path,
    *,
    say: Callable[[str], None],
    opener: Callable[..., Workspace] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Report, Found]:
    """Do the step of a pipeline that the action's variables name; and what it leaves for the next actions.

    Raises:
        MultiEnvLambdaError: it is no action of a pipeline, or the step cannot be done.
    """
    variables = os.environ if environment is None else environment
    step = step_of(variables)
    with _handed(root, variables, say=say, opener=opener) as hands:
        return run_step(hands, root, step)


def _followed(hands: Hands, root: Path, world: World, here: Here, found: Iterable[Happened], repository: str) -> Report:
    """Do what follows; ``repository``: the one that events are about, if they name one."""
    desk = _desk(world, here, repository)
    return follow_event(desk, here, found, run=partial(_run_in, hands, root), say=hands.say, sleep=world.sleep)


def _desk(world: World, here: Here, repository: str) -> Desk:
    bucket, rules = world.config.devops.bucket, world.config.ci
    return Desk(store=world.store, builds=here, bucket=bucket, repository=repository, rules=rules)


def _run_in(hands: Hands, root: Path, job: str) -> Report:
    return run_job(attrs.evolve(hands, job=job), root)


@contextmanager
def _handed(
    root: Path, variables: Mapping[str, str], *, say: Callable[[str], None], opener: Callable[..., Workspace] | None
) -> Iterator[Hands]:
    """The hands of a run in this process, without a job."""
    opened = opener or Workspace.open

    def told(event: ProgressEvent) -> None:
        say(f"{event.environment} {event.project}: {event.phase} {event.text}".rstrip())

    def opens(path: Path) -> World:
        return opened(path, report=told, progress=say).world

    with cloned(root) as repository:
        yield Hands(
            spreads=bool(variables.get("CODEBUILD_BUILD_ID", "")),
            repository=repository,
            opens=opens,
            opens_own=lambda path, name: in_own(opens(path), path, name),
            proofs=RealProofs(),
            say=say,
            job="",
            build=build_id(variables),
            voice=voices(variables),
        )


def job_of(given: str, variables: Mapping[str, str]) -> str:
    """The id of the job: as given, else as the one variable says.

    Raises:
        ConfigurationError: there is none, or it is none.
    """
    found = given or variables.get(JOB_VARIABLE, "")
    if not found:
        what = f"no job is named, and {JOB_VARIABLE} is not set"
        raise ConfigurationError("ci run", what, hint="the dispatcher sets it; by hand, name the job")
    return is_job(found)


def build_id(variables: Mapping[str, str]) -> str:
    """What the build is called where it was started; outside of a build, this process."""
    if found := variables.get("CODEBUILD_BUILD_ID", ""):
        return found
    if found := build_of(variables) or gitlab.build_of(variables) or bitbucket.build_of(variables):
        return found
    here = this_process("")
    return f"{here.host}:{here.process}"
