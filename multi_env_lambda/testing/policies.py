"""Rights for a role of a test, as AWS takes them: inline policies of a role have 10,240 characters in all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["give", "take_away"]

_LONGEST = 6144


def give(iam: Any, role: str, statements: Iterable[Mapping[str, Any]]) -> None:
    """Let the role do this, and nothing of what an earlier call gave it: managed policies that are called after it."""
    take_away(iam, role)
    for number, document in enumerate(_documents(statements)):
        made = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=document)
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])


def take_away(iam: Any, role: str) -> None:
    """What ``give`` gave."""
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        if policy["PolicyName"].startswith(f"{role}-"):
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
            iam.delete_policy(PolicyArn=policy["PolicyArn"])


def _documents(statements: Iterable[Mapping[str, Any]]) -> list[str]:
    made: list[list[Mapping[str, Any]]] = []
    for statement in statements:
        if not made or len(_document([*made[-1], statement])) > _LONGEST:
            made.append([])
        made[-1].append(statement)
    return [_document(group) for group in made]


def _document(statements: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))
