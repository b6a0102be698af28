"""An environment of the promotion chain, and the devops account that holds artifacts and records."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import attrs

from multi_env_lambda.model.bounds import Bounds

__all__ = ["CALLER", "DEFAULT_ROLE_NAME", "Devops", "Environment"]

CALLER = "caller"
"""As ``source_identity``: the user or session name of the caller."""

DEFAULT_ROLE_NAME = "OrganizationAccountAccessRole"
"""The role that AWS Organizations creates in every member account; used until an account is bootstrapped."""


def _role_arn(account_id: str, role_name: str) -> str:
    return f"arn:aws:iam::{account_id}:role/{role_name}" if role_name else ""


def _switch_role_url(account_id: str, role_name: str, display_name: str) -> str:
    if not role_name:
        return ""
    query = urlencode({"account": account_id, "roleName": role_name, "displayName": display_name})
    return f"https://signin.aws.amazon.com/switchrole?{query}"


@attrs.frozen(kw_only=True)
class Devops:
    """The account that holds the artifacts, the records and the CI.

    Args:
        bucket: the bucket that is always written first.
        buckets: by other region, the bucket that its environments take artifacts from, if it has its own name.
        role_name, external_id, source_identity: as in ``Environment``.
    """

    account_id: str
    region: str
    bucket: str
    role_name: str = DEFAULT_ROLE_NAME
    external_id: str = ""
    source_identity: str = ""
    buckets: Mapping[str, str] = attrs.field(factory=dict)

    def at(self, region: str) -> Devops:
        """The same account with the bucket of a region: Lambda takes code only from a bucket in its own region.

        Source: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html

        >>> Devops(account_id="111111111111", region="us-east-1", bucket="acme-us-east-1").at("eu-west-1").bucket
        'acme-eu-west-1'
        >>> Devops(account_id="111111111111", region="us-east-1", bucket="acme").at("eu-west-1").bucket
        'acme-eu-west-1'
        """
        if region == self.region:
            return self
        derived = self.bucket.replace(self.region, region) if self.region in self.bucket else f"{self.bucket}-{region}"
        return attrs.evolve(self, region=region, bucket=self.buckets.get(region, derived))

    @property
    def name(self) -> str:
        return "devops"

    @property
    def role_arn(self) -> str:
        return _role_arn(self.account_id, self.role_name)

    @property
    def switch_role_url(self) -> str:
        """The console page that switches to this account's role; empty if there is none.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
        """
        return _switch_role_url(self.account_id, self.role_name, self.name)


@attrs.frozen(kw_only=True)
class Environment:
    """One environment: where it is, how to get access, and the rules that apply.

    Args:
        role_name: the role to assume; empty: the caller's own credentials are used.
        position: its place in promotion order, counted from 0.
        releases_only, committed_only: what may be deployed here, see ``plan/release_rules.py``.
        protect: its stacks cannot be deleted, by `destroy` or anything else.
        external_id, source_identity: what is passed to AssumeRole, if the trust policy of the role requires it.
        bounds: the limits for every unit there.
    """

    name: str
    account_id: str
    region: str
    role_name: str = DEFAULT_ROLE_NAME
    position: int = 0
    approval: bool = False
    releases_only: bool = False
    committed_only: bool = False
    protect: bool = False
    external_id: str = ""
    source_identity: str = ""
    bounds: Bounds | None = None

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def boundary_arn(self) -> str:
        """The permissions boundary of every role of its stacks; empty if there is none."""
        return "" if self.bounds is None else self.bounds.boundary_arn(self.partition, self.account_id)

    @property
    def role_arn(self) -> str:
        return _role_arn(self.account_id, self.role_name)

    @property
    def switch_role_url(self) -> str:
        """The console page that switches to this account's role (see ``Devops.switch_role_url``)."""
        return _switch_role_url(self.account_id, self.role_name, self.name)
