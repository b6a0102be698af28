"""What the bucket says about a unit: its published names, its releases, their templates.

Everything that has a SHA-256 is compared with it at each use, whether it comes from this machine's cache or from the
bucket. The names are in one index object per unit. It saves reading a thousand versions, but is not authoritative: a
name is taken by the conditional write of its object, and a run that finds a name taken rebuilds the index.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError, PublishError, UpgradeNeeded
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.artifact import PRUNED, PublishedObject, root_wheel
from multi_env_lambda.model.document import structure
from multi_env_lambda.model.published import Published, PublishedName, index_key
from multi_env_lambda.model.release import Release, release_folder, template_key
from multi_env_lambda.model.summary import pack, unpack
from multi_env_lambda.plan.bucket import YOUNG_BUCKET

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Deployment
    from multi_env_lambda.model.store import Looked, ObjectStore

__all__ = [
    "DIGEST",
    "keep",
    "list_published",
    "must_be_released",
    "read_noted_template",
    "read_published",
    "read_release",
    "read_running_template",
    "read_template",
    "save_published",
    "was_changed",
]

DIGEST = "digest"
"""User metadata of ``requirements.zip`` and of a wheel: the digest of the inputs it was made from."""

_KIND = "an index of published names"
_LAYER = re.compile(r"projects/[^/]+/lambda/layer/(\d{6,})/(requirements|layer)\.zip")
_SOURCE = re.compile(rf"projects/[^/]+/lambda/source/([^/]+)/(?:[^/]+(\.whl|\.tar\.gz)|({re.escape(PRUNED)}))")
_SCRIPT = re.compile(r"projects/[^/]+/glue/[^/]+/run\.py")
_LIBRARY = re.compile(r"projects/[^/]+/glue/library/[^/]+/(?:requirements|library)\.zip")
_CLAIMS = ("requirements", ".whl", PRUNED)
"""What takes a name forever. A layer's number stays taken by the object that claimed it, pruned or not."""

_TRIES = 4


def read_published(store: ObjectStore, project: str) -> Published:
    """The published names of a unit: one GET; without an index that can be read, what the bucket's listing says."""
    stored = store.get(index_key(project))
    if stored is not None:
        try:
            return attrs.evolve(
                _published(unpack(stored.body, where=stored.key, kind=_KIND), stored.key), etag=stored.etag
            )
        except (DocumentError, UpgradeNeeded):
            # Junk, or written by a newer version: nothing is lost by overwriting it.
            pass
    return attrs.evolve(list_published(store, project), etag="" if stored is None else stored.etag)


def list_published(store: ObjectStore, project: str) -> Published:
    """The published names of a unit as stored in the bucket: a LIST, and a HEAD for each object."""
    folders = (f"projects/{project}/lambda/", f"projects/{project}/glue/")
    keys = [item.key for folder in folders for item in store.list(folder)]
    looked = in_parallel(partial(_look, store), [key for key in keys if _is_published(key)])
    return _from_objects(item for item in looked if item is not None)


def _look(store: ObjectStore, key: str) -> Looked | None:
    """What the store says about an object; one that was put there by hand may have no SHA-256."""
    found = store.head(key)
    if found is None or found.sha256:
        return found
    stored = store.get(key)
    return None if stored is None else attrs.evolve(found, sha256=hashlib.sha256(stored.body).hexdigest())


def _is_published(key: str) -> bool:
    return any(pattern.fullmatch(key) for pattern in (_LAYER, _SOURCE, _SCRIPT, _LIBRARY))


def _name_of(key: str) -> tuple[str, str] | None:
    """(layer number or source version, the object's role in it)."""
    found = _LAYER.fullmatch(key) or _SOURCE.fullmatch(key)
    return None if found is None else (found[1], next(word for word in found.groups()[1:] if word))


def _from_objects(looked: Iterable[Looked]) -> Published:
    layers: dict[int, PublishedName] = {}
    sources: dict[str, PublishedName] = {}
    scripts, libraries = [], []
    for item in looked:
        name = _name_of(item.key)
        published = PublishedObject(key=item.key, sha256=item.sha256, size=item.size)
        if _LIBRARY.fullmatch(item.key):
            libraries.append(published)
        elif name is None:
            scripts.append(published)
        elif _LAYER.fullmatch(item.key):
            layers[int(name[0])] = _with(layers.get(int(name[0])), name[1], item, published)
        else:
            sources[name[0]] = _with(sources.get(name[0]), name[1], item, published)
    return Published(layers=layers, sources=sources, scripts=tuple(scripts), libraries=tuple(libraries))


def _with(known: PublishedName | None, kind: str, item: Looked, published: PublishedObject) -> PublishedName:
    # An object without our metadata was put there by hand: its name is taken, its content belongs to nobody.
    said = item.metadata.get(DIGEST, "") if kind in _CLAIMS else ""
    before = PublishedName(digest="") if known is None else known
    is_root = root_wheel(item.key) is not None
    return PublishedName(
        digest=before.digest if is_root else said or before.digest,
        objects=before.objects if kind == PRUNED else (*before.objects, published),
        roots=(*before.roots, (item.key, said)) if is_root else before.roots,
    )


