"""What DynamoDB, or CloudFormation for it, would refuse from one form of a table to the next.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html (what
replaces a table, one index at a time), https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
(names that somebody gave) and https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["impossible_table"]

Json = Mapping[str, Any]
_REPLACE = "the table would be replaced, and two tables cannot have one name"
_ANOTHER = "add a table with another key, copy the items, and remove this one"


def impossible_table(name: str, old: Json, new: Json) -> tuple[str, str] | None:
    """What would be refused of one table, and the way around it; ``old`` and ``new`` are its properties."""
    if not isinstance(new.get("TableName"), str) or old.get("TableName") != new["TableName"]:
        return None  # with another name it is another table
    return next(((f"{name}: {what}", hint) for what, hint in _problems(old, new)), None)


def _problems(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    if _keys(old) != _keys(new):
        yield f"its keys change from {_keys(old)} to {_keys(new)}: {_REPLACE}", _ANOTHER
    types, after = (_named(each, "AttributeDefinitions", "AttributeName") for each in (old, new))
    for attribute in sorted(types.keys() & after.keys()):
        was, will = (each[attribute].get("AttributeType") for each in (types, after))
        if was != will:
            yield f"the type of {attribute} changes from {was} to {will}: {_REPLACE}", _ANOTHER
    yield from _of_indexes(old, new)
    views = [(each.get("StreamSpecification") or {}).get("StreamViewType") for each in (old, new)]
    if all(views) and views[0] != views[1]:
        what = f"its stream changes from {views[0]} to {views[1]}, which DynamoDB refuses while it is on"
        yield what, "remove the stream and its events and deploy, then add them again; changes in between are not heard"
    ends = [_expires(each) for each in (old, new)]
    if all(ends) and ends[0] != ends[1]:
        what = f"the attribute with the end of an item changes from {ends[0]} to {ends[1]}, which DynamoDB refuses"
        yield what, "remove `expires` and deploy, then add it again"


def _of_indexes(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    before, after = (_named(each, "GlobalSecondaryIndexes", "IndexName") for each in (old, new))
    for index in sorted(before.keys() & after.keys()):
        if any(before[index].get(key) != after[index].get(key) for key in ("KeySchema", "Projection")):
            yield f"the index {index} changes, which DynamoDB refuses", "add an index with another name, then remove it"
    changed = sorted(before.keys() ^ after.keys())
    if len(changed) > 1:
        what = f"{len(changed)} indexes are added or removed ({', '.join(changed)}); DynamoDB changes one at a time"
        yield what, "deploy after each of them"


def _named(properties: Json, key: str, name: str) -> dict[str, Json]:
    """The items of a list by their names; none if it is computed."""
    items = properties.get(key)
    found = items if isinstance(items, list) else []
    return {item[name]: item for item in found if isinstance(item, Mapping) and isinstance(item.get(name), str)}


def _keys(properties: Json) -> str:
    return " and ".join(_named(properties, "KeySchema", "AttributeName"))


def _expires(properties: Json) -> str:
    found = properties.get("TimeToLiveSpecification") or {}
    return str(found.get("AttributeName", "")) if found.get("Enabled") is True else ""
