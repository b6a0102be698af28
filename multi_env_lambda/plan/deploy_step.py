"""Decide, for one unit that is to change in one environment: resources, rights, and what has to be agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from multi_env_lambda.model.plan import (
    BlockedStep,
    Breach,
    DeployStep,
    Question,
    Step,
)
from multi_env_lambda.plan.aliases import traffic_question
from multi_env_lambda.plan.backwards import again_questions, going_back, newer_step, older_questions
from multi_env_lambda.plan.bounds import beyond
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.farewells import gone_notes, stays_notes
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
from multi_env_lambda.plan.repair import lost_already, lost_with_stack, merged
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.plan.transitions import impossible

if TYPE_CHECKING:
    from multi_env_lambda.model.change import ResourceChange
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Deployment, Record
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.plan.desired import RecordedState, ReleaseToRun

__all__ = ["deploy_step"]


def deploy_step(
    request: Request, target: Environment, wanted: ReleaseToRun, record: Record | None, known: RecordedState
) -> Step:
    """The step that makes this release run, with every change and question; or why it is not taken."""
    running = None if record is None else record.running
    release = wanted.release
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
        return BlockedStep.refused(wanted.project, target.name, *forbidden)
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


def _told(place: tuple[str, str], known: RecordedState) -> Iterator[str]:
    if place in known.unseen:
        yield known.unseen[place]
    if place in known.gone:
        yield "its stack no longer exists and is recreated completely"


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
