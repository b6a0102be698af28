"""S3 refuses a bucket policy if any statement names a principal that does not exist.

Reason: ministack accepts any principal. On AWS, one statement that names somebody else's deleted role keeps everyone
from writing the policy. Principals of accounts that are unknown here are accepted.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (a deleted role is
shown by its id) and https://repost.aws/knowledge-center/s3-invalid-principal-in-policy-error
Text: https://github.com/ministryofjustice/analytical-platform/pull/4932
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original
from .resources import check_first

__all__ = ["is_there", "patch"]

_INVALID = "Invalid principal in policy"
_ARN = re.compile(r"arn:aws:iam::(\d{12}):(root|role/\S+|user/\S+)")
_OTHERS = re.compile(r"\*|\d{12}|arn:aws:(sts::\d{12}:|iam::cloudfront:)\S+")


def patch() -> None:
    """Check the principals before a policy is stored, and show deleted ones by their id."""
    s3 = load("ministack.services.s3")
    put, get, error = original(s3, "_put_bucket_policy"), original(s3, "_get_bucket_policy"), original(s3, "_error")
    ids: dict[str, dict[str, str]] = {}

    def kept(name: str, body: bytes) -> Any:
        named = set(_named(body))
        if not all(map(is_there, named)):
            return error("MalformedPolicy", _INVALID, 400, f"/{name}")
        answer = put(name, body)
        if answer[0] == 204:
            ids[name] = {arn: found for arn in named if (found := _id_of(arn))}
        return answer

    def shown(name: str) -> Any:
        status, headers, body = get(name)
        for arn, known in ids.get(name, {}).items() if status == 200 else ():
            if _id_of(arn) != known:
                body = body.replace(json.dumps(arn).encode(), json.dumps(known).encode())
        return status, headers, body

    s3._put_bucket_policy, s3._get_bucket_policy = kept, shown
    check_first("AWS::S3::BucketPolicy", _check)


def _check(properties: Mapping[str, Any]) -> None:
    document = json.dumps(properties.get("PolicyDocument", {})).encode()
    if not all(map(is_there, _named(document))):
        raise ValueError(f"{_INVALID} (Service: S3, Status Code: 400)")


def _named(body: bytes) -> Iterator[str]:
    """The principals that belong to accounts; services and federated principals are not checked."""
    try:
        statements = json.loads(body).get("Statement", [])
    except (ValueError, AttributeError):
        return
    for statement in statements if isinstance(statements, list) else [statements]:
        for principal in (statement.get("Principal", {}), statement.get("NotPrincipal", {})):
            value = principal.get("AWS", []) if isinstance(principal, dict) else principal
            yield from map(str, value if isinstance(value, list) else [value])


def is_there(principal: str) -> bool:
    """An id is refused even if the principal exists."""
    if _OTHERS.fullmatch(principal) or _id_of(principal):
        return True
    found = _ARN.fullmatch(principal)
    return found is not None and (found[2] == "root" or not _is_an_account(found[1]))


def _id_of(arn: str) -> str:
    """The id of a role or user; empty if it does not exist."""
    for kind in ("Role", "User"):
        for entity in _entities(kind):
            if arn == entity.get("Arn"):
                return str(entity[f"{kind}Id"])
    return ""


def _is_an_account(account: str) -> bool:
    return any(f"::{account}:" in entity.get("Arn", "") for kind in ("Role", "User") for entity in _entities(kind))


def _entities(kind: str) -> list[Any]:
    """In all accounts."""
    kept = original(load("ministack.services.iam"), f"_{kind.lower()}s")
    return list(kept._data.values())
