"""A queue is mapped to a function only if the function's role may read it.

Reason: ministack reads the queue itself, so a mapping whose role lacks ``sqs:ReceiveMessage`` works here, and is
refused by AWS amid a deploy.
Texts: https://github.com/anomalyco/sst/issues/5737, functionalone/serverless-iam-roles-per-function#21 (DeleteMessage)
Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

import inspect

from .lambda_refusal import LambdaRefusal
from .names import load, original

__all__ = ["refuse_without_rights"]

_READS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_TEXT = "The function execution role does not have permissions to call {action} on SQS"


def refuse_without_rights(role: str, queue: str) -> None:
    """Both are ARNs; what the queue's own policy says counts too. A role that is not there is ``function_roles``'."""
    evaluator, roles = load("ministack.core.iam_evaluator"), original(load("ministack.services.iam"), "_roles")
    account, name = role.split(":")[4], role.rpartition("/")[2]
    if roles.get_scoped(account, None, name) is None:
        return
    # CloudFormation waits until IAM knows what it made; who calls Lambda at once is not refused here for that.
    policies = inspect.unwrap(original(evaluator, "_gather_role_policies"))(name, account)
    limits = original(evaluator, "_permissions_boundary")(roles, name, account)
    its_policy = original(evaluator, "_resource_policy")("sqs", queue)
    for action in _READS:
        asked = evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/awslambda",
            principal_type="AssumedRole",
            principal_account=account,
            action=f"sqs:{action}",
            resource_arn=queue,
            region=queue.split(":")[3],
        )
        answer = evaluator.evaluate(asked, policies, *limits)
        if its_policy is not None:
            answer = evaluator.combine_resource_policy(answer, asked, *its_policy, limits=tuple(limits))
        if answer.decision != "Allow":
            raise LambdaRefusal("InvalidParameterValueException", 400, _TEXT.format(action=action))
