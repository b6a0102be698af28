"""What each role has to be allowed: the calls of this library, and those that CloudFormation makes for a stack.

Input: the workspace, the templates of an environment, what CloudFormation calls by type. Output: statements of IAM,
each with the verbs that need it. Names are patterns (``*-prod-*``) wherever the rule for names holds, so that a new
unit needs no new policy.

Source of what can be scoped to which resource:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.reference import Kind, Reference
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.grant import Grant, arn_of, calls_of, documents, grant_of
from multi_env_lambda.plan.handler_calls import Handlers, of_cloudformation
from multi_env_lambda.plan.lent import lent_in
from multi_env_lambda.plan.named_resources import NamedResource, computed_names
from multi_env_lambda.plan.reached import reached
from multi_env_lambda.plan.reservations import reservations

__all__ = [
    "NAMES_OF_CHANGE_SETS",
    "Permissions",
    "direct_calls",
    "look_at_builds",
    "own_function_names",
    "of_caller",
    "of_devops",
    "of_environment",
    "reserving",
    "resolved",
    "too_many",
]

NAMES_OF_CHANGE_SETS = "mel-*"
"""What our change sets are called, whatever they change."""

_EVERY = ("plan", "deploy", "promote", "rollback", "status")


@shown_as_text
@attrs.frozen(kw_only=True)
class Permissions:
    """The permissions of one role.

    Args:
        role: its ARN, or whose permissions they are.
        grants: the statements, each with the verbs that need it.
        unknown: types of resources whose calls are not known here.
        cautions: where the names of a stack are not what the statements count on, and what to do about it.
        unseen: units that could not be read, and why; what only they need is missing.
    """

    role: str
    grants: tuple[Grant, ...]
    unknown: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def policies(self) -> tuple[dict[str, Any], ...]:
        """The statements as documents that each fit into one managed policy."""
        return documents(self.grants)

    @property
    def all_cautions(self) -> tuple[str, ...]:
        """With the one that these are more policies than a role takes."""
        return (*self.cautions, *filter(None, [too_many(len(self.policies))]))

    def text(self) -> str:
        """The policies as JSON, one after the other."""
        return "\n".join(json.dumps(document, indent=2) for document in self.policies)

    def to_dict(self) -> dict[str, Any]:
        """The policies, and which verbs need which statement."""
        return {
            "role": self.role,
            "policies": list(self.policies),
            "verbs": {grant.sid: list(grant.verbs) for grant in self.grants},
            "unknown": list(self.unknown),
            "cautions": list(self.all_cautions),
            "unseen": list(self.unseen),
        }


def of_caller(config: WorkspaceConfig) -> Permissions:
    """The person who runs the verbs: to become the roles, and nothing else."""
    places: tuple[Devops | Environment, ...] = (config.devops, *config.environments)
    roles = sorted({place.role_arn for place in places if place.role_arn})
    # Whose session says who she is has to be allowed to say it, in the role's trust policy, too.
    says = ["sts:SetSourceIdentity"] if any(place.role_arn and place.source_identity for place in places) else []
    grants = [grant_of("AssumeTheRoles", "every verb", roles, "sts:AssumeRole", *says)] if roles else []
    return Permissions(role="the person who runs the verbs", grants=tuple(grants))


def look_at_the_bucket(config: WorkspaceConfig, *verbs: str) -> Grant:
    """What is compared with what `bootstrap` would set."""
    look = ["GetBucketPolicy", "GetBucketPublicAccessBlock", "GetBucketVersioning", "GetEncryptionConfiguration"]
    heard = ["GetBucketNotification"] if config.ci_stack else []
    arns = [f"arn:aws:s3:::{place.bucket}" for place in config.buckets]
    return grant_of("LookAtTheBucket", verbs, arns, *calls_of("s3", *look, "GetLifecycleConfiguration", *heard))


def look_at_builds(config: WorkspaceConfig) -> Iterator[Grant]:
    """How many builds may run at once, where the CI has projects; IAM cannot scope it."""
    if config.ci_stack is not None:
        yield grant_of("LookAtQuotas", "doctor", ["*"], *_SERVICE_QUOTAS)


def of_devops(config: WorkspaceConfig) -> Permissions:
    """The role that reads and writes artifacts and records."""
    arns = [f"arn:aws:s3:::{place.bucket}" for place in config.buckets]
    copies = [f"{arn}/projects/*" for arn in arns]
    arn = arns[0]
    make = ("CreateBucket", "PutBucketPolicy", "PutBucketPublicAccessBlock", "PutBucketVersioning")
    written = (f"{arn}/environments/*", *copies, f"{arn}/workspace.json")
    heard = ["s3:PutBucketNotification"] if config.ci_stack else []
    grants = (
        # Without it S3 answers 403 instead of 404 for a key that is not there.
        grant_of("ListTheBucket", _EVERY, arns, "s3:ListBucket", "s3:ListBucketVersions"),
        grant_of("ReadArtifactsAndRecords", _EVERY, [f"{arn}/*", *copies[1:]], "s3:GetObject", "s3:GetObjectVersion"),
        grant_of("WriteArtifactsAndRecords", ("publish", "deploy"), written, "s3:PutObject"),
        grant_of("DeleteWhatIsPruned", "prune", copies, "s3:DeleteObject"),
        look_at_the_bucket(config, "bootstrap", "doctor"),
        *look_at_builds(config),
        grant_of("SetUpTheBucket", "bootstrap", arns, *calls_of("s3", *make, "PutLifecycleConfiguration"), *heard),
    )
    return Permissions(role=config.devops.role_arn or "your own credentials", grants=grants)


def others_layers(layers: Iterable[str]) -> tuple[Grant, ...]:
    """What takes the layers of others, by their ARNs; nothing where there are none."""
    arns = sorted(set(layers))
    return (grant_of("TakeOthersLayers", ("plan", "deploy"), arns, "lambda:GetLayerVersion"),) if arns else ()


def of_environment(
    config: WorkspaceConfig,
    place: Environment,
    templates: Mapping[str, str],
    handlers: Handlers,
    *,
    references: Iterable[Reference] = (),
    layers: Iterable[str] = (),
) -> Permissions:
    """The role that deploys to one environment; CloudFormation acts with its rights.

    Args:
        templates: of all units there, by the name of their stack.
        references: what functions and jobs name of what is there.
        layers: ARNs of others' layers that functions have.
    """
    made = [NamedResource(stack, json.loads(text)["Resources"]) for stack, text in templates.items()]
    types = sorted({body["Type"] for one in made for body in one.resources.values()})
    direct = direct_calls(config, place, tuple(references), tuple(templates.values()))
    grants = (
        *direct,
        *resolved(place, templates.values()),
        *reserving(place, templates.values()),
        *of_cloudformation(place, made, handlers, frozenset(_shared_with_cloudformation(direct))),
        *others_layers(layers),
    )
    role = place.role_arn or "your own credentials"
    unknown = tuple(name for name in types if name not in handlers)
    cautions = (
        *reached(place, config.environments, made, grants),
        *(text for one in made for text in _computed(place, one)),
    )
    return Permissions(role=role, grants=grants, unknown=unknown, cautions=cautions)


def _computed(place: Environment, made: NamedResource) -> Iterator[str]:
    for logical in computed_names(made, place):
        yield (
            f"{made.stack}: only CloudFormation knows the name that {logical} has or changes; the statements cover "
            f"*-{place.name}*; hint: write the name into the template, or add a statement of your own"
        )


MOST_POLICIES = 10
"""Managed policies of a role, unless the quota was raised. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


