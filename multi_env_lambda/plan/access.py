"""Who may do what, once `bootstrap` has made the roles: the statements of each role, and who may become it.

Input: the workspace, and for an environment the templates of its units. Output: roles as values; ``access_stack.py``
makes stacks of them. A statement that no verb needs has no place here: a test takes each away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs

from multi_env_lambda.model.ci_stack import JOB_VARIABLE, KEPT_BY_BUILDS, REQUESTS, CiStack
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.freeze import freeze_key
from multi_env_lambda.model.github import PLAN_ENVIRONMENT
from multi_env_lambda.model.gitlab import GITLAB
from multi_env_lambda.model.record import approvals_folder, current_key, history_key, summary_key
from multi_env_lambda.model.reference import Reference
from multi_env_lambda.model.roles import Acting, Roles
from multi_env_lambda.model.rules import rules_key
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_of_branches import OF_BRANCHES, has_branches
from multi_env_lambda.plan.access_of_cloudformation import execution_grants, in_its_role
from multi_env_lambda.plan.access_of_events import of_events
from multi_env_lambda.plan.access_of_pipelines import (
    approves_there,
    builds_there,
    of_pipeline,
    reads_repository,
    speaks,
    spoken_in,
)
from multi_env_lambda.plan.access_of_reviewers import of_reviewers
from multi_env_lambda.plan.access_trust import (
    Trust,
    as_any,
    as_bitbucket,
    as_github,
    as_gitlab,
    as_people,
    as_roles,
    as_service,
    named,
    provider_arn,
)
from multi_env_lambda.plan.grant import Grant, arn_of, calls_of, grant_of
from multi_env_lambda.plan.handler_calls import Handlers
from multi_env_lambda.plan.permissions import direct_calls, look_at_builds, look_at_the_bucket, others_layers, reserving

__all__ = [
    "DEVOPS_STACK",
    "RoleAccess",
    "access_stack_name",
    "ci_stack_name",
    "of_devops_roles",
    "of_environment_roles",
    "repository_arn",
    "topic_arn",
]

_LOOKS = (
    "LookAtStacks",
    "CompareStacks",
    "WaitForDrift",
    "FindFunctions",
    "FindLayersOfUnits",
    "LookAtFunctions",
    "LookAtLayers",
    "LookAtQuotas",
    "ReadLogs",
)
"""What the role that only looks shares with the one that deploys."""
_LOOKERS: tuple[Acting, ...] = ("approver", "build", "developer")
_OF_PRUNE = ("FindOldVersions", "FindOldLayers", "DeleteVersions")
"""`prune` deletes what is published, so it is an administrator's."""

DEVOPS_STACK = "devops"
_NOT_OVERRIDDEN = (
    "artifacts",
    "cache",
    "encryptionKey",
    "environment.certificate",
    "environment.fleet.fleetArn",
    "environment.image",
    "environment.imagePullCredentialsType",
    "environment.privilegedMode",
    "environment.registryCredential",
    "environment.type",
    "logsConfig",
    "secondaryArtifacts",
    "secondarySources",
    "serviceRole",
    "source.auth.resource",
    "source.auth.type",
    "source.buildspec",
    "source.insecureSsl",
    "source.location",
)
_AS_THEY_ARE = {
    # ForAllValues alone would be true of a request that has no variable, and so of one that hides it.
    "ForAllValues:StringEquals": {"codebuild:environment.environmentVariables.name": JOB_VARIABLE},
    "Null": {
        "codebuild:environment.environmentVariables.name": "false",
        **{f"codebuild:{key}": "true" for key in _NOT_OVERRIDDEN},
    },
}
"""A build is started with the id of its job and nothing else. Which commit is checked out has no key: a build spec that
starts from the protected branch makes that no matter.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
"""


@attrs.frozen(kw_only=True)
class RoleAccess:
    """One role: its name, the statement or statements that let somebody become it, and what it may do."""

    key: str
    name: str
    trust: Trust
    grants: tuple[Grant, ...]


def access_stack_name(prefix: str, place: str) -> str:
    """The stack with the roles of a place. No pattern for the stacks of an environment, ``*-NAME``, takes it in: the
    names of environments have small letters only.

    >>> access_stack_name("acme", "sandbox")
    'acme-sandbox-Access'
    """
    return f"{prefix}-{place}-Access"


def ci_stack_name(prefix: str) -> str:
    """The stack of the CI; beside ``…-Access``, and out of reach of ``*-NAME`` for the same reason.

    >>> ci_stack_name("acme")
    'acme-devops-Ci'
    """
    return f"{prefix}-{DEVOPS_STACK}-Ci"


