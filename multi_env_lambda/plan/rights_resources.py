"""Whether the resources of a statement are named, or are all of a service or of a kind of it."""

from __future__ import annotations

import re

from multi_env_lambda.plan.computed import is_unread
from multi_env_lambda.plan.rights_covering import matches

__all__ = ["is_everything"]

_COMPUTED = re.compile(r"\$\{[\w.:]+\}")
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9-]+:[^:{}][^{}]*?(?:,\s*'([^'{}]*)')?\s*\}")
"""What IAM fills in from a request or a tag, which may be nothing, and its default.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""
_WILDCARD = re.compile(r"[*?]")
_ACCOUNT = re.compile(r"[0-9*?]*|aws|cloudfront|computed")
_PARTS = 6
"""``arn:partition:service:region:account:resource``; only the resource may have colons itself."""

_WITHOUT_TYPES = ("codecommit", "execute-api", "sns", "sqs")
"""Services whose ARNs have a name where others have a type; Amazon S3 is one for buckets, which have no account.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

_BEFORE_NAMES = {
    "cognito-identity": r"[a-z]+(-[a-z]+)+-\d:",
    "cognito-idp": r"[a-z]+(-[a-z]+)+-\d_",
    "ec2": r"([a-z]+-)+",
    "elasticfilesystem": r"fs(ap)?-",
    "elasticloadbalancing": r"(app|net|gwy)/",
    "wafv2": r"[a-z]+/",
}
"""What every name of a service may begin with: a second type, or the prefix of its identifiers."""

_FIRST_TYPES = {
    "batch": "job",
    "ecs": "capacity-provider/|cluster/|container-instance/|service|task",
    "lambda": "code-signing-config:|event-source-mapping:|function:|layer:",
    "logs": "anomaly-detector:|delivery|destination:|log-group:",
    "states": "activity:|execution:|express:|mapRun:|stateMachine:",
}
"""How resources begin whose names have a colon behind them: a wildcard for the account takes in the name as well, if
what stands behind it does not begin like that."""


def is_everything(resource: str) -> bool:
    """Whether a resource may be any of its service or kind: a wildcard with no name in front of it.

    What cannot be read may be anything.

    >>> is_everything("arn:*:iam::222222222222:role*"), is_everything("arn:aws:iam::222222222222:role/acme-*")
    (True, False)
    """
    if resource.startswith("everything but") or is_unread(resource):
        return True
    resource = _VARIABLE.sub(lambda found: found.group(1) or "", resource)
    if resource.startswith("${") or _WILDCARD.search(resource) is None:
        return False
    parts = _COMPUTED.sub("computed", resource).split(":", _PARTS - 1)
    if len(parts) < _PARTS or _ACCOUNT.fullmatch(parts[4]) is None or parts[2].isdecimal():
        return True  # a wildcard stands for several parts
    if _WILDCARD.search(parts[4]) and not _is_whole(parts[2], parts[5]):
        return True
    return _WILDCARD.search(parts[5]) is not None and not _is_named(parts[2], parts[4], parts[5])


def _is_whole(service: str, resource: str) -> bool:
    first = [types for name, types in _FIRST_TYPES.items() if matches(service, name)]
    return all(re.match(types, resource) for types in first)


def _is_named(service: str, account: str, resource: str) -> bool:
    """Whether the text before the first wildcard has more of a name than one letter, as the actions have."""
    known = _WILDCARD.split(resource, maxsplit=1)[0]
    if service not in _WITHOUT_TYPES and not (service == "s3" and not account):
        known = re.sub(r"/?[^/:]*[/:]?", "", known, count=1)
    for name, pattern in _BEFORE_NAMES.items():
        if matches(service, name):
            known = re.sub(f"^{pattern}", "", known)
    return sum(map(str.isalnum, known)) > 1
