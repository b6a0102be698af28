"""Publish: write once what a release consists of, compare what already exists, and return which versions those are.

    claim (what takes a name, and templates) -> complete (everything under the names, the manifest last)

A release with a manifest is complete. What was just written need not be read: S3 has compared its SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial

from multi_env_lambda.aws.index import (
    keep,
    list_published,
    must_be_released,
    read_template,
    save_published,
    was_changed,
)
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, PublishError
from multi_env_lambda.flow.once import put_once
from multi_env_lambda.host.made import MadeRelease, Upload
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.published import Published, PublishedName
from multi_env_lambda.model.record import ObjectReceipt
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.plan.bucket import YOUNG_BUCKET
from multi_env_lambda.wording import Advice, advice
from multi_env_lambda.world import World

__all__ = [
    "Receipts",
    "claim",
    "compare",
    "complete",
    "is_pinned",
    "not_in_bucket",
    "publish_again",
    "publish",
    "template_of",
    "write_text",
]

Receipts = Mapping[str, ObjectReceipt]
"""By key: what was compared, or written just now."""


def publish(world: World, made: MadeRelease) -> Receipts:
    """Publish everything of a release that the bucket lacks.

    Raises:
        PlanStale: a name has got different content since the plan was made; the next run picks another name.
    """
    receipts = claim(world, made.release, made)
    return complete(world, made, receipts)


def claim(world: World, release: Release, made: MadeRelease | None) -> Receipts:
    """Take the names of a release, and compare what is already published with its manifest.

    Args:
        made: None where the release is published, and comes from a record.

    Raises:
        PlanStale: a name has got different content since the plan was made.
        DocumentError: an object in the bucket is not the one that was released.
        PublishError: an object is gone.
    """
    uploads = {} if made is None else {item.key: item for item in made.uploads}
    first = [item for item in release.objects if item.key not in uploads or _goes_first(uploads[item.key])]
    templates = () if made is None else _templates(made)
    receipts: list[ObjectReceipt] = []

    def objects() -> None:
        receipts.extend(in_parallel(partial(_settle, world, made, uploads), first))

    together(objects, lambda: in_parallel(partial(write_text, world), templates))
    return {item.key: item for item in receipts}


def complete(world: World, made: MadeRelease, receipts: Receipts) -> Receipts:
    """Write what belongs to the claimed names, then the manifest, and the names into the unit's index.

    Raises:
        PlanStale: something else was written there since the plan was made.
    """
    uploads = {item.key: item for item in made.uploads}
    rest = [item for item in made.release.objects if item.key not in receipts]
    written = in_parallel(partial(_settle, world, made, uploads), rest)
    manifest = Upload(key=made.release.manifest_key, content=made.release.manifest)
    steps = [partial(write_text, world, manifest)]
    if not made.published.etag or any(not item.known for item in made.uploads):
        steps.append(partial(save_published, world.store, made.release.project, made.published, _names(made)))
    together(*steps)
    return {**receipts, **{item.key: item for item in written}}


def _goes_first(upload: Upload) -> bool:
    return upload.claims or upload.known


def _templates(made: MadeRelease) -> tuple[Upload, ...]:
    return tuple(
        Upload(key=made.release.template_key(environment), content=text.encode("ascii"))
        for environment, text in made.templates.items()
    )


def _settle(
    world: World, made: MadeRelease | None, uploads: Mapping[str, Upload], item: PublishedObject
) -> ObjectReceipt:
    """Compare what exists; write what does not."""
    upload = uploads.get(item.key)
    if upload is None or upload.known:
        found = compare(world.store, item)
        if found is not None:
            return found
        if upload is None:
            raise not_in_bucket(item.key)
    assert made is not None
    send = partial(world.store.put_new, item.key, upload.content, upload.metadata)
    is_shared = item in made.release.dependencies
    answer = put_once(world, world.config.devops, world.store, item, send) if is_shared else send()
    if answer is None:
        raise _taken(world, made, item.key)
    return ObjectReceipt(key=item.key, sha256=item.sha256, version_id=answer.version_id)


def not_in_bucket(key: str) -> PublishError:
    """A release needs an object that does not exist."""
    hint = f"{publish_again(key.split('/')[1])}; {YOUNG_BUCKET}"
    return PublishError(key, "the release needs it, but it is not in the bucket", hint=hint)


def publish_again(project: str) -> str:
    """How an object comes back: the same commit makes the same bytes."""
    again = Advice(f"deploy.py {project} --force", f'workspace.unit("{project}").deploy(force=True)')
    text = "restore the version that the bucket has kept; or check out the release's commit (`history`), then `{}`"
    return advice(text, again)


def compare(store: ObjectStore, item: PublishedObject) -> ObjectReceipt | None:
    """What the bucket has under a key, if it is what was released; None if there is nothing.

    Raises:
        DocumentError: it is something else.
    """
    there = store.head(item.key)
    if there is None:
        return None
    found = there.sha256
    if not found:
        # This was written without a checksum, so the bytes themselves are compared.
        stored = store.get(item.key)
        if stored is None or stored.etag != there.etag:
            raise PlanStale(item.key, "it was overwritten while it was read", hint="run the same command again")
        found = hashlib.sha256(stored.body).hexdigest()
    if item.sha256:
        must_be_released(item.key, found, item.sha256)
    return ObjectReceipt(key=item.key, sha256=found, version_id=there.version_id)


def write_text(world: World, upload: Upload) -> None:
    """A template or a manifest: named by its content, so other bytes under the key were not written by us."""
    body = upload.read()
    if world.store.put_new(upload.key, body) is None:
        raise was_changed(upload.key, "different bytes are stored under a name that is derived from the content")
    # The deploy and every promotion from this machine would read it back.
    keep(world.cache, upload.key, body)


def _taken(world: World, made: MadeRelease, key: str) -> PlanStale:
    """The index did not know a name. It is rebuilt from the bucket, so that the next run does."""
    project = made.release.project
    with suppress(MultiEnvLambdaError):
        save_published(world.store, project, made.published, list_published(world.store, project))
    what = "somebody published different content under this name, or a deploy ended before it could record it"
    return PlanStale(key, what, hint="run the same command again; it uses the next free name")


def _names(made: MadeRelease) -> Published:
    """The names of a release as they are in the index once it is complete."""
    release, layer = made.release, made.release.layer
    # A root may be published under an older version, with the same content.
    roots = [item for item in release.roots if item.version == release.version]
    source = (*release.source.objects, *(each for item in roots for each in item.objects))
    return Published(
        layers={} if layer is None else {layer.number: _name(layer.digest, layer.objects)},
        sources={
            release.version: PublishedName(
                digest=release.source.digest,
                objects=source,
                roots=tuple((item.wheel_key, item.digest) for item in roots),
            )
        },
        scripts=tuple(item for script in release.scripts for item in script.objects),
        libraries=tuple(item for library in release.libraries for item in library.objects),
    )


def _name(digest: str, objects: Iterable[PublishedObject]) -> PublishedName:
    return PublishedName(digest=digest, objects=tuple(objects))


def template_of(world: World, release: Release, environment: Environment, made: MadeRelease | None) -> str:
    """The template of a release for an environment; for one just made, what was rendered: it may not be stored yet."""
    if made is not None and environment.name in made.templates:
        return made.templates[environment.name]
    return read_template(world.store, world.cache, release, environment.name)


def is_pinned(release: Release, receipts: Receipts) -> bool:
    """Whether the versions that the stack uses are already known; the rest is written while the change is computed."""
    keys = set(release.wheels) | ({release.layer.layer_key} if release.layer is not None else set())
    return keys <= receipts.keys()
