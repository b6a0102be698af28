"""One function of SAM or CloudFormation: its settings become the table of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.cfn_groups import Meaning, attached_to
from multi_env_lambda.adopt.cfn_policies import read_policies, read_role
from multi_env_lambda.adopt.cfn_values import fits
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Grant, Ours, Variable
from multi_env_lambda.adopt.sam_events import read_events
from multi_env_lambda.adopt.sam_layers import read_layers
from multi_env_lambda.adopt.sam_policy_table import MANAGED
from multi_env_lambda.adopt.sam_said import say_parts
from multi_env_lambda.model.function import RESERVED_VARIABLES
from multi_env_lambda.model.keys.function import VARIABLE
from multi_env_lambda.model.name import FUNCTION_NAME, ROLE_ARN
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.model.uses import VALUES
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["read_function"]

_SECRET = re.compile(r"\{\{resolve:secretsmanager:([A-Za-z0-9/_+=.@-]+)(?::SecretString(?::([^:{}\s]+))?)?:{0,2}\}\}")
_PARAMETER = re.compile(r"\{\{resolve:ssm:(/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)\}\}")
_ATTRIBUTES = {
    "Arn": "arn",
    "TopicArn": "arn",
    "TopicName": "name",
    "QueueName": "name",
    "QueueUrl": "url",
    "GroupId": "id",
}
_NUMBERS = {"MemorySize": "memory_size", "Timeout": "timeout", "ReservedConcurrentExecutions": "reserved_concurrency"}
_AS_IT_IS = frozenset(
    {
        *("KmsKeyArn", "FileSystemConfigs", "TenancyConfig", "DurableConfig", "RuntimeManagementConfig"),
        *("RecursiveLoop", "CodeSigningConfigArn"),
    }
)
"""Properties that the function of our stack gets in ``stack.py``."""

_READ_ELSEWHERE = frozenset(
    {
        "Handler",
        "CodeUri",
        "Code",
        "InlineCode",
        "Runtime",
        "Architectures",
        "Role",
        "Policies",
        "Events",
        "PackageType",
    }
)


def read_function(draft: Draft, function: str, properties: Mapping[str, Node], node: Node, roles: Node) -> None:
    """All but its code; ``roles`` are the resources of the template."""
    key = draft.functions[function]
    if (role := properties.get("Role")) is not None:
        _role(draft, function, role, roles)
    for name, found in properties.items():
        if name in _READERS:
            _READERS[name](draft, function, found)
        elif name in _NUMBERS:
            _number(draft, function, name, found)
        elif name in _AS_IT_IS:
            body = draft.body(draft.values.of(found))
            draft.add(logical_id(key, "Function"), {"Properties": {name: body}}, found)
            draft.carried(function, name, found, f"{logical_id(key, 'Function')} in stack.py")
        elif name not in _READ_ELSEWHERE:
            draft.left(function, name, found, "it has no counterpart: write it in stack.py")
    if (policies := properties.get("Policies")) is not None and "Role" not in properties:
        read_policies(draft, function, policies)
    if (events := properties.get("Events")) is not None:
        read_events(draft, function, events)


def _set(draft: Draft, function: str, what: str, node: Node, key: str, value: Any) -> None:
    draft.tables[draft.functions[function]][key] = value
    draft.carried(function, what, node, key)


def _number(draft: Draft, function: str, name: str, node: Node) -> None:
    value = draft.values.of(node)
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        _set(draft, function, name, node, _NUMBERS[name], value)
    elif value is not None:
        draft.left(function, name, node, "it is no number that is known before a deploy")


def _role(draft: Draft, function: str, node: Node, resources: Node) -> None:
    value = draft.values.of(node)
    role = resources.get(draft.referred(value))
    text = draft.text(value)
    if role is not None and role.text("Type") == "AWS::IAM::Role":
        read_role(draft, function, role, node)
    elif text is not None and fits(ROLE_ARN, text):
        _set(draft, function, "Role", node, "role", text)
    else:
        reason = "the unit makes a role of its own for each function: write what it may do as `policies`"
        draft.left(function, "Role", node, reason)


def _description(draft: Draft, function: str, node: Node) -> None:
    text = draft.text(draft.values.of(node))
    if text is None:
        draft.left(function, "Description", node, "it is only known to the stack")
    elif text:
        _set(draft, function, "Description", node, "description", text[:256])


def _environment(draft: Draft, function: str, node: Node) -> None:
    key = draft.functions[function]
    table = draft.tables[key].setdefault("environment", {})
    for name, found in (node.get("Variables") or node).table.items():
        value = draft.values.of(found)
        if not VARIABLE.accepts(name):
            draft.left(function, f"variable {name}", found, f"a name here has {VARIABLE.allowed}")
            continue
        if name in RESERVED_VARIABLES:
            draft.left(function, f"variable {name}", found, "Lambda sets it itself")
            continue
        ours = _variable(draft, value)
        if isinstance(ours, str) and plain_secret(name, ours) is not None:
            table[name] = _secret(draft, function, name, found)
        elif ours is not None:
            table[name] = ours
            draft.carried(function, f"variable {name}", found, f"environment.{name}")
        elif value is not None:
            _of_the_stack(draft, function, name, value, found)


def _secret(draft: Draft, function: str, variable: str, node: Node) -> dict[str, str]:
    """A secret never gets into a file: the unit has one of its own, which a person fills in after the first deploy."""
    key = re.sub(r"[^a-z0-9]+", "-", variable.lower()).strip("-")
    draft.unit_table.setdefault("secrets", {}).setdefault(key, {"description": f"the variable {variable}"})
    reason = "a secret is not written into a file: put its value into this one after the first deploy"
    draft.changed(function, f"variable {variable}", node, f'{{ secret = "{key}" }}', reason)
    return {"secret": key}


def _of_the_stack(draft: Draft, function: str, name: str, value: Any, node: Node) -> None:
    key = draft.functions[function]
    body = draft.body(value)
    if body in (Ours("alias", key), Ours("function", key)):
        reason = "a function cannot refer to itself: Lambda sets AWS_LAMBDA_FUNCTION_NAME"
        draft.left(function, f"variable {name}", node, reason)
        return
    draft.variables.append(Variable(function=key, name=name, value=body))
    draft.carried(function, f"variable {name}", node, "set_environment in stack.py")


def _variable(draft: Draft, value: Any) -> Any:
    """As our tables have it; None if only the stack knows it."""
    target = draft.target(value)
    if target is not None and (own := draft.own.get(target[0])) is not None:
        usual = VALUES[own.kind][0]
        wanted = _ATTRIBUTES.get(target[1]) if target[1] else usual
        if wanted is None:
            return None
        return {own.kind: own.key, **({} if wanted == usual else {"value": wanted})}
    if isinstance(value, str):
        if (found := _SECRET.fullmatch(value)) is not None:
            return {"secret": found[1], **({"key": found[2]} if found[2] else {})}
        if (found := _PARAMETER.fullmatch(value)) is not None:
            return {"parameter": found[1]}
    return draft.text(value)


def _vpc(draft: Draft, function: str, node: Node) -> None:
    subnets, groups = draft.values.of(node.get("SubnetIds")), draft.values.of(node.get("SecurityGroupIds"))
    if not subnets and not groups:
        return
    own = {name: each.key for name, each in draft.own.items() if each.kind == "security_group"}
    attached = attached_to(groups, Meaning(_plain, draft.target, draft.crowded), own)
    if attached and isinstance(subnets, list) and subnets and all(isinstance(text, str) for text in subnets):
        _set(draft, function, "VpcConfig", node, "vpc", {"subnet_ids": subnets, **attached})
        say_parts(draft, function, "VpcConfig", node, ("SubnetIds", "SecurityGroupIds"))
        return
    key = draft.functions[function]
    body = draft.body(draft.values.of(node))
    draft.add(logical_id(key, "Function"), {"Properties": {"VpcConfig": body}}, node)
    if "role" not in draft.tables[key]:
        draft.append(function, "managed_policies", MANAGED["AWSLambdaVPCAccessExecutionRole"])
    draft.carried(function, "VpcConfig", node, f"{logical_id(key, 'Function')} in stack.py")


def _plain(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _tracing(draft: Draft, function: str, node: Node) -> None:
    value = draft.values.of(node)
    mode = value.get("Mode") if isinstance(value, Mapping) else value
    if mode == "Active":
        _set(draft, function, "Tracing", node, "tracing", "Active")


def _storage(draft: Draft, function: str, node: Node) -> None:
    size = draft.values.of(node.get("Size"))
    if str(size).isdigit():
        _set(draft, function, "EphemeralStorage", node, "ephemeral_storage", int(size))


def _target(draft: Draft, function: str, what: str, node: Node, value: Any, key: str) -> None:
    """A queue or a topic by its ARN; what only the stack knows is set there."""
    text = draft.text(value)
    if text is not None:
        _set(draft, function, what, node, key, text)
    elif key == "dead_letter_arn":
        body = draft.body(value)
        _in_the_stack(draft, function, {"DeadLetterConfig": {"TargetArn": body}}, body, what, node)
    else:
        draft.left(
            function, what, node, "its target is only known to the stack: write an EventInvokeConfig in stack.py"
        )


def _in_the_stack(draft: Draft, function: str, properties: Any, arn: Any, what: str, node: Node) -> None:
    key = draft.functions[function]
    draft.add(logical_id(key, "Function"), {"Properties": properties}, node)
    draft.grants.append(Grant(function=key, actions=("sqs:SendMessage", "sns:Publish"), resources=(arn,)))
    draft.carried(function, what, node, f"{logical_id(key, 'Function')} in stack.py")


def _dead_letters(draft: Draft, function: str, node: Node) -> None:
    _target(draft, function, "DeadLetterQueue", node, draft.values.of(node.get("TargetArn")), "dead_letter_arn")


def _invoked(draft: Draft, function: str, node: Node) -> None:
    for name, found in node.table.items():
        destination = draft.values.of(found.get("OnFailure", "Destination"))
        if name == "DestinationConfig" and destination is not None:
            _target(draft, function, "OnFailure", found, destination, "on_failure_arn")
        if name != "DestinationConfig" or found.get("OnSuccess") is not None:
            what = "OnSuccess" if name == "DestinationConfig" else name
            draft.left(function, f"EventInvokeConfig: {what}", found, "it has no counterpart: write it in stack.py")


def _url(draft: Draft, function: str, node: Node) -> None:
    kind = draft.values.of(node.get("AuthType"))
    entry: dict[str, Any] = {"url": "NONE" if kind == "NONE" else True}
    cors = draft.values.of(node.get("Cors"))
    if isinstance(cors, Mapping) and isinstance(cors.get("AllowOrigins"), list):
        words = {"AllowOrigins": "allow_origins", "AllowMethods": "allow_methods", "AllowHeaders": "allow_headers"}
        words |= {"ExposeHeaders": "expose_headers", "AllowCredentials": "allow_credentials", "MaxAge": "max_age"}
        entry["cors"] = {ours: cors[theirs] for theirs, ours in words.items() if theirs in cors}
    elif cors is not None:
        draft.left(function, "FunctionUrlConfig: Cors", node, "it names no origins: write `cors` of `url`")
    draft.tables[draft.functions[function]].setdefault("events", []).append(entry)
    draft.carried(function, "FunctionUrlConfig", node, "url")
    if str(draft.values.of(node.get("InvokeMode"))).upper() == "RESPONSE_STREAM":
        draft.left(function, "FunctionUrlConfig: InvokeMode", node, "answers are not streamed")


def _snap_start(draft: Draft, function: str, node: Node) -> None:
    if draft.values.of(node.get("ApplyOn")) == "PublishedVersions":
        _set(draft, function, "SnapStart", node, "snap_start", True)


def _logging(draft: Draft, function: str, node: Node) -> None:
    if draft.values.of(node.get("LogFormat")) == "JSON":
        _set(draft, function, "LogFormat", node, "log_format", "JSON")
    for name, found in node.table.items():
        if name != "LogFormat":
            draft.left(function, f"LoggingConfig: {name}", found, "it has no counterpart: write it in stack.py")


def _traffic(draft: Draft, function: str, node: Node) -> None:
    kind = str(draft.values.of(node.get("Type")) or "")
    canary = re.fullmatch(r"Canary(\d+)Percent(\d+)Minutes", kind)
    linear = re.fullmatch(r"Linear(\d+)PercentEvery(\d+)Minutes?", kind)
    if (found := canary or linear) is not None:
        text = f"{'canary' if canary else 'linear'} {found[1]}% {found[2]}m"
        _set(draft, function, "DeploymentPreference", node, "traffic", text)
    elif kind != "AllAtOnce":
        draft.left(function, "DeploymentPreference", node, "no shift of traffic of this kind: see `traffic`")
    say_parts(draft, function, "DeploymentPreference", node, ("Type", "Enabled", "Alarms", "Hooks"))
    for name in ("Alarms", "Hooks"):
        if (found_there := node.get(name)) is not None:
            draft.left(function, f"DeploymentPreference: {name}", found_there, "a deploy is judged by `smoke`")


def _name(draft: Draft, function: str, node: Node) -> None:
    key = draft.functions[function]
    text = draft.text(draft.values.of(node))
    if text is not None and not draft.crowded and fits(FUNCTION_NAME, text):
        draft.tables[key]["name"] = text
        draft.carried(function, "FunctionName", node, f'name = "{text}"')
        return
    why = "two environments in one account cannot both have it" if draft.crowded else "it is only known to the stack"
    reason = f"{why}; the function is called {draft.name(key)}, and callers need the new name"
    draft.changed(function, "FunctionName", node, draft.name(key), reason)


def _alias(draft: Draft, function: str, node: Node) -> None:
    if draft.values.of(node) != "live":
        reason = "every function has the alias `live`, and only this one"
        draft.changed(function, "AutoPublishAlias", node, "live", reason)


def _tags(draft: Draft, function: str, node: Node) -> None:
    found = draft.values.of(node)
    texts = {str(key): draft.text(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
    if texts and None not in texts.values():
        tags = draft.unit_table.setdefault("tags", {})
        if all(tags.get(key, value) == value for key, value in texts.items()):
            tags |= texts
            draft.changed(function, "Tags", node, "tags", "tags belong to all resources of the unit")
            return
    draft.left(function, "Tags", node, "tags belong to all resources of the unit, and others have this key already")


_READERS: Mapping[str, Callable[[Draft, str, Node], None]] = {
    "AutoPublishAlias": _alias,
    "DeadLetterConfig": _dead_letters,
    "DeadLetterQueue": _dead_letters,
    "DeploymentPreference": _traffic,
    "Description": _description,
    "Environment": _environment,
    "EphemeralStorage": _storage,
    "EventInvokeConfig": _invoked,
    "FunctionName": _name,
    "FunctionUrlConfig": _url,
    "Layers": read_layers,
    "LoggingConfig": _logging,
    "SnapStart": _snap_start,
    "Tags": _tags,
    "Tracing": _tracing,
    "TracingConfig": _tracing,
    "VpcConfig": _vpc,
}
