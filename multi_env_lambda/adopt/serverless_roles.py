"""What the functions of a service may do: statements for one role there, for a role per function here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from multi_env_lambda.adopt.found import Grant, Ours
from multi_env_lambda.adopt.sam_policy_table import REPLACED, current_policy
from multi_env_lambda.adopt.serverless_service import Service, at, unknown_in
from multi_env_lambda.adopt.serverless_values import Value, plain
from multi_env_lambda.model.name import ROLE_ARN
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["policies_of"]

_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:aws:[a-z0-9*-]+:[a-z0-9*${}_-]*:[a-z0-9*${}_]*:.+")
_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

Path = Sequence["str | int"]


def policies_of(service: Service, function: str, found: Value) -> dict[str, Any]:
    """``policies`` and ``managed_policies`` of one function, or its ``role``; what needs a reference goes into
    ``stack.py``."""
    own = _role(service, function, found)
    if own is not None:
        path, value = own
        if (text := _existing(service, value)) is not None:
            service.carried(function, "role", path, f'role = "{text}"')
            return {"role": text}
        if (body := _resource(service, value)) is None:
            reason = "it is not in this account, and each function has a role of its own here: set its `policies`"
            service.dropped(function, "role", path, reason)
            return {}
        service.changed(function, "role", path, "policies", "the function has a role of its own, with its permissions")
        sources, managed = list(_of_a_role(body)), at(body, "Properties", "ManagedPolicyArns")
        arns = _arns(service, function, [(path, managed)])
    else:
        sources, arns = _statements(service, function, found), _managed(service, function)
    statements = [
        made
        for path, value in sources
        for number, each in enumerate(value if isinstance(value, list) else [] if value is None else [value])
        if (made := _statement(service, function, [*path, number], each)) is not None
    ]
    return {**({"policies": statements} if statements else {}), **({"managed_policies": arns} if arns else {})}


def _statements(service: Service, function: str, found: Value) -> list[tuple[Path, Value]]:
    """Those of the service, and those of the function by the plugin serverless-iam-roles-per-function."""
    own: tuple[Path, Value] = ["functions", function, "iamRoleStatements"], at(found, "iamRoleStatements")
    all_functions: list[tuple[Path, Value]] = [
        (path, service.get(*path))
        for path in (("provider", "iamRoleStatements"), ("provider", "iam", "role", "statements"))
    ]
    inherits = at(found, "iamRoleStatementsInherit") or service.get(
        "custom", "serverless-iam-roles-per-function", "defaultInherit"
    )
    return [*all_functions, own] if own[1] is None or inherits else [own]


def _role(service: Service, function: str, found: Value) -> tuple[Path, Value] | None:
    """A role that Serverless does not make."""
    path: Path
    for path, value in (
        (["functions", function, "role"], at(found, "role")),
        (["provider", "role"], service.get("provider", "role")),
        (["provider", "iam", "role"], service.get("provider", "iam", "role")),
    ):
        if value is not None and not (isinstance(value, dict) and _describes_one(value)):
            return path, value
    return None


def _describes_one(value: Mapping[str, Value]) -> bool:
    return not any(key == "Ref" or key.startswith("Fn::") for key in value)


def _existing(service: Service, value: Value) -> str | None:
    """The ARN of a role of the environment's account."""
    text = service.text(value)
    account = plain(service.variables.given["aws:accountId"])
    if text is None or not ROLE_ARN.accepts(text.replace("${account_id}", account).replace("${environment}", "x")):
        return None
    return text if text.split(":")[4] in ("${account_id}", account) else None


def _resource(service: Service, value: Value) -> dict[str, Value] | None:
    """The role of the stack that a function names: by its logical id, by ``Ref`` or by ``Fn::GetAtt``."""
    target = at(value, "Fn::GetAtt") or at(value, "Ref") or value
    name = target[0] if isinstance(target, list) and target else target
    name = name.partition(".")[0] if isinstance(name, str) else ""
    found = service.get("resources")
    for part in found if isinstance(found, list) else [found]:
        body = at(part, "Resources", name)
        if isinstance(body, dict) and body.get("Type") == "AWS::IAM::Role":
            return body
    return None


