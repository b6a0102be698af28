"""Access to ministack with a check: a name that will be patched must exist."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["load", "original"]


def load(module: str) -> Any:
    """A module from the server's venv; it is untyped, and does not exist where this file is type-checked."""
    return importlib.import_module(module)


def original(module: Any, name: str) -> Any:
    """The object to replace. Exits the process if ministack no longer has the name."""
    try:
        return getattr(module, name)
    except AttributeError:
        sys.exit(f"{module.__name__} has no {name}: this release of ministack cannot be patched")
