"""What is the same in all environments, and what differs in one: a table for each environment in, one table out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Finding, Reading, Stack, Told

__all__ = ["Adopted", "joined"]

Tables = Mapping[str, Mapping[str, Any]]

_WHOLE = frozenset({"environment", "types", "tags"})
"""The tables whose members are replaced as a whole, whatever they are."""

_LEAVES = frozenset({"payload", "expect", "filter_policy", "event_pattern", "condition"})


@attrs.frozen(kw_only=True)
class Adopted:
    """A whole project of another tool, as one unit.

    Args:
        table: ``[tool.multi_env_lambda]``. stacks: what ``stack.py`` adds, by environment.
        folders: of code, relative to the project. files: more files to write, relative to the unit's folder.
        told: what the project says about the runtime. before: its own is older than this one; empty: none is.
        overrides: versions that its dependencies have instead of those that the project names.
        versions: one requirement for each package that the project names no exact version of: the one to begin with.
    """

    table: Mapping[str, Any]
    stacks: Mapping[str, Stack]
    findings: tuple[Finding, ...]
    folders: tuple[str, ...]
    files: Mapping[str, str]
    told: Told = "this one"
    before: str = ""
    overrides: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


def joined(readings: Mapping[str, Reading]) -> Adopted:
    """One unit from what a project is in each environment; the environments are in promotion order."""
    common, differences = _split({name: one.table for name, one in readings.items()})
    own = {name: table for name, table in differences.items() if table}
    everything = list(readings.values())
    return Adopted(
        table={**common, "environments": own} if own else common,
        stacks={name: one.stack for name, one in readings.items()},
        findings=tuple(dict.fromkeys(finding for one in everything for finding in one.findings)),
        folders=tuple(dict.fromkeys(folder for one in everything for folder in one.folders)),
        files={path: text for one in everything for path, text in one.files.items()},
        before=next((one.before for one in everything if one.before), ""),
        told=next((one.told for one in everything if one.told != "this one"), "this one"),
    )


def _split(tables: Tables, *, whole: bool = False) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What most of them have in common, and by environment what differs, which can add a key but not remove one."""
    common: dict[str, Any] = {}
    differences: dict[str, dict[str, Any]] = {name: {} for name in tables}
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        values = {name: table[key] for name, table in tables.items() if key in table}
        is_in_all = len(values) == len(tables)
        if is_in_all and not whole and key not in _LEAVES and all(isinstance(one, Mapping) for one in values.values()):
            common[key], inner = _split(values, whole=key in _WHOLE)
            for name, difference in inner.items():
                if difference:
                    differences[name][key] = difference
            continue
        if is_in_all:
            common[key] = _most_common(list(values.values()))
        for name, value in values.items():
            if not is_in_all or value != common[key]:
                differences[name][key] = value
    return common, differences


def _most_common(values: list[Any]) -> Any:
    return max(values, key=lambda value: sum(value == other for other in values))
