"""Send the dependencies of units with equal locks to a bucket once; the others get copies that S3 makes.

Where the bytes are is known from what a run reads anyway: the records, the indexes of the units that it makes, and its
own writes. That is not authoritative: S3 compares the SHA-256 of a copy before it takes its key, and where there is
nothing to copy, the bytes are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.store import ObjectStore, Written
from multi_env_lambda.world import World

__all__ = ["note_dependencies", "put_once"]


def note_dependencies(
    world: World, steps: Iterable[DeployStep], made: Mapping[str, MadeRelease], records: Iterable[Record]
) -> None:
    """Note where the buckets have what is about to be published for these steps, as far as it is known."""
    wanted = {item.sha256 for step in steps for item in step.release.dependencies}
    if not wanted:
        return
    home = world.config.devops
    for record in records:
        if record.running is not None:
            buckets = {home.bucket, home.at(record.running.region or home.region).bucket}
            _note(world, buckets, wanted, ((item.sha256, item.key) for item in record.running.objects))
    for each in made.values():
        objects = each.published.objects.values()
        _note(world, {home.bucket}, wanted, ((item.sha256, item.key) for item in objects))


def _note(world: World, buckets: Iterable[str], wanted: set[str], found: Iterable[tuple[str, str]]) -> None:
    for sha256, key in found:
        if sha256 in wanted:
            for bucket in buckets:
                world.sent.note(bucket, sha256, key)


def put_once(
    world: World, place: Devops, store: ObjectStore, item: PublishedObject, send: Callable[[], Written | None]
) -> Written | None:
    """Copy an object that the bucket has under another key, or else ``send`` it; None if its key has other bytes."""
    while True:
        with world.sent.turn(place.bucket, item.sha256):
            source = world.sent.where(place.bucket, item.sha256)
            if source in ("", item.key):
                written = send()
                if written is not None:
                    world.sent.note(place.bucket, item.sha256, item.key)
                return written
        copied = store.copy_new(item, source)
        if copied is not None:
            return copied
        world.sent.forget(place.bucket, item.sha256, source)
