"""What holds data and would go with a change set, as CloudFormation computed it, and whose word that takes.

A plan compares templates, and what it compares with may not be what is there: a record may be lost, an attempt may have
ended unseen, somebody may have changed the stack. CloudFormation knows, and says so before anything is executed.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import Loss, Record
from multi_env_lambda.plan.changes import KEPT, STATEFUL

__all__ = ["answer_for", "loss_question", "loss_questions", "losses", "unagreed"]


def losses(changes: Iterable[Mapping[str, Any]], template: str) -> tuple[Loss, ...]:
    """What holds data and is not kept, of the ``Changes`` that DescribeChangeSet gave; ``template`` is the new one."""
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
    # What may be replaced has no PolicyAction, so its policy in the template counts.
    policy = change.get("PolicyAction", "" if fate == "deleted" else _policy(resources.get(name, {})))
    if fate is None or type_ not in STATEFUL or policy.removeprefix("ReplaceAnd") in KEPT:
        return None
    return Loss(logical_id=name, type=type_, physical_id=change.get("PhysicalResourceId", ""), fate=fate)


def _policy(body: Mapping[str, Any]) -> str:
    found = body.get("UpdateReplacePolicy", "")
    return found if isinstance(found, str) else ""


def _fate(change: Mapping[str, Any]) -> str | None:
    match change.get("Action"), change.get("Replacement"):
        case "Remove", _:
            return "deleted"
        case "Modify", "True":
            return "replaced"
        case ("Modify", "Conditional") | ("Dynamic", _):
            return "perhaps replaced"
        case _:
            return None


def answer_for(logical_id: str) -> str:
    """The word of consent."""
    return f"replace:{logical_id}"


def loss_question(project: str, loss: Loss) -> Question:
    """The question whether something may go with the data in it, with both of its names."""
    named = f"{loss.logical_id} ({loss.type}{f' {loss.physical_id}' if loss.physical_id else ''})"
    text = f"{project}: {named} would be {loss.fate}, with the data in it, as CloudFormation says"
    return Question(kind="destructive", text=text, answer=answer_for(loss.logical_id))


def loss_questions(record: Record | None, project: str, template: str | None) -> tuple[Question, ...]:
    """What an earlier attempt was stopped before, as far as the template may still do it."""
    latest, resources = None if record is None else record.latest, _resources(template or "{}")
    return tuple(
        loss_question(project, loss)
        for loss in (() if latest is None else latest.losses)
        if (loss.logical_id not in resources) == (loss.fate == "deleted")
        and _policy(resources.get(loss.logical_id, {})) not in KEPT
    )


def unagreed(lost: Iterable[Loss], questions: Collection[Question]) -> tuple[Loss, ...]:
    """Those of ``lost`` that no question of an agreed plan was about: by their word, or shown in a take-over."""
    words = {question.answer for question in questions}
    shown = "\n".join(question.text for question in questions if question.kind == "take over")
    return tuple(
        loss
        for loss in lost
        if answer_for(loss.logical_id) not in words
        and f"{loss.type} {loss.logical_id} ({loss.physical_id}) would be " not in shown
    )
