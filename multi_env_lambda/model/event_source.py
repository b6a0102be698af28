"""Whether the unit's stack creates what an event comes from, or something existing is named."""

from __future__ import annotations

from multi_env_lambda.model.event_kinds import Declared, Existing
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table

__all__ = ["creates", "declares", "existing"]


def creates(table: Table, main: str) -> bool:
    """Whether the unit's stack creates the source: ``true``, or a table that names no existing one."""
    if table.values.get(main, True) is False:
        table.refuse(main, "found false", hint="remove the event")
    return table.values.get(main, True) is True


def declares(table: Table, main: str) -> Declared | None:
    """What the unit's own tables have under the name that is written, or None if it is no such name."""
    value = table.values.get(main)
    return Declared(key=value) if isinstance(value, str) and KEY.accepts(value) else None


def existing(table: Table, key: str) -> Existing:
    if not isinstance(table.values[key], str):
        table.wrong(
            key,
            allowed=f"true, the key of a resource of the unit or {table.rule(key).allowed}",
            hint=f"`{key} = true` creates one for the unit",
        )
    return Existing(identifier=table.named(key))
