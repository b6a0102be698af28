"""The published index of a unit, read from the bucket: one LIST, and one HEAD for each name never seen before."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from multi_env_lambda.errors import PublishError
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.model.artifact import PRUNED
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.release import Release, release_folder
from multi_env_lambda.model.store import ObjectStore

__all__ = ["DIGEST", "keep", "read_published", "read_release", "read_template"]

DIGEST = "digest"
"""User metadata of ``requirements.zip`` and of a wheel: the digest of the inputs it was made from."""

_LAYER = re.compile(r"/lambda/layer/(\d{6,})/requirements\.zip$")
_PRUNED = re.compile(rf"/lambda/source/([^/]+)/{re.escape(PRUNED)}$")
_WHEEL = re.compile(r"/lambda/source/([^/]+)/[^/]+\.whl$")

_CLAIMS = (_LAYER, _WHEEL, _PRUNED)
"""What takes a name for ever. A layer's number stays taken by the object that claimed it, pruned or not."""


def read_published(store: ObjectStore, cache: Path, project: str) -> Published:
    """What the bucket holds of a unit. A name never changes its digest, so what was read once is kept."""
    keys = frozenset(item.key for item in store.list(f"projects/{project}/lambda/"))
    path = cache / "published" / f"{project}.json"
    known: dict[str, str] = {key: value for key, value in read_json(path, {}).items() if key in keys}
    unknown = sorted(key for key in keys - known.keys() if any(name.search(key) for name in _CLAIMS))
    with ThreadPoolExecutor(8) as pool:
        for key, metadata in zip(unknown, pool.map(store.head, unknown), strict=True):
            # An object without our metadata was put there by hand: its name is taken, its content is nobody's.
            known[key] = (metadata or {}).get(DIGEST, "")
    if unknown:
        write_atomically(path, json.dumps(known, sort_keys=True).encode("ascii"))
    return Published(
        layers={int(found[1]): value for key, value in known.items() if (found := _LAYER.search(key))},
        versions={
            found[1]: value
            for pattern in (_PRUNED, _WHEEL)
            for key, value in known.items()
            if (found := pattern.search(key))
        },
        keys=keys,
    )


def read_release(store: ObjectStore, cache: Path, project: str, digest: str) -> Release:
    """A published release by its name.

    Raises:
        PublishError: there is none, or its manifest is not what its name says.
    """
    where = f"{release_folder(project, digest)}/manifest.json"
    body = _immutable(store, cache, where)
    release = Release.from_document(json.loads(body), where=where)
    if release.digest != digest:
        raise PublishError(where, f"the manifest has digest {release.digest}", hint="the bucket was tampered with")
    return release


def read_template(store: ObjectStore, cache: Path, release: Release, environment: str) -> str:
    """The template that a release was rendered to for an environment."""
    return _immutable(store, cache, release.template_key(environment)).decode("ascii")


def _immutable(store: ObjectStore, cache: Path, key: str) -> bytes:
    path = _kept(cache, key)
    if path.exists():
        return path.read_bytes()
    stored = store.get(key)
    if stored is None:
        raise PublishError(key, "there is no such object in the bucket", hint="was it pruned? deploy the unit again")
    keep(cache, key, stored.body)
    return stored.body


def keep(cache: Path, key: str, body: bytes) -> None:
    """What is published under a name never changes, so who wrote it need not read it back."""
    write_atomically(_kept(cache, key), body)


def _kept(cache: Path, key: str) -> Path:
    return cache / "published" / key
