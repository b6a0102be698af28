"""What a role of a stack may do at most, whatever its own policies say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import Webhook
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_of_pipelines import artifacts_bucket
from multi_env_lambda.plan.grant import Grant, calls_of, grant_of

__all__ = ["OF_HOSTS", "boundary", "not_by_cloudformation"]

_NEVER_A_UNITS = (
    "account:*",
    "cloudformation:*",
    "iam:*",
    "organizations:*",
    "sso:*",
    "sts:AssumeRole*",
)
"""CloudFormation acts in a stack's own role for anyone who may update that stack, so no unit may."""

OF_HOSTS = ("bitbucket.org", "github.com", "gitlab.com", "multi_env_lambda*")
"""Sources of events that say what people did: under one of them a unit could say that a maintainer has agreed."""


def boundary(config: WorkspaceConfig, place: Environment) -> dict[str, Any]:
    """The boundary of an environment's units.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    buckets = [arn for one in config.buckets for arn in (_bucket(one.bucket), f"{_bucket(one.bucket)}/*")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "WhatUnitsDo", "Effect": "Allow", "NotAction": list(_NEVER_A_UNITS), "Resource": "*"},
            {
                "Sid": "ArtifactsAreRead",
                "Effect": "Deny",
                "NotAction": list(calls_of("s3", "GetObject", "GetObjectVersion")),
                "Resource": buckets,
            },
            *_beside_the_ci(config, place),
        ],
    }


def _beside_the_ci(config: WorkspaceConfig, place: Environment) -> Iterator[dict[str, Any]]:
    """In the account of the CI: who could start a build with a build spec of her own would act as the build."""
    arns = _of_the_ci(config, place)
    if not arns:
        return
    yield {"Sid": "TheCiIsNotAUnits", "Effect": "Deny", "Action": "*", "Resource": arns}
    yield {
        "Sid": "NobodysEvents",
        "Effect": "Deny",
        "Action": "events:PutEvents",
        "Resource": "*",
        # One call has several events, and so several sources.
        "Condition": {"ForAnyValue:StringLike": {"events:source": list(OF_HOSTS)}},
    }
    yield {"Effect": "Deny", "Resource": "*", **_no_mapping(config, place)}


def _no_mapping(config: WorkspaceConfig, place: Environment) -> dict[str, Any]:
    """A queue of one's own in front of a function of the CI would tell it anything, since the queue's own policy lets
    the function read it; and without its mapping the dispatcher hears nothing. Mappings have no names, only a key.
    """
    assert config.roles is not None, "the CI has roles"
    functions = [f"arn:aws:lambda:*:{place.account_id}:function:{name}*" for name in config.roles.functions]
    return {
        "Sid": "NobodysQueue",
        "Action": list(_MAPPINGS),
        "Condition": {"ArnLike": {"lambda:FunctionArn": functions}},
    }


_MAPPINGS = calls_of("lambda", *(f"{verb}EventSourceMapping" for verb in ("Create", "Delete", "Update")))


def not_by_cloudformation(config: WorkspaceConfig, place: Environment) -> Iterator[Grant]:
    """In that account, what CloudFormation may do follows from templates: one could name the dispatcher or the bucket
    of artifacts as its own."""
    arns = _of_the_ci(config, place)
    if arns:
        yield grant_of("TheCiIsNotAUnits", "deploy", arns, "*", effect="Deny")
        buckets = [arn for one in config.buckets for arn in (_bucket(one.bucket), f"{_bucket(one.bucket)}/*")]
        yield grant_of("ArtifactsAreRead", "deploy", buckets, *_WRITES, effect="Deny")
        condition = _no_mapping(config, place)["Condition"]
        yield grant_of("NobodysQueue", "deploy", ["*"], *_MAPPINGS, effect="Deny", condition=condition)


_WRITES = calls_of("s3", "Abort*", "Bypass*", "Create*", "Delete*", "Object*", "Put*", "Replicate*", "Restore*")
"""What S3 has beside reading, for buckets and objects."""


def _bucket(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def _of_the_ci(config: WorkspaceConfig, place: Environment) -> list[str]:
    """What the stack of the CI and the pipeline have, by their names, if this is their account; else nothing."""
    roles, pipeline = config.roles, config.codepipeline
    if roles is None or place.account_id != config.devops.account_id:
        return []
    here = list(_named(roles))
    here += _secret(config.webhook)
    sources = [config.ci_stack] if pipeline is None else [config.ci_stack, pipeline.source]
    here += [("codecommit", one.repository) for one in sources if one is not None and one.kind == "CODECOMMIT"]
    # The service has two names, and calls under either are about the same connection.
    names = [one.connection.partition(":connection/")[2] for one in sources if one is not None and one.connection]
    here += [(service, f"connection/{name}") for service in _OF_CONNECTIONS for name in names]
    arns = [f"arn:aws:{service}:*:{place.account_id}:{rest}" for service, rest in here]
    if pipeline is not None:
        arns += (f"arn:aws:{service}:*:{place.account_id}:{rest}" for service, rest in _of_the_pipeline(roles))
        arns.append(f"arn:aws:s3:::{artifacts_bucket(config.devops, roles)}*")
    return sorted(set(arns))


_OF_CONNECTIONS = ("codeconnections", "codestar-connections")


def _secret(webhook: Webhook | None) -> Iterator[tuple[str, str]]:
    """Who knows it says what people did, as with an event under the name of their host."""
    if webhook is not None and webhook.secret:
        yield "secretsmanager", f"secret:{webhook.secret}-??????"
    elif webhook is not None:
        # Who may read a path reads all below it, whatever is refused there.
        # Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
        parts = webhook.parameter.removeprefix("/").split("/")
        for count in range(len(parts)):
            path = "/".join(parts[:count])
            yield from (("ssm", f"parameter/{path}{end}") for end in ("", "/") if path or not end)
        yield "ssm", f"parameter/{'/'.join(parts)}"


def _of_the_pipeline(roles: Roles) -> Iterator[tuple[str, str]]:
    """As ``codepipeline.py`` names it. Who could change the witness would write approvals."""
    yield "codepipeline", f"{roles.pipeline}*"
    yield from _of_a_project(roles.pipeline)
    yield from _of_a_function(roles.witness)
    yield "events", f"rule/{roles.starter}"


def _of_a_project(name: str) -> Iterator[tuple[str, str]]:
    """Builds and logs begin like their project."""
    yield "codebuild", f"project/{name}"
    yield "codebuild", f"build/{name}:*"
    yield "codebuild", f"build-batch/{name}:*"
    yield "logs", f"log-group:/aws/codebuild/{name}*"


def _of_a_function(name: str) -> Iterator[tuple[str, str]]:
    yield "logs", f"log-group:/aws/lambda/{name}*"
    yield "lambda", f"function:{name}*"


def _named(roles: Roles) -> Iterator[tuple[str, str]]:
    """As ``ci_stack.py`` names it."""
    dispatcher = roles.of_devops("dispatcher")
    for project in (roles.of_devops("build"), roles.of_devops("plan")):
        yield from _of_a_project(project)
    for function in (dispatcher, roles.receiver):
        yield from _of_a_function(function)
    yield "sqs", f"{dispatcher}*"
    yield "sns", f"{roles.topic}*"
    yield "events", f"rule/{dispatcher}-*"
    yield "cloudwatch", f"alarm:{dispatcher}-*"
