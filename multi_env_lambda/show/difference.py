"""The difference between two environments, and what was changed by hand, as rich renderables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table

from multi_env_lambda.flow.drifted import UnitDrift
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.operations.difference import Difference, PackageChange
from multi_env_lambda.show.words import Text
from multi_env_lambda.wording import advice, in_python

__all__ = ["difference_text", "drift_notes", "drift_shown", "drift_table", "drift_text"]

_ACTIONS = {"add": "+", "modify": "~", "remove": "-"}
_PACKAGES = {"added": "+", "bumped": "~", "removed": "-"}
_STYLES = {"+": "green", "~": "yellow", "-": "red"}
_LONGEST = 90


def difference_text(found: Difference) -> Text:
    """From left to right: + is only on the right, - only on the left, ~ on both sides and not the same."""
    left, right = found.left, found.right
    text = Text()
    text.append(f"{found.project}: from {left.environment} to {right.environment}\n", style="bold")
    if found.same:
        text.append(f"  both run {left.version} (release {left.release[:12]})\n")
    else:
        text.append(f"  version {left.version} → {right.version}\n")
        text.append(f"  release {left.release[:12]} → {right.release[:12]}\n")
        layers = ["none" if side.layer is None else f"{side.layer:06d}" for side in (left, right)]
        text.append(f"  layer   {' → '.join(dict.fromkeys(layers))}\n")
    _append(text, "packages in the layer", [_package(item) for item in found.packages])
    _append(text, "files in the wheel", [f"~ {line}" for line in found.files])
    _append_resources(text, f"template, both releases as rendered for {right.environment}", found.template)
    deployed = f"template, as deployed in {left.environment} and in {right.environment}"
    _append_resources(text, deployed, found.deployed)
    return text


def _package(item: PackageChange) -> str:
    versions = " → ".join(version for version in (item.old, item.new) if version is not None)
    return f"{_PACKAGES[item.action]} {item.name} {versions}"


def _append_resources(text: Text, title: str, changes: tuple[ResourceChange, ...] | None) -> None:
    if changes is None:
        text.append(f"  {title}\n", style="bold")
        text.append("    one of the releases was made before this environment was added\n", style="yellow")
        return
    lines = []
    for change in changes:
        lines.append(f"{_ACTIONS[change.action]} {change.logical_id} {change.type}")
        if change.action == "modify":
            lines += [f"    {item.path}: {_short(item.old)} → {_short(item.new)}" for item in change.properties]
    _append(text, title, lines)


def _append(text: Text, title: str, lines: list[str]) -> None:
    text.append(f"  {title}\n", style="bold")
    for line in lines or ["= the same"]:
        text.append(f"    {one_line(line)}\n", style=_STYLES.get(line[0], ""))


def _short(value: str | None) -> str:
    if value is None:
        return "none"
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def drift_text(found: Iterable[UnitDrift]) -> Table | Text:
    """The table of what differs, or in how many stacks nothing does."""
    compared = [item for item in found if not item.problem]
    if any(item.drifted for item in compared):
        return drift_table(item for item in compared if item.drifted)
    return Text(f"no drift in {_stacks(len(compared))}" if compared else "no stack was compared")


def drift_notes(found: Iterable[UnitDrift]) -> list[str]:
    """What else is to be said: how it was changed, how to repair it, and what was not compared."""
    items = list(found)
    lines = []
    for item in items:
        where = f"{item.environment} {item.project}"
        if item.drifted and item.changed:
            what = f"its stack was changed through CloudFormation by somebody else at {item.changed}"
            lines.append(f"{where}: {what}; CloudTrail shows by whom")
        lines += [advice("hint: {}", item.hint)] if item.drifted else []
    lines += [item.not_compared for item in items if item.not_compared]
    for item in items:
        if item.problem:
            lines += [f"{item.environment} {item.project} could not be compared: {item.problem}"]
            lines += [advice("hint: {}", item.hint)]
    return lines


def drift_shown(found: Iterable[UnitDrift]) -> Group:
    """All of it, in the words of Python."""
    items = list(found)
    return Group(drift_text(items), *(Text(in_python(line)) for line in drift_notes(items)))


def _stacks(count: int) -> str:
    return "1 stack" if count == 1 else f"{count} stacks"


def drift_table(found: Iterable[UnitDrift]) -> Table:
    """One line per property that differs from the template."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("environment", "unit", "resource", "property", "expected", "actual"):
        table.add_column(column, overflow="fold")
    for item in found:
        for resource in item.resources:
            name = f"{resource.logical_id} ({resource.resource_type})"
            rows = [(each.path, each.expected, each.actual) for each in resource.differences]
            for row in rows or [("", "", resource.status.lower())]:
                table.add_row(*(Text(one_line(part)) for part in (item.environment, item.project, name, *row)))
    return table
