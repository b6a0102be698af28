"""Replicate what AWS reads in another region to a bucket in that region, before a stack there needs it.

The bucket in the devops region is written first, and its bytes are the released ones. A copy is compared with them each
time it is used, and made again if it is missing or changed; so the same command finishes a run that was killed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable

import attrs

from multi_env_lambda.aws.index import must_be_released
from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError
from multi_env_lambda.flow.once import put_once
from multi_env_lambda.flow.publish import Receipts, compare, not_in_bucket
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import ObjectReceipt
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import ObjectStore, Written
from multi_env_lambda.world import World

__all__ = ["abandoned_copies", "delete_replicas", "replicate"]


def replicate(world: World, release: Release, receipts: Receipts, region: str) -> Receipts:
    """The receipts of what a stack in ``region`` uses: of the copies there, or ``receipts`` in the home region.

    Raises:
        DocumentError: what is in the first bucket is not what was released; or somebody else is writing the copy.
        PublishError: there is no bucket for the region, or an object is gone.
    """
    if region == world.config.devops.region:
        return receipts
    there = world.store_in(region)
    wanted = [item for item in release.objects if item.key in _taken_by_aws(release)]
    known = [attrs.evolve(item, sha256=item.sha256 or receipts[item.key].sha256) for item in wanted]
    shared = {item.key for item in release.dependencies}
    place = world.config.devops.at(region)
    copies = in_parallel(lambda item: _copied(world, there, place, item, is_shared=item.key in shared), known)
    return {**receipts, **{copy.key: copy for copy in copies}}


def delete_replicas(world: World, key: str, held: Held) -> None:
    """Delete the copies of an object that is about to be deleted; a copy written in the meantime belongs to nothing."""
    for place in world.config.buckets[1:]:
        store = world.store_in(place.region)
        found = store.head(key)
        if found is not None:
            store.delete(key, etag=found.etag, held=held)


def abandoned_copies(world: World, regions: Iterable[str]) -> tuple[Devops, ...]:
    """Buckets with copies in regions that no environment uses any more; nothing here deletes from them.

    ``regions`` are those that releases were made for. A bucket that is gone, or is somebody else's, has none of ours.
    """
    known = {place.region for place in world.config.buckets}
    found = []
    for place in (world.config.devops.at(region) for region in sorted(set(regions) - known)):
        try:
            store = world.store if world.elsewhere is None else world.elsewhere(place)
            if any(True for _ in store.list("projects/")):
                found.append(place)
        except MultiEnvLambdaError:
            continue
    return tuple(found)


def _taken_by_aws(release: Release) -> frozenset[str]:
    """Lambda takes code and layer, Glue script and library; sdist and lock are for people, and are not copied."""
    layer = () if release.layer is None else (release.layer.layer_key,)
    scripts = (item.key for script in release.scripts for item in script.objects)
    libraries = (library.library_key for library in release.libraries)
    return frozenset({*release.wheels, *layer, *scripts, *libraries})


def _copied(
    world: World, there: ObjectStore, place: Devops, item: PublishedObject, *, is_shared: bool
) -> ObjectReceipt:
    """The copy, which is made from the first bucket if it is missing or has different bytes."""
    try:
        found = compare(there, item)
    except DocumentError as error:
        found = None
        logging.getLogger(__name__).warning("%s: %s; copying it again", _named(place, item.key), error.what)
    if found is not None:
        return found
    written = _written(world, there, place, item, is_shared=is_shared)
    again = _compared(there, place, item) if written is None else None
    version = written.version_id if written is not None else "" if again is None else again.version_id
    return ObjectReceipt(key=item.key, sha256=item.sha256, version_id=version)


def _released(world: World, item: PublishedObject) -> bytes:
    """The bytes of the first bucket, which must be those that were released."""
    home = world.config.devops
    stored = world.store.get(item.key)
    if stored is None:
        raise not_in_bucket(item.key)
    try:
        must_be_released(item.key, hashlib.sha256(stored.body).hexdigest(), item.sha256)
    except DocumentError as error:
        raise DocumentError(_named(home, item.key), error.what, hint=error.hint) from error
    return stored.body


def _written(
    world: World, there: ObjectStore, place: Devops, item: PublishedObject, *, is_shared: bool
) -> Written | None:
    """None if somebody else writes there at the same time. What was there is kept as an older version."""
    found = there.head(item.key)
    if found is not None:
        return there.replace(item.key, _released(world, item), etag=found.etag)

    def send() -> Written | None:
        return there.put_new(item.key, _released(world, item))

    return put_once(world, place, there, item, send) if is_shared else send()


def _compared(there: ObjectStore, place: Devops, item: PublishedObject) -> ObjectReceipt | None:
    try:
        return compare(there, item)
    except DocumentError as error:
        hint = (
            f"this is a copy that somebody else is writing; delete it in {place.bucket} and run the same command again"
        )
        raise DocumentError(_named(place, item.key), error.what, hint=hint) from error


def _named(place: Devops, key: str) -> str:
    return f"{key} in {place.bucket} ({place.region})"
