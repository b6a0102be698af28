"""Publish: write once what a release consists of, the manifest last. A release with a manifest is complete."""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.errors import PlanStale
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.world import Upload

__all__ = ["publish"]


def publish(store: ObjectStore, uploads: Sequence[Upload]) -> int:
    """Write the uploads in order; gives how many bytes they are. What is there already with equal bytes is nobody's error.

    Raises:
        PlanStale: a name was taken by other content since the plan was made; the next run finds another name.
    """
    size = 0
    for upload in uploads:
        body = upload.read()
        if store.put_new(upload.key, body, upload.metadata) is None:
            raise PlanStale(
                upload.key,
                "the name was taken by other content in the meantime",
                hint="run the same command again; it takes the next free name",
            )
        size += len(body)
    return size
