"""The identities that ``bootstrap`` makes, and as which of them somebody acts.

Each is a role of its own, so that none can stand in for another: what builds cannot approve, what approves cannot
deploy, and CloudFormation alone may make what a stack consists of.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import Rule, Table, did_you_mean, enumerated

__all__ = ["ACTING", "DEPLOYERS", "PEOPLE", "PERSON", "Acting", "Roles", "acting_of", "read_roles"]

Acting = Literal["administrator", "build", "plan", "dispatcher", "developer", "approver"]
"""``administrator`` acts as ``role_name``, which a workspace without roles knows alone. The others are roles of the
devops account: a build of a merged change, one of a change that is not (it reads what a plan reads), what starts
builds, who works at a keyboard, and who says yes."""

ACTING: tuple[Acting, ...] = get_args(Acting)
PEOPLE: tuple[Acting, ...] = ("administrator", "developer", "approver")
"""As whom a person may say that she acts; what runs in a build is a role already."""

DEPLOYERS: tuple[Acting, ...] = ("build", "developer")
"""Who may deploy to an environment, unless its table says less."""

PERSON = Rule(
    pattern=r"arn:aws:iam::[0-9]{12}:(user/[\w+=,.@/*-]+"
    r"|role/aws-reserved/sso\.amazonaws\.com/[\w+=,.@/*-]*AWSReservedSSO_[\w+=,.@*-]+)",
    allowed="the ARN of an IAM user or of an Identity Center role, in which `*` stands for anything",
    hint="only they have names that they did not choose themselves: for example "
    '"arn:aws:iam::111111111111:user/ada" or '
    '"arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Developer_*"',
)
_SESSION = re.compile(r"arn:aws:sts::([0-9]{12}):assumed-role/([^/]+)/.+")


@attrs.frozen(kw_only=True)
class Roles:
    """The table ``roles``; ``developers`` and ``approvers`` are patterns of ARNs: who may become which of the two."""

    prefix: str = "mel"
    developers: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()

    def of_devops(self, acting: Acting) -> str:
        """The name of a role of the devops account.

        >>> Roles(prefix="acme").of_devops("build")
        'acme-build'
        """
        return f"{self.prefix}-{acting}"

    @property
    def comments(self) -> str:
        """The role as which all builds write comments at CodeCommit, where only who has written one may change it."""
        return f"{self.prefix}-comments"

    @property
    def pipeline(self) -> str:
        """The role of the pipeline, and the pipeline; its build project is called so, too."""
        return f"{self.prefix}-pipeline"

    @property
    def starter(self) -> str:
        """The role as which a push starts the pipeline, where the repository is CodeCommit's."""
        return f"{self.prefix}-starter"

    @property
    def witness(self) -> str:
        """The role, and the function, that alone writes approvals of what people approved in the pipeline."""
        return f"{self.prefix}-witness"

    def reviewer(self, environment: str) -> str:
        """The role of a job at GitHub that a reviewer has let start: it alone writes approvals of this environment
        that were given there.

        >>> Roles(prefix="acme").reviewer("prod")
        'acme-prod-reviewer'
        """
        return f"{self.prefix}-{environment}-reviewer"

    @property
    def receiver(self) -> str:
        """The role and function that receive webhooks."""
        return f"{self.prefix}-receiver"

    @property
    def functions(self) -> tuple[str, str, str]:
        """How the names of the CI's functions begin: who may change or call one of them acts as the CI."""
        return self.of_devops("dispatcher"), self.receiver, self.witness

    @property
    def sender(self) -> str:
        """The role as which jobs at GitHub send events, where builds run at CodeBuild."""
        return f"{self.prefix}-sender"

    @property
    def topic(self) -> str:
        """What the topic for people is called."""
        return f"{self.prefix}-ci"

    def people(self, acting: Acting) -> tuple[str, ...]:
        """Who may become this, by patterns of ARNs."""
        return {"developer": self.developers, "approver": self.approvers}.get(acting, ())


def read_roles(table: Table) -> Roles | None:
    """The table ``roles`` of the root table; None if there is none: one role of each account serves everybody."""
    if not table.has("roles"):
        return None
    found = table.table("roles")
    found.allow()
    return Roles(
        prefix=found.named_or("prefix"),
        developers=found.texts("developers"),
        approvers=found.texts("approvers"),
    )


def acting_of(roles: Roles | None, account_id: str, caller: str, requested: str) -> Acting:
    """The role somebody acts in: the role of the devops account that she already has, else the one she requests.

    Args:
        account_id: of the devops account.
        caller: her ARN.
        requested: the role she requests; empty: a developer.

    Raises:
        ConfigurationError: it is nothing that a person may be, or nobody is named who may become it.
    """
    if requested and requested not in PEOPLE:
        what = f"found `{requested}`; expected {enumerated(PEOPLE)}"
        raise ConfigurationError("MULTI_ENV_LAMBDA_AS", what, hint=did_you_mean(requested, PEOPLE, listed=True))
    if roles is None or requested == "administrator":
        return "administrator"
    session = _SESSION.fullmatch(caller)
    for one in ACTING:
        if session is not None and session.groups() == (account_id, roles.of_devops(one)):
            return one
    acting: Acting = "approver" if requested == "approver" else "developer"
    if not roles.people(acting):
        where, what = f"pyproject.toml [tool.multi_env_lambda.roles] {acting}s", f"nobody may act as {acting}"
        hint = f"name users or Identity Center roles there, then run `bootstrap devops` again; {PERSON.hint}"
        raise ConfigurationError(where, what, hint=hint)
    return acting
