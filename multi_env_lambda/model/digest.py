"""Digests of plain data: equal digest means "nothing to do"."""

from __future__ import annotations

import hashlib
import json

__all__ = ["canonical_json", "digest"]


def canonical_json(value: object) -> str:
    """The one way a value is written as JSON when its bytes matter: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> str:
    """The hexadecimal SHA-256 over the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()
