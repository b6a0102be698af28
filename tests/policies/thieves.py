"""Somebody who has got hold of one of the roles of `bootstrap`, and what she tries with it.

The workspace is the least kind one: its first environment lies in the account of the CI, and two lie in one account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.codepipeline import CodePipeline
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.github import SENT, GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import KINDS, Webhook
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import RoleAccess, of_devops_roles, of_environment_roles
from multi_env_lambda.plan.access_boundary import boundary
from multi_env_lambda.plan.bucket import policy_statements
from multi_env_lambda.plan.bucket_guards import guards_of
from multi_env_lambda.testing.local_cloud import sample_config

from .cases import Case, Document, document
from .goal import DEVOPS, PROD, Goal, goal_of
from .goals_of_builds import builds, pipeline
from .written import ENVIRONMENTS, WRITTEN

__all__ = ["DEVOPS", "PROD", "ROLES_OF", "Held", "attempt", "goals", "roles"]

ADA = f"arn:aws:iam::{DEVOPS}:user/ada"
_ROLES = Roles(prefix="acme", developers=(ADA,), approvers=(ADA,))
WEBHOOK = Webhook(host="github", secret="acme/webhook")
SENDS = GitHub(repository="acme/units", owner_id=11, repository_id=22, jobs="send", reviewed=("prod",))
"""With reviewers as well, which the table would refuse beside it: the role of a review is one more to get hold of."""
_ACCOUNTS = {"sandbox": DEVOPS, "test": PROD, "staging": "4" * 12, "prod": PROD}
_HANDLERS = json.loads((Path(__file__).parents[2] / "multi_env_lambda/plan/handlers.json").read_text("ascii"))
_KINDS = {
    "F": ("AWS::Lambda::Function", {"Role": {"Fn::GetAtt": ["R", "Arn"]}}),
    "R": ("AWS::IAM::Role", {}),
    "P": ("AWS::IAM::ManagedPolicy", {}),
    "Q": ("AWS::SQS::Queue", {}),
    "T": ("AWS::SNS::Topic", {}),
    "E": ("AWS::Events::Rule", {}),
    "B": ("AWS::S3::Bucket", {}),
    "L": ("AWS::Lambda::Permission", {"FunctionName": "acme-dispatcher"}),
    "M": ("AWS::Lambda::EventSourceMapping", {"FunctionName": "acme-dispatcher"}),
    "QP": ("AWS::SQS::QueuePolicy", {"Queues": ["acme-dispatcher"]}),
    "TP": ("AWS::SNS::TopicPolicy", {"Topics": [f"arn:aws:sns:us-east-1:{DEVOPS}:acme-ci"]}),
    "TS": ("AWS::SNS::Subscription", {"TopicArn": f"arn:aws:sns:us-east-1:{DEVOPS}:acme-ci"}),
    "BP": ("AWS::S3::BucketPolicy", {"Bucket": "acme-artifacts-111111111111-us-east-1"}),
    "C": ("AWS::CodeBuild::Project", {"Name": "acme-build"}),
    "G": ("AWS::Logs::LogGroup", {}),
    "S": ("AWS::SecretsManager::Secret", {}),
    "SP": ("AWS::SSM::Parameter", {}),
    "A": ("AWS::CloudWatch::Alarm", {}),
    "V": ("AWS::CodeCommit::Repository", {"RepositoryName": "units"}),
    "J": ("AWS::Glue::Job", {"Role": {"Fn::GetAtt": ["R", "Arn"]}}),
}
TEMPLATE = json.dumps({"Resources": {key: {"Type": kind, "Properties": body} for key, (kind, body) in _KINDS.items()}})


def _config() -> WorkspaceConfig:
    def placed(place: Environment) -> Environment:
        by = ("build",) if place.name == "prod" else ("build", "developer")
        asks = place.name == "prod"
        return attrs.evolve(place, prefix="acme", account_id=_ACCOUNTS[place.name], deployed_by=by, approval=asks)

    found = sample_config()
    places = tuple(map(placed, found.environments))
    return attrs.evolve(
        found,
        roles=_ROLES,
        environments=places,
        ci_stack=CiStack(repository="units"),
        codepipeline=CodePipeline(repository="units"),
        webhook=WEBHOOK,
        github=SENDS,
    )


CONFIG = _config()
BUCKET = f"arn:aws:s3:::{CONFIG.devops.bucket}"
OF_THE_BUCKET = document(
    *policy_statements(CONFIG.devops.bucket, (), guards=guards_of(CONFIG), tls_only=False),
)


@attrs.frozen(kw_only=True)
class Held:
    """A role in somebody's hands: what it may do, and by what it is bound."""

    name: str
    account: str
    arn: str
    identity: tuple[Document, ...]
    boundary: Document | None = None

    @property
    def session(self) -> str:
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/thief"