def of_devops_roles(config: WorkspaceConfig, roles: Roles) -> tuple[RoleAccess, ...]:
    """The roles of the devops account. One that nobody may become is not made."""
    devops = config.devops
    read = tuple(_reads(config))
    found = [
        (
            "build",
            _of_builds(config, roles, "build"),
            (
                *read,
                *_writes(config, "build"),
                _reads_jobs(devops, "*"),
                _keeps_jobs(devops),
                *_builds(config, roles, "build"),
                *builds_there(config, roles),
                *_tells_people(config, roles),
            ),
        ),
        ("plan", _of_builds(config, roles, "plan"), (*read, *_keeps_its_jobs(devops), *_builds(config, roles, "plan"))),
        ("dispatcher", as_service("lambda"), tuple(_dispatches(devops, roles))),
    ]
    if roles.developers:
        grants = (*read, *_looks(config, roles), *_writes(config, "developer"), _freezes(config))
        found.append(("developer", as_people(roles.developers), grants))
    if roles.approvers:
        grants = (*read, _approves(config), *_enters(config, ()), *approves_there(config, roles))
        found.append(("approver", as_people(roles.approvers), grants))
    found += of_events(config, roles)
    if _has_comments(config):
        builds = [f"arn:aws:iam::{devops.account_id}:role/{roles.of_devops(one)}" for one in ("build", "plan")]
        found.append(("comments", as_roles(builds), (_comments(config),)))
    made = [(f"{key.capitalize()}Role", f"{roles.prefix}-{key}", trust, grants) for key, trust, grants in found]
    return tuple(
        RoleAccess(key=key, name=name, trust=trust, grants=grants)
        for key, name, trust, grants in (*made, *of_pipeline(config, roles), *of_reviewers(config, roles))
    )


def _has_comments(config: WorkspaceConfig) -> bool:
    return bool(spoken_in(config))


def _comments(config: WorkspaceConfig) -> Grant:
    """Who has written a comment alone may change it, so all builds are one author for that."""
    look = ("GetCommentsForPullRequest", "GetPullRequest", "ListPullRequests")
    calls = calls_of("codecommit", *look, "PostCommentForPullRequest", "UpdateComment")
    arns = [repository_arn(config.devops, one) for one in spoken_in(config)]
    return grant_of("CommentOnPullRequests", "push", arns, *calls)


def _tells_people(config: WorkspaceConfig, roles: Roles) -> Iterator[Grant]:
    if config.ci_stack is not None:
        yield grant_of("TellPeople", "push", [topic_arn(config.devops, roles)], "sns:Publish")


def _of_builds(config: WorkspaceConfig, roles: Roles, acting: Acting) -> Trust:
    """Where builds run: at CodeBuild, unless the table names another host alone."""
    devops = config.devops
    github = config.github if config.github is not None and config.github.jobs == "run" else None
    merged = acting == "build"
    gitlab = config.gitlab if config.gitlab is not None and (merged or config.gitlab.plans) else None
    bitbucket = config.bitbucket if config.bitbucket is not None and (merged or config.bitbucket.plans) else None
    project = arn_of(devops, "codebuild", f"project/{roles.of_devops(acting)}")
    walks = config.codepipeline is not None and merged
    elsewhere = any(host is not None for host in (github, gitlab, bitbucket)) or walks
    trusts = [as_service("codebuild", project)] if not elsewhere or config.ci_stack is not None else []
    if walks:
        its_project = as_service("codebuild", arn_of(devops, "codebuild", f"project/{roles.pipeline}"))
        trusts.append(named(its_project, "Pipeline"))
    if github is not None:
        own = "" if merged else PLAN_ENVIRONMENT
        trusts.append(as_github(provider_arn(devops.account_id), github, config.ci.branch, environment=own))
    if gitlab is not None:
        trusts.append(as_gitlab(provider_arn(devops.account_id, GITLAB), gitlab, config.ci.branch, merged=merged))
    if bitbucket is not None:
        provider = provider_arn(devops.account_id, bitbucket.issuer)
        trusts.append(as_bitbucket(provider, bitbucket, merged=merged))
    return as_any(trusts)


def _buckets(config: WorkspaceConfig) -> list[str]:
    return [f"arn:aws:s3:::{place.bucket}" for place in config.buckets]


