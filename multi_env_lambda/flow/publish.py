"""Publish: write once what a release consists of, the manifest last. A release with a manifest is complete."""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.aws.index import keep
from multi_env_lambda.errors import PlanStale, PublishError
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.world import Upload, World

__all__ = ["check_complete", "publish"]


def publish(world: World, uploads: Sequence[Upload]) -> int:
    """Write the uploads in order; gives how many bytes they are. Equal bytes that are there are nobody's error.

    Raises:
        PlanStale: a name was taken by other content since the plan was made; the next run finds another name.
    """
    size = 0
    for upload in uploads:
        body = upload.read()
        if world.store.put_new(upload.key, body, upload.metadata) is None:
            raise PlanStale(
                upload.key,
                "the name was taken by other content in the meantime",
                hint="run the same command again; it takes the next free name",
            )
        if isinstance(upload.content, bytes):
            # Manifest and templates: the deploy and every promotion from this machine would read them back.
            keep(world.cache, upload.key, body)
        size += len(body)
    return size


def check_complete(store: ObjectStore, release: Release) -> None:
    """All that a release consists of is in the bucket. Under the lease nobody prunes it any more.

    Raises:
        PublishError: something was pruned since the plan was made, or long ago and this machine still remembers it.
    """
    layer = () if release.layer is None else (release.layer.layer_key,)
    # One listing of the unit, not a HEAD for each of them: this is asked for every step.
    there = {item.key for item in store.list(f"projects/{release.project}/")}
    for key in (release.manifest_key, release.source.wheel_key, *layer, *release.scripts):
        if key not in there:
            what = f"release {release.digest[:12]} needs it, and it is not in the bucket"
            raise PublishError(key, what, hint="it was pruned; deploy the unit again from the work tree")