def roles() -> tuple[Held, ...]:
    """Each generated role of devops and of two environments, and a unit's role with every right in each of these."""
    found = [_held(DEVOPS, role) for role in of_devops_roles(CONFIG, _ROLES)]
    for place in (CONFIG.environment("sandbox"), CONFIG.environment("prod")):
        found += [_held(place.account_id, role) for role in _of(place)]
        name = f"orders-{place.name}-Role"
        found.append(
            Held(
                name=name,
                account=place.account_id,
                arn=f"arn:aws:iam::{place.account_id}:role{place.role_path}{name}",
                identity=(document({"Effect": "Allow", "Action": "*", "Resource": "*"}),),
                boundary=boundary(CONFIG, place),
            )
        )
    return tuple(found)


def _of(place: Environment) -> tuple[RoleAccess, ...]:
    return of_environment_roles(CONFIG, _ROLES, place, {f"orders-{place.name}": TEMPLATE}, _HANDLERS)


def _held(account: str, role: RoleAccess) -> Held:
    identity = (document(*(grant.statement() for grant in role.grants)),)
    arn = f"arn:aws:iam::{account}:role/{role.name}"
    return Held(name=role.name, account=account, arn=arn, identity=identity)


ROLES_OF: Mapping[str, tuple[str, Any]] = {
    role.name: (account, role.trust)
    for account, some in (
        (DEVOPS, of_devops_roles(CONFIG, _ROLES)),
        (DEVOPS, _of(CONFIG.environment("sandbox"))),
        (PROD, _of(CONFIG.environment("prod"))),
    )
    for role in some
}
"""Name -> its account, and its trust policy."""


def attempt(held: Held, goal: Goal) -> Case:
    return Case(
        name=f"{held.name}: {goal.name}",
        source="thief",
        verdict="",
        action=goal.action,
        resource=goal.resource,
        principal=held.session,
        account=goal.account,
        identity=held.identity,
        boundary=held.boundary,
        of_resource=goal.of_resource,
        context={"aws:PrincipalArn": held.arn, **goal.context},
    )


def goals() -> Iterator[Goal]:
    yield from _other_roles()
    yield from _rights()
    yield from _stacks()
    yield from builds()
    yield from pipeline()
    yield from _chain()
    yield from _objects()
    yield from _repository_and_secrets()


_BECOMES = {
    "acme-comments": ("acme-build", "acme-plan"),
    "acme-sandbox-deploy": ("acme-build", "acme-developer"),
    "acme-sandbox-read": ("acme-approver",),
    "acme-prod-deploy": ("acme-build",),
    "acme-prod-read": ("acme-approver", "acme-developer"),
}


def _other_roles() -> Iterator[Goal]:
    for name, (account, trust) in ROLES_OF.items():
        arn = f"arn:aws:iam::{account}:role/{name}"
        session = {"sts:RoleSessionName": "thief"}
        may = _BECOMES.get(name, ())
        yield goal_of("sts:AssumeRole", arn, account, *may, context=session, of_resource=trust)
        for service in ("cloudformation", "codebuild", "lambda"):
            passed = service == "cloudformation" and name.endswith("-execution")
            may = (name.replace("execution", "deploy"),) if passed else ()
            context = {"iam:PassedToService": f"{service}.amazonaws.com"}
            yield goal_of("iam:PassRole", arn, account, *may, name=f"pass {name} to {service}", context=context)
    for account in (DEVOPS, PROD):
        whole = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        root = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{'9' * 12}:root"}}
        yield goal_of("sts:AssumeRole", whole, account, of_resource=document(root))


