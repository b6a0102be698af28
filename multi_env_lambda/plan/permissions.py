"""What each role has to be allowed: the calls of this library, and those that CloudFormation makes for a stack.

Input: the workspace, the templates of an environment, what CloudFormation calls by type. Output: statements of IAM,
each with the verbs that need it. Names are patterns (``*-prod-*``), so a new unit needs no new policy.

Source of what can be scoped to which resource:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["LONGEST_POLICY", "Grant", "Permissions", "of_caller", "of_devops", "of_environment", "policies"]

LONGEST_POLICY = 6144
"""Characters of a managed policy, white space not counted.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

Handlers = Mapping[str, Mapping[str, Sequence[str]]]
"""By type of resource: what CloudFormation calls for ``deploy`` (create, read, update) and for ``destroy``."""

_EVERY = ("plan", "deploy", "promote", "rollback", "status")


@attrs.frozen(kw_only=True)
class Grant:
    """One statement: what is allowed on what, and the verbs that fail without it."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    condition: Mapping[str, Any] | None = None

    def statement(self) -> dict[str, Any]:
        body: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow", "Action": sorted(self.actions)}
        more = {} if self.condition is None else {"Condition": dict(self.condition)}
        return {**body, "Resource": list(self.resources), **more}


@attrs.frozen(kw_only=True)
class Permissions:
    """Of one role. ``role`` is its ARN, or who it is; ``unknown`` are types whose calls are not known here."""

    role: str
    grants: tuple[Grant, ...]
    unknown: tuple[str, ...] = ()


def of_caller(config: WorkspaceConfig) -> Permissions:
    """Whoever runs the verbs: to become the roles, and nothing else."""
    places: tuple[Devops | Environment, ...] = (config.devops, *config.environments)
    roles = sorted({place.role_arn for place in places if place.role_arn})
    grants = [_grant("AssumeTheRoles", "every verb", roles, "sts:AssumeRole")] if roles else []
    return Permissions(role="whoever runs the verbs", grants=tuple(grants))


def of_devops(config: WorkspaceConfig) -> Permissions:
    """The role that reads and writes artifacts and records."""
    arns = [f"arn:aws:s3:::{place.bucket}" for place in config.buckets]
    copies = [f"{arn}/projects/*" for arn in arns]
    arn = arns[0]
    look = ("GetBucketPolicy", "GetBucketPublicAccessBlock", "GetBucketVersioning", "GetEncryptionConfiguration")
    make = ("CreateBucket", "PutBucketPolicy", "PutBucketPublicAccessBlock", "PutBucketVersioning")
    written = (f"{arn}/environments/*", *copies, f"{arn}/workspace.json")
    grants = (
        # Without it S3 answers 403 instead of 404 for a key that is not there.
        _grant("ListTheBucket", _EVERY, arns, "s3:ListBucket", "s3:ListBucketVersions"),
        _grant("ReadArtifactsAndRecords", _EVERY, [f"{arn}/*", *copies[1:]], "s3:GetObject", "s3:GetObjectVersion"),
        _grant("WriteArtifactsAndRecords", ("publish", "deploy"), written, "s3:PutObject"),
        _grant("DeleteWhatIsPruned", "prune", copies, "s3:DeleteObject"),
        _grant("LookAtTheBucket", ("bootstrap", "doctor"), arns, *_calls("s3", *look, "GetLifecycleConfiguration")),
        _grant("SetUpTheBucket", "bootstrap", arns, *_calls("s3", *make, "PutLifecycleConfiguration")),
    )
    return Permissions(role=config.devops.role_arn or "your own credentials", grants=grants)


def of_environment(
    config: WorkspaceConfig,
    place: Environment,
    templates: Iterable[str],
    handlers: Handlers,
    *,
    queues: Iterable[str] = (),
    layers: Iterable[str] = (),
) -> Permissions:
    """The role that deploys to one environment; CloudFormation acts with its rights.

    Args:
        templates: of all units there.
        queues: ARNs of existing queues that functions read.
        layers: ARNs of others' layers that functions have.
    """
    resources = [body for text in templates for body in json.loads(text)["Resources"].values()]
    types = sorted({body["Type"] for body in resources})
    others = sorted(set(layers))
    direct = _direct(config, place, tuple(sorted(set(queues))), has_jobs="AWS::Glue::Job" in types)
    grants = (
        *direct,
        *_of_cloudformation(place, resources, handlers, frozenset(_shared_with_cloudformation(direct))),
        *_pass_role(place, types),
        *([_grant("TakeOthersLayers", "deploy", others, "lambda:GetLayerVersion")] if others else []),
    )
    role = place.role_arn or "your own credentials"
    return Permissions(role=role, grants=grants, unknown=tuple(name for name in types if name not in handlers))


def policies(permissions: Permissions) -> tuple[dict[str, Any], ...]:
    """The statements as documents that each fit into one managed policy."""
    documents: list[list[dict[str, Any]]] = [[]]
    for grant in permissions.grants:
        grown = [*documents[-1], grant.statement()]
        if documents[-1] and len(canonical_json(_document(grown))) > LONGEST_POLICY:
            grown = [grant.statement()]
            documents.append(grown)
        documents[-1] = grown
    return tuple(_document(statements) for statements in documents if statements)


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _grant(sid: str, verbs: str | Sequence[str], resources: Iterable[str], *actions: str, **more: Any) -> Grant:
    named = (verbs,) if isinstance(verbs, str) else tuple(verbs)
    return Grant(sid=sid, actions=actions, resources=tuple(resources), verbs=named, **more)


def _calls(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


def _arn(place: Environment, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{place.region}:{place.account_id}:{rest}"


def _direct(
    config: WorkspaceConfig, place: Environment, queues: tuple[str, ...], *, has_jobs: bool
) -> tuple[Grant, ...]:
    """The calls that this library makes itself."""
    functions = _arn(place, "lambda", f"function:*-{place.name}-*")
    layers = [_arn(place, "lambda", f"layer:*-{place.name}{rest}") for rest in ("", ":*")]
    stacks = [_arn(place, "cloudformation", f"stack/*-{place.name}/*")]
    return (
        _grant("LookAtStacks", ("plan", "deploy", "doctor"), stacks, *_calls("cloudformation", *_LOOKS)),
        _grant("ChangeStacks", ("deploy", "rollback"), stacks, *_calls("cloudformation", *_CHANGES)),
        _grant("DeleteStacks", "destroy", stacks, "cloudformation:DeleteStack"),
        _grant("CompareStacks", "drift", stacks, *_calls("cloudformation", *_COMPARES)),
        _grant("WaitForDrift", "drift", ["*"], "cloudformation:DescribeStackDriftDetectionStatus"),
        _grant(
            "TakeWhatIsPublished",
            ("deploy", "doctor"),
            [f"arn:aws:s3:::{config.devops.at(place.region).bucket}/projects/*"],
            *_calls("s3", "GetObject", "GetObjectVersion"),
        ),
        _grant(
            "LookAtFunctions",
            ("deploy", "drift"),
            [functions],
            *_calls("lambda", "GetAlias", "GetFunctionConfiguration"),
        ),
        _grant("LookAtLayers", "deploy", layers, "lambda:GetLayerVersion"),
        _grant("CallFunctions", ("invoke", "deploy"), [functions], "lambda:InvokeFunction"),
        _grant("MoveAliases", "deploy", [functions], "lambda:UpdateAlias"),
        _grant("FindOldVersions", "prune", [functions], *_calls("lambda", "ListAliases", "ListVersionsByFunction")),
        _grant("FindOldLayers", "prune", layers, "lambda:ListLayerVersions"),
        _grant(
            "DeleteVersions",
            ("prune", "destroy"),
            [functions, *layers],
            *_calls("lambda", "DeleteFunction", "DeleteLayerVersion"),
        ),
        _grant("WatchAlarms", "deploy", [_arn(place, "cloudwatch", "alarm:*")], "cloudwatch:DescribeAlarms"),
        _grant("WatchMetrics", "deploy", ["*"], "cloudwatch:GetMetricStatistics"),
        _grant("LookForParameters", "deploy", ["*"], "ssm:DescribeParameters"),
        _grant(
            "LookForSecrets", "deploy", [_arn(place, "secretsmanager", "secret:*")], "secretsmanager:DescribeSecret"
        ),
        *([_grant("LookAtQueues", "deploy", queues, "sqs:GetQueueAttributes", "sqs:GetQueueUrl")] if queues else []),
        *([_run_jobs(place)] if has_jobs else []),
    )


_LOOKS = (
    "DescribeChangeSet",
    "DescribeEvents",
    "DescribeStackEvents",
    "DescribeStacks",
    "ListStackResources",
)
_CHANGES = (
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "DeleteChangeSet",
    "ExecuteChangeSet",
    "RollbackStack",
    "TagResource",
    "UntagResource",
)
_COMPARES = ("DescribeStackResourceDrifts", "DetectStackDrift", "DetectStackResourceDrift")


def _run_jobs(place: Environment) -> Grant:
    jobs = [_arn(place, "glue", f"job/*-{place.name}-*")]
    return _grant("RunJobs", "invoke", jobs, "glue:GetJobRun", "glue:StartJobRun")


# --- what CloudFormation does with the same rights ---
_OTHER_SERVICES = {
    "ec2": "VpcConfig",
    "elasticfilesystem": "FileSystemConfigs",
    "kms": "Kms",
}
"""What a type calls of another service, and (the beginning of) the property that makes it do so."""

_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("arn:aws:apigateway:{region}::/*",),
    "cloudwatch": ("arn:aws:cloudwatch:{region}:{account}:alarm:*-{name}-*",),
    "dynamodb": ("arn:aws:dynamodb:{region}:{account}:table/*-{name}-*",),
    "events": (
        "arn:aws:events:{region}:{account}:event-bus/*-{name}-*",
        "arn:aws:events:{region}:{account}:rule/*-{name}-*",
    ),
    "firehose": ("arn:aws:firehose:{region}:{account}:deliverystream/*-{name}-*",),
    "glue": (
        "arn:aws:glue:{region}:{account}:catalog",
        "arn:aws:glue:{region}:{account}:database/*",
        "arn:aws:glue:{region}:{account}:job/*-{name}-*",
        "arn:aws:glue:{region}:{account}:table/*",
        "arn:aws:glue:{region}:{account}:trigger/*-{name}-*",
    ),
    "iam": ("arn:aws:iam::{account}:policy/*-{name}-*", "arn:aws:iam::{account}:role/*-{name}-*"),
    "kinesis": ("arn:aws:kinesis:{region}:{account}:stream/*-{name}-*",),
    "lambda": (
        "arn:aws:lambda:{region}:{account}:event-source-mapping:*",
        "arn:aws:lambda:{region}:{account}:function:*-{name}-*",
        "arn:aws:lambda:{region}:{account}:layer:*-{name}",
        "arn:aws:lambda:{region}:{account}:layer:*-{name}:*",
    ),
    "logs": ("arn:aws:logs:{region}:{account}:log-group:*-{name}-*",),
    "s3": ("arn:aws:s3:::*-{name}-*",),
    "scheduler": ("arn:aws:scheduler:{region}:{account}:schedule/*/*-{name}-*",),
    "secretsmanager": ("arn:aws:secretsmanager:{region}:{account}:secret:*",),
    "sns": ("arn:aws:sns:{region}:{account}:*-{name}-*",),
    "sqs": ("arn:aws:sqs:{region}:{account}:*-{name}-*",),
    "ssm": ("arn:aws:ssm:{region}:{account}:parameter/*",),
    "states": ("arn:aws:states:{region}:{account}:stateMachine:*-{name}-*",),
}
_NOWHERE = frozenset(
    {
        "lambda:CreateEventSourceMapping",
        "logs:DescribeResourcePolicies",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
    }
)
"""What IAM cannot scope to a resource, or whose resource (a key) has no name that is known here."""

_PASSED_TO = {
    "AWS::Glue::Job": "glue.amazonaws.com",
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::Scheduler::Schedule": "scheduler.amazonaws.com",
    "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
}


def _shared_with_cloudformation(direct: Iterable[Grant]) -> Iterable[str]:
    """What is granted on the same names already, so that each action stands in one statement."""
    return (action for grant in direct for action in grant.actions if action.startswith(("cloudwatch:", "lambda:")))


def _of_cloudformation(
    place: Environment, resources: Iterable[Mapping[str, Any]], handlers: Handlers, granted: frozenset[str]
) -> tuple[Grant, ...]:
    """By service: what is called to make and change things, and what more to delete them."""
    wanted: dict[str, dict[str, set[str]]] = {"deploy": {}, "destroy": {}}
    for body in resources:
        for verb, actions in handlers.get(body["Type"], {}).items():
            for action in actions:
                if action not in granted and _is_called(action, body):
                    wanted[verb].setdefault(action.partition(":")[0], set()).add(action)
    grants: list[Grant] = []
    for service in sorted({*wanted["deploy"], *wanted["destroy"]}):
        made = wanted["deploy"].get(service, set())
        grants += _scoped(place, service, "Make", "deploy", made)
        grants += _scoped(place, service, "Delete", "destroy", wanted["destroy"].get(service, set()) - made)
    return tuple(grants)


def _is_called(action: str, body: Mapping[str, Any]) -> bool:
    service, own = action.partition(":")[0], body["Type"].split("::")[1].lower()
    if action == "iam:PassRole":
        return False  # a statement of its own, with who gets the role
    if service in (own, _SERVICE_OF.get(own, own)):
        return "." not in action
    needed = _OTHER_SERVICES.get(service)
    return needed is not None and any(key.startswith(needed) for key in body.get("Properties", {}))


_SERVICE_OF = {"stepfunctions": "states", "kinesisfirehose": "firehose", "apigatewayv2": "apigateway"}


def _scoped(place: Environment, service: str, what: str, verb: str, actions: set[str]) -> Iterable[Grant]:
    values = {"region": place.region, "account": place.account_id, "name": place.name}
    patterns = tuple(pattern.format(**values) for pattern in _PATTERNS.get(service, ("*",)))
    named, anywhere = sorted(actions - _NOWHERE), sorted(actions & _NOWHERE)
    title = f"{what}{service.capitalize()}"
    if named:
        yield Grant(sid=title, actions=tuple(named), resources=patterns, verbs=(verb,))
    if anywhere:
        yield Grant(sid=f"{title}Anywhere", actions=tuple(anywhere), resources=("*",), verbs=(verb,))


def _pass_role(place: Environment, types: Iterable[str]) -> tuple[Grant, ...]:
    """To give a function or a job its role; without the condition it could be given to anything."""
    services = sorted({_PASSED_TO[name] for name in types if name in _PASSED_TO})
    if not services:
        return ()
    roles = [f"arn:aws:iam::{place.account_id}:role/*-{place.name}-*"]
    condition = {"StringEquals": {"iam:PassedToService": services}}
    return (_grant("PassRoles", "deploy", roles, "iam:PassRole", condition=condition),)
