"""Who a bucket's policy names: S3 refuses the whole of it for one of them who is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["INVALID_PRINCIPAL", "gone", "to_look_at"]

INVALID_PRINCIPAL = "Invalid principal in policy"
"""Source: https://repost.aws/knowledge-center/s3-invalid-principal-in-policy-error"""

_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
"""As S3 shows a role or user that was deleted, and takes from nobody.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""


def gone(policy: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The statements that name somebody who was deleted since, each with whom.

    >>> gone({"Statement": [{"Sid": "Old", "Principal": {"AWS": "AROAEXAMPLEDELETED12"}}]})
    ('`Old` (AROAEXAMPLEDELETED12)',)
    """
    return tuple(f"`{name}` ({who})" for name, who in _named(policy) if _ID.fullmatch(who))


def to_look_at(policy: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The accounts, roles and users that a policy names, any of whom may not be there."""
    return tuple(dict.fromkeys(who for _, who in _named(policy) if who != "*"))


def _named(policy: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """A statement's name, or its number from 1, and somebody in it."""
    listed = [] if policy is None else policy.get("Statement", [])
    for number, statement in enumerate([listed] if isinstance(listed, Mapping) else listed, start=1):
        for principal in (statement.get("Principal"), statement.get("NotPrincipal")):
            value = principal.get("AWS", []) if isinstance(principal, Mapping) else principal or []
            for who in value if isinstance(value, list) else [value]:
                yield str(statement.get("Sid", "") or f"number {number}"), str(who)