def _reads(config: WorkspaceConfig) -> Iterator[Grant]:
    arns = _buckets(config)
    first, *others = arns
    read = [
        f"{first}/{what}"
        for what in ("environments/*", "projects/*", "workspace.json", "ci/plans/*", "ci/wanted/*", "ci/environments/*")
    ]
    verbs = ("plan", "status", "deploy", "promote", "rollback", "approve")
    # Without it S3 answers 403 instead of 404 for a key that is not there.
    yield grant_of("ListTheBucket", verbs, arns, *calls_of("s3", "ListBucket", "ListBucketVersions"))
    get = calls_of("s3", "GetObject", "GetObjectVersion")
    yield grant_of("ReadArtifactsAndRecords", verbs, [*read, *(f"{arn}/projects/*" for arn in others)], *get)


def _looks(config: WorkspaceConfig, roles: Roles) -> Iterator[Grant]:
    yield look_at_the_bucket(config, "doctor")
    names = [access_stack_name(roles.prefix, DEVOPS_STACK)]
    if config.ci_stack is not None:
        names.append(ci_stack_name(roles.prefix))
    yield from look_at_builds(config)
    yield _look_at_roles(*(arn_of(config.devops, "cloudformation", f"stack/{name}/*") for name in names))


def _look_at_roles(*stacks: str) -> Grant:
    actions = ("cloudformation:DescribeStacks", "cloudformation:GetTemplate")
    return grant_of("LookAtTheRoles", "doctor", stacks, *actions)


def _writes(config: WorkspaceConfig, acting: Acting) -> Iterator[Grant]:
    """Artifacts may be created by anyone who deploys anywhere, records of an environment by those who deploy there."""
    arns = _buckets(config)
    own = [place for place in config.environments if acting in place.deployed_by]
    if own:
        yield grant_of("PublishArtifacts", ("publish", "deploy"), [f"{arn}/projects/*" for arn in arns], "s3:PutObject")
        # Approvals and freezes lie beside them, and are a person's, so they are named one by one.
        kinds = (lambda name: current_key(name, "*"), summary_key, rules_key, lambda name: f"{history_key(name)}*")
        names = [place.name for place in own]
        if acting == "build" and has_branches(config, own[0]):
            names.append(OF_BRANCHES)
        records = [f"{arns[0]}/{kind(name)}" for name in names for kind in kinds]
        # The first to write names the workspace; a second one changes nothing.
        records.append(f"{arns[0]}/workspace.json")
        yield grant_of("WriteRecords", ("deploy", "promote", "rollback", "destroy"), records, "s3:PutObject")
    yield from _enters(config, own)


def _enters(config: WorkspaceConfig, own: Collection[Environment]) -> Iterator[Grant]:
    """Into the role that deploys where one may, else into the one that looks."""
    made = [place for place in config.environments if place.prefix]
    roles = [
        f"arn:aws:iam::{place.account_id}:role/{place.role_for('deploy' if place in own else 'read')}" for place in made
    ]
    if roles:
        yield grant_of("EnterEnvironments", ("deploy", "drift", "logs", "approve"), sorted(roles), "sts:AssumeRole")


def _approves(config: WorkspaceConfig) -> Grant:
    """The last part of the key is who writes: the id of the role, and the name that its trust policy makes hers."""
    # `*` stands for slashes, too: without the name of an environment a record's key could end like an approval's.
    folders = [f"arn:aws:s3:::{config.devops.bucket}/{approvals_folder(place.name)}" for place in config.environments]
    return grant_of("WriteApprovals", "approve", [f"{one}*/*/${{aws:userid}}.json" for one in folders], "s3:PutObject")


def _freezes(config: WorkspaceConfig) -> Grant:
    """Everywhere, also where only builds deploy; and no build may, so that none lifts what people stopped."""
    keys = [f"arn:aws:s3:::{config.devops.bucket}/{freeze_key(place.name)}" for place in config.environments]
    return grant_of("WriteFreezes", ("freeze", "unfreeze"), keys, "s3:PutObject")


def _keeps_jobs(devops: Devops) -> Grant:
    """What is wanted, what waits and how it went; the library is put there by an administrator's `bootstrap`."""
    kept = [f"arn:aws:s3:::{devops.bucket}/{one}" for one in KEPT_BY_BUILDS]
    return grant_of("KeepJobs", "push", kept, "s3:PutObject")


def _reads_jobs(devops: Devops, *what: str) -> Grant:
    return grant_of("ReadJobs", "push", [f"arn:aws:s3:::{devops.bucket}/ci/{one}" for one in what], "s3:GetObject")


