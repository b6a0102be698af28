"""What the resources of several kinds of events have in common."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.template.parts import Json, Resource, get_att, logical_id, ref

__all__ = ["alias_of", "event_name", "event_resource", "may_invoke", "rule"]


def event_name(function: Function, kind: str, *identity: object) -> str:
    """Named by what the event *is*, so that the other events of the list and their order do not matter."""
    return logical_id(function.key, kind, digest(list(identity))[:8])


def event_resource(
    function: Function,
    name: str,
    type_: str,
    properties: Json,
    *,
    depends_on: tuple[str, ...] = (),
    retain: bool = False,
) -> Resource:
    made_by = f"functions.{function.key}.events"
    return Resource(
        logical_id=name, type=type_, properties=properties, depends_on=depends_on, retain=retain, made_by=made_by
    )


def alias_of(function: Function) -> Json:
    return ref(logical_id(function.key, "Alias"))


def may_invoke(
    function: Function, name: str, principal: str, source_arn: Any, source_account: str | None = None
) -> Resource:
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": alias_of(function),
        "Principal": principal,
        "SourceArn": source_arn,
        **({} if source_account is None else {"SourceAccount": source_account}),
    }
    return event_resource(function, f"{name}Permission", "AWS::Lambda::Permission", properties)


def rule(function: Function, name: str, properties: Json, payload: str | None = None) -> tuple[Resource, ...]:
    target: Json = {"Id": "function", "Arn": alias_of(function)}
    if payload is not None:
        target["Input"] = payload
    body = {**properties, "State": "ENABLED", "Targets": [target]}
    made = event_resource(function, name, "AWS::Events::Rule", body)
    return made, may_invoke(function, name, "events.amazonaws.com", get_att(name, "Arn"))