def _of_a_role(body: dict[str, Value]) -> Iterator[tuple[Path, Value]]:
    policies = at(body, "Properties", "Policies")
    for number, policy in enumerate(policies if isinstance(policies, list) else []):
        yield ["resources", number], at(policy, "PolicyDocument", "Statement")


def _managed(service: Service, function: str) -> list[str]:
    paths: list[Path] = [("provider", "iamManagedPolicies"), ("provider", "iam", "role", "managedPolicies")]
    arns = _arns(service, function, [(path, service.get(*path)) for path in paths])
    boundary = ("provider", "iam", "role", "permissionsBoundary")
    for path in (boundary, ("provider", "rolePermissionsBoundary")):
        if service.get(*path) is not None:
            service.dropped("", "permissionsBoundary", path, "the boundary is a setting of the environment here")
    return arns


def _arns(service: Service, function: str, found: list[tuple[Path, Value]]) -> list[str]:
    arns: list[str] = []
    for path, value in found:
        for number, each in enumerate(value if isinstance(value, list) else []):
            text = service.text(each)
            if text is None:
                service.dropped(function, "managed policy", [*path, number], "it is a policy of the stack itself")
            elif text != _BASIC:  # every function may write its log
                policy = current_policy(text)
                arns.append(policy)
                if policy != text:
                    service.changed(function, f"managed policy {text}", [*path, number], policy, REPLACED)
    return arns


def _statement(service: Service, function: str, path: Path, found: Value) -> dict[str, Any] | None:
    """One statement of our table; None if it went into ``stack.py``, or nowhere."""
    if not service.known(function, "statement", found):
        return None
    if not isinstance(found, dict):
        service.dropped(function, "statement", path, "it is not a table")
        return None
    actions, resources = _texts(service, found.get("Action")), _texts(service, found.get("Resource"))
    actions = actions and [f"{name.lower()}{rest}" for each in actions for name, rest in [_parted(each)]]
    condition = found.get("Condition")
    tree = None if condition is None else service.tree(condition)
    fits = actions and all(map(_ACTION.fullmatch, actions)) and resources and all(map(_RESOURCE.fullmatch, resources))
    if fits and unknown_in(tree) is None and not {"NotAction", "NotResource", "Principal"} & set(found):
        table: dict[str, Any] = {"actions": actions, "resources": resources}
        if found.get("Effect") == "Deny":
            table["effect"] = "Deny"
        service.carried(function if path[0] == "functions" else "", "statement", path, "policies")
        return table if tree is None else {**table, "condition": tree}
    _in_stack(service, function, path, found, actions)
    return None


def _parted(action: str) -> tuple[str, str]:
    service, colon, rest = action.partition(":")
    return service, colon + rest


def _texts(service: Service, value: Value) -> list[str] | None:
    texts = [service.text(each) for each in (value if isinstance(value, list) else [value])]
    return None if None in texts else [text for text in texts if text is not None]


def _in_stack(
    service: Service, function: str, path: Path, found: Mapping[str, Value], actions: list[str] | None
) -> None:
    resource = found.get("Resource")
    body = service.body(resource if isinstance(resource, list) else [resource])
    key = service.keys[function]
    if (
        actions
        and found.get("Effect", "Allow") == "Allow"
        and unknown_in(body) is None
        and not ({"Condition", "NotAction", "NotResource"} & set(found))
    ):
        service.grants.append(Grant(function=key, actions=tuple(actions), resources=tuple(body)))
        service.carried(function, "statement", path, "stack.py: context.allow")
        return
    statement = service.body({"Effect": "Allow", **found})
    if (unknown := unknown_in(statement)) is not None:
        service.dropped(function, "statement", path, unknown.why)
        return
    document = {"Version": "2012-10-17", "Statement": [statement]}
    name = logical_id(key, "statement", *(str(each) for each in path if isinstance(each, int)))
    properties = {"PolicyName": name, "PolicyDocument": document, "Roles": [Ours("role", key)]}
    service.resources[name] = {"Type": "AWS::IAM::Policy", "Properties": properties}
    service.carried(function, "statement", path, f"stack.py: {name}")