def _keeps_its_jobs(devops: Devops) -> Iterator[Grant]:
    """The same for builds of what is not merged: they write about pull requests alone, whose objects have names of
    their own, and leave no plan to approve and no settings for the dispatcher."""
    ci = f"arn:aws:s3:::{devops.bucket}/ci"
    own = [f"{ci}/{folder}/{REQUESTS}*" for folder in ("wanted", "results")]
    yield _reads_jobs(devops, "*")
    yield grant_of("KeepItsJobs", "push", own, "s3:PutObject")


def _dispatches(devops: Devops, roles: Roles) -> Iterator[Grant]:
    """It starts a build as it is: source, build spec, role and image are the project's."""
    name = roles.of_devops("dispatcher")
    yield _reads_jobs(devops, "protected.json", "wanted/*")
    yield grant_of("KeepWishes", "push", [f"arn:aws:s3:::{devops.bucket}/ci/wanted/*"], "s3:PutObject")
    yield grant_of("ListTheBucket", "push", [f"arn:aws:s3:::{devops.bucket}"], "s3:ListBucket")
    queue = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    yield grant_of("TakeEvents", "push", [arn_of(devops, "sqs", name)], *calls_of("sqs", *queue))
    projects = [arn_of(devops, "codebuild", f"project/{roles.of_devops(one)}") for one in ("build", "plan")]
    yield grant_of("StartBuilds", "push", projects, "codebuild:StartBuild", condition=_AS_THEY_ARE)
    yield grant_of("LookAtBuilds", "push", projects, "codebuild:BatchGetBuilds")
    logs = [arn_of(devops, "logs", f"log-group:/aws/lambda/{name}:*")]
    yield grant_of("WriteItsLog", "push", logs, *calls_of("logs", "CreateLogStream", "PutLogEvents"))


def _builds(config: WorkspaceConfig, roles: Roles, acting: Acting) -> Iterator[Grant]:
    """What the CI's stack asks of a build: its log, and the repository."""
    devops, name = config.devops, roles.of_devops(acting)
    if config.ci_stack is None:
        return
    logs = [arn_of(devops, "logs", f"log-group:/aws/codebuild/{name}:*")]
    yield grant_of("WriteItsLog", "push", logs, *calls_of("logs", "CreateLogStream", "PutLogEvents"))
    yield from reads_repository(devops, config.ci_stack, "ReadTheRepository", "push")
    if config.ci_stack.kind == "CODECOMMIT":
        yield speaks(devops, roles)


def repository_arn(devops: Devops, stack: CiStack) -> str:
    """Of a repository of CodeCommit, in the devops account."""
    return arn_of(devops, "codecommit", stack.repository)


def topic_arn(devops: Devops, roles: Roles) -> str:
    """Of the topic for people."""
    return arn_of(devops, "sns", roles.topic)


def of_environment_roles(
    config: WorkspaceConfig,
    roles: Roles,
    place: Environment,
    templates: Mapping[str, str],
    handlers: Handlers,
    *,
    references: Iterable[Reference] = (),
    layers: Iterable[str] = (),
) -> tuple[RoleAccess, ...]:
    """The three roles of an environment: who deploys, who looks, and CloudFormation.

    Args:
        templates, references, layers: as in ``permissions.of_environment``.
    """
    direct = direct_calls(config, place, tuple(references), tuple(templates.values()))
    stack = arn_of(place, "cloudformation", f"stack/{access_stack_name(place.prefix, place.home)}/*")
    look = _look_at_roles(stack)
    to_cloudformation = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
    act = grant_of(
        "LetCloudFormationAct",
        ("deploy", "destroy", "rollback"),
        [place.execution_role_arn],
        "iam:PassRole",
        condition=to_cloudformation,
    )
    deploy = (
        *in_its_role(place, (grant for grant in direct if grant.sid not in _OF_PRUNE)),
        *reserving(place, templates.values()),
        *others_layers(layers),
        act,
        look,
    )
    looks = (*(attrs.evolve(grant, verbs=("drift", "logs")) for grant in direct if grant.sid in _LOOKS), look)
    devops = f"arn:aws:iam::{config.devops.account_id}:role"
    deployers = [f"{devops}/{roles.of_devops(one)}" for one in place.deployed_by]
    everybody = [f"{devops}/{roles.of_devops(one)}" for one in _LOOKERS]
    return (
        RoleAccess(key="DeployRole", name=place.role_for("deploy"), trust=as_roles(deployers), grants=deploy),
        RoleAccess(key="ReadRole", name=place.role_for("read"), trust=as_roles(everybody), grants=looks),
        RoleAccess(
            key="ExecutionRole",
            name=place.role_for("execution"),
            trust=as_service("cloudformation"),
            grants=execution_grants(config, place, templates, handlers, layers=layers),
        ),
    )