def save_published(store: ObjectStore, project: str, before: Published, more: Published) -> None:
    """Add names to the index. The loser of a race adds its names to the winner's; a failure only costs calls later."""
    try:
        for _ in range(_TRIES):
            body = pack(_document(_joined(before, more)))
            key = index_key(project)
            answer = store.replace(key, body, etag=before.etag) if before.etag else store.put_new(key, body)
            if answer is not None:
                return
            before = read_published(store, project)
    except MultiEnvLambdaError:
        return


def _joined(before: Published, more: Published) -> Published:
    scripts = {item.key: item for item in (*before.scripts, *more.scripts)}
    libraries = {item.key: item for item in (*before.libraries, *more.libraries)}
    return Published(
        layers={**before.layers, **more.layers},
        sources={**before.sources, **more.sources},
        scripts=tuple(scripts.values()),
        libraries=tuple(libraries.values()),
    )


@attrs.frozen(kw_only=True)
class _Index:
    """The index as stored in the bucket: lists, since the keys of a JSON object are strings."""

    layers: tuple[tuple[int, PublishedName], ...]
    sources: tuple[tuple[str, PublishedName], ...]
    scripts: tuple[PublishedObject, ...] = ()
    libraries: tuple[PublishedObject, ...] = ()


def _document(published: Published) -> dict[str, Any]:
    found = _Index(
        layers=tuple(sorted(published.layers.items())),
        sources=tuple(sorted(published.sources.items())),
        scripts=tuple(sorted(published.scripts)),
        libraries=tuple(sorted(published.libraries)),
    )
    return attrs.asdict(found)


def _published(document: Mapping[str, Any], where: str) -> Published:
    found = structure(_Index, document, where=where, kind=_KIND)
    return Published(
        layers=dict(found.layers), sources=dict(found.sources), scripts=found.scripts, libraries=found.libraries
    )


def read_release(store: ObjectStore, cache: Path, project: str, digest: str) -> Release:
    """A published release by its name.

    Raises:
        PublishError: there is none.
        DocumentError: its manifest is not what its name says.
    """
    where = f"{release_folder(project, digest)}/manifest.json"
    return Release.from_bytes(_verified(store, cache, where, digest), where=where)


def read_template(store: ObjectStore, cache: Path, release: Release, environment: str) -> str:
    """The template that a release was rendered to for an environment, compared with its manifest.

    Raises:
        PublishError: there is none.
        DocumentError: it is not the template that was released.
    """
    stage = release.stage(environment)
    key = release.template_key(environment)
    if stage is None:
        raise PublishError(key, f"the release was not made for {environment}", hint="deploy the unit again")
    return _verified(store, cache, key, stage.template_sha256).decode("ascii")


def read_noted_template(store: ObjectStore, cache: Path, project: str, environment: str, noted: Deployment) -> str:
    """The template of a deployment, compared with the SHA-256 that it recorded, so its manifest need not be read.

    Raises:
        PublishError: there is none.
        DocumentError: it is a different one.
    """
    key = template_key(project, noted.release, environment)
    return _verified(store, cache, key, noted.template_sha256).decode("ascii")


def read_running_template(
    store: ObjectStore, cache: Path, project: str, environment: str, running: Deployment | None
) -> str | None:
    """The template of what runs; None if nothing does. 0.1.1 did not record it, so the manifest says which it was.

    Raises:
        PublishError, DocumentError: as for a recorded one.
    """
    if running is None:
        return None
    if running.template_sha256:
        return read_noted_template(store, cache, project, environment, running)
    release = read_release(store, cache, project, running.release)
    return None if release.stage(environment) is None else read_template(store, cache, release, environment)


def must_be_released(key: str, found: str, released: str) -> None:
    """Check that an object has the SHA-256 that was released.

    Raises:
        DocumentError: it has a different one.
    """
    if found != released:
        raise was_changed(key, f"its bytes have the SHA-256 {found}, expected the released {released}")


def was_changed(key: str, what: str) -> DocumentError:
    """The error of an object that is not what this library put under its name."""
    return DocumentError(key, what, hint="somebody changed it; restore the older version, which the bucket has kept")


def _verified(store: ObjectStore, cache: Path, key: str, sha256: str) -> bytes:
    """The bytes with this SHA-256, from this machine or from the bucket; nothing else is ever returned."""
    path = _kept(cache, key)
    kept = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(kept).hexdigest() == sha256:
        return kept
    stored = store.get(key)
    if stored is None:
        hint = f"was it pruned? deploy the unit again; {YOUNG_BUCKET}"
        raise PublishError(key, "there is no such object in the bucket", hint=hint)
    must_be_released(key, hashlib.sha256(stored.body).hexdigest(), sha256)
    keep(cache, key, stored.body)
    return stored.body


def keep(cache: Path, key: str, body: bytes) -> None:
    """What is published under a name never changes, so the writer need not read it back."""
    write_atomically(_kept(cache, key), body)


def _kept(cache: Path, key: str) -> Path:
    return cache / "published" / key
