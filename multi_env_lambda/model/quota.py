"""What an account has a limited number of, how much of it is in use, and how to ask for more.

Sources, page by page:

- roles: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (1,000, up to 5,000 on request)
- stacks: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (2,000)
- rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (300 per bus, 100 in some regions)
- code and concurrency: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
- builds: https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
- the form of the links: https://docs.aws.amazon.com/general/latest/gr/ev.html (column *Adjustable*)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

__all__ = ["BUILDS", "QUOTAS", "Quota", "QuotaKind", "Unread", "Usage", "amount", "ask_for_more", "console_link"]

QuotaKind = Literal["roles", "stacks", "rules", "code", "concurrency"]

_GIGABYTE = 1024**3


@attrs.frozen(kw_only=True)
class Quota:
    """One quota of Service Quotas: what it counts, and its codes there.

    ``home``: the region in which it is raised; empty: each region has its own. ``most``: the highest value that AWS
    grants, if it says so. ``unit``: how many of what is counted here are one of what is asked for there.
    """

    noun: str
    service: str
    code: str
    home: str = ""
    most: int | None = None
    unit: int = 1


QUOTAS: Mapping[QuotaKind, Quota] = {
    "roles": Quota(noun="IAM roles", service="iam", code="L-FE177D64", home="us-east-1", most=5000),
    "stacks": Quota(noun="CloudFormation stacks", service="cloudformation", code="L-0485CB21"),
    "rules": Quota(noun="rules on the default event bus", service="events", code="L-244521F2"),
    "code": Quota(noun="of Lambda's storage for code and layers", service="lambda", code="L-2ACBD22F", unit=_GIGABYTE),
    "concurrency": Quota(noun="reserved concurrent calls of Lambda", service="lambda", code="L-B99A9384"),
}
"""Roles are counted in an account, everything else in an account and region."""

BUILDS = Quota(noun="builds at once", service="codebuild", code="L-2DC20C30")
"""Of the compute type that the projects of the CI have (Linux, medium)."""


@attrs.frozen(kw_only=True)
class Usage:
    """How much of a quota is in use; storage in bytes. ``names``: what exists already, of stacks.

    Of concurrency it is what functions have reserved, and ``limit`` what they may reserve: Lambda keeps the rest, which
    is ``kept``.
    """

    kind: QuotaKind
    used: int
    limit: int
    kept: int = 0
    names: frozenset[str] = frozenset()

    @property
    def percent(self) -> int:
        """What is in use, of a hundred; a quota of 0 is used up.

        >>> Usage(kind="roles", used=799, limit=1000).percent
        79
        """
        return 100 if self.limit <= 0 else self.used * 100 // self.limit


@attrs.frozen(kw_only=True)
class Unread:
    """A quota that could not be read, and what the service said."""

    kind: QuotaKind
    what: str


def amount(kind: QuotaKind, number: int) -> str:
    """A number as a person reads it.

    >>> amount("roles", 1000), amount("code", 80_530_636_800), amount("code", 900)
    ('1,000', '75.0 GB', '900 bytes')
    """
    if kind != "code":
        return f"{number:,}"
    for size, name in ((_GIGABYTE, "GB"), (1024**2, "MB")):
        if abs(number) >= size:
            return f"{number / size:,.1f} {name}"
    return f"{number:,} bytes"


def console_link(quota: Quota, region: str) -> str:
    """The quota's page in the console of Service Quotas."""
    where = quota.home or region
    host = f"https://{where}.console.aws.amazon.com"
    return f"{host}/servicequotas/home/services/{quota.service}/quotas/{quota.code}?region={where}"


def ask_for_more(quota: Quota, region: str, needed: int) -> str:
    """The command that asks for at least ``needed``, in the units of what is counted here.

    >>> ask_for_more(QUOTAS["code"], "eu-west-1", 80_530_636_801).partition("--desired-value ")[2]
    '76 --region eu-west-1'
    """
    value = -(-needed // quota.unit)
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {value} --region {quota.home or region}"
    )
