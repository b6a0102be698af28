"""A bucket that is not empty stops the deletion of its stack.

Reason: ministack deletes the bucket with its content, so what AWS requires of the user here would never be seen.
Text: https://github.com/aws/aws-cdk/issues/21776
"""

from __future__ import annotations

from typing import Any

from .names import load, original

__all__ = ["patch"]

_BUCKET = "AWS::S3::Bucket"
_FULL = (
    "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty; "
    "Request ID: 0; S3 Extended Request ID: none; Proxy: null)"
)


def patch() -> None:
    """Check a bucket before a stack deletes it."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    s3 = load("ministack.services.s3")
    buckets = original(s3, "_buckets")
    delete = handlers[_BUCKET]["delete"]

    def delete_if_empty(physical_id: str, properties: dict[str, Any], *more: Any) -> Any:
        bucket = buckets.get(physical_id)
        if bucket is not None and bucket.get("objects"):
            raise ValueError(_FULL)
        return delete(physical_id, properties, *more)

    handlers[_BUCKET] = {**handlers[_BUCKET], "delete": delete_if_empty}
