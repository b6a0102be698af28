"""The roles that put events of a Git host on the bus: the receiver of webhooks, and jobs at GitHub that only send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from multi_env_lambda.model.ci_stack import DELIVERIES
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.github import SENT
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import KINDS, SOURCES, Webhook
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import Trust, as_github, as_service, provider_arn
from multi_env_lambda.plan.grant import Grant, arn_of, calls_of, grant_of

__all__ = ["of_events"]


def of_events(config: WorkspaceConfig, roles: Roles) -> Iterator[tuple[str, Trust, tuple[Grant, ...]]]:
    """Their names without the prefix, who may become each, and what each may do."""
    devops, github = config.devops, config.github
    if config.webhook is not None:
        yield "receiver", as_service("lambda"), tuple(_receives(devops, roles, config.webhook))
    if github is not None and github.jobs == "send":
        trust = as_github(provider_arn(devops.account_id), github, config.ci.branch)
        yield "sender", trust, (_puts(devops, SOURCES["github"], SENT),)


def _receives(devops: Devops, roles: Roles, webhook: Webhook) -> Iterator[Grant]:
    if webhook.secret:
        # Secrets Manager adds a hyphen and six characters to the name.
        secret = arn_of(devops, "secretsmanager", f"secret:{webhook.secret}-??????")
        yield grant_of("ReadItsSecret", "push", [secret], "secretsmanager:GetSecretValue")
    else:
        parameter = arn_of(devops, "ssm", f"parameter/{webhook.parameter.removeprefix('/')}")
        yield grant_of("ReadItsSecret", "push", [parameter], "ssm:GetParameter")
    marks = [f"arn:aws:s3:::{devops.bucket}/{DELIVERIES}*"]
    yield grant_of("RememberDeliveries", "push", marks, *calls_of("s3", "GetObject", "PutObject"))
    yield _puts(devops, SOURCES[webhook.host], KINDS[webhook.host])
    logs = [arn_of(devops, "logs", f"log-group:/aws/lambda/{roles.receiver}:*")]
    yield grant_of("WriteItsLog", "push", logs, *calls_of("logs", "CreateLogStream", "PutLogEvents"))


def _puts(devops: Devops, source: str, kinds: Iterable[str]) -> Grant:
    """One call has several events, so each of these keys has several values; ForAllValues alone is true of none.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    allowed = {"events:source": [source], "events:detail-type": sorted(kinds)}
    condition = {"ForAllValues:StringEquals": allowed, "Null": dict.fromkeys(allowed, "false")}
    bus = arn_of(devops, "events", "event-bus/default")
    return grant_of("PutEvents", "push", [bus], "events:PutEvents", condition=condition)
