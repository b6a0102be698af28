"""Decide: what is desired × what is recorded -> a plan. Deploy, promotion and rollback differ only in ``Desired``.

Input: the target environments in promotion order, what each unit should be in the first of them, and the records.
Output: a ``Plan`` with every object, stack and property that will change. No unknowns, no input or output.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import assert_never

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.moved import moved
from multi_env_lambda.model.plan import (
    BlockedStep,
    Breach,
    DeployStep,
    Origin,
    Plan,
    Question,
    RemovedStep,
    Step,
    UnchangedStep,
)
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.repair import Wrong
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.stages import stages_of
from multi_env_lambda.plan.affected import is_upgrade
from multi_env_lambda.plan.aliases import traffic_question
from multi_env_lambda.plan.backwards import again_questions, going_back, newer_step, older_questions
from multi_env_lambda.plan.bounds import beyond
from multi_env_lambda.plan.carried import carried
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.desired import Absent, Broken, Desired, DigestToRun, RecordedState, ReleaseToRun, UpToDate
from multi_env_lambda.plan.farewells import gone_notes, new_names, stays_notes
from multi_env_lambda.plan.frozen import frozen_questions
from multi_env_lambda.plan.group_transitions import stays_behind, stuck_group
from multi_env_lambda.plan.handed_over import handed_notes
from multi_env_lambda.plan.imports import NO_STACK, import_questions
from multi_env_lambda.plan.keeping import keeping, template_to_send
from multi_env_lambda.plan.late_starts import late_starts
from multi_env_lambda.plan.losses import loss_questions, planned_question
from multi_env_lambda.plan.object_forms import form_questions
from multi_env_lambda.plan.ownership import take_over, taken_over
from multi_env_lambda.plan.release_rules import breaches, in_force, refusal
from multi_env_lambda.plan.repair import SOUND, lost_already, lost_with_stack, merged
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.plan.transitions import impossible
from multi_env_lambda.plan.waiting import beside_broken, told_to_wait

__all__ = ["make_plan"]


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
        return _refused(target, desired.project, *elsewhere)
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
            return _unchanged(target, desired.project, record, desired.why)
        case _:
            assert_never(desired)


def _refused(target: Environment, project: str, what: str, hint: str) -> BlockedStep:
    return BlockedStep(project=project, environment=target.name, kind="Refused", what=what, hint=hint)


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
        why = SOUND if request.verb == "repair" else f"already runs {named.version}"
        return _unchanged(target, named.project, record, why)
    wrong = _wrong(target, named.project, known)
    if wrong.problem:
        return _refused(target, named.project, wrong.problem, wrong.hint)
    wanted = ReleaseToRun(
        project=named.project,
        release=known.releases[named.digest],
        why=named.why,
        inputs=named.inputs,
        origin=named.origin,
        rolled_back=named.rolled_back,
    )
    return _wanted(request, target, wanted, record, known)


def _told(place: tuple[str, str], known: RecordedState) -> Iterator[str]:
    if place in known.unseen:
        yield known.unseen[place]
    if place in known.gone:
        yield "its stack no longer exists and is recreated completely"


def _wanted(
    request: Request, target: Environment, wanted: ReleaseToRun, record: Record | None, known: RecordedState
) -> Step:
    running = None if record is None else record.running
    release = wanted.release
    again = _again(request, target, wanted.project, known)
    if running is not None and running.release == release.digest and not again:
        return _unchanged(target, wanted.project, record, f"already runs {release.version}")
    back = going_back(request, target, running, wanted.back, wanted.origin, wanted.rolled_back)
    if back is not None and running is not None and back.certain and wanted.project not in request.only:
        return newer_step(release, target.name, running)
    place, before = (target.name, wanted.project), _template(running, target, known)
    released = _text(release, target, known)
    text = released and template_to_send(request.verb, released, known.there.get(place))
    broken = _breaches(request, target, wanted, known)
    forbidden = _forbidden(request, target, wanted, broken, known) or impossible(before, text, known.now)
    stuck = stuck_group(before, text)
    forbidden = forbidden or (stuck if request.verb != "rollback" else None)
    if forbidden is not None:
        return _refused(target, wanted.project, *forbidden)
    changed, questions = _changes(target, wanted.project, running, text, known)
    proof = running is not None and place not in known.unsure
    rights = rights_changes(before if proof else known.there.get(place), text, place_of(target))
    told = [*_told(place, known), *([] if stuck is None else [stays_behind(*stuck)])]
    anew = request.verb == "repair" or place in known.gone
    lost = lost_already(changed, before, _there(place, known)) if anew else ()
    lost += lost_with_stack(running.resources, text) if running is not None and place in known.gone else ()
    return DeployStep(
        project=wanted.project,
        environment=target.name,
        action=request.action_in(target),
        release=release,
        running=None if running is None else running.release,
        running_version=None if running is None else running.version,
        why=(*wanted.why, *told),
        inputs=wanted.inputs,
        origin=wanted.origin,
        publish=wanted.publish,
        changes=changed,
        questions=(
            *frozen_questions(wanted.project, target.name, known.freezes),
            *older_questions(release, running, back),
            *again_questions(request, release, record),
            *_moved(wanted.project, target, known),
            *rights_question(wanted.project, rights),
            *(form_questions(wanted.project, before, text) if request.verb in ("deploy", "promote") else ()),
            *questions,
        ),
        rights=rights,
        notes=(
            *late_starts(before, text),
            *handed_notes(before, text, target.name),
            *stays_notes(released, text, changed),
            *gone_notes(changed),
            *lost,
        ),
        reason=request.recorded_reason,
        breaks=broken,
    )


def _breaches(request: Request, target: Environment, wanted: ReleaseToRun, known: RecordedState) -> tuple[Breach, ...]:
    """Rules about releases that this one breaks; they do not stop what ran there before."""
    if request.is_of_one_place:
        return ()
    past = known.past.get((target.name, wanted.project), ())
    return breaches(target.name, wanted.release, wanted.origin, wanted.inputs, past)


def _forbidden(
    request: Request, target: Environment, wanted: ReleaseToRun, broken: tuple[Breach, ...], known: RecordedState
) -> tuple[str, str] | None:
    """What keeps a release out of an environment, and what to do."""
    folder = next((path for path, _ in wanted.inputs), f"the unit {wanted.project}")
    refused = None if request.verb == "repair" else refusal(wanted.release, target)
    released = _text(wanted.release, target, known)
    return refused or in_force(target, broken) or beyond(released, folder, target, known.bounding)


def _changes(
    target: Environment, project: str, running: Deployment | None, text: str | None, known: RecordedState
) -> tuple[tuple[ResourceChange, ...], tuple[Question, ...]]:
    """What happens to the stack, and to which part a person has to agree."""
    place = (target.name, project)
    foreign = known.foreign.get(place)
    if foreign is not None:
        template = json.loads(text or "{}")
        return taken_over(changes(None, text), foreign, template), (take_over(foreign, template, target.name),)
    changed = _changed(place, running, _template(running, target, known), text, known)
    asked = tuple(planned_question(project, change) for change in changed if change.destructive)
    record = known.records.get(place)
    words = {question.answer for question in asked}
    met = (question for question in loss_questions(record, project, text) if question.answer not in words)
    orphan = (known.orphans[place],) if place in known.orphans else ()
    return changed, (*orphan, *asked, *met, *import_questions(record, project, text, _there(place, known)))


def _changed(
    place: tuple[str, str], running: Deployment | None, recorded: str | None, text: str | None, known: RecordedState
) -> tuple[ResourceChange, ...]:
    """The changes from the stack's template to ``text``: from its own, if the record is no proof of it.

    Otherwise only data losses are taken from there: CloudFormation does not return a template exactly as it was sent.
    """
    there = known.there.get(place)
    if place in known.gone:
        return changes(None, text)
    if known.wrong is not None and place in known.wrong:
        sent = json.loads(text or "{}").get("Resources", {})
        return merged(known.wrong[place].changes, () if there is None else changes(there, text), sent)
    if there is not None and (running is None or place in known.unsure):
        return changes(there, text)
    # What an earlier rollback left in the stack is not new.
    before = recorded if recorded is None or there is None else keeping(recorded, there)
    found = changes(before, text)
    known_of = {change.logical_id for change in found if change.destructive}
    more = [] if there is None else [item for item in changes(there, text) if item.destructive]
    added = {item.logical_id: item for item in more if item.logical_id not in known_of}
    kept = (change for change in found if change.logical_id not in added)
    return tuple(sorted((*kept, *added.values()), key=lambda change: change.logical_id))


def _there(place: tuple[str, str], known: RecordedState) -> str | None:
    """The stack's template, as far as it was read; empty if the stack no longer exists."""
    return NO_STACK if place in known.gone else known.there.get(place)


def _again(request: Request, target: Environment, project: str, known: RecordedState) -> bool:
    """Whether a release is deployed although the record says that it runs."""
    if request.verb == "repair" and (known.wrong is None or _wrong(target, project, known)):
        return True
    return request.force or (target.name, project) in known.unsure


def _wrong(target: Environment, project: str, known: RecordedState) -> Wrong:
    return (known.wrong or {}).get((target.name, project), Wrong())


def _template(running: Deployment | None, target: Environment, known: RecordedState) -> str | None:
    """The template that runs, by the SHA-256 in its deployment; 0.1.1 stored none, then by its release."""
    if running is None or running.template_sha256:
        return None if running is None else known.templates.get(running.template_sha256)
    release = known.releases.get(running.release)
    return None if release is None else _text(release, target, known)


def _text(release: Release, target: Environment, known: RecordedState) -> str | None:
    stage = release.stage(target.name)
    return None if stage is None else known.templates.get(stage.template_sha256)


def _moved(project: str, target: Environment, known: RecordedState) -> tuple[Question, ...]:
    strayed = known.strayed.get((target.name, project))
    return (traffic_question(project, target.name, strayed),) if strayed else ()
