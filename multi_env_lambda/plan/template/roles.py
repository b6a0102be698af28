"""Roles with what was declared, and what a log group, a network or an event source needs: nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import Function, SecretReference, Statement
from multi_env_lambda.plan.template.parts import Json, Resource, StackInput

__all__ = ["allow", "check_role", "declared", "decrypt", "delivery", "function_needs", "role"]

_NETWORK = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
_TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
_DELIVERY = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}


def allow(actions: Iterable[str], *resources: object) -> Json:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def declared(statement: Statement) -> Json:
    """A statement as in the configuration."""
    body: Json = {
        "Effect": statement.effect,
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    if statement.condition is not None:
        body["Condition"] = json.loads(statement.condition)
    return body


def delivery(unit: StackInput, arn: str, *, made_by: str) -> Json:
    """The right to send something to a queue, a topic, a bus, a bucket or another function.

    Raises:
        ConfigurationError: the ARN belongs to a service that does not accept failed events.
    """
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service not in _DELIVERY:
        raise ConfigurationError(
            unit.where,
            f"{made_by}: {arn!r} is not the ARN of something that accepts failed events",
            hint=f"use the ARN of one of: {', '.join(sorted(_DELIVERY))}",
        )
    if service == "s3":
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        return allow([_DELIVERY[service], "s3:ListBucket"], arn, f"{arn}/*")
    return allow([_DELIVERY[service]], arn)


def decrypt(unit: StackInput, service: str) -> Json:
    """What is encrypted with a customer's key is read by ``service`` in the role's name, and in no other way.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    through = f"{service}.{unit.environment.region}.amazonaws.com"
    return {**allow(["kms:Decrypt"], "*"), "Condition": {"StringEquals": {"kms:ViaService": through}}}


def function_needs(unit: StackInput, function: Function, log_group: str) -> tuple[Json, ...]:
    """What follows from the function's settings, apart from its events."""
    made_by = f"functions.{function.key}"
    logs = ("logs:CreateLogStream", "logs:PutLogEvents")
    needs = [allow(logs, unit.arn("logs", f"log-group:{log_group}:*"))]
    if function.vpc is not None:
        needs.append(allow(_NETWORK, "*"))
    if function.tracing == "Active":
        needs.append(allow(_TRACING, "*"))
    for arn in sorted({arn for arn in (function.dead_letter_arn, function.on_failure_arn) if arn is not None}):
        needs.append(delivery(unit, arn, made_by=made_by))
    secrets = {value.name for _, value in function.environment if isinstance(value, SecretReference)}
    if secrets:
        arns = [_secret_arn(unit, name) for name in sorted(secrets)]
        needs += [allow(["secretsmanager:GetSecretValue"], *arns), decrypt(unit, "secretsmanager")]
    return tuple(needs)


def _secret_arn(unit: StackInput, name: str) -> str:
    # Secrets Manager appends a hyphen and six random characters to the name of each secret.
    return name if name.startswith("arn:") else unit.arn("secretsmanager", f"secret:{name}-??????")


def check_role(unit: StackInput, arn: str, *, made_by: str) -> None:
    """Refuse a role that exists where CloudFormation could not give it to a function.

    Raises:
        ConfigurationError: it is of another account, or outside of what `bootstrap` allows.
    """
    place, where = unit.environment, f"{made_by}.role"
    if arn.split(":")[4] != place.account_id:
        what = f"{where}: {arn} is not in the account {place.account_id} of {place.name}"
        hint = "Lambda takes only roles of its own account: write `${account_id}` instead of the number"
        raise ConfigurationError(unit.where, what, hint=hint)
    below = f"arn:{place.partition}:iam::{place.account_id}:role{place.role_path}"
    if place.role_path and not arn.startswith(below):
        what = f"{where}: {arn} is not below {below}, and the roles of {place.name} may pass no other to a function"
        hint = f"let an administrator create it with the path {place.role_path} and the boundary {place.boundary_arn}"
        raise ConfigurationError(unit.where, what, hint=hint)


def role(
    unit: StackInput,
    logical_id: str,
    service: str,
    statements: Sequence[Json],
    managed_policies: Sequence[str],
    made_by: str,
    *,
    only_if: Json | None = None,
) -> Resource:
    """``only_if``: the condition under which ``service`` gets the role."""
    trust: Json = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if only_if is not None:
        trust["Condition"] = only_if
    policy = {"PolicyName": "unit", "PolicyDocument": {"Version": "2012-10-17", "Statement": _once(statements)}}
    properties: Json = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [policy],
        **unit.tags,
    }
    if unit.environment.boundary_arn:
        properties["PermissionsBoundary"] = unit.environment.boundary_arn
    if managed_policies:
        properties["ManagedPolicyArns"] = list(managed_policies)
    return Resource(logical_id=logical_id, type="AWS::IAM::Role", properties=properties, made_by=made_by)


def _once(statements: Sequence[Json]) -> list[Json]:
    kept: list[Json] = []
    for statement in statements:
        if statement not in kept:
            kept.append(statement)
    return kept