_ON_ROLES = ("AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary", "DetachRolePolicy", "PutRolePolicy")
_MORE_ON_ROLES = ("PutRolePermissionsBoundary", "TagRole", "UpdateAssumeRolePolicy", "UpdateRole")
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def _rights() -> Iterator[Goal]:
    for name, (account, _) in ROLES_OF.items():
        for verb in (*_ON_ROLES, *_MORE_ON_ROLES):
            yield goal_of(f"iam:{verb}", f"arn:aws:iam::{account}:role/{name}", account)
    for account, place in ((DEVOPS, "sandbox"), (PROD, "prod")):
        iam, own = f"arn:aws:iam::{account}", f"acme-{place}-execution"
        bounded = {"iam:PermissionsBoundary": f"{iam}:policy/acme-{place}-boundary"}
        below = f"{iam}:role/acme/{place}/thief"
        make, bound = "iam:CreateRole", "iam:PutRolePermissionsBoundary"
        yield goal_of(make, below, account, own, name=f"a bounded role in {place}", context=bounded)
        yield goal_of(make, below, account, name=f"a role without a boundary in {place}")
        loose = {"iam:PermissionsBoundary": _ADMINISTRATOR}
        yield goal_of(make, below, account, name=f"a role with another boundary in {place}", context=loose)
        yield goal_of(bound, below, account, name=f"another boundary in {place}", context=loose)
        yield goal_of("iam:PutRolePolicy", below, account, name=f"rights without a boundary in {place}")
        yield goal_of("iam:DeleteRolePermissionsBoundary", below, account, context=bounded)
        for path in ("", "acme/", f"acme/{place}x/", f"other/{place}/"):
            yield goal_of(make, f"{iam}:role/{path}thief", account, context=bounded)
        for verb in ("CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"):
            for policy in (f"acme-{place}-boundary", f"acme-{place}-deploy-1", "acme-build-1"):
                yield goal_of(f"iam:{verb}", f"{iam}:policy/{policy}", account)
        for verb in ("CreateAccessKey", "CreateLoginProfile", "CreateUser", "PutUserPolicy"):
            yield goal_of(f"iam:{verb}", f"{iam}:user/thief", account)
        yield goal_of("iam:CreateOpenIDConnectProvider", f"{iam}:oidc-provider/evil.example.org", account)


def _in_a_role(action: str, arn: str, account: str, place: str) -> Iterator[Goal]:
    """Others' stacks may have such names, and roles in which whoever changes them acts."""
    may = f"acme-{place}-deploy"
    if action == "cloudformation:ExecuteChangeSet":
        for name in ("mel-make-1", "by-hand", "x-mel-1"):
            may_do = (may,) if name.startswith("mel-") else ()
            for called in (name, f"arn:aws:cloudformation:us-east-1:{account}:changeSet/{name}/0a1b"):
                key = {"cloudformation:ChangeSetName": called}
                yield goal_of(action, arn, account, *may_do, name=f"carry out {called} of {arn}", context=key)
        return
    own = {"cloudformation:RoleArn": f"arn:aws:iam::{account}:role/acme-{place}-execution"}
    other = {"cloudformation:RoleArn": f"arn:aws:iam::{account}:role/platform"}
    yield goal_of(action, arn, account, may, context=own)
    yield goal_of(action, arn, account, name=f"{action} {arn} in the stack's own role")
    yield goal_of(action, arn, account, name=f"{action} {arn} in another role", context=other)


