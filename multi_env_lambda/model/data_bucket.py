"""Reads one bucket of a unit."""

from __future__ import annotations

from multi_env_lambda.model.keys.data_bucket import DATA_BUCKET
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import DataBucket

__all__ = ["read_data_bucket"]


def read_data_bucket(table: Table, key: str) -> DataBucket:
    table = table.of(DATA_BUCKET)
    table.allow()
    versioning = table.flag("versioning")
    if not versioning and "old_versions_days" in table.values:
        hint = "remove one of them"
        table.refuse("old_versions_days", "found without `versioning`, so there are no old versions", hint=hint)
    return DataBucket(
        key=key,
        versioning=versioning,
        old_versions_days=table.number("old_versions_days") if versioning else 0,
        expire_days=table.number("expire_days"),
        name=table.named_or("name"),
    )
