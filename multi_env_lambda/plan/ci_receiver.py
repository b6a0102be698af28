"""The part of the CI's stack that receives webhooks: a function with a URL of its own, its log, and its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import HOST_VARIABLE, PARAMETER_VARIABLE, SECRET_VARIABLE, Webhook

__all__ = ["ADDRESS", "receiver_resources", "webhook_variables"]

Resource = tuple[str, Mapping[str, Any]]

ADDRESS = "WebhookAddress"
"""The output of the stack that says where the host sends to."""

_TIMEOUT = 9
"""Seconds. GitHub waits ten; what is not done by then is better answered with an error than not at all."""
_MEMORY = 1024
"""Megabytes. Lambda gives the processor by memory, and the first request has to wait for what is imported."""


def webhook_variables(webhook: Webhook) -> dict[str, str]:
    """The variables about the webhook: where its secret is kept, and not the secret."""
    kept = {SECRET_VARIABLE: webhook.secret, PARAMETER_VARIABLE: webhook.parameter}
    return {HOST_VARIABLE: webhook.host, **{name: value for name, value in kept.items() if value}}


def receiver_resources(
    devops: Devops,
    roles: Roles,
    webhook: Webhook,
    code: Mapping[str, str],
    *,
    handler: str,
    runtime: str,
    variables: Mapping[str, str],
    days: int,
) -> dict[str, Resource]:
    """Without the alarms.

    Args:
        code: where the zip is. variables: without those about the webhook. days: how long its log is kept.
    """
    name = roles.receiver
    anyone = {"FunctionName": {"Ref": "Receiver"}, "Principal": "*"}
    reserved = {"ReservedConcurrentExecutions": webhook.concurrency} if webhook.concurrency else {}
    return {
        "ReceiverLog": ("AWS::Logs::LogGroup", {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": days}),
        "Receiver": (
            "AWS::Lambda::Function",
            {
                "Code": dict(code),
                "Description": "Checks the signature of webhooks, and puts what they say on the bus",
                "Environment": {"Variables": {**variables, **webhook_variables(webhook)}},
                "FunctionName": name,
                "Handler": handler,
                "MemorySize": _MEMORY,
                "Role": f"arn:aws:iam::{devops.account_id}:role/{name}",
                "Runtime": runtime,
                "Timeout": _TIMEOUT,
                **reserved,
            },
        ),
        "ReceiverUrl": (
            "AWS::Lambda::Url",
            {"AuthType": "NONE", "TargetFunctionArn": {"Fn::GetAtt": ["Receiver", "Arn"]}},
        ),
        # A Git host cannot sign for AWS: the receiver checks the signature. Both are needed since October 2025.
        # Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        "ReceiverUrlPermission": (
            "AWS::Lambda::Permission",
            {**anyone, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        ),
        "ReceiverInvokePermission": (
            "AWS::Lambda::Permission",
            {**anyone, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
        ),
    }
