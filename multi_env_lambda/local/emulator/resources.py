"""Put a check before CloudFormation creates or changes a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["Check", "check_first"]

Check = Callable[[Mapping[str, Any]], None]
"""The new properties of a resource in; it raises a ``ValueError``, which becomes the reason in the stack's events."""


def check_first(kind: str, check: Check) -> None:
    """Check a resource of this type before ministack creates or changes it; some types are never changed."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers[kind]
    places = {"create": 1, "update": 2}
    handlers[kind] = steps | {name: _after(check, steps[name], at) for name, at in places.items() if name in steps}


def _after(check: Check, step: Callable[..., Any], place: int) -> Callable[..., Any]:
    """``place`` is the position of the new properties among the arguments."""

    def run(*args: Any, **named: Any) -> Any:
        check(args[place])
        return step(*args, **named)

    return run
