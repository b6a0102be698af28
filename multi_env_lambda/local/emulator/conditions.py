"""Policy evaluation supports variables, conditional writes, conditions on roles and users, and NotPrincipal.

Reason: ministack treats ``${aws:userid}`` as literal text, does not know ``s3:if-none-match`` or
``iam:PermissionsBoundary``, and ignores statements with ``NotPrincipal``, so correct Allow statements would allow
nothing and correct Deny statements would deny nothing. Variables are resolved only if the document's version is
2012-10-17.
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

__all__ = ["NAMES_A_POLICY", "SETS_A_BOUNDARY", "UNDER_A_BOUNDARY", "patch"]

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_ESCAPED = {"$": "$"}
_WITH_VARIABLES = "2012-10-17"
_EARLIER = "2008-10-17"
"""What a document is that does not say its version."""

SETS_A_BOUNDARY = re.compile(r"iam:(Create|Put)(Role|User)(PermissionsBoundary)?")
UNDER_A_BOUNDARY = re.compile(r"iam:((Attach|Delete|Detach|Put)(Role|User)Policy|Delete(Role|User)PermissionsBoundary)")
NAMES_A_POLICY = re.compile(r"iam:(Attach|Detach)(Group|Role|User)Policy")


def patch() -> None:
    """Make the evaluator read statements as IAM does, and give it the context of requests."""
    evaluator, actions = load("ministack.core.iam_evaluator"), load("ministack.core.iam_actions")
    value_of = _of_the_role(original(evaluator, "_resolve_condition_key"))
    evaluator._resolve_condition_key = value_of
    evaluator._first_match = _with_variables(original(evaluator, "_first_match"), value_of)
    evaluator.parse_policy_document = _by_version(original(evaluator, "parse_policy_document"))
    evaluator.evaluate_resource_policy = _with_exceptions(original(evaluator, "evaluate_resource_policy"))
    evaluator.evaluate_trust_policy = _filled_for_trust(original(evaluator, "evaluate_trust_policy"), value_of)
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
        fill = _filling(value_of, context)
        return first_match(context, [_filled(statement, fill) for statement in statements], effect)

    return matched


def _filled_for_trust(evaluate: Any, value_of: Callable[[str, Any], Any]) -> Any:
    """A role's trust policy is parsed separately, so its conditions are resolved first."""

    def evaluated(document: Any, caller: str, context: Any = None) -> Any:
        read = _read(document)
        if context is None or read is None or read.get("Version") != _WITH_VARIABLES:
            return evaluate(document, caller, context)
        return evaluate(
            {**read, "Statement": _each_text(_statements(read), _filling(value_of, context))}, caller, context
        )

    return evaluated


def _filling(value_of: Callable[[str, Any], Any], context: Any) -> Callable[[str], str]:
    return lambda text: _VARIABLE.sub(lambda found: _value(found[1], value_of, context) or found[0], text)


def _value(name: str, value_of: Callable[[str, Any], Any], context: Any) -> str:
    """The value of a variable; one without a value stays as it is, and so matches nothing."""
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


def _by_version(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """In a document with the older version, variables are literal text.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """

    def parsed(document: Any) -> Any:
        read = _read(document)
        if read is None:
            return parse(document)
        told = [_as_letters(one) if _version(one, read) != _WITH_VARIABLES else one for one in _statements(read)]
        return parse({**read, "Statement": told})

    return parsed


def _version(statement: Any, document: Mapping[str, Any]) -> Any:
    """A statement in a resource policy carries its document's version along, because ministack separates the two."""
    own = statement.get("Version") if isinstance(statement, dict) else None
    return own or document.get("Version", _EARLIER)


def _as_letters(value: Any) -> Any:
    return _each_text(value, lambda text: text.replace("${", "${$}{"))


def _with_exceptions(evaluate: Any) -> Any:
    def evaluated(document: Any, context: Any, *more: Any, **named: Any) -> Any:
        read = _read(document)
        if read is None:
            return evaluate(document, context, *more, **named)
        version = {"Version": read.get("Version", _EARLIER)}
        told = [{**_named(one, context), **version} if isinstance(one, dict) else one for one in _statements(read)]
        return evaluate({**read, "Statement": told}, context, *more, **named)

    return evaluated


def _read(document: Any) -> dict[str, Any] | None:
    """Empty if it is not a document."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _statements(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _named(statement: dict[str, Any], context: Any) -> dict[str, Any]:
    """A statement with ``NotPrincipal``, as one about everybody else.

    AWS checks the account, then the role, then its session, and denies at the first that is not listed; it denies every
    principal that has a permissions boundary, listed or not.
    """
    if "NotPrincipal" not in statement:
        return statement
    excepted = {_whole(name) for name in _listed(statement["NotPrincipal"])}
    left_out = excepted >= _each_of(context.principal_arn) and not _has_boundary(context)
    rest = {key: value for key, value in statement.items() if key != "NotPrincipal"}
    return {**rest, "Principal": {"AWS": [] if left_out else "*"}}


def _each_of(caller: str) -> set[str]:
    """The caller, and what it belongs to: the account, and the role of a session."""
    account, kind, name = _parts(caller)
    if kind != "assumed-role":
        return {_whole(account), caller}
    role, _, _ = name.partition("/")
    known = original(load("ministack.services.iam"), "_roles").get_scoped(account, None, role) or {}
    return {_whole(account), known.get("Arn", f"arn:aws:iam::{account}:role/{role}"), caller}


def _has_boundary(context: Any) -> bool:
    iam = load("ministack.services.iam")
    account, kind, name = _parts(context.principal_arn)
    store, key = ("_roles", name.partition("/")[0]) if kind == "assumed-role" else ("_users", name.rpartition("/")[2])
    return bool((original(iam, store).get_scoped(account, None, key) or {}).get("PermissionsBoundary"))


def _parts(caller: str) -> tuple[str, str, str]:
    """Account, kind and name of ``arn:aws:sts::111111111111:assumed-role/name/session``."""
    _, _, rest = caller.partition("::")
    account, _, named = rest.partition(":")
    kind, _, name = named.partition("/")
    return account, kind, name


def _whole(principal: str) -> str:
    return f"arn:aws:iam::{principal}:root" if re.fullmatch(r"\d{12}", principal) else principal


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
    """What requests say about a role or user: its current or future boundary, and the policy to attach.

    Source:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    iam = load("ministack.services.iam")
    stores = {"RoleName": original(iam, "_roles"), "UserName": original(iam, "_users")}

    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        boundary = None
        if SETS_A_BOUNDARY.fullmatch(action):
            boundary = _first(parameters.get("PermissionsBoundary"))
        elif UNDER_A_BOUNDARY.fullmatch(action):
            name = next((name for name in stores if name in parameters), "RoleName")
            boundary = (stores[name].get(_first(parameters.get(name))) or {}).get("PermissionsBoundary")
        policy = _first(parameters.get("PolicyArn")) if NAMES_A_POLICY.fullmatch(action) else None
        more = {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": policy}
        return {**context, **{key: value for key, value in more.items() if value}}

    return told


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value
