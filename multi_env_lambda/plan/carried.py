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
from multi_env_lambda.model.saved_there import not_promotable
from multi_env_lambda.model.stages import listed
from multi_env_lambda.plan.desired import Absent, Broken, Desired, DigestToRun, ReleaseToRun
from multi_env_lambda.wording import advice, option

__all__ = ["carried", "from_deployment", "from_stage"]

Records = Mapping[tuple[str, str], Record]
_OfUnit = Mapping[str, Record]
"""The records of one unit, by environment."""


def carried(stage: Sequence[Iterable[Step]], records: Records) -> dict[str, Desired]:
    """What the next stage is to run, given what each environment of this one will run after its steps."""
    found: dict[str, list[Step]] = {}
    for steps in stage:
        for step in steps:
            found.setdefault(step.project, []).append(step)
    known = _by_unit(records)
    return {name: _of_steps(name, steps, known.get(name, {})) for name, steps in found.items()}


def _by_unit(records: Records) -> dict[str, dict[str, Record]]:
    """Gathered once, so that a unit among many does not look through the records of all."""
    found: dict[str, dict[str, Record]] = {}
    for (environment, project), record in records.items():
        found.setdefault(project, {})[environment] = record
    return found


def _of_steps(project: str, steps: Sequence[Step], known: _OfUnit) -> Desired:
    said = {step.environment: _carried(step, known) for step in steps}
    there = {step.environment for step in steps if _has_it(step, known)}
    return _agreed(project, said, there, known)


def _has_it(step: Step, known: _OfUnit) -> bool:
    """Whether the unit belongs to the environment of the step, whatever became of it there."""
    record = known.get(step.environment)
    return not isinstance(step, UnchangedStep) or (record is not None and not record.gone)


def from_stage(projects: Iterable[str], environments: Sequence[str], records: Records) -> dict[str, Desired]:
    """Promotion: what the records of a stage say runs in its environments."""
    known = _by_unit(records)
    return {name: _of_records(name, environments, known.get(name, {})) for name in projects}


def _of_records(project: str, environments: Sequence[str], known: _OfUnit) -> Desired:
    said = {name: _from_record(project, name, known) for name in environments}
    there = {name for name in environments if (record := known.get(name)) and not record.gone}
    return _agreed(project, said, there, known)


def _agreed(project: str, said: Mapping[str, Desired], there: Iterable[str], known: _OfUnit) -> Desired:
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
    why = f"{listed(runs)} run {_called(_version(made), _digest(made), known)}"
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


def _called(version: str, digest: str, known: _OfUnit) -> str:
    seen = [each.running for each in known.values() if each.running is not None]
    return label(version, digest, [(each.version, each.release) for each in seen])


def _carried(step: Step, known: _OfUnit) -> Desired:
    match step:
        case DeployStep():
            why = (f"{step.environment} runs {step.label}",)
            return ReleaseToRun(
                project=step.project, release=step.release, why=why, inputs=step.inputs, origin=step.origin
            )
        case UnchangedStep() | NewerStep():
            return _from_record(step.project, step.environment, known)
        case BlockedStep():
            return Absent(project=step.project, why=f"blocked in {step.environment}")
        case RemovedStep():
            return Absent(project=step.project, why="its folder no longer exists", removed=True)
        case _:
            assert_never(step)


def _from_record(project: str, environment: str, known: _OfUnit) -> Desired:
    record = known.get(environment)
    if record is None or record.running is None:
        return Absent(project=project, why=f"it does not run in {environment}", source=environment)
    failed = record.latest
    if failed is not None and failed.outcome == "failed" and failed.release == record.release:
        what = f"{failed.version} was redeployed there and failed: {failed.detail}"
        hint = advice("correct the cause and redeploy it there with `{}`", option("force"))
        return Broken(project=project, error=Refused(f"{project} in {environment}", what, hint=hint))
    if (dirty := not_promotable(record)) is not None:
        return Broken(project=project, error=dirty)
    called = _called(record.running.version, record.running.release, known)
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
