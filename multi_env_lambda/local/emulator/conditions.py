"""Policies that say more than an action and a name: variables, conditions of writes and of roles, and NotPrincipal.

Reason: ministack compares ``${aws:userid}`` as these letters, does not know ``s3:if-none-match`` or
``iam:PermissionsBoundary``, and leaves out a statement with ``NotPrincipal``: a correct Allow would allow nothing here,
and a correct Deny deny nothing.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_ESCAPED = {"$": "$"}
_SETS_A_BOUNDARY = frozenset({"iam:CreateRole", "iam:PutRolePermissionsBoundary"})
_UNDER_A_BOUNDARY = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy",
    }
)


def patch() -> None:
    """Let the evaluator read statements as IAM does, and tell it what requests say."""
    evaluator, actions = load("ministack.core.iam_evaluator"), load("ministack.core.iam_actions")
    value_of = _of_the_role(original(evaluator, "_resolve_condition_key"))
    evaluator._resolve_condition_key = value_of
    evaluator._first_match = _with_variables(original(evaluator, "_first_match"), value_of)
    evaluator.evaluate_resource_policy = _with_exceptions(
        original(evaluator, "evaluate_resource_policy"), original(evaluator, "_names_caller_directly")
    )
    actions._s3_object_context = _of_writes(original(actions, "_s3_object_context"))
    actions.request_tag_context = _of_roles(original(actions, "request_tag_context"))


def _of_the_role(value_of: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """`aws:PrincipalArn` is the ARN of the role, not that of its session.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    roles = original(load("ministack.services.iam"), "_roles")

    def value(key: str, context: Any) -> Any:
        found = value_of(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(found):
            return found
        role = roles.get(str(found).split("/")[1])
        return role["Arn"] if role else found

    return value


def _with_variables(first_match: Any, value_of: Callable[[str, Any], Any]) -> Any:
    def matched(context: Any, statements: Any, effect: str) -> Any:
        def filled(text: str) -> str:
            return _VARIABLE.sub(lambda found: _value(found[1], value_of, context) or found[0], text)

        return first_match(context, [_filled(statement, filled) for statement in statements], effect)

    return matched


def _value(name: str, value_of: Callable[[str, Any], Any], context: Any) -> str:
    """What a variable stands for; one without a value stays as it is, and so matches nothing."""
    name, _, otherwise = (part.strip() for part in name.partition(","))
    found = _ESCAPED.get(name) or value_of(name, context)
    return str(found) if isinstance(found, str) and found else otherwise.strip("'")


def _filled(statement: Any, fill: Callable[[str], str]) -> Any:
    named = {name: getattr(statement, name) for name in ("resources", "not_resources", "conditions")}
    if "${" not in json.dumps(named):
        return statement
    return dataclasses.replace(statement, **_each_text(named, fill))


def _each_text(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, list):
        return [_each_text(item, fill) for item in value]
    return {key: _each_text(item, fill) for key, item in value.items()} if isinstance(value, dict) else value


def _with_exceptions(evaluate: Any, names_directly: Callable[[Any, str], bool]) -> Any:
    def evaluated(document: Any, context: Any, *more: Any, **named: Any) -> Any:
        try:
            parsed = json.loads(document) if isinstance(document, str) else document
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict) or "NotPrincipal" not in json.dumps(parsed):
            return evaluate(document, context, *more, **named)
        statements = parsed.get("Statement", [])
        listed = [statements] if isinstance(statements, dict) else statements
        told = [_named(statement, context.principal_arn, names_directly) for statement in listed]
        return evaluate({**parsed, "Statement": told}, context, *more, **named)

    return evaluated


def _named(statement: dict[str, Any], caller: str, names_directly: Callable[[Any, str], bool]) -> dict[str, Any]:
    """A statement that leaves somebody out, as one about everybody else; an account alone leaves no role of it out."""
    if "NotPrincipal" not in statement:
        return statement
    excepted = statement["NotPrincipal"]
    role = re.sub(r":sts::(\d+):assumed-role/([^/]+)/.*", r":iam::\1:role/\2", caller)
    left_out = names_directly(excepted, caller) or role in _listed(excepted)
    rest = {key: value for key, value in statement.items() if key != "NotPrincipal"}
    return {**rest, "Principal": {"AWS": [] if left_out else "*"}}


def _listed(principal: Any) -> list[str]:
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return [named] if isinstance(named, str) else list(named)


def _of_writes(context_of: Any) -> Any:
    def told(action: str, query: Mapping[str, Any], path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(action, query, path, headers)
        if action == "s3:PutObject" and "/" in path.lstrip("/"):
            # The parts of an upload take no condition; the request that completes it does.
            context["s3:ObjectCreationOperation"] = str("uploads" not in query and "partNumber" not in query).lower()
            for name in ("if-match", "if-none-match"):
                if headers.get(name):
                    context[f"s3:{name}"] = headers[name]
        return context

    return told


def _of_roles(context_of: Any) -> Any:
    roles = original(load("ministack.services.iam"), "_roles")

    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        boundary = None
        if action in _SETS_A_BOUNDARY:
            boundary = _first(parameters.get("PermissionsBoundary"))
        elif action in _UNDER_A_BOUNDARY:
            boundary = (roles.get(_first(parameters.get("RoleName"))) or {}).get("PermissionsBoundary")
        policy = _first(parameters.get("PolicyArn")) if action.endswith("RolePolicy") else None
        more = {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": policy}
        return {**context, **{key: value for key, value in more.items() if value}}

    return told


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value
