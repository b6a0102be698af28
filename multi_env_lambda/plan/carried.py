"""What goes on from a stage to the next: what each unit is to be there, by what the environments before run of it.

A stage says one thing about a unit: the release that all of its environments that have the unit run successfully. If
they do not run the same one, nothing of the unit goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.label import label
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, Origin, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.stages import listed
from multi_env_lambda.plan.desired import Absent, Broken, Desired, DigestToRun, ReleaseToRun
from multi_env_lambda.wording import advice, option

__all__ = ["carried", "from_deployment", "from_stage"]

Records = Mapping[tuple[str, str], Record]


def carried(stage: Sequence[Iterable[Step]], records: Records) -> dict[str, Desired]:
    """What the next stage is to run, given what each environment of this one will run after its steps."""
    found: dict[str, list[Step]] = {}
    for steps in stage:
        for step in steps:
            found.setdefault(step.project, []).append(step)
    return {name: _of_steps(name, steps, records) for name, steps in found.items()}


def _of_steps(project: str, steps: Sequence[Step], records: Records) -> Desired:
    said = {step.environment: _carried(step, records) for step in steps}
    there = {step.environment for step in steps if _has_it(step, records)}
    return _agreed(project, said, there, records)


def _has_it(step: Step, records: Records) -> bool:
    """Whether the unit belongs to the environment of the step, whatever became of it there."""
    record = records.get((step.environment, step.project))
    return not isinstance(step, UnchangedStep) or (record is not None and not record.gone)


def from_stage(project: str, environments: Sequence[str], records: Records) -> Desired:
    """Promotion: what the records of a stage say runs in its environments."""
    said = {name: _from_record(project, name, records) for name in environments}
    there = {name for name in environments if (record := records.get((name, project))) and not record.gone}
    return _agreed(project, said, there, records)


def _agreed(project: str, said: Mapping[str, Desired], there: Iterable[str], records: Records) -> Desired:
    """What the environments of a stage say, in one. One that does not have the unit says nothing, unless none has."""
    wishes = {name: said[name] for name in said if name in there} or dict(list(said.items())[:1])
    if len(wishes) == 1:
        return next(iter(wishes.values()))
    runs: dict[str, ReleaseToRun | DigestToRun] = {}
    for name, wish in wishes.items():
        if not isinstance(wish, (ReleaseToRun, DigestToRun)):
            return wish
        runs[name] = wish
    if len({_digest(wish) for wish in runs.values()}) > 1:
        return _apart(project, runs)
    made = next((wish for wish in runs.values() if isinstance(wish, ReleaseToRun)), next(iter(runs.values())))
    marks = dict.fromkeys(mark for wish in runs.values() for mark in wish.rolled_back)
    why = f"{listed(runs)} run {_called(project, _version(made), _digest(made), records)}"
    return attrs.evolve(made, why=(why,), rolled_back=tuple(marks))


def _apart(project: str, runs: Mapping[str, ReleaseToRun | DigestToRun]) -> Broken:
    pairs = [(_version(wish), _digest(wish)) for wish in runs.values()]
    told = [f"{name} runs {label(_version(wish), _digest(wish), pairs)}" for name, wish in runs.items()]
    hint = advice("deploy the same release to all of them, or name one of them with `{}`", option("skip_from"))
    return Broken(project=project, error=Refused(project, listed(told), hint=hint))


def _digest(wish: ReleaseToRun | DigestToRun) -> str:
    return wish.release.digest if isinstance(wish, ReleaseToRun) else wish.digest


def _version(wish: ReleaseToRun | DigestToRun) -> str:
    return wish.release.version if isinstance(wish, ReleaseToRun) else wish.version


def _called(project: str, version: str, digest: str, records: Records) -> str:
    seen = [each.running for (_, unit), each in records.items() if unit == project and each.running is not None]
    return label(version, digest, [(each.version, each.release) for each in seen])


def _carried(step: Step, records: Records) -> Desired:
    match step:
        case DeployStep():
            why = (f"{step.environment} runs {step.label}",)
            return ReleaseToRun(
                project=step.project, release=step.release, why=why, inputs=step.inputs, origin=step.origin
            )
        case UnchangedStep() | NewerStep():
            return _from_record(step.project, step.environment, records)
        case BlockedStep():
            return Absent(project=step.project, why=f"blocked in {step.environment}")
        case RemovedStep():
            return Absent(project=step.project, why="its folder no longer exists", removed=True)
        case _:
            assert_never(step)


def _from_record(project: str, environment: str, records: Records) -> Desired:
    record = records.get((environment, project))
    if record is None or record.running is None:
        return Absent(project=project, why=f"it does not run in {environment}")
    failed = record.latest
    if failed is not None and failed.outcome == "failed" and failed.release == record.release:
        what = f"{failed.version} was redeployed there and failed: {failed.detail}"
        hint = advice("correct the cause and redeploy it there with `{}`", option("force"))
        return Broken(project=project, error=Refused(f"{project} in {environment}", what, hint=hint))
    called = _called(project, record.running.version, record.running.release, records)
    named = from_deployment(project, record.running, why=f"{environment} runs {called}")
    return attrs.evolve(named, rolled_back=record.taken_away)


def from_deployment(project: str, deployment: Deployment, *, why: str) -> DigestToRun:
    """A release, identified by the deployment that brought it."""
    return DigestToRun(
        project=project,
        digest=deployment.release,
        version=deployment.version,
        why=(why,),
        inputs=deployment.inputs,
        origin=Origin(
            commit=deployment.commit,
            committed=deployment.committed,
            dirty=deployment.dirty,
            author=deployment.author,
        ),
    )
