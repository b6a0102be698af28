"""What happens to one resource of a stack, property by property."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["PropertyChange", "ResourceChange"]


@attrs.frozen(kw_only=True)
class PropertyChange:
    """One property, with its old and new value as canonical JSON (None: absent). Secret-looking values are masked."""

    path: str
    old: str | None
    new: str | None


@attrs.frozen(kw_only=True)
class ResourceChange:
    """One resource. ``destructive``: it holds data, and is removed or replaced without being retained."""

    action: Literal["add", "remove", "modify"]
    logical_id: str
    type: str
    properties: tuple[PropertyChange, ...] = ()
    replacement: Literal["yes", "no", "maybe"] = "no"
    destructive: bool = False