def _stacks() -> Iterator[Goal]:
    of_environments = {"orders-prod": (PROD, "prod"), "orders-sandbox": (DEVOPS, "sandbox")}
    others = {
        "acme-prod-Access": PROD,
        "acme-sandbox-Access": DEVOPS,
        "acme-devops-Access": DEVOPS,
        "acme-devops-Ci": DEVOPS,
        "orders-test": PROD,
        "network": PROD,
    }
    for verb in ("ContinueUpdateRollback", "CreateChangeSet", "DeleteStack", "ExecuteChangeSet", "RollbackStack"):
        for stack, (account, place) in of_environments.items():
            arn = f"arn:aws:cloudformation:us-east-1:{account}:stack/{stack}/1"
            yield from _in_a_role(f"cloudformation:{verb}", arn, account, place)
        for stack, account in others.items():
            arn = f"arn:aws:cloudformation:us-east-1:{account}:stack/{stack}/1"
            yield goal_of(f"cloudformation:{verb}", arn, account)
    # A stack that has a role acts by it, whoever changes it and how.
    for verb in ("SetStackPolicy", "UpdateStack", "UpdateTerminationProtection"):
        for stack, account in others.items():
            arn = f"arn:aws:cloudformation:us-east-1:{account}:stack/{stack}/1"
            yield goal_of(f"cloudformation:{verb}", arn, account)


def _chain() -> Iterator[Goal]:
    here = f"us-east-1:{DEVOPS}"
    for name in ("dispatcher", "receiver"):
        function = f"arn:aws:lambda:{here}:function:acme-{name}"
        for verb in ("AddPermission", "DeleteFunction", "InvokeFunction", "PublishVersion", "UpdateFunctionCode"):
            yield goal_of(f"lambda:{verb}", function, DEVOPS)
        for verb in ("UpdateFunctionConfiguration", "UpdateFunctionUrlConfig", "DeleteFunctionConcurrency"):
            yield goal_of(f"lambda:{verb}", function, DEVOPS)
    yield from _mappings(here)
    for verb, may in (
        ("SendMessage", ()),
        ("ReceiveMessage", ("acme-dispatcher",)),
        ("DeleteMessage", ("acme-dispatcher",)),
        ("DeleteQueue", ()),
        ("PurgeQueue", ()),
        ("SetQueueAttributes", ()),
    ):
        yield goal_of(f"sqs:{verb}", f"arn:aws:sqs:{here}:acme-dispatcher", DEVOPS, *may)
    yield goal_of("sqs:DeleteMessage", f"arn:aws:sqs:{here}:acme-dispatcher-dead", DEVOPS)
    for verb, may in (("Publish", ("acme-build",)), ("SetTopicAttributes", ()), ("Subscribe", ()), ("DeleteTopic", ())):
        yield goal_of(f"sns:{verb}", f"arn:aws:sns:{here}:acme-ci", DEVOPS, *may)
    for verb in ("DeleteRule", "DisableRule", "PutRule", "PutTargets", "RemoveTargets"):
        yield goal_of(f"events:{verb}", f"arn:aws:events:{here}:rule/acme-dispatcher-look", DEVOPS)
    yield from _events(here)
    for verb in ("DeleteAlarms", "DisableAlarmActions", "PutMetricAlarm"):
        yield goal_of(f"cloudwatch:{verb}", f"arn:aws:cloudwatch:{here}:alarm:acme-dispatcher-failed-builds", DEVOPS)
    for group in ("lambda/acme-dispatcher", "lambda/acme-receiver", "codebuild/acme-build", "codebuild/acme-plan"):
        log = f"arn:aws:logs:{here}:log-group:/aws/{group}"
        yield goal_of("logs:DeleteLogGroup", log, DEVOPS)
        stream = f"{log}:log-stream:1"
        yield goal_of("logs:PutLogEvents", stream, DEVOPS, group.rpartition("/")[2])


def _mappings(here: str) -> Iterator[Goal]:
    """A queue of one's own in front of the dispatcher would say what its owner likes: its policy lets it be read."""
    for name in ("acme-dispatcher", "acme-witness"):
        told = {"lambda:FunctionArn": f"arn:aws:lambda:{here}:function:{name}"}
        mapping = f"arn:aws:lambda:{here}:event-source-mapping:0a1b"
        for verb, arn in (("Create", "*"), ("Delete", mapping), ("Update", mapping)):
            yield goal_of(
                f"lambda:{verb}EventSourceMapping", arn, DEVOPS, name=f"{verb} a mapping to {name}", context=told
            )


