"""An environment of the promotion chain, and the devops account that holds artifacts and records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import attrs

from multi_env_lambda.model.bounds import Bounds
from multi_env_lambda.model.roles import DEPLOYERS, Acting

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
        """The name that errors and links use for this account."""
        return "devops"

    @property
    def role_arn(self) -> str:
        """The role to assume; empty if the caller's own credentials are used."""
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
        stage: the name of the stage that it shares with the environments beside it; empty: it stands alone.
        releases_only, committed_only: what may be deployed here, see ``plan/release_rules.py``.
        protect: its stacks cannot be deleted, by `destroy` or anything else.
        external_id, source_identity: what is passed to AssumeRole, if the trust policy of the role requires it.
        bounds: the limits for every unit there.
        prefix: of the roles that `bootstrap` made there; empty: `role_name` serves everybody.
        deployed_by: who may deploy there, if it has such roles; anybody else may only look.
        through: the role of the devops account from which the one of this environment is assumed.
        beside: the environment of the table beside which that of a branch lies, and whose roles serve it.
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
    prefix: str = ""
    deployed_by: tuple[Acting, ...] = DEPLOYERS
    through: Devops | None = None
    beside: str = ""
    stage: str = ""

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def home(self) -> str:
        """The environment of the table whose roles serve this one: itself, unless it is that of a branch."""
        return self.beside or self.name

    @property
    def boundary_arn(self) -> str:
        """The permissions boundary of every role of its stacks; empty if there is none."""
        own = "" if self.bounds is None else self.bounds.boundary_arn(self.partition, self.account_id)
        return own or (f"arn:aws:iam::{self.account_id}:policy/{self.boundary_name}" if self.prefix else "")

    @property
    def boundary_name(self) -> str:
        """The boundary that `bootstrap` makes, outside of what stacks may change."""
        return f"{self.prefix}-{self.home}-boundary"

    @property
    def role_path(self) -> str:
        """Below it are all roles and policies of stacks; empty where they may be anywhere."""
        return f"/{self.prefix}/{self.home}/" if self.prefix else ""

    def role_for(self, what: Literal["deploy", "read", "execution"]) -> str:
        """The name of a role that `bootstrap` makes: who deploys, who looks, and CloudFormation."""
        return f"{self.prefix}-{self.home}-{what}"

    @property
    def only_looks(self) -> bool:
        """Whether who acts here may look and change nothing."""
        return bool(self.prefix) and self.role_name == self.role_for("read")

    @property
    def changes_units_only(self) -> bool:
        """Whether who acts here has a role that `bootstrap` made, which reaches no stack but those of units."""
        return bool(self.prefix) and self.role_name in (self.role_for("deploy"), self.role_for("read"))

    @property
    def execution_role_arn(self) -> str:
        """The role in which CloudFormation acts in its stacks; empty: that of the caller."""
        return _role_arn(self.account_id, self.role_for("execution")) if self.prefix else ""

    @property
    def role_arn(self) -> str:
        return _role_arn(self.account_id, self.role_name)

    @property
    def switch_role_url(self) -> str:
        """The console page that switches to this account's role (see ``Devops.switch_role_url``).

        People cannot switch to the roles that `bootstrap` makes: those let roles of the devops account in.
        """
        return _switch_role_url(self.account_id, "" if self.prefix else self.role_name, self.name)
