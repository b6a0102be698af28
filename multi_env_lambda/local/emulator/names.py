"""Reach into ministack with a check: a name that is to be patched must exist."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["load", "original"]


def load(module: str) -> Any:
    """A module of the server's venv; it has no types, and none of it exists where this file is checked."""
    return importlib.import_module(module)


def original(module: Any, name: str) -> Any:
    """What is about to be replaced. Ends the process if ministack has no such name (any more)."""
    try:
        return getattr(module, name)
    except AttributeError:
        sys.exit(f"{module.__name__} has no {name}: this release of ministack cannot be patched")
