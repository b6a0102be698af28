"""Entries of a history as plain values, for the tests of what is decided by them."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.record import Deployment

__all__ = ["deployment"]


def deployment(release: str = "r", **more: Any) -> Deployment:
    """One that succeeded, but for what is said of it."""
    values: dict[str, Any] = {
        "sequence": 1,
        "action": "deploy",
        "outcome": "succeeded",
        "version": "0.1.0",
        "layer": None,
        "who": "ada",
        "when": "2026-01-01T00:00:00Z",
        "commit": "c",
    }
    return Deployment(release=release, **{**values, **more})
