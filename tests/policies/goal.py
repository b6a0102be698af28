"""What a thief may want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .cases import Document

__all__ = ["DEVOPS", "PROD", "Goal", "goal_of"]

DEVOPS, PROD = "111111111111", "555555555555"


@attrs.frozen(kw_only=True)
class Goal:
    """A request that a thief makes, and the roles that it is for: they may."""

    name: str
    action: str
    resource: str
    account: str
    may: frozenset[str] = frozenset()
    context: Mapping[str, str] = attrs.field(factory=dict)
    of_resource: Document | None = None


def goal_of(action: str, resource: str, account: str, *may: str, name: str = "", **more: Any) -> Goal:
    told = name or f"{action} {resource}"
    return Goal(name=told, action=action, resource=resource, account=account, may=frozenset(may), **more)
