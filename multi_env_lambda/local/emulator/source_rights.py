"""Describing an event bus, or the stream of a table, is authorised on it, and listing buckets on ``arn:aws:s3:::*``.

Reason: ministack authorises it on a rule of that name, or on ``*``, so a role that may describe only what its unit
names is refused. A statement about ``arn:aws:s3:::*``, which AWS's own example has for ``s3:ListAllMyBuckets``, allowed
nothing.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html (``event-bus``)
and https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html (``stream``)
and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html (all buckets)
"""

from __future__ import annotations

import json
from typing import Any

from .names import load, original

__all__ = ["patch"]

_ALL_BUCKETS = "arn:aws:s3:::*"


def patch() -> None:
    """Determine the resource of such a request."""
    actions = load("ministack.core.iam_actions")
    resource = original(actions, "extract_resource_arn")

    def found(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> Any:
        if service == "s3" and method == "GET" and not path.strip("/"):
            return _ALL_BUCKETS
        return _named(headers, body) or resource(service, method, path, headers, body, query_params, *more)

    actions.extract_resource_arn = found


def _named(headers: Any, body: bytes) -> str:
    target = next((str(value) for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    service, _, operation = target.partition(".")
    if service == "AWSEvents" and operation == "DescribeEventBus":
        name = str(json.loads(body or b"{}").get("Name") or "default")
        responses = load("ministack.core.responses")
        here = f"arn:aws:events:{responses.get_region()}:{responses.get_account_id()}:event-bus/"
        return name if name.startswith("arn:") else here + name
    if service.startswith("DynamoDBStreams") and operation == "DescribeStream":
        return str(json.loads(body or b"{}").get("StreamArn") or "*")
    return ""
