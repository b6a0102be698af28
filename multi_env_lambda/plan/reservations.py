"""What a template reserves of its account's concurrency."""

from __future__ import annotations

import json

__all__ = ["reservations"]

_PROPERTY = "ReservedConcurrentExecutions"


def reservations(template: str) -> dict[str, int]:
    """By the function's name, or its logical id if the template has none; a reservation of 0 counts like any other.

    >>> reservations('{"Resources": {"A": {"Properties": {"ReservedConcurrentExecutions": 5}}}}')
    {'A': 5}
    """
    if _PROPERTY not in template:
        return {}
    bodies = {name: body.get("Properties", {}) for name, body in json.loads(template)["Resources"].items()}
    return {
        str(body.get("FunctionName", name)): int(body[_PROPERTY])
        for name, body in sorted(bodies.items())
        if isinstance(body.get(_PROPERTY), int)
    }
