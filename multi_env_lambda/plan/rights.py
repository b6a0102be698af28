"""Whether a deploy changes what somebody may do: IAM applies that some seconds after it has accepted it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["rights_change"]

_IAM = "AWS::IAM::"
_FUNCTION = "AWS::Lambda::Function"


def rights_change(before: str | None, after: str) -> bool:
    """Whether roles or policies of a unit, or which of them a function has, differ between two templates.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html (changes are not always visible at once)

    Args:
        before: None if nothing ran, so that every role is new.
    """
    return _rights({} if before is None else json.loads(before)) != _rights(json.loads(after))


def _rights(template: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, body in template.get("Resources", {}).items():
        if body["Type"].startswith(_IAM):
            found[name] = body.get("Properties")
        elif body["Type"] == _FUNCTION and "Role" in body["Properties"]:
            found[name] = body["Properties"]["Role"]
    return found