def too_many(documents: int) -> str:
    """What to say of so many policies; nothing, where a role takes them.

    >>> too_many(10)
    ''
    """
    if documents <= MOST_POLICIES:
        return ""
    return (
        f'these are {documents} managed policies, and a role takes {MOST_POLICIES}; hint: raise the quota "Managed '
        'policies attached to an IAM role" of the account, or let fewer things have names of their own'
    )


_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


def resolved(place: Environment, texts: Iterable[str]) -> Iterator[Grant]:
    """What templates refer to by `{{resolve:…}}`: CloudFormation reads it with the rights of the role that deploys.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    found = {match.groups() for text in texts for match in _REFERENCE.finditer(text)}
    names = {name.partition(":")[0].removeprefix("/") for kind, name in found if kind != "secretsmanager"}
    if names:
        parameters = sorted(arn_of(place, "ssm", f"parameter/{name}") for name in names)
        yield grant_of("ResolveParameters", "deploy", parameters, "ssm:GetParameters")
    secrets = {name for kind, name in found if kind == "secretsmanager"}
    if secrets:
        arns = sorted(
            ":".join(name.split(":")[:7])
            if name.startswith("arn:")
            else arn_of(place, "secretsmanager", f"secret:{name.partition(':')[0]}-??????")
            for name in secrets
        )
        yield grant_of("ResolveSecrets", "deploy", arns, "secretsmanager:GetSecretValue")


def reserving(place: Environment, texts: Iterable[str]) -> Iterator[Grant]:
    """Whether the account has what functions reserve is asked before anything is written."""
    found = tuple(texts)
    if any(reservations(text) for text in found):
        functions = _functions(place, own_function_names(place, found))
        yield grant_of("LookAtReservations", "deploy", functions, "lambda:GetFunctionConcurrency")


def own_function_names(place: Environment, templates: Iterable[str]) -> tuple[str, ...]:
    """The names of functions that do not have the environment in the middle, sorted."""
    bodies = (body for text in templates for body in json.loads(text)["Resources"].values())
    names = (body.get("Properties", {}).get("FunctionName") for body in bodies if body["Type"] == _FUNCTION)
    return tuple(sorted({name for name in names if isinstance(name, str) and f"-{place.name}-" not in name}))


def _functions(place: Environment, named: Iterable[str]) -> list[str]:
    # A star covers `:live`, too.
    exact = [f"{name}{end}" for name in named for end in ("", ":*")]
    return [arn_of(place, "lambda", f"function:{name}") for name in (f"*-{place.name}-*", *exact)]


def _log_groups(functions: Iterable[str]) -> list[str]:
    """Those of the functions: IAM is asked with `:*` and, by some calls, without."""
    return [arn.replace(":lambda:", ":logs:").replace(":function:", ":log-group:/aws/lambda/") for arn in functions]


def direct_calls(
    config: WorkspaceConfig, place: Environment, references: tuple[Reference, ...], templates: tuple[str, ...]
) -> tuple[Grant, ...]:
    """The calls that this library makes itself; ``templates`` are those of all units there."""
    functions = _functions(place, own_function_names(place, templates))
    layers = [arn_of(place, "lambda", f"layer:*-{place.name}{rest}") for rest in ("", ":*")]
    stacks = [arn_of(place, "cloudformation", f"stack/*-{place.name}/*")]
    # Events of an early validation are asked for on the change set, whose name (aws/requests.py) has no environment.
    change_sets = [arn_of(place, "cloudformation", f"changeSet/{NAMES_OF_CHANGE_SETS}/*")]
    return (
        grant_of("LookAtStacks", _LOOKERS, stacks, *calls_of("cloudformation", *_LOOKS)),
        grant_of("LookAtEvents", ("deploy", "rollback"), [*change_sets, *stacks], "cloudformation:DescribeEvents"),
        # It lists by tags, and IAM cannot scope that.
        grant_of("LookAtWhatWasKept", ("deploy", "rollback"), ["*"], "tag:GetResources"),
        grant_of("ChangeStacks", ("deploy", "rollback"), stacks, *calls_of("cloudformation", *_changes(place))),
        grant_of("DeleteStacks", "destroy", stacks, "cloudformation:DeleteStack"),
        grant_of("CompareStacks", ("drift", "repair"), stacks, *calls_of("cloudformation", *_COMPARES)),
        grant_of("WaitForDrift", ("drift", "repair"), ["*"], "cloudformation:DescribeStackDriftDetectionStatus"),
        grant_of(
            "TakeWhatIsPublished",
            ("deploy", "doctor"),
            # A long template is read from the first bucket, wherever the stack is.
            sorted({f"arn:aws:s3:::{at.bucket}/projects/*" for at in (config.devops, config.devops.at(place.region))}),
            *calls_of("s3", "GetObject", "GetObjectVersion"),
        ),
        grant_of(
            "LookAtFunctions",
            ("deploy", "drift"),
            functions,
            *calls_of("lambda", "GetAlias", "GetFunctionConcurrency", "GetFunctionConfiguration"),
        ),
        # IAM cannot scope it to a function.
        grant_of("FindFunctions", ("plan", "deploy"), ["*"], "lambda:ListFunctions"),
        # IAM can scope none of them but ListRules, and that only to each rule by its name.
        grant_of("LookAtQuotas", ("plan", "deploy", "doctor"), ["*"], *_QUOTAS),
        grant_of("LookAtLayers", ("deploy", "drift"), layers, "lambda:GetLayerVersion"),
        grant_of("CallFunctions", ("invoke", "deploy"), functions, "lambda:InvokeFunction"),
        grant_of("ReadLogs", "logs", _log_groups(functions), "logs:FilterLogEvents"),
        grant_of("MoveAliases", "deploy", functions, *calls_of("lambda", "CreateAlias", "UpdateAlias")),
        grant_of("SendCodeAgain", ("deploy", "rollback", "repair"), functions, "lambda:UpdateFunctionCode"),
        grant_of("SwitchOnAgain", "repair", functions, "lambda:DeleteFunctionConcurrency"),
        grant_of("FindOldVersions", "prune", functions, *calls_of("lambda", "ListAliases", "ListVersionsByFunction")),
        # IAM cannot scope it to a layer.
        grant_of("FindOldLayers", "prune", ["*"], "lambda:ListLayerVersions"),
        *_find_lent_layers(templates),
        grant_of(
            "DeleteVersions",
            ("prune", "destroy"),
            [*functions, *layers],
            *calls_of("lambda", "DeleteFunction", "DeleteLayerVersion"),
        ),
        grant_of("WatchAlarms", "deploy", [arn_of(place, "cloudwatch", "alarm:*")], "cloudwatch:DescribeAlarms"),
        grant_of("WatchMetrics", "deploy", ["*"], "cloudwatch:GetMetricStatistics"),
        grant_of("LookForParameters", "deploy", ["*"], "ssm:DescribeParameters"),
        grant_of(
            "LookForSecrets", "deploy", [arn_of(place, "secretsmanager", "secret:*")], "secretsmanager:DescribeSecret"
        ),
        *_looked_for(place, references),
        *([_run_jobs(place)] if any('"AWS::Glue::Job"' in text for text in templates) else []),
    )


def _find_lent_layers(templates: Iterable[str]) -> Iterator[Grant]:
    """If the functions of some unit get the layer of another one. IAM cannot scope it to a layer."""
    if any(map(lent_in, templates)):
        finders = ("plan", "deploy", "promote", "rollback", "repair")
        yield grant_of("FindLayersOfUnits", finders, ["*"], "lambda:ListLayerVersions")


_LOOKED_FOR: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    "queue": ("LookAtQueues", ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")),
    "topic": ("LookAtTopics", ("sns:GetTopicAttributes",)),
    "stream": ("LookAtStreams", ("kinesis:DescribeStreamSummary",)),
    "table stream": ("LookAtTableStreams", ("dynamodb:DescribeStream",)),
    "bus": ("LookAtBuses", ("events:DescribeEventBus",)),
    "policy": ("LookAtManagedPolicies", ("iam:GetPolicy",)),
}
"""By kind of reference: the statement that lets this library look whether it is there."""


def _looked_for(place: Environment, references: tuple[Reference, ...]) -> Iterator[Grant]:
    for kind, (sid, actions) in _LOOKED_FOR.items():
        names = {item.name for item in references if item.kind == kind}
        arns = sorted(
            name if name.startswith("arn:") else arn_of(place, "events", f"event-bus/{name}") for name in names
        )
        if arns:
            yield grant_of(sid, "deploy", arns, *actions)


_FUNCTION = "AWS::Lambda::Function"
_LOOKERS = ("plan", "deploy", "doctor", "drift", "outputs")
_LOOKS = (
    "DescribeChangeSet",
    "DescribeStackEvents",
    "DescribeStacks",
    "GetTemplate",
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


def _changes(place: Environment) -> tuple[str, ...]:
    return (*_CHANGES, "UpdateTerminationProtection") if place.protect else _CHANGES


_SERVICE_QUOTAS = ("servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota")
_QUOTAS = (
    "cloudformation:DescribeAccountLimits",
    "cloudformation:ListStacks",
    "events:ListRules",
    "iam:GetAccountSummary",
    "lambda:GetAccountSettings",
    *_SERVICE_QUOTAS,
)
"""How much of what it has a limited number of an account has in use."""
_COMPARES = ("DescribeStackResourceDrifts", "DetectStackDrift", "DetectStackResourceDrift")


def _run_jobs(place: Environment) -> Grant:
    jobs = [arn_of(place, "glue", f"job/*-{place.name}-*")]
    return grant_of("RunJobs", "invoke", jobs, "glue:GetJobRun", "glue:StartJobRun")


def _shared_with_cloudformation(direct: Iterable[Grant]) -> Iterable[str]:
    """What is granted on the same names already, so that each action stands in one statement."""
    return (action for grant in direct for action in grant.actions if action.startswith(("cloudwatch:", "lambda:")))
