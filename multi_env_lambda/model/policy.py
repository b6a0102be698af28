"""Reads what a function or a job may do: its policy statements and managed policies."""

from __future__ import annotations

from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import Statement

__all__ = ["read_managed_policies", "read_policies"]


def read_policies(table: Table, key: str = "policies") -> tuple[Statement, ...]:
    return tuple(_statement(item) for item in table.tables(key))


def read_managed_policies(table: Table, key: str = "managed_policies") -> tuple[str, ...]:
    return table.texts(key)


def _statement(table: Table) -> Statement:
    table.allow()
    for key in ("actions", "resources"):
        table.require(key)
    return Statement(
        actions=table.texts("actions"),
        resources=table.texts("resources"),
        effect=table.choice("effect"),
        condition=table.optional_json_table("condition"),
    )
