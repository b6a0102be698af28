"""Changes to a stack by somebody else's template: CloudFormation reports no drift, because the stack matches it."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import Any

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.keeping import keeping

__all__ = ["changed_outside"]

_ALIAS = "AWS::Lambda::Alias"
_HELD_BACK = ("FunctionVersion", "RoutingConfig")


def changed_outside(
    there: str, running: str, under_way: Iterable[str] = (), kept: Container[str] = ()
) -> tuple[ResourceChange, ...] | None:
    """How the template of a stack differs from the one that was deployed; None if resources alone cannot say that.

    Args:
        there: as CloudFormation has it.
        running: according to the record.
        under_way: those of unfinished attempts. Their aliases are held back, and compared separately.
        kept: the logical ids of what holds data and was left in the stack by our own deployments: nobody changed it.
    """
    try:
        found = json.loads(there)
    except (ValueError, RecursionError):
        return None
    running = keeping(running, there, kept)
    if found == json.loads(running) or any(_free(found) == _free(json.loads(text)) for text in under_way):
        return ()
    return changes(running, canonical_json(found)) or None


def _free(document: Any) -> Any:
    """A template without the versions at which its aliases point."""
    resources = {
        name: {**body, "Properties": {k: v for k, v in body.get("Properties", {}).items() if k not in _HELD_BACK}}
        if body.get("Type") == _ALIAS
        else body
        for name, body in document.get("Resources", {}).items()
    }
    return {**document, "Resources": resources}
