"""What CloudFormation calls with the rights of the deploying role, given the templates of an environment.

Input: resources, and what AWS publishes by type (``handlers.json``). Output: IAM statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.iam import ONLY_WITH, SERVICE_OF, UNSCOPED
from multi_env_lambda.plan.grant import Grant, grant_of
from multi_env_lambda.plan.named_resources import NamedResource, arns_of, is_covered, names_of, patterns_of
from multi_env_lambda.plan.network_calls import of_network

__all__ = ["Handlers", "of_cloudformation"]

Handlers = Mapping[str, Mapping[str, Sequence[str]]]
"""By type: what CloudFormation calls to create, read, update and delete, and to whom a role is passed."""

_STEPS = {"deploy": ("create", "read", "update"), "destroy": ("delete",)}
_OTHER_SERVICES = {
    "ec2": ("vpcconfig",),
    "elasticfilesystem": ("filesystemconfigs",),
    "kms": ("kms", "awskms", "keyarn"),
    "logs": ("accesslogsettings",),
}
"""What a type calls in another service, and the prefix (in lower case) of the property that makes it do so."""

_DELIVERY = (
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"),
    *("logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
)
_NOT_IN_THE_SCHEMA: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGatewayV2::Stage": {"create": _DELIVERY},
    "AWS::SecretsManager::Secret": {"create": ("kms:Decrypt", "kms:GenerateDataKey")},
}
"""Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html and
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
"""

_BEFORE_IT_IS_THERE = frozenset({"kms:CreateKey", "kms:TagResource"})
"""For a key that has neither name nor tag yet. Nobody can give a key a tag that starts with ``aws:``.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/abac.html
"""

_OF_OBJECTS = frozenset({"s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"})
"""Checked against an object key. A ``*`` also matches a slash, so ``*-ENVIRONMENT-*`` would match keys in any bucket.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
"""


@attrs.frozen
class _Calls:
    """What is called in a service for one verb, and on what."""

    actions: set[str] = attrs.field(factory=set)
    arns: set[str] = attrs.field(factory=set)


def of_cloudformation(
    environment: Environment, stacks: Sequence[NamedResource], handlers: Handlers, granted: frozenset[str]
) -> tuple[Grant, ...]:
    """By service: what is called to create and change things, and what else to delete them; then the roles.

    Args:
        granted: what is already allowed on everything that is named by the rule.
    """
    wanted: dict[str, dict[str, _Calls]] = {"deploy": {}, "destroy": {}}
    keys: set[str] = set()
    for made in stacks:
        for logical, body in made.resources.items():
            for verb, action in _called(body, handlers):
                if _own(body["Type"]) != "kms" and action.startswith("kms:"):
                    keys.add(action)
                    continue
                calls = wanted[verb].setdefault(action.partition(":")[0], _Calls())
                calls.actions.add(action)
                named = arns_of(logical, made, environment)
                below = [f"{arn}:*" for arn in named if body["Type"] == "AWS::Lambda::Function"]
                calls.arns.update(named, below)  # versions and aliases have ARNs of their own
    making, gone = wanted["deploy"], wanted["destroy"]
    services = sorted({*making, *gone})
    grants = [
        grant
        for service in services
        for grant in (
            _of_service(environment, service, making, gone, granted)
            if service != "ec2"
            else of_network(environment, stacks, *(calls.get(service, _Calls()).actions for calls in (making, gone)))
        )
    ]
    uses = [grant_of("UseKeysAnywhere", "deploy", ("*",), *sorted(keys))] if keys else []
    return (*grants, *uses, *_pass_roles(environment, stacks, handlers))


def _called(body: Mapping[str, Any], handlers: Handlers) -> Iterator[tuple[str, str]]:
    more = _NOT_IN_THE_SCHEMA.get(body["Type"], {})
    for verb, steps in _STEPS.items():
        for step in steps:
            for action in (*handlers.get(body["Type"], {}).get(step, ()), *more.get(step, ())):
                if _is_called(action, body):
                    yield verb, action


def _is_called(action: str, body: Mapping[str, Any]) -> bool:
    service = action.partition(":")[0]
    if action == "iam:PassRole":
        return False  # a separate statement, with the service that gets the role
    keys = {key.lower() for key, _ in _properties(body.get("Properties", {}))}
    if service == _own(body["Type"]):
        return "." not in action and ONLY_WITH.get(action, "") in {"", *keys}
    needed = _OTHER_SERVICES.get(service)
    return needed is not None and any(key.startswith(needed) for key in keys)


def _own(kind: str) -> str:
    service = kind.split("::")[1].lower()
    return SERVICE_OF.get(service, service)


def _properties(value: Any) -> Iterator[tuple[str, Any]]:
    """Every property at every depth, with its value; keys with a colon are conditions of a policy."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if ":" not in key:
                yield key, inner
                yield from _properties(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _properties(inner)


def _of_service(
    environment: Environment,
    service: str,
    made: Mapping[str, _Calls],
    gone: Mapping[str, _Calls],
    granted: frozenset[str],
) -> Iterator[Grant]:
    making, deleting = made.get(service, _Calls()), gone.get(service, _Calls())
    patterns = patterns_of(service, environment)
    extra = sorted(arn for arn in making.arns | deleting.arns if not is_covered(arn, patterns))
    known = frozenset() if extra else granted
    resources = (*patterns, *extra) if service != "kms" else ("*",)
    yield from _scoped(environment, service, "Make", ("deploy",), making.actions - known, resources, making.arns)
    # A deploy deletes what left the template, and what it created before it failed.
    only_gone = deleting.actions - making.actions - known
    yield from _scoped(environment, service, "Delete", ("destroy", "deploy"), only_gone, resources, deleting.arns)


def _scoped(
    environment: Environment,
    service: str,
    what: str,
    verbs: tuple[str, ...],
    actions: set[str],
    resources: tuple[str, ...],
    arns: set[str],
) -> Iterator[Grant]:
    nowhere = UNSCOPED | _BEFORE_IT_IS_THERE
    objects = sorted(actions & _OF_OBJECTS)
    named, anywhere = sorted(actions - nowhere - _OF_OBJECTS), sorted(actions & nowhere)
    title = f"{what}{service.capitalize()}"
    if named:
        yield Grant(
            sid=title,
            actions=tuple(named),
            resources=resources,
            verbs=verbs,
            condition=_of_our_stacks(environment) if service == "kms" else None,
        )
    if objects:
        yield Grant(sid=f"{title}Objects", actions=tuple(objects), resources=_keys_of(arns), verbs=verbs)
    if anywhere:
        yield Grant(sid=f"{title}Anywhere", actions=tuple(anywhere), resources=("*",), verbs=verbs)


def _keys_of(buckets: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{arn}/*" for arn in sorted(buckets))


def _of_our_stacks(environment: Environment) -> Mapping[str, Any]:
    """A key has no name; CloudFormation tags it with its stack."""
    return {"StringLike": {"aws:ResourceTag/aws:cloudformation:stack-name": f"*-{environment.name}"}}


def _pass_roles(environment: Environment, stacks: Iterable[NamedResource], handlers: Handlers) -> tuple[Grant, ...]:
    """To pass its role to a function or a job; without the condition it could be passed to anything."""
    services: set[str] = set()
    roles = (f"arn:aws:iam::{environment.account_id}:role/*-{environment.name}-*",)
    others: set[str] = set()
    for made in stacks:
        for logical, body in made.resources.items():
            if body["Type"] == "AWS::IAM::Role":
                others.update(arns_of(logical, made, environment))
            passed_to = handlers.get(body["Type"], {}).get("passed_to", ())
            given = [value for key, value in _properties(body.get("Properties", {})) if passed_to and _is_role(key)]
            services.update(passed_to if given else ())
            others.update(
                arn for value in given if not _is_attribute(value) for arn in _role_arns(value, made, environment)
            )
    if not services:
        return ()
    condition = {"StringEquals": {"iam:PassedToService": sorted(services)}}
    resources = (*roles, *sorted(arn for arn in others if not is_covered(arn, roles)))
    return (grant_of("PassRoles", "deploy", resources, "iam:PassRole", condition=condition),)


def _is_role(key: str) -> bool:
    """``Role``, ``RoleArn``, ``RoleARN``, ``SuccessFeedbackRoleArn``, and its name in the body of an API."""
    return key.lower().endswith(("role", "rolearn", "credentialsarn")) or key == "credentials"


def _is_attribute(value: Any) -> bool:
    """Whether it is a role of a template, which is checked there."""
    match value:
        case {"Fn::GetAtt": _}:
            return True
        case {"Fn::Sub": str(text)}:
            return re.fullmatch(r"\$\{\w+\.Arn\}", text) is not None
        case _:
            return False


def _role_arns(value: Any, made: NamedResource, environment: Environment) -> Iterator[str]:
    for name in names_of(value, made, environment):
        yield name if name.startswith("arn:") else f"arn:aws:iam::{environment.account_id}:role/{name}"
