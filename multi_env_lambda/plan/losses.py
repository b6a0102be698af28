"""What holds data and would be lost with a change set, as CloudFormation computed it, and whose consent that needs.

A plan compares templates, but the old one may not be what is there: a record may be lost, the outcome of an attempt
unknown, or the stack changed by hand. CloudFormation knows, and says so before anything is executed.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import Loss, Record
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.changes import KEPT
from multi_env_lambda.plan.stateful import holds_data

if TYPE_CHECKING:
    from multi_env_lambda.model.change import ResourceChange

__all__ = ["fate_of", "loss_question", "loss_questions", "losses", "planned_question", "unagreed"]


_MODAL = {
    "deleted": "would be deleted",
    "replaced": "would be replaced",
    "perhaps replaced": "may be replaced",
}
"""Each fate in words."""


def losses(changes: Iterable[Mapping[str, Any]], template: str) -> tuple[Loss, ...]:
    """What holds data and is not retained, of the ``Changes`` from DescribeChangeSet; ``template`` is the new one."""
    resources = _resources(template)
    found = (_loss(change.get("ResourceChange", {}), resources) for change in changes)
    return tuple(loss for loss in found if loss is not None)


def _resources(template: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(template).get("Resources", {})
    except ValueError:
        return {}
    return found


def _loss(change: Mapping[str, Any], resources: Mapping[str, Any]) -> Loss | None:
    name, type_, fate = change.get("LogicalResourceId", ""), change.get("ResourceType", ""), _fate(change)
    physical_id = change.get("PhysicalResourceId", "")
    # What may be replaced has no PolicyAction, so its policy in the template counts.
    policy = change.get("PolicyAction", "" if fate == "deleted" else _policy(resources.get(name, {})))
    if fate is None or not holds_data(type_, physical_id) or policy.removeprefix("ReplaceAnd") in KEPT:
        return None
    return Loss(logical_id=name, type=type_, physical_id=physical_id, fate=fate)


def _policy(body: Mapping[str, Any]) -> str:
    found = body.get("UpdateReplacePolicy", "")
    return found if isinstance(found, str) else ""


def _fate(change: Mapping[str, Any]) -> str | None:
    if change.get("ResourceDriftStatus") == "DELETED":
        return None  # somebody has deleted it: it is recreated, and there is nothing left to lose
    match change.get("Action"), change.get("Replacement"):
        case "Remove", _:
            return "deleted"
        case "Modify", "True":
            return "replaced"
        case ("Modify", "Conditional") | ("Dynamic", _):
            return "perhaps replaced"
        case _:
            return None


def fate_of(change: ResourceChange) -> str:
    """What a change that loses data does to its resource, as the ``fate`` of a ``Loss``."""
    if change.action == "remove":
        return "deleted"
    return "replaced" if change.replacement == "yes" else "perhaps replaced"


def _answer(project: str, logical_id: str) -> str:
    """The answer that gives consent: two units may have something with the same name."""
    return f"replace:{project}/{logical_id}"


def planned_question(project: str, change: ResourceChange) -> Question:
    """The question about what would be lost according to the templates."""
    text = f"{project}: {change.logical_id} ({change.type}) {_MODAL[fate_of(change)]}, with the data in it"
    return Question(kind="destructive", text=one_line(text), answer=_answer(project, change.logical_id))


def loss_question(project: str, loss: Loss) -> Question:
    """The question whether something may be lost with its data, with both of its names."""
    named = f"{loss.logical_id} ({loss.type}{f' {loss.physical_id}' if loss.physical_id else ''})"
    text = f"{project}: {named} {_MODAL[loss.fate]}, with the data in it, as CloudFormation says"
    return Question(kind="destructive", text=one_line(text), answer=_answer(project, loss.logical_id))


def loss_questions(record: Record | None, project: str, template: str | None) -> tuple[Question, ...]:
    """The losses before which an earlier attempt was stopped, as far as the template may still cause them."""
    latest, resources = None if record is None else record.latest, _resources(template or "{}")
    return tuple(
        loss_question(project, loss)
        for loss in (() if latest is None else latest.losses)
        if (loss.logical_id not in resources) == (loss.fate == "deleted")
        and _policy(resources.get(loss.logical_id, {})) not in KEPT
    )


def unagreed(project: str, lost: Iterable[Loss], questions: Collection[Question]) -> tuple[Loss, ...]:
    """Those of a unit's ``lost`` that no question of its agreed step covered, by its answer or in a take-over."""
    words = {question.answer for question in questions}
    shown = "\n".join(question.text for question in questions if question.kind == "take over")
    return tuple(
        loss
        for loss in lost
        if _answer(project, loss.logical_id) not in words
        and f"{loss.type} {loss.logical_id} ({loss.physical_id}) would be " not in shown
    )
