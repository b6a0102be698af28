"""A queue can be mapped to a function only if the function's role may read it.

Reason: ministack reads the queue itself, so a mapping whose role lacks ``sqs:ReceiveMessage`` works here, and AWS
refuses it in the middle of a deployment.
Texts: https://github.com/anomalyco/sst/issues/5737, functionalone/serverless-iam-roles-per-function#21 (DeleteMessage)
Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

from .lambda_refusal import LambdaRefusal
from .names import load, original
from .role_rights import may

__all__ = ["refuse_without_rights"]

_READS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_TEXT = "The function execution role does not have permissions to call {action} on SQS"


def refuse_without_rights(role: str, queue: str) -> None:
    """Both are ARNs; the queue's own policy counts too. ``function_roles`` handles roles that do not exist."""
    roles = original(load("ministack.services.iam"), "_roles")
    if roles.get_scoped(role.split(":")[4], None, role.rpartition("/")[2]) is None:
        return
    for action in _READS:
        if not may(role, f"sqs:{action}", queue, policy_of="sqs"):
            raise LambdaRefusal("InvalidParameterValueException", 400, _TEXT.format(action=action))
