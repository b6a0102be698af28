"""A repair: what was deployed last is sent again, where the world is not what the record says."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.record import PhysicalResource, Record
from multi_env_lambda.plan.changes import STAYS
from multi_env_lambda.plan.stateful import holds_data
from multi_env_lambda.wording import advice, unit_call

__all__ = ["SOUND", "lost_already", "lost_with_stack", "merged", "not_repairable"]

SOUND = "it is as it was deployed"


def not_repairable(project: str, environment: str, record: Record | None) -> Refused | None:
    """Why there is nothing to which a unit could be put back."""
    where = f"repair of {project} in {environment}"
    if record is None or record.running is None:
        what = "nothing of it runs there by its record, so there is nothing to put right"
        return Refused(where, what, hint=advice("`{}` brings it there", unit_call("deploy", project, environment)))
    if record.latest is not None and record.latest.outcome == "shifting":
        what = f"{record.latest.version} is on its way in, and its traffic has not moved to the end"
        again = "the deploy again goes on, `{}` goes back to {}"
        hint = advice(again, unit_call("rollback", project, environment), record.running.version)
        return Refused(where, what, hint=hint)
    return None


def merged(
    found: Iterable[ResourceChange], templates: Iterable[ResourceChange], kept: Collection[str] = ()
) -> tuple[ResourceChange, ...]:
    """One change for each resource: what the templates say of it, since they say what would be lost, else what is.

    ``kept``: the logical ids of what is sent, so that none of it goes although its release does not know it.
    """
    changes: dict[str, ResourceChange] = {}
    for item in found:
        if item.action == "remove" and item.logical_id in kept:
            continue
        before = changes.get(item.logical_id)
        more = () if before is None else before.properties
        changes[item.logical_id] = attrs.evolve(item, properties=(*more, *item.properties))
    changes |= {item.logical_id: item for item in templates}
    return tuple(changes[name] for name in sorted(changes))


def lost_already(changes: Iterable[ResourceChange], before: str | None, there: str | None) -> tuple[str, ...]:
    """What held data and is not in its stack any more: gone, or kept by its policy when it left.

    Args:
        before: the template that was deployed last.
        there: the stack's own. What that has was not taken out of the stack by any template, so it is gone itself.
    """
    old, now = (_resources(text) for text in (before, there))
    return tuple(
        _kept(item)
        if item.logical_id not in now and old.get(item.logical_id, {}).get("DeletionPolicy") in STAYS
        else f"{item.logical_id} ({item.type}) is gone with what was in it, and is made anew, empty"
        for item in changes
        if item.action == "add" and holds_data(item.type, "")
    )


def lost_with_stack(resources: Iterable[PhysicalResource], sent: str | None) -> tuple[str, ...]:
    """What an earlier rollback had left in a stack that is gone now; ``resources`` are those of the record."""
    known = _resources(sent)
    return tuple(
        f"{item.logical_id} ({item.type} {item.physical_id}) went with the stack; this release does not know it, so "
        "it is not made anew"
        for item in resources
        if item.logical_id not in known and holds_data(item.type, item.physical_id)
    )


def _kept(item: ResourceChange) -> str:
    return (
        f"{item.logical_id} ({item.type}) was kept by its policy when it left the stack, and comes back in with what "
        "is in it; if it is gone since, it is made new"
    )


def _resources(text: str | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {} if text is None else json.loads(text).get("Resources", {})
    return found
