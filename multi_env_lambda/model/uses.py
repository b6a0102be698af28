"""What a function or a job may do with the unit's own resources, in four words: read, write, invoke, start.

As the policy templates of SAM, but for reading without DeleteItem and for writing with it.
Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from multi_env_lambda.model.keys.reference import REFERENCE
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.resources import ResourceKind, ResourceReference

__all__ = ["ACCESS", "VALUES", "VERBS", "Verb", "read_reference", "read_uses"]

Verb = Literal["read", "write", "invoke", "start"]
VERBS: tuple[Verb, ...] = ("read", "write", "invoke", "start")

ACCESS: Mapping[ResourceKind, Mapping[Verb, tuple[str, ...]]] = {
    "table": {
        "read": (
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DescribeTable",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ),
        "write": (
            "dynamodb:BatchWriteItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:DescribeTable",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ),
    },
    "queue": {
        "read": (
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ),
        "write": ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"),
    },
    "topic": {"write": ("sns:Publish",)},
    "bucket": {
        "read": ("s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"),
        "write": ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"),
    },
    "parameter": {"read": ("ssm:GetParameter", "ssm:GetParameters")},
    "secret": {
        "read": ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
        "write": ("secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"),
    },
    "state_machine": {
        "read": (
            "states:DescribeExecution",
            "states:DescribeStateMachine",
            "states:GetExecutionHistory",
            "states:ListExecutions",
        ),
        "start": ("states:StartExecution", "states:StartSyncExecution", "states:StopExecution"),
    },
    "security_group": {},
    "function": {"invoke": ("lambda:InvokeFunction",)},
}
"""By kind and word: the calls."""

VALUES: Mapping[ResourceKind, tuple[str, ...]] = {
    "table": ("name", "arn"),
    "queue": ("url", "arn", "name"),
    "topic": ("arn", "name"),
    "bucket": ("name", "arn"),
    "parameter": ("value", "name"),
    "secret": ("arn",),
    "state_machine": ("arn", "name"),
    "security_group": ("id",),
    "function": ("arn", "name"),
}
"""By kind: what a variable can tell about one, first what it tells by default."""


def read_uses(table: Table, verb: Verb) -> tuple[str, ...]:
    return table.texts(verb)


def read_reference(table: Table, known: Mapping[str, ResourceKind]) -> ResourceReference | None:
    """``{ table = "orders" }``, or None if the table names nothing of the unit's own.

    A secret or a parameter may exist apart from the unit, so it is the unit's only if it is ``known``.
    """
    kinds = [kind for kind in VALUES if kind in table.values and _is_own(table, kind, known)]
    if not kinds:
        return None
    kind = kinds[0]
    table.of(REFERENCE.only(kind, "value", *(("key",) if kind == "secret" else ()))).allow()
    words = VALUES[kind]
    value = table.text_or("value", words[0])
    if value not in words:
        expected = " or ".join(f'"{word}"' for word in words)
        table.wrong("value", allowed=expected, hint=did_you_mean(value, words, listed=True))
    part = table.named("key") if kind == "secret" and table.has("key") else ""
    return ResourceReference(kind=kind, key=table.named(kind), value=value, part=part)


def _is_own(table: Table, kind: ResourceKind, known: Mapping[str, ResourceKind]) -> bool:
    name = table.values[kind]
    return kind not in ("parameter", "secret") or (isinstance(name, str) and known.get(name) == kind)
