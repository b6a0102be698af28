"""Reads one DynamoDB table of a unit.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (20 indexes per table).
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.keys.data_table import DATA_TABLE, INDEX, MOST_INDEXES, WHOLE_STREAM
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.resources import DataTable, TableIndex

__all__ = ["WHOLE_STREAM", "read_data_table"]


def read_data_table(table: Table, key: str) -> DataTable:
    """``table`` is already merged and substituted."""
    table = table.of(DATA_TABLE)
    table.allow()
    partition_key, sort_key = _keys(table)
    indexes = _indexes(table)
    keys = {partition_key, sort_key, *(name for index in indexes for name in (index.partition_key, index.sort_key))}
    return DataTable(
        key=key,
        partition_key=partition_key,
        sort_key=sort_key,
        types=tuple(_types(table.table("types"), keys - {""})),
        indexes=indexes,
        stream=_stream(table),
        expires=table.named("expires") if table.has("expires") else "",
        point_in_time_recovery=table.flag("point_in_time_recovery"),
        deletion_protection=table.flag("deletion_protection"),
        name=table.named_or("name"),
    )


def _keys(table: Table) -> tuple[str, str]:
    table.require("partition_key", hint='add the attribute by which items are found: `partition_key = "id"`')
    partition_key, sort_key = table.named("partition_key"), table.named_or("sort_key")
    if partition_key == sort_key:
        table.wrong("sort_key", allowed="another attribute than `partition_key`", hint="leave it out")
    return partition_key, sort_key


def _indexes(table: Table) -> tuple[TableIndex, ...]:
    found = table.subtables("indexes")
    if len(found) > MOST_INDEXES:
        what = f"found {len(found)} indexes; DynamoDB accepts {MOST_INDEXES}"
        table.refuse("indexes", what, hint="let one index serve several queries")
    for name, inner in found:
        if not INDEX.accepts(name):
            table.table("indexes").refuse(name, f"found the name `{name}`; expected {INDEX.allowed}", hint=INDEX.hint)
        inner.allow()
    keys = [(name, *_keys(inner)) for name, inner in found]
    return tuple(TableIndex(key=name, partition_key=first, sort_key=second) for name, first, second in keys)


def _types(table: Table, keys: set[str]) -> Iterator[tuple[str, str]]:
    """Those that are not texts. DynamoDB knows the types of keys only, and refuses any other attribute."""
    for name in sorted(table.values):
        if name not in keys:
            what = f"`{name}` is a key neither of the table nor of an index"
            table.refuse(name, what, hint=f"other attributes have no type; {did_you_mean(name, keys)}")
        if (found := table.choice(name)) != "string":
            yield name, found


def _stream(table: Table) -> str | None:
    if not table.has("stream"):
        return None
    return WHOLE_STREAM if table.values["stream"] is True else table.choice("stream")
