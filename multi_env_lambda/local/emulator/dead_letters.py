"""Lambda takes a dead-letter queue or topic only with a role that may send to it.

Reason: ministack takes any, so a role without the right works here, and is refused by AWS amid a deploy.
Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
Texts: aws-samples/aws-serverless-ecommerce-platform#41, functionalone/serverless-iam-roles-per-function#5

A right that a stack gives counts at once here, whatever ``late_rights`` says of calls: CloudFormation waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original

__all__ = ["patch"]

_FUNCTION = "AWS::Lambda::Function"
_ACTIONS = {"sqs": "SendMessage", "sns": "Publish"}
_REFUSED = "The provided execution role does not have permissions to call {action} on {service}"


def patch() -> None:
    """Look at role and queue before they are taken together, by the API and by CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    create, update = original(functions, "_create_function"), original(functions, "_update_config")
    stored, respond = original(functions, "_functions"), original(functions, "error_response_json")
    check = _checking()

    def created(data: dict[str, Any]) -> Any:
        return unless_refused(lambda: check(data), lambda: create(data), respond)

    def updated(name: str, data: dict[str, Any]) -> Any:
        before = (stored.get(name) or {}).get("config", {})
        asked = {"Role": before.get("Role"), **data}
        return unless_refused(lambda: check(asked), lambda: update(name, data), respond)

    functions._create_function, functions._update_config = created, updated
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = resources[_FUNCTION]
    resources[_FUNCTION] = {
        **steps,
        "create": _checked(steps["create"], check, 1),
        "update": _checked(steps["update"], check, 2),
    }


def _checking() -> Callable[[Mapping[str, Any]], None]:
    evaluator, responses = load("ministack.core.iam_evaluator"), load("ministack.core.responses")
    policies, iam = original(evaluator, "_gather_role_policies"), load("ministack.services.iam")
    boundary = original(evaluator, "_permissions_boundary")

    def check(properties: Mapping[str, Any]) -> None:
        """Of what is asked for, in the words of the API or of a template."""
        target = str((properties.get("DeadLetterConfig") or {}).get("TargetArn") or "")
        service = (target.split(":") + [""] * 3)[2]
        if service not in _ACTIONS:
            return
        account, role = responses.get_account_id(), str(properties.get("Role"))
        name, action = role.rpartition("/")[2], _ACTIONS[service]
        asked = evaluator.EvalContext(
            principal_arn=role,
            principal_type="AssumedRole",
            principal_account=account,
            action=f"{service}:{action}",
            resource_arn=target,
            region=responses.get_region(),
        )
        found = evaluator.evaluate(asked, policies(name, account), *boundary(iam._roles, name, account))
        if found.decision != "Allow":
            text = _REFUSED.format(action=action, service=service.upper())
            raise LambdaRefusal("InvalidParameterValueException", 400, text)

    return check


def _checked(run: Callable[..., Any], check: Callable[[Mapping[str, Any]], None], place: int) -> Callable[..., Any]:
    """``place`` is that of the new properties among the arguments."""

    def checked(*args: Any, **named: Any) -> Any:
        try:
            check(args[place])
        except LambdaRefusal as refusal:
            text = f"{refusal} (Service: Lambda, Status Code: 400, Error Code: {refusal.code})"
            raise ValueError(text) from refusal
        return run(*args, **named)

    return checked
