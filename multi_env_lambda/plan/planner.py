"""Decide: what is desired × what is recorded -> a plan. Deploy, promotion and rollback differ only in ``Desired``.

Input: the target environments in promotion order, what each unit should be in the first of them, and the records.
Output: a ``Plan`` with every object, stack and property that will change. No unknowns, no input or output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_never

from multi_env_lambda.model.moved import moved
from multi_env_lambda.model.plan import (
    BlockedStep,
    Origin,
    Plan,
    RemovedStep,
    Step,
    UnchangedStep,
)
from multi_env_lambda.model.repair import Wrong
from multi_env_lambda.model.stages import stages_of
from multi_env_lambda.plan.affected import is_upgrade
from multi_env_lambda.plan.carried import carried
from multi_env_lambda.plan.desired import Absent, Broken, Desired, DigestToRun, RecordedState, ReleaseToRun, UpToDate
from multi_env_lambda.plan.renamed import new_names
from multi_env_lambda.plan.waiting import beside_broken, told_to_wait
from multi_env_lambda.wording import through_all

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Record
    from multi_env_lambda.model.request import Request

__all__ = ["make_plan"]

_SOUND = "it is as it was deployed"


def make_plan(
    request: Request,
    targets: tuple[Environment, ...],
    order: tuple[str, ...],
    desired: Mapping[str, Desired],
    known: RecordedState,
    tree: Origin,
) -> Plan:
    """All steps of one request. Each stage wants what the one before will run after its steps.

    Args:
        targets: the environments that change, in promotion order.
        order: the units in scope, dependencies first.
        tree: the state of the work tree; an empty one if it was not read.
    """
    steps: list[Step] = []
    for stage in stages_of(targets):
        found = [_steps_in(request, target, order, desired, known) for target in stage]
        steps += [step for here in found for step in told_to_wait(here)]
        desired = carried(found, known.records)
    return Plan(
        environments=tuple(target.name for target in targets),
        asked=request.asked(),
        commit=tree.commit,
        committed=tree.committed,
        dirty=tree.dirty,
        steps=new_names(steps),
    )


def _steps_in(
    request: Request, target: Environment, order: tuple[str, ...], desired: Mapping[str, Desired], known: RecordedState
) -> list[Step]:
    """The steps in one environment, given what each unit is to be there."""
    if request.upgrade:
        desired = {project: _upgraded(target, wish, known) for project, wish in desired.items()}
    here = [_step(request, target, desired[project], known) for project in order if project in desired]
    return beside_broken(here, known.broken, target, known.records) if request.verb == "deploy" else here


def _upgraded(target: Environment, desired: Desired, known: RecordedState) -> Desired:
    """What a unit is to be under ``--upgrade``: a change of the unit itself is not deployed."""
    record = known.records.get((target.name, desired.project))
    running = None if record is None else record.running
    match desired:
        case ReleaseToRun() | DigestToRun() if not is_upgrade(
            desired.inputs, None if running is None else running.inputs
        ):
            return UpToDate(project=desired.project, why=f"changed by more than the upgrade: {', '.join(desired.why)}")
        case ReleaseToRun() | DigestToRun() | UpToDate() | Broken() | Absent():
            return desired
        case _:
            assert_never(desired)


def _step(request: Request, target: Environment, desired: Desired, known: RecordedState) -> Step:
    record = known.records.get((target.name, desired.project))
    elsewhere = moved(record, target)
    if elsewhere is not None:
        return BlockedStep.refused(desired.project, target.name, *elsewhere)
    match desired:
        case ReleaseToRun():
            return _wanted(request, target, desired, record, known)
        case DigestToRun():
            return _named(request, target, desired, record, known)
        case UpToDate():
            return _unchanged(target, desired.project, record, desired.why)
        case Broken():
            error = desired.error
            return BlockedStep(
                project=desired.project,
                environment=target.name,
                kind=type(error).__name__,
                what=f"{error.where}: {error.what}",
                hint=error.hint,
            )
        case Absent():
            if desired.removed and record is not None and record.running is not None:
                return RemovedStep(project=desired.project, environment=target.name, version=record.running.version)
            if desired.source and desired.project in request.only:
                hint = through_all((desired.project,), target.name)
                return BlockedStep.refused(desired.project, target.name, desired.why, hint)
            return _unchanged(target, desired.project, record, desired.why)
        case _:
            assert_never(desired)


def _unchanged(target: Environment, project: str, record: Record | None, why: str) -> UnchangedStep:
    running = None if record is None else record.running
    return UnchangedStep(
        project=project,
        environment=target.name,
        release=None if running is None else running.release,
        version=None if running is None else running.version,
        why=why,
    )


def _named(
    request: Request, target: Environment, named: DigestToRun, record: Record | None, known: RecordedState
) -> Step:
    if record is not None and record.release == named.digest and not _again(request, target, named.project, known):
        why = _SOUND if request.verb == "repair" else f"already runs {named.version}"
        return _unchanged(target, named.project, record, why)
    wrong = _wrong(target, named.project, known)
    if wrong.problem:
        return BlockedStep.refused(named.project, target.name, wrong.problem, wrong.hint)
    wanted = ReleaseToRun(
        project=named.project,
        release=known.releases[named.digest],
        why=named.why,
        inputs=named.inputs,
        origin=named.origin,
        rolled_back=named.rolled_back,
    )
    return _wanted(request, target, wanted, record, known)


def _wanted(
    request: Request, target: Environment, wanted: ReleaseToRun, record: Record | None, known: RecordedState
) -> Step:
    running, release = None if record is None else record.running, wanted.release
    again = _again(request, target, wanted.project, known)
    if running is not None and running.release == release.digest and not again:
        return _unchanged(target, wanted.project, record, f"already runs {release.version}")
    from multi_env_lambda.plan.deploy_step import deploy_step

    return deploy_step(request, target, wanted, record, known)


def _again(request: Request, target: Environment, project: str, known: RecordedState) -> bool:
    """Whether a release is deployed although the record says that it runs."""
    if request.verb == "repair" and (known.wrong is None or _wrong(target, project, known)):
        return True
    return request.force or (target.name, project) in known.unsure


def _wrong(target: Environment, project: str, known: RecordedState) -> Wrong:
    return (known.wrong or {}).get((target.name, project), Wrong())
