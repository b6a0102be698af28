"""Starts a run in a build, or at a keyboard: the clone around it, who it is, and what it opens workspaces with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.branches import cloned
from multi_env_lambda.host.identity import this_process
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.own import in_own
from multi_env_lambda.runs.proofs import RealProofs
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.run import is_job, run_job
from multi_env_lambda.runs.voice import voices
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["build_id", "job_of", "start"]


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
    opened = opener or Workspace.open

    def told(event: ProgressEvent) -> None:
        say(f"{event.environment} {event.project}: {event.phase} {event.text}".rstrip())

    def opens(path: Path) -> World:
        return opened(path, report=told, progress=say).world

    with cloned(root) as repository:
        hands = Hands(
            repository=repository,
            opens=opens,
            opens_own=lambda path, name: in_own(opens(path), path, name),
            proofs=RealProofs(),
            say=say,
            job=name,
            build=build_id(variables),
            voice=voices(variables),
        )
        return run_job(hands, root)


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
    if found := variables.get("GITHUB_RUN_ID", ""):
        return f"github:{found}:{variables.get('GITHUB_RUN_ATTEMPT', '1')}"
    here = this_process("")
    return f"{here.host}:{here.process}"
