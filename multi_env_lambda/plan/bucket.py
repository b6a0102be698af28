"""What the artifact bucket should be set to: what is set goes in, what has to be written comes out; others' stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.model.ci_stack import DELIVERIES
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.bucket_guards import Guards

__all__ = [
    "DAYS_UNTIL_FREED",
    "YOUNG_BUCKET",
    "lifecycle_rules",
    "merged_policy",
    "merged_rules",
    "policy_statements",
    "same_policy",
    "same_rules",
]

DAYS_UNTIL_FREED = 30
"""How long S3 keeps an object that was deleted or replaced, so that a mistake can be undone."""

YOUNG_BUCKET = "in the first 15 minutes after `bootstrap` S3 may not find what was just published: then run it again"
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html"""

_DAYS_OF_UPLOADS, _DAYS_OF_DELIVERIES = 7, 7
_RULE = "multi-env-lambda"
_ACCOUNT = re.compile(r"\d{12}")

_TLS_ONLY, _READERS = "MultiEnvLambdaTlsOnly", "MultiEnvLambdaReaders"
_WITH_ROLES = re.compile(rf"{_READERS}(\d{{12}})?|MultiEnvLambdaCreateOnly|MultiEnvLambdaApprovals")
"""Those of ours that come and go with the table `roles`."""
_EARLIER_SIDS = {_TLS_ONLY: "DenyInsecureTransport", _READERS: "AllowEnvironmentsToRead"}
"""What 0.1 called them: names that others use, too, so only a statement that also says what ours says is ours."""

Document = dict[str, Any]


def policy_statements(
    bucket: str, reader_account_ids: Iterable[str], *, tls_only: bool = True, guards: Guards | None = None
) -> list[Document]:
    """Our statements: nobody speaks to the bucket in clear text, and the environments read what is published.

    ``guards`` are what it refuses beside, where each kind of somebody has a role of her own.

    >>> policy_statements("b", [], tls_only=False)
    []
    """
    arn = f"arn:aws:s3:::{bucket}"
    statements: list[Document] = []
    if tls_only:
        statements.append(
            {
                "Sid": _TLS_ONLY,
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
                "Sid": _READERS,
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in readers]},
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"{arn}/projects/*",
            }
        )
    return statements if guards is None else [*statements, *guards.statements(bucket)]


def merged_policy(found: Mapping[str, Any] | None, ours: list[Document]) -> Document:
    """The policy with our statements in it, in their places if they were there; everybody else's stay as they are.

    A statement is ours by its ``Sid``; one of ours that is no longer wanted goes. The document's other fields
    (``Version``, ``Id``) stay, too.
    """
    if found is None:
        return {"Version": "2012-10-17", "Statement": ours}
    missing = list(ours)
    merged = []
    for statement in _listed(found.get("Statement", [])):
        own = next((one for one in missing if _is_ours(statement, one)), None)
        if own is not None:
            missing.remove(own)
        elif _WITH_ROLES.fullmatch(str(statement.get("Sid", ""))):
            continue
        merged.append(statement if own is None else own)
    return {**found, "Statement": [*merged, *missing]}


def _is_ours(statement: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    sid = statement.get("Sid")
    earlier = sid is not None and sid == _EARLIER_SIDS.get(own["Sid"]) and _what(statement) == _what(own)
    return sid == own["Sid"] or earlier


def _what(statement: Mapping[str, Any]) -> object:
    """What it says, no matter to whom: an earlier release may have known fewer environments."""
    return _plain({key: value for key, value in statement.items() if key not in ("Sid", "Principal")})


def same_policy(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two documents mean the same: S3 returns lists in any order, and a list of one as its only value.

    Source: https://github.com/hashicorp/terraform/issues/2432 and https://github.com/ansible/ansible/issues/42532

    >>> same_policy({"Statement": [{"Action": ["s3:Get*"]}]}, {"Statement": {"Action": "s3:Get*"}})
    True
    """
    return _plain(one) == _plain(other)


def _plain(value: object) -> object:
    """One form of all that IAM reads alike."""
    match value:
        case Mapping():
            return {key: _principal(item) if key.endswith("Principal") else _plain(item) for key, item in value.items()}
        case list():
            plain = {canonical_json(_plain(item)): _plain(item) for item in value}
            ordered = [item for _, item in sorted(plain.items())]
            return ordered[0] if len(ordered) == 1 else ordered
        case bool():
            return str(value).lower()
        case str() if _ACCOUNT.fullmatch(value):
            return f"arn:aws:iam::{value}:root"
        case _:
            return value


def _principal(value: object) -> object:
    return _plain({"AWS": "*"} if value == "*" else value)


def _listed(statements: Any) -> list[Document]:
    return [statements] if isinstance(statements, dict) else list(statements)


def lifecycle_rules(*, deliveries: bool = False) -> list[Document]:
    """Our rules: S3 forgets old versions of records, and what ``prune`` deleted, after 30 days.

    Objects that are current are never touched: history and published artifacts stay until ``prune`` deletes them.
    ``deliveries``: and which webhooks were received, after a week. GitHub repeats none that is older than three days.

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
        *([_deliveries()] if deliveries else []),
    ]


def _deliveries() -> Document:
    return {
        "ID": f"{_RULE}-deliveries",
        "Filter": {"Prefix": DELIVERIES},
        "Status": "Enabled",
        "Expiration": {"Days": _DAYS_OF_DELIVERIES},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }


def merged_rules(found: Iterable[Mapping[str, Any]], ours: list[Document]) -> list[Document]:
    """The rules with ours among them; a rule is ours by its ``ID``. One that was switched off by hand stays off.

    S3 takes no rule of the old kind, with a prefix and no filter, beside ours: it is written the new way.

    Source: https://github.com/aws/aws-sdk-ruby/issues/1653
    """
    by_id = {rule["ID"]: rule for rule in ours}
    kept = []
    for rule in map(_filtered, found):
        own = by_id.pop(rule.get("ID", ""), None)
        kept.append(rule if own is None or rule.get("Status") == "Disabled" else own)
    return [*kept, *by_id.values()]


def same_rules(found: Iterable[Mapping[str, Any]], wanted: list[Document]) -> bool:
    """Whether nothing is to be written. Their order means nothing, and dates are compared as what boto3 makes of them.

    >>> same_rules([{"ID": "b", "Prefix": ""}, {"ID": "a"}], [{"ID": "a"}, {"ID": "b", "Filter": {}}])
    True
    """
    there = [_without_empty_prefix(_filtered(rule)) for rule in found]
    asked = [_without_empty_prefix(rule) for rule in wanted]
    return len(there) == len(asked) and all(rule in there for rule in asked)


def _filtered(rule: Mapping[str, Any]) -> Document:
    if "Prefix" not in rule:
        return dict(rule)
    return {"Filter": {"Prefix": rule["Prefix"]}, **{key: value for key, value in rule.items() if key != "Prefix"}}


def _without_empty_prefix(rule: Mapping[str, Any]) -> Document:
    return {key: value for key, value in rule.items() if key != "Filter" or value not in ({}, {"Prefix": ""})}
