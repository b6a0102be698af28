"""What the artifact bucket should be set to: what is set goes in, what has to be written comes out; others' stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["DAYS_UNTIL_FREED", "YOUNG_BUCKET", "lifecycle_rules", "merged_policy", "merged_rules", "policy_statements"]

DAYS_UNTIL_FREED = 30
"""How long S3 keeps an object that was deleted or replaced, so that a mistake can be taken back."""

YOUNG_BUCKET = "in the first 15 minutes after `bootstrap` S3 may not find what was just published: then run it again"
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html"""

_DAYS_OF_UPLOADS = 7
_RULE = "multi-env-lambda"

Document = dict[str, Any]


def policy_statements(bucket: str, reader_account_ids: Iterable[str], *, tls_only: bool = True) -> list[Document]:
    """Our statements: nobody speaks to the bucket in clear text, and the environments read what is published.

    >>> policy_statements("b", [], tls_only=False)
    []
    """
    arn = f"arn:aws:s3:::{bucket}"
    statements: list[Document] = []
    if tls_only:
        statements.append(
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        )
    readers = sorted(set(reader_account_ids))
    if readers:
        statements.append(
            {
                "Sid": "AllowEnvironmentsToRead",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in readers]},
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"{arn}/projects/*",
            }
        )
    return statements


def merged_policy(found: Mapping[str, Any] | None, ours: list[Document]) -> Document:
    """The policy with our statements in it, in their places if they were there; everybody else's stay as they are.

    A statement is ours by its ``Sid``. The document's other fields (``Version``, ``Id``) stay, too.
    """
    if found is None:
        return {"Version": "2012-10-17", "Statement": ours}
    statements = found.get("Statement", [])
    there = [statements] if isinstance(statements, dict) else list(statements)
    by_sid = {statement["Sid"]: statement for statement in ours}
    kept = [by_sid.pop(statement.get("Sid", ""), statement) for statement in there]
    return {**found, "Statement": [*kept, *by_sid.values()]}


def lifecycle_rules() -> list[Document]:
    """Our rules: S3 forgets old versions of records, and what ``prune`` deleted, after 30 days.

    Objects that are current are never touched: history and published artifacts stay until ``prune`` deletes them.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    ended = {
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": DAYS_UNTIL_FREED},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }
    return [
        {"ID": f"{_RULE}-records", "Filter": {"Prefix": "environments/"}, **ended},
        {"ID": f"{_RULE}-artifacts", "Filter": {"Prefix": "projects/"}, **ended},
        {
            "ID": f"{_RULE}-uploads",
            "Filter": {"Prefix": ""},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _DAYS_OF_UPLOADS},
        },
    ]


def merged_rules(found: Iterable[Mapping[str, Any]], ours: list[Document]) -> list[Document]:
    """The rules with ours among them; a rule is ours by its ``ID``. One that was switched off by hand stays off."""
    by_id = {rule["ID"]: rule for rule in ours}
    kept = []
    for rule in map(dict, found):
        own = by_id.pop(rule.get("ID", ""), None)
        kept.append(rule if own is None or rule.get("Status") == "Disabled" else own)
    return [*kept, *by_id.values()]
