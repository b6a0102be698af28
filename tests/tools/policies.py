"""Rights for a role of a test, as AWS takes them: inline policies of a role have 10,240 characters in all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from multi_env_lambda.plan.grant import documents_of

__all__ = ["give", "take_away"]


def give(iam: Any, role: str, statements: Iterable[dict[str, Any]]) -> None:
    """Let the role do this, and nothing of what an earlier call gave it: managed policies that are called after it."""
    take_away(iam, role)
    for number, document in enumerate(documents_of(statements)):
        made = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=json.dumps(document))
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])


def take_away(iam: Any, role: str) -> None:
    """What ``give`` gave."""
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        if policy["PolicyName"].startswith(f"{role}-"):
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
            iam.delete_policy(PolicyArn=policy["PolicyArn"])
