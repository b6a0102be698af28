"""Whether the unit's stack creates what an event comes from, or something existing is named."""

from __future__ import annotations

from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import Existing

__all__ = ["creates", "existing"]


def creates(table: Table, main: str) -> bool:
    """Whether the unit's stack creates the source: ``true``, or a table that names no existing one."""
    if table.values.get(main, True) is False:
        table.refuse(main, "found false", hint="remove the event")
    return table.values.get(main, True) is True


def existing(table: Table, key: str) -> Existing:
    if not isinstance(table.values[key], str):
        rule = table.rule(key)
        table.wrong(key, allowed=f"true or {rule.allowed}", hint=f"`{key} = true` creates one for the unit")
    return Existing(identifier=table.named(key))
