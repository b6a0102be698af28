"""What the workspace says about the receiver of webhooks: ``webhook`` in ``[tool.multi_env_lambda.ci]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import attrs

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table, enumerated

__all__ = [
    "HOST_VARIABLE",
    "KINDS",
    "PARAMETER_VARIABLE",
    "SECRET_VARIABLE",
    "SOURCES",
    "Webhook",
    "WebhookHost",
    "read_webhook_table",
]

WebhookHost = Literal["bitbucket", "github", "gitlab"]

HOST_VARIABLE: Final = "MULTI_ENV_LAMBDA_WEBHOOK_HOST"
SECRET_VARIABLE: Final = "MULTI_ENV_LAMBDA_WEBHOOK_SECRET"
PARAMETER_VARIABLE: Final = "MULTI_ENV_LAMBDA_WEBHOOK_PARAMETER"
"""What the stack tells the receiver: whose webhooks, and where their secret is kept. The secret itself is nowhere."""

SOURCES: Final[Mapping[WebhookHost, str]] = {
    "bitbucket": "bitbucket.org",
    "github": "github.com",
    "gitlab": "gitlab.com",
}
"""Under which source an event of each host goes to the bus."""

KINDS: Final[Mapping[WebhookHost, tuple[str, ...]]] = {
    "bitbucket": (
        "pullrequest:created",
        "pullrequest:fulfilled",
        "pullrequest:rejected",
        "pullrequest:updated",
        "repo:push",
    ),
    "github": ("delete", "pull_request", "pull_request_review", "push"),
    "gitlab": ("Merge Request Hook", "Push Hook", "Tag Push Hook"),
}
"""What the readers take of each host; it is the detail type, and nothing else goes to the bus."""

_HOSTS: Final = {"bitbucket.org": "bitbucket", "github.com": "github", "gitlab.com": "gitlab"}


@attrs.frozen(kw_only=True)
class Webhook:
    """The receiver that ``bootstrap`` makes in the stack of the CI.

    Args:
        host: whose webhooks it checks. secret, parameter: where their secret is kept in the devops account, in Secrets
            Manager or as a SecureString; one of the two.
        concurrency: how many requests it handles at once, which no others can use up; 0: as many as the account has.
    """

    host: WebhookHost
    secret: str = ""
    parameter: str = ""
    concurrency: int = 5

    @property
    def where(self) -> str:
        """Where the secret is kept, for messages."""
        return f"secret {self.secret}" if self.secret else f"parameter {self.parameter}"


def read_webhook_table(table: Table, stack: CiStack | None) -> Webhook | None:
    """The key ``webhook`` of the table ``ci``; None without it."""
    table = table.of(CI)
    if not table.has("webhook"):
        return None
    if stack is None:
        table.require("repository", hint="say which repository the webhooks are about")
    assert stack is not None, "it has a repository"
    own = table.table("webhook")
    own.allow()
    if own.has("secret") == own.has("parameter"):
        found = "both" if own.has("secret") else "neither"
        hint = 'for example `webhook = { secret = "acme/webhook" }` or `webhook = { parameter = "/acme/webhook" }`'
        table.refuse("webhook", f"found {found}; expected exactly one of `secret` and `parameter`", hint=hint)
    return Webhook(
        host=_host(table, own, stack),
        secret=own.named_or("secret"),
        parameter=own.named_or("parameter"),
        concurrency=own.number("concurrency"),
    )


def _host(table: Table, own: Table, stack: CiStack) -> WebhookHost:
    """As the repository's address says, or the table for a host under a name of its own."""
    if not stack.is_address:
        what = "the repository is one of CodeCommit, whose events reach the bus by themselves"
        table.refuse("webhook", what, hint="remove `webhook`")
    known: tuple[WebhookHost, ...] = get_args(WebhookHost)
    address = urlsplit(stack.repository).hostname or ""
    if address not in _HOSTS:
        own.require("host", hint=f"{address} is no host that is known: say whether it is {enumerated(known)}")
    said = own.choice("host", default=_HOSTS.get(address, ""))
    return next(host for host in known if host == said)
