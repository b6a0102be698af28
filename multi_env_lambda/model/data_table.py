"""Reads one DynamoDB table of a unit.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (20 indexes per table).
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.reading import Rule, Table, did_you_mean
from multi_env_lambda.model.resources import DataTable, TableIndex

__all__ = ["WHOLE_STREAM", "read_data_table"]

WHOLE_STREAM = "NEW_AND_OLD_IMAGES"
_STREAMS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", WHOLE_STREAM)
_TYPES = ("string", "number", "binary")
_MOST_INDEXES = 20
_ATTRIBUTE = Rule(
    pattern=r"[^\x00-\x1f]+",
    maximum=255,
    allowed="the name of an attribute, with up to 255 characters",
    hint='for example `partition_key = "id"`',
)
_INDEX = Rule(
    pattern=r"[A-Za-z0-9_.-]{3,255}",
    maximum=255,
    allowed="3 to 255 letters, digits and `_.-`",
    hint="for example `indexes.by-status = { … }`",
)
_OF_INDEX = ("partition_key", "sort_key")
_OF_TABLE = (*_OF_INDEX, "types", "indexes", "stream", "expires", "point_in_time_recovery", "deletion_protection")


def read_data_table(table: Table, key: str) -> DataTable:
    """``table`` is already merged and substituted."""
    table.allow(_OF_TABLE)
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
        expires=table.named("expires", _ATTRIBUTE) if table.has("expires") else "",
        point_in_time_recovery=table.flag("point_in_time_recovery", True),
        deletion_protection=table.flag("deletion_protection", False),
    )


def _keys(table: Table) -> tuple[str, str]:
    table.require("partition_key", hint='add the attribute by which items are found: `partition_key = "id"`')
    partition_key, sort_key = table.named("partition_key", _ATTRIBUTE), table.named_or("sort_key", _ATTRIBUTE, "")
    if partition_key == sort_key:
        table.wrong("sort_key", allowed="another attribute than `partition_key`", hint="leave it out")
    return partition_key, sort_key


def _indexes(table: Table) -> tuple[TableIndex, ...]:
    found = table.subtables("indexes")
    if len(found) > _MOST_INDEXES:
        what = f"found {len(found)} indexes; DynamoDB accepts {_MOST_INDEXES}"
        table.refuse("indexes", what, hint="let one index serve several queries")
    for name, inner in found:
        if not _INDEX.accepts(name):
            table.table("indexes").refuse(name, f"found the name `{name}`; expected {_INDEX.allowed}", hint=_INDEX.hint)
        inner.allow(_OF_INDEX)
    keys = [(name, *_keys(inner)) for name, inner in found]
    return tuple(TableIndex(key=name, partition_key=first, sort_key=second) for name, first, second in keys)


def _types(table: Table, keys: set[str]) -> Iterator[tuple[str, str]]:
    """Those that are not texts. DynamoDB knows the types of keys only, and refuses any other attribute."""
    for name in sorted(table.values):
        if name not in keys:
            what = f"`{name}` is a key neither of the table nor of an index"
            table.refuse(name, what, hint=f"other attributes have no type; {did_you_mean(name, keys)}")
        if (found := table.choice(name, _TYPES, "string")) != "string":
            yield name, found


def _stream(table: Table) -> str | None:
    if not table.has("stream"):
        return None
    return WHOLE_STREAM if table.values["stream"] is True else table.choice("stream", _STREAMS, WHOLE_STREAM)
