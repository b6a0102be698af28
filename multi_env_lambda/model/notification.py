"""What a bucket's notification matches, as S3 compares it: names of events, and beginnings and ends of keys."""

from __future__ import annotations

from urllib.parse import quote_plus

import attrs

__all__ = ["S3_EVENTS", "Listener", "as_filter", "overlapping"]

S3_EVENTS = (
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAcl:Put",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html"""

_SAFE = "/!-_.'()"


def overlapping(one: str, other: str) -> bool:
    """Whether two names of events have an event in common.

    >>> overlapping("s3:ObjectCreated:*", "s3:ObjectCreated:Put")
    True
    """
    return one == other or any(
        broad.endswith(":*") and narrow.startswith(broad[:-1]) for broad, narrow in ((one, other), (other, one))
    )


def as_filter(text: str) -> str:
    """A prefix or suffix as S3 expects it in a filter: a space as ``+``, other special characters URL-encoded.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html

    >>> as_filter("year=2026/new data/")
    'year%3D2026/new+data/'
    """
    return quote_plus(text, safe=_SAFE)


@attrs.frozen(kw_only=True)
class Listener:
    """One entry of a notification, with prefix and suffix of the keys themselves (not encoded)."""

    event: str
    prefix: str = ""
    suffix: str = ""

    def overlaps(self, other: Listener) -> bool:
        """Whether some event of some key belongs to both, which S3 refuses.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
        """
        return (
            overlapping(self.event, other.event)
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )
