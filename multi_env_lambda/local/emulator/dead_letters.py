"""Lambda accepts a dead-letter queue or topic only if the function's role may send to it.

Reason: ministack accepts any, so a role without the permission works here, and AWS refuses it in the middle of a
deployment.
Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
Texts: aws-samples/aws-serverless-ecommerce-platform#41, functionalone/serverless-iam-roles-per-function#5
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original
from .resources import check_first
from .role_rights import may

__all__ = ["patch"]

_FUNCTION = "AWS::Lambda::Function"
_ACTIONS = {"sqs": "SendMessage", "sns": "Publish"}
_REFUSED = "The provided execution role does not have permissions to call {action} on {service}"


def patch() -> None:
    """Check role and queue together before they are set, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    create, update = original(functions, "_create_function"), original(functions, "_update_config")
    stored, respond = original(functions, "_functions"), original(functions, "error_response_json")

    def created(data: dict[str, Any]) -> Any:
        return unless_refused(lambda: _check(data), lambda: create(data), respond)

    def updated(name: str, data: dict[str, Any]) -> Any:
        before = (stored.get(name) or {}).get("config", {})
        asked = {"Role": before.get("Role"), **data}
        return unless_refused(lambda: _check(asked), lambda: update(name, data), respond)

    functions._create_function, functions._update_config = created, updated
    check_first(_FUNCTION, _check_resource)


def _check(properties: Mapping[str, Any]) -> None:
    """From the request, in the syntax of the API or of a template."""
    target = str((properties.get("DeadLetterConfig") or {}).get("TargetArn") or "")
    service = (target.split(":") + [""] * 3)[2]
    if service not in _ACTIONS:
        return
    action = _ACTIONS[service]
    if not may(str(properties.get("Role")), f"{service}:{action}", target):
        text = _REFUSED.format(action=action, service=service.upper())
        raise LambdaRefusal("InvalidParameterValueException", 400, text)


def _check_resource(properties: Mapping[str, Any]) -> None:
    try:
        _check(properties)
    except LambdaRefusal as refusal:
        text = f"{refusal} (Service: Lambda, Status Code: 400, Error Code: {refusal.code})"
        raise ValueError(text) from refusal
