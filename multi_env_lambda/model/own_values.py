"""Reads one parameter or one secret of a unit."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.model.keys.own_values import PARAMETER, SECRET
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import OwnParameter, OwnSecret
from multi_env_lambda.model.uses import read_reference

__all__ = ["read_parameter", "read_secret"]


def read_parameter(table: Table, key: str) -> OwnParameter:
    table = table.of(PARAMETER)
    table.allow()
    value = table.require("value", hint='add a text, or what it names: `value = { table = "orders" }`')
    description = table.named_or("description")
    if isinstance(value, Mapping):
        inner = table.table("value")
        found = read_reference(inner, {})
        if found is None:
            inner.refuse("", "found no resource of the unit", hint='for example `value = { table = "orders" }`')
        return OwnParameter(key=key, value=found, description=description)
    table.text("value", hint='write it in quotes, or name a resource: `value = { table = "orders" }`')
    return OwnParameter(key=key, value=table.named("value"), description=description)


def read_secret(table: Table, key: str) -> OwnSecret:
    where = "put it into the secret after the deploy: `aws secretsmanager put-secret-value`"
    table = table.of(SECRET)
    table.allow(elsewhere={"value": where})
    return OwnSecret(key=key, description=table.named_or("description"))
