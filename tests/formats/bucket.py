"""The bucket of a workspace as an older version of this library left it, object by object."""

from __future__ import annotations

import json
from pathlib import Path

from multi_env_lambda.testing.memory import MemoryStore

__all__ = ["FORMATS", "bucket_of"]

FORMATS = Path(__file__).parent


def bucket_of(version: str) -> MemoryStore:
    """All objects, with their user metadata; ``metadata.json`` beside them is none of them."""
    root, store = FORMATS / version, MemoryStore()
    labels = json.loads((root / "metadata.json").read_bytes())
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.name != "metadata.json"):
        key = path.relative_to(root).as_posix()
        store.put_new(key, path.read_bytes(), labels.get(key))
    store.writes.clear()
    return store
