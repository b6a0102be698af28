"""Evaluate what a function's role allows, for services that check it in advance.

A permission granted by a stack counts at once, regardless of ``late_rights``: CloudFormation waits for IAM, and a
direct call right after it is not refused here for that reason.
"""

from __future__ import annotations

import inspect
from typing import Any

from .names import load, original

__all__ = ["may"]


def may(role: str, action: str, resource: str, *, policy_of: str = "") -> bool:
    """Whether a role's policies and its boundary allow it.

    Args:
        role, resource: ARNs.
        policy_of: the service whose resource policy counts too (``sqs``); empty: none.
    """
    evaluator, roles = load("ministack.core.iam_evaluator"), original(load("ministack.services.iam"), "_roles")
    responses = load("ministack.core.responses")
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    policies = inspect.unwrap(original(evaluator, "_gather_role_policies"))(name, account)
    limits = original(evaluator, "_permissions_boundary")(roles, name, account)
    asked: Any = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/awslambda",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
    )
    answer = evaluator.evaluate(asked, policies, *limits)
    its_policy = original(evaluator, "_resource_policy")(policy_of, resource) if policy_of else None
    if its_policy is not None:
        answer = evaluator.combine_resource_policy(answer, asked, *its_policy, limits=tuple(limits))
    return bool(answer.decision == "Allow")
