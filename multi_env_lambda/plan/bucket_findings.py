"""What others set on the artifact bucket that `bootstrap` leaves as it is, and a deploy or a repair misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from multi_env_lambda.plan.bucket import DAYS_UNTIL_FREED
from multi_env_lambda.plan.bucket_obstacles import reached, texts_of

__all__ = ["denials", "early_ends"]


def denials(policy: Mapping[str, Any] | None, bucket: str, account_id: str) -> tuple[str, ...]:
    """The names of the statements that may keep an account from what is published, whatever their conditions are.

    >>> deny = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "*", "Condition": {}}
    >>> denials({"Statement": [deny]}, "acme", "222222222222")
    ('No',)
    """
    listed = (policy or {}).get("Statement", [])
    return tuple(
        str(statement.get("Sid", "") or f"number {number}")
        for number, statement in enumerate([listed] if isinstance(listed, Mapping) else listed, start=1)
        if statement.get("Effect") == "Deny"
        and _is_about(statement, bucket, account_id)
        and not _is_tls_only(statement)
    )


def _is_about(statement: Mapping[str, Any], bucket: str, account_id: str) -> bool:
    principal = statement.get("Principal", {})
    named = texts_of(principal.get("AWS", []) if isinstance(principal, Mapping) else principal)
    actions, resources = texts_of(statement.get("Action", [])), texts_of(statement.get("Resource", []))
    return (
        ("NotPrincipal" in statement or any(who == "*" or account_id in str(who) for who in named))
        and ("NotAction" in statement or any(fnmatchcase("s3:getobject", str(item).lower()) for item in actions))
        and ("NotResource" in statement or any(_reaches(str(item), bucket) for item in resources))
    )


def _reaches(resource: str, bucket: str) -> bool:
    return fnmatchcase(f"arn:aws:s3:::{bucket}/projects/x", resource) or f":::{bucket}/projects/" in resource


def _is_tls_only(statement: Mapping[str, Any]) -> bool:
    return list(statement.get("Condition", {}).values()) == [{"aws:SecureTransport": "false"}]


def early_ends(rules: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The rules that remove old versions of records and artifacts sooner than ours do, so that less can be undone.

    >>> tidy = {"ID": "tidy", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    >>> early_ends([tidy])
    ('the lifecycle rule `tidy` removes old versions after 1 of 30 days',)
    """
    return tuple(
        f"the lifecycle rule `{rule.get('ID', '')}` removes old versions after {days} of {DAYS_UNTIL_FREED} days"
        for rule in rules
        if rule.get("Status") == "Enabled" and reached(rule)
        for days in [rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", DAYS_UNTIL_FREED)]
        if days < DAYS_UNTIL_FREED
    )
