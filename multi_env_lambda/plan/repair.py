"""A repair: what was deployed last is deployed again, if the actual state is not what the record says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.plan.changes import STAYS
from multi_env_lambda.plan.resources import resources_of
from multi_env_lambda.plan.stateful import holds_data
from multi_env_lambda.wording import advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.change import ResourceChange
    from multi_env_lambda.model.record import PhysicalResource, Record

__all__ = ["lost_already", "lost_with_stack", "merged", "not_repairable"]


def not_repairable(project: str, environment: str, record: Record | None) -> Refused | None:
    """Why there is nothing to which a unit could be restored."""
    where = f"repair of {project} in {environment}"
    if record is None or record.running is None:
        what = "according to its record it does not run there, so there is nothing to repair"
        return Refused(where, what, hint=advice("`{}` deploys it there", unit_call("deploy", project, environment)))
    if record.latest is not None and record.latest.outcome == "shifting":
        what = f"{record.latest.version} is being deployed, and its traffic shift has not finished"
        again = "deploy again to go on, or `{}` to go back to {}"
        hint = advice(again, unit_call("rollback", project, environment), record.running.version)
        return Refused(where, what, hint=hint)
    return None


def merged(
    found: Iterable[ResourceChange], templates: Iterable[ResourceChange], kept: Collection[str] = ()
) -> tuple[ResourceChange, ...]:
    """One change for each resource: according to the templates, because they say what would be lost, else as found.

    ``kept``: the logical ids in what is deployed, so that none is deleted although its release does not have it.
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
    """What held data and is no longer in its stack: deleted, or retained by its policy when it left.

    Args:
        before: the template that was deployed last.
        there: the stack's own. What that has was not removed from the stack by a template, so it was deleted itself.
    """
    old, now = (resources_of(text) for text in (before, there))
    return tuple(
        _kept(item)
        if item.logical_id not in now and old.get(item.logical_id, {}).get("DeletionPolicy") in STAYS
        else f"{item.logical_id} ({item.type}) was deleted with its content, and is recreated empty"
        for item in changes
        if item.action == "add" and holds_data(item.type, "")
    )


def lost_with_stack(resources: Iterable[PhysicalResource], sent: str | None) -> tuple[str, ...]:
    """What an earlier rollback had left in a stack that no longer exists; ``resources`` are those of the record."""
    known = resources_of(sent)
    return tuple(
        f"{item.logical_id} ({item.type} {item.physical_id}) was deleted with the stack; the release does not have it, "
        "so it is not recreated"
        for item in resources
        if item.logical_id not in known and holds_data(item.type, item.physical_id)
    )


def _kept(item: ResourceChange) -> str:
    return (
        f"{item.logical_id} ({item.type}) was retained by its policy when it left the stack, and is imported with its "
        "content; if it no longer exists, it is created"
    )
