"""Who may become a role, as the trust policy says it.

Roles of another account are named by a condition: a principal has to be there when a policy names it, and is kept by an
id that a role made again does not have.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["Trust", "as_people", "as_roles", "as_service"]

Trust = dict[str, Any]

_ASSUME = "sts:AssumeRole"
_OWN_NAME = {
    # Of an IAM user and of a person of Identity Center IAM itself knows the name; the session has to be called so.
    "user": ("Users", {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}),
    "role": ("PeopleOfTheDirectory", {"StringLike": {"aws:userid": "*:${sts:RoleSessionName}"}}),
}


def as_service(name: str, source: str = "") -> Trust:
    """A service of AWS; ``source``: in the name of this resource only."""
    statement: dict[str, Any] = {
        "Sid": "Service",
        "Effect": "Allow",
        "Principal": {"Service": f"{name}.amazonaws.com"},
        "Action": _ASSUME,
    }
    # Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    condition = {"Condition": {"ArnEquals": {"aws:SourceArn": source}}} if source else {}
    return _document([{**statement, **condition}])


def as_roles(arns: Iterable[str]) -> Trust:
    """Exactly these roles."""
    named = sorted(arns)
    return _document([_statement("Roles", named, {"ArnEquals": {"aws:PrincipalArn": named}})])


def as_people(patterns: Iterable[str]) -> Trust:
    """Users and people of Identity Center, each under her own name: what she writes says who she is.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    (``sts:RoleSessionName``), https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    (``aws:userid`` of an assumed role ends in its session's name)
    """
    return _document(list(_by_kind(sorted(patterns))))


def _by_kind(patterns: list[str]) -> Iterator[dict[str, Any]]:
    for kind, (sid, own_name) in _OWN_NAME.items():
        named = [pattern for pattern in patterns if pattern.split(":", 5)[5].startswith(f"{kind}/")]
        if named:
            yield _statement(sid, named, {"ArnLike": {"aws:PrincipalArn": named}, **own_name})


def _statement(sid: str, arns: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    accounts = sorted({arn.split(":")[4] for arn in arns})
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in accounts]},
        "Action": _ASSUME,
        "Condition": condition,
    }


def _document(statements: list[dict[str, Any]]) -> Trust:
    return {"Version": "2012-10-17", "Statement": statements}
