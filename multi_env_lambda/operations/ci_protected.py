"""Leaves what the protected branch says in the bucket, and reads it there (``ci/protected.py``)."""

from __future__ import annotations

from multi_env_lambda.ci.protected import PLACE, Protected
from multi_env_lambda.model.store import ObjectStore, Stored
from multi_env_lambda.operations.dispatch import leave

__all__ = ["leave_protected", "left_protected", "protected_there"]


def protected_there(store: ObjectStore) -> Stored | None:
    """What is stored there, to be read before the branch is looked at: a late value then replaces nothing."""
    return store.get(PLACE)


def leave_protected(store: ObjectStore, there: Stored | None, found: Protected) -> bool:
    """Leave what was just read from the branch; False: somebody else has looked since ``there`` was read."""
    return leave(store, there, PLACE, found.to_bytes())


def left_protected(store: ObjectStore) -> Protected | None:
    """What the last look has left; None before the first one.

    Raises:
        UpgradeNeeded, DocumentError: it cannot be read.
    """
    there = protected_there(store)
    return None if there is None else Protected.from_bytes(there.body)
