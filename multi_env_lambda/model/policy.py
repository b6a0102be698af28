"""Reads what a function or a job may do: its policy statements and managed policies."""

from __future__ import annotations

from multi_env_lambda.model.name import ARN
from multi_env_lambda.model.reading import Rule, Table
from multi_env_lambda.model.settings import Statement

__all__ = ["read_managed_policies", "read_policies"]

_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action such as "s3:GetObject"',
    hint="write the service, a colon and the name of the call",
)

_RESOURCE = Rule(
    # Any field except the partition may have wildcards and names in braces, which are filled in per environment.
    pattern=r"\*|arn:aws:[a-z0-9*-]+:[a-z0-9*${}_-]*:[a-z0-9*${}_]*:.+",
    allowed='"*" or an ARN such as "arn:aws:s3:::acme-data/*"',
    hint="IAM accepts nothing else; it may contain `${region}`, `${account_id}` and `${environment}`",
)


def read_policies(table: Table, key: str = "policies") -> tuple[Statement, ...]:
    return tuple(_statement(item) for item in table.tables(key))


def read_managed_policies(table: Table, key: str = "managed_policies") -> tuple[str, ...]:
    return table.texts(key, rule=ARN)


def _statement(table: Table) -> Statement:
    table.allow(("actions", "resources", "effect", "condition"))
    for key in ("actions", "resources"):
        table.require(key)
    return Statement(
        actions=table.texts("actions", rule=_ACTION, least=1),
        resources=table.texts("resources", rule=_RESOURCE, least=1),
        effect=table.choice("effect", ("Allow", "Deny"), "Allow"),
        condition=table.optional_json_table("condition"),
    )
