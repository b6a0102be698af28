"""Who a principal is: a service of AWS, somebody of the environment's account, or somebody of elsewhere."""

from __future__ import annotations

import re

__all__ = ["is_named", "is_service", "may_be_of"]

_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazon(aws)?\.com(\.cn)?|\$\{AWS::URLSuffix\})")
_OF_AN_ACCOUNT = re.compile(r"arn:[^:*?]*:[^:*?]*:[^:*?]*:(\d{12}):.*|(\d{12})", re.DOTALL)
_OF_CLOUDFRONT = re.compile(r"arn:[a-z-]+:iam::cloudfront:user/[\w -]+")
"""An origin access identity: a user of Amazon CloudFront's own account."""


def is_service(who: str) -> bool:
    """Whether a principal is a service of AWS.

    >>> is_service("logs.us-east-1.amazonaws.com"), is_service("222222222222")
    (True, False)
    """
    return _SERVICE.fullmatch(who) is not None


def is_named(who: str) -> bool:
    """Whether a principal says who it is; the unique ID of a user or a role (``AIDA...``) does not.

    >>> is_named("arn:aws:iam::222222222222:root"), is_named("AIDAJQABLZS4A3QDU576Q")
    (True, False)
    """
    return who.startswith(("arn:", "${")) or is_service(who) or _OF_AN_ACCOUNT.fullmatch(who) is not None


def may_be_of(account_id: str, who: str) -> bool:
    """Whether a principal is of an account, or may be: only services and other accounts' principals certainly are not.

    >>> may_be_of("222222222222", "*"), may_be_of("222222222222", "arn:aws:iam::999999999999:root")
    (True, False)
    """
    found = _OF_AN_ACCOUNT.fullmatch(who)
    if found is None:
        return not is_service(who) and _OF_CLOUDFRONT.fullmatch(who) is None
    return account_id in found.groups()
