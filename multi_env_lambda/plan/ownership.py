"""Who owns a stack: what its tags and our record say, and what somebody has to read before it is taken over.

A name proves nothing: two repositories may have units of the same name in one account, and CloudFormation updates
whichever stack has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.stateful import holds_data
from multi_env_lambda.wording import counted

if TYPE_CHECKING:
    from multi_env_lambda.model.record import PhysicalResource, Record

__all__ = ["Foreign", "Owner", "orphan", "owner_of", "stack_tags", "take_over", "taken_over", "whose"]

_PREFIX = "multi_env_lambda:"
_WORKSPACE, _PROJECT, _ENVIRONMENT = (f"{_PREFIX}{word}" for word in ("workspace", "project", "environment"))


@attrs.frozen(kw_only=True)
class Owner:
    """Who should own a stack.

    ``recorded``: our record says that something of this unit is there. ``stack_id``: the stack that it names, which
    0.1.1 did not store.
    """

    workspace: str
    project: str
    environment: str
    recorded: bool = False
    stack_id: str = ""

    def owns(self, tags: Mapping[str, str], stack_id: str) -> bool:
        """Whether a stack with these tags is ours. 0.1.1 wrote no workspace, so there our record decides.

        A record that names another stack says nothing about this one: somebody may have replaced ours.
        """
        if (tags.get(_PROJECT), tags.get(_ENVIRONMENT)) != (self.project, self.environment):
            return False
        if _WORKSPACE in tags:
            return bool(self.workspace) and tags[_WORKSPACE] == self.workspace
        return self.recorded and self.stack_id in ("", stack_id)


@attrs.frozen(kw_only=True)
class Foreign:
    """A stack under a name of ours that is not ours, and everything in it."""

    name: str
    stack_id: str
    tags: Mapping[str, str]
    resources: tuple[PhysicalResource, ...]


def owner_of(workspace: str, project: str, environment: str, record: Record | None) -> Owner:
    """Who should own the stack of a unit. A record of a failed first attempt counts: that created a stack, too."""
    recorded = record is not None and not record.gone
    named = "" if record is None or record.running is None or not workspace else record.running.stack_id
    return Owner(workspace=workspace, project=project, environment=environment, recorded=recorded, stack_id=named)


def stack_tags(workspace: str, project: str, environment: str) -> dict[str, str]:
    """Tags that CloudFormation passes on to every resource. Nothing that changes without the release changing."""
    found = {_PROJECT: project, _ENVIRONMENT: environment}
    return {**found, _WORKSPACE: workspace} if workspace else found


def whose(tags: Mapping[str, str]) -> str:
    """Who owns a stack with these tags, in words.

    >>> whose({})
    'it has no tag of this tool'
    """
    if any(name.startswith(_PREFIX) for name in tags):
        parts = ((word, tags.get(f"{_PREFIX}{name}")) for word, name in _WORDS)
        return "it belongs to " + ", ".join(f"{word} {value}" if value else f"no {word}" for word, value in parts)
    others = ", ".join(f"{name}={value}" for name, value in sorted(tags.items()))
    return f"it has another tool's tags ({others})" if others else "it has no tag of this tool"


_WORDS = (("workspace", "workspace"), ("unit", "project"), ("environment", "environment"))


def take_over(foreign: Foreign, template: Mapping[str, Any], environment: str) -> Question:
    """The question whether a stack that is not ours may become ours, with everything that it would cost."""
    lost = [item for item in _by_weight(foreign.resources) if _fate(item, template) != "stays"]
    lines = [f"the stack {foreign.name} in {environment} does not belong to this workspace: {whose(foreign.tags)}"]
    lines += [f"it is {foreign.stack_id}", f"in it: {counted(len(foreign.resources), 'resource')}"]
    lines += [f"  {_shown(item)}" for item in _by_weight(foreign.resources)]
    lines += ["taking it over means:" if lost else "taking it over would delete nothing"]
    lines += [f"  {_shown(item)} would be {_fate(item, template)}{_with_data(item)}" for item in lost]
    return Question(kind="take over", text="\n".join(map(one_line, lines)), answer=f"take-over:{foreign.name}")


def orphan(name: str, stack_id: str, environment: str, bucket: str) -> Question:
    """The question whether a stack with a unit's tags really is that unit's, if the bucket knows nothing about it.

    Tags say which workspace and unit, but not which bucket; with another bucket in the table, the tags are the same.
    """
    lines = [
        f"the stack {name} in {environment} has the tags of this unit, but s3://{bucket} has no record of it",
        f"it is {stack_id}",
        "its record is lost, or `bucket` is not the one that it was deployed from",
        "with its record, a hold after a rollback is lost, and the commit that runs: if that is newer, nothing says so",
        "taking it over changes it as this plan says, and records it in this bucket from then on",
    ]
    return Question(kind="take over", text="\n".join(lines), answer=f"take-over:{name}")


def taken_over(
    changed: tuple[ResourceChange, ...], foreign: Foreign, template: Mapping[str, Any]
) -> tuple[ResourceChange, ...]:
    """The changes of a first deployment if there is a stack with resources of its own."""
    there = {item.logical_id: item for item in foreign.resources}
    found = [
        _modified(change, there[change.logical_id]) if change.logical_id in there else change for change in changed
    ]
    gone = (item for name, item in there.items() if name not in template.get("Resources", {}))
    found += (
        ResourceChange(action="remove", logical_id=item.logical_id, type=item.type, destructive=_holds_data(item))
        for item in gone
    )
    return tuple(sorted(found, key=lambda change: change.logical_id))


def _modified(change: ResourceChange, there: PhysicalResource) -> ResourceChange:
    """Nothing is known about its current properties, so any of ours may replace it."""
    replacement: Literal["maybe", "yes"] = "maybe" if change.type == there.type else "yes"
    return attrs.evolve(change, action="modify", properties=(), replacement=replacement, destructive=_holds_data(there))


def _fate(item: PhysicalResource, template: Mapping[str, Any]) -> str:
    ours = template.get("Resources", {}).get(item.logical_id)
    if ours is None:
        return "deleted"
    if ours["Type"] != item.type:
        return f"replaced by a {ours['Type']}"
    return "changed, perhaps replaced" if _holds_data(item) else "stays"


def _by_weight(resources: Iterable[PhysicalResource]) -> list[PhysicalResource]:
    """Sorts what holds data first."""
    return sorted(resources, key=lambda item: (not _holds_data(item), item.type, item.logical_id))


def _shown(item: PhysicalResource) -> str:
    return f"{item.type} {item.logical_id}" + (f" ({item.physical_id})" if item.physical_id else "")


def _holds_data(item: PhysicalResource) -> bool:
    return holds_data(item.type, item.physical_id)


def _with_data(item: PhysicalResource) -> str:
    return ", with the data in it" if _holds_data(item) else ""
