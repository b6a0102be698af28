"""The resources of a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["resources_of"]


def resources_of(template: str | None) -> Mapping[str, Mapping[str, Any]]:
    """By logical id; none of a template that is not there."""
    found: Mapping[str, Mapping[str, Any]] = {} if template is None else json.loads(template).get("Resources", {})
    return found
