"""Updating a resource that was deleted manually fails: the handlers change existing resources, and create nothing in
their place.

Resources that do not change are not checked, those to be replaced are created, and those to be deleted may be gone
already.
Reason: ministack recreates the resource and the update succeeds, so a release repairs here what it cannot repair on
AWS.
Source: https://repost.aws/knowledge-center/failing-stack-updates-deleted and "update handlers" in
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html (NotFound)
A type that drift detection does not read is updated as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_NOT_FOUND = (
    "Resource handler returned message: \"Resource of type '{kind}' with identifier '{name}' was not found.\" "
    "(RequestToken: 0, HandlerErrorCode: NotFound)"
)


def patch() -> None:
    """Check before a resource is changed in place; a rollback leaves what failed as it is."""
    deployment = load("ministack.services.cloudformation.stacks")
    change, replaces = original(deployment, "_update_resource"), original(deployment, "_replacing_change")

    def changed(kind: str, physical_id: str, old: Any, new: Any, *more: Any) -> Any:
        if old != new and not replaces(kind, old, new) and not _is_there(kind, physical_id, old):
            raise ValueError(_NOT_FOUND.format(kind=kind, name=physical_id))
        return change(kind, physical_id, old, new, *more)

    deployment._update_resource = changed


def _is_there(kind: str, physical_id: str, properties: Mapping[str, Any]) -> bool:
    readers = original(load("ministack.services.cloudformation.drift"), "_DRIFT_READERS")
    return kind not in readers or readers[kind][0](physical_id, properties) is not None
