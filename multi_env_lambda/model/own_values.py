"""Reads one parameter or one secret of a unit."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.model.reading import Rule, Table
from multi_env_lambda.model.resources import OwnParameter, OwnSecret
from multi_env_lambda.model.uses import read_reference

__all__ = ["read_parameter", "read_secret"]

_DESCRIPTION = Rule(pattern=r"(?s).*", maximum=1024, allowed="up to 1,024 characters", hint="shorten it")
_LONGEST = 4096
"""Of a standard parameter. Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""


def read_parameter(table: Table, key: str) -> OwnParameter:
    table.allow(("value", "description"))
    value = table.require("value", hint='add a text, or what it names: `value = { table = "orders" }`')
    description = table.named_or("description", _DESCRIPTION, "")
    if isinstance(value, Mapping):
        inner = table.table("value")
        found = read_reference(inner, {})
        if found is None:
            inner.refuse("", "found no resource of the unit", hint='for example `value = { table = "orders" }`')
        return OwnParameter(key=key, value=found, description=description)
    text = table.text("value", hint='write it in quotes, or name a resource: `value = { table = "orders" }`')
    if not 1 <= len(text) <= _LONGEST:
        what = f"found {len(text):,} characters; expected 1 to {_LONGEST:,}"
        table.refuse("value", what, hint="keep large settings in the package or in a bucket")
    return OwnParameter(key=key, value=text, description=description)


def read_secret(table: Table, key: str) -> OwnSecret:
    where = "put it into the secret after the deploy: `aws secretsmanager put-secret-value`"
    table.allow(("description",), elsewhere={"value": where})
    return OwnSecret(key=key, description=table.named_or("description", _DESCRIPTION, ""))
