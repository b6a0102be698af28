"""Reading what a function or a job may do: its policy statements and managed policies."""

from __future__ import annotations

from multi_env_lambda.model.name import ARN
from multi_env_lambda.model.reading import Rule, Table, did_you_mean
from multi_env_lambda.model.settings import Statement

__all__ = ["read_managed_policies", "read_policies"]

_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action such as "s3:GetObject"',
    hint="write the service, a colon and the name of the call",
)
_EFFECTS = ("Allow", "Deny")


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
        resources=table.texts("resources", least=1),
        effect=_effect(table),
        condition=table.optional_json_table("condition"),
    )


def _effect(table: Table) -> str:
    found = table.text_or("effect", "Allow")
    if found not in _EFFECTS:
        table.wrong("effect", allowed='"Allow" or "Deny"', hint=did_you_mean(found.capitalize(), _EFFECTS))
    return found