def _events(here: str) -> Iterator[Goal]:
    """What somebody may say in the name of a Git host: no role but two says anything, and each says its kinds."""
    bus, put = f"arn:aws:events:{here}:event-bus/default", "events:PutEvents"
    for kind in ("asked", "issues", "pull_request_review", "push", "workflow_dispatch"):
        may = [name for name, kinds in (("receiver", KINDS["github"]), ("sender", SENT)) if kind in kinds]
        for source in ("bitbucket.org", "github.com", "multi_env_lambda", "multi_env_lambda.github"):
            roles_of = [f"acme-{name}" for name in may if source == "github.com"]
            context = {"events:source": source, "events:detail-type": kind}
            yield goal_of(put, bus, DEVOPS, *roles_of, name=f"{kind} of {source}", context=context)
    other = f"arn:aws:events:{here}:event-bus/other"
    context = {"events:source": "github.com", "events:detail-type": "push"}
    yield goal_of(put, other, DEVOPS, name="an event on another bus", context=context)


_NEW = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}
_OVER = {"s3:ObjectCreationOperation": "true"}
_USER = {"aws:userid": "AROA:thief"}


def _objects() -> Iterator[Goal]:
    bucket = {"account": DEVOPS, "of_resource": OF_THE_BUCKET}
    for key, may in WRITTEN.items():
        told = {"resource": f"{BUCKET}/{key}", **bucket}
        yield Goal(name=f"write {key}", action="s3:PutObject", may=frozenset(may), context={**_OVER, **_USER}, **told)
        for verb in ("DeleteObject", "DeleteObjectVersion", "PutObjectAcl"):
            yield Goal(name=f"{verb} {key}", action=f"s3:{verb}", context=_USER, **told)
    for folder in ("glue", "lambda", "release"):
        told = {"resource": f"{BUCKET}/projects/orders/{folder}/1.0.0/a", **bucket}
        publish, may = "s3:PutObject", frozenset(ENVIRONMENTS)
        yield Goal(name=f"publish {folder}", action=publish, may=may, context={**_NEW, **_USER}, **told)
        yield Goal(name=f"overwrite {folder}", action=publish, context={**_OVER, **_USER}, **told)
        for verb in ("DeleteObject", "DeleteObjectVersion"):
            yield Goal(name=f"{verb} {folder}", action=f"s3:{verb}", context=_USER, **told)
    told = {"resource": f"{BUCKET}/workspace.json", **bucket}
    yield Goal(name="another workspace", action="s3:PutObject", context={**_OVER, **_USER}, **told)
    for verb in ("BucketPolicy", "BucketVersioning", "BucketNotification", "LifecycleConfiguration", "BucketAcl"):
        yield Goal(name=f"Put{verb}", action=f"s3:Put{verb}", resource=BUCKET, context=_USER, **bucket)


def _repository_and_secrets() -> Iterator[Goal]:
    here = f"us-east-1:{DEVOPS}"
    units = f"arn:aws:codecommit:{here}:units"
    for verb in ("CreateBranch", "DeleteRepository", "GitPush", "MergePullRequestByFastForward", "PutFile"):
        yield goal_of(f"codecommit:{verb}", units, DEVOPS)
    for verb in ("PutRepositoryTriggers", "UpdateDefaultBranch", "UpdatePullRequestApprovalState"):
        yield goal_of(f"codecommit:{verb}", units, DEVOPS)
    yield goal_of("codecommit:UpdateComment", units, DEVOPS, "acme-comments")
    for account, unit in ((DEVOPS, "orders-sandbox-Role"), (PROD, "orders-prod-Role")):
        secret = f"arn:aws:secretsmanager:us-east-1:{account}:secret:password-AbCdEf"
        yield goal_of("secretsmanager:GetSecretValue", secret, account, unit)
        own = f"arn:aws:secretsmanager:us-east-1:{account}:secret:acme/webhook-AbCdEf"
        may = ("acme-receiver",) if account == DEVOPS else (unit,)
        yield goal_of("secretsmanager:GetSecretValue", own, account, *may)
        longer = f"arn:aws:secretsmanager:us-east-1:{account}:secret:acme/webhook-of-others-AbCdEf"
        yield goal_of("secretsmanager:GetSecretValue", longer, account, unit)
        yield goal_of("ssm:GetParameter", f"arn:aws:ssm:us-east-1:{account}:parameter/password", account, unit)
