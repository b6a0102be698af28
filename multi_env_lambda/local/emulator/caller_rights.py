"""CloudFormation acts with the permissions of the caller.

Reason: ministack creates and deletes everything in a stack for anyone who may call CloudFormation, so a role that lacks
``lambda:CreateFunction`` or ``iam:PassRole`` can deploy here and fails on AWS.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
(without a service role it "uses a temporary session that's generated from your user credentials")
What is called: the handlers in the schemas of the types, of the type's own service; all of them, where AWS calls those
that the properties need. Where the stack has a service role (``service_role.py``), its rights count instead of the
caller's. What a nested stack makes is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import service_role
from .conditions import NAMES_A_POLICY, SETS_A_BOUNDARY, UNDER_A_BOUNDARY
from .generated_names import shares
from .names import load, original
from .network_rights import groups_asked_on, told_by_a_group

__all__ = ["patch"]

_Handlers = Mapping[str, Mapping[str, Sequence[str]]]

_REFUSED = (
    'Resource handler returned message: "User: {user} is not authorized to perform: {action} on resource: {arn} '
    'because {why} (Service: {service}, Status Code: 403, Request ID: 0)" (HandlerErrorCode: AccessDenied)'
)
_WHY = {
    "Deny": "of an explicit deny in an identity-based policy",
    "ImplicitDeny": "no identity-based policy allows the {action} action",
}
_BOUNDED = "PermissionsBoundary"
_ACCESS_LOG = "AccessLogSettings"
_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
)
"""What API Gateway asks for, of who gives a stage an access log; no schema says it.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
"""
_STACK_NAME = "aws:resourcetag/aws:cloudformation:stack-name"

_HERE = "{region}:{account}:"
_OF_STACK = "{stack}-{logical}-0"
_NAMES: Mapping[str, tuple[str, str, str]] = {
    "AWS::ApiGateway::ApiKey": ("", "0", "apigateway:{region}::/apikeys/{name}"),
    "AWS::ApiGateway::Deployment": ("RestApiId", "", "apigateway:{region}::/restapis/{name}/deployments"),
    "AWS::ApiGateway::Stage": ("RestApiId", "", "apigateway:{region}::/restapis/{name}/stages"),
    "AWS::ApiGateway::UsagePlan": ("", "0", "apigateway:{region}::/usageplans/{name}"),
    "AWS::ApiGateway::UsagePlanKey": ("UsagePlanId", "", "apigateway:{region}::/usageplans/{name}/keys"),
    "AWS::ApiGateway::RestApi": ("", "0", "apigateway:{region}::/restapis/{name}"),
    "AWS::ApiGatewayV2::Api": ("", "0", "apigateway:{region}::/apis/{name}"),
    "AWS::ApiGatewayV2::Authorizer": ("ApiId", "", "apigateway:{region}::/apis/{name}/authorizers"),
    "AWS::ApiGatewayV2::Integration": ("ApiId", "", "apigateway:{region}::/apis/{name}/integrations"),
    "AWS::ApiGatewayV2::Route": ("ApiId", "", "apigateway:{region}::/apis/{name}/routes"),
    "AWS::ApiGatewayV2::Stage": ("ApiId", "", "apigateway:{region}::/apis/{name}/stages"),
    "AWS::CloudWatch::Alarm": ("AlarmName", _OF_STACK, f"cloudwatch:{_HERE}alarm:{{name}}"),
    "AWS::DynamoDB::Table": ("TableName", _OF_STACK, f"dynamodb:{_HERE}table/{{name}}"),
    "AWS::Glue::Job": ("Name", _OF_STACK, f"glue:{_HERE}job/{{name}}"),
    "AWS::Glue::Trigger": ("Name", _OF_STACK, f"glue:{_HERE}trigger/{{name}}"),
    "AWS::IAM::Policy": ("Roles", "", "iam::{account}:role{path}{name}"),
    "AWS::IAM::Role": ("RoleName", _OF_STACK, "iam::{account}:role{path}{name}"),
    "AWS::Kinesis::Stream": ("Name", _OF_STACK, f"kinesis:{_HERE}stream/{{name}}"),
    "AWS::KinesisFirehose::DeliveryStream": (
        "DeliveryStreamName",
        _OF_STACK,
        f"firehose:{_HERE}deliverystream/{{name}}",
    ),
    "AWS::Lambda::Alias": ("FunctionName", "", f"lambda:{_HERE}function:{{name}}"),
    "AWS::Lambda::Function": ("FunctionName", _OF_STACK, f"lambda:{_HERE}function:{{name}}"),
    "AWS::Lambda::EventInvokeConfig": ("FunctionName", "", f"lambda:{_HERE}function:{{name}}"),
    "AWS::Lambda::LayerVersion": ("LayerName", "{logical}", f"lambda:{_HERE}layer:{{name}}"),
    "AWS::Lambda::Permission": ("FunctionName", "", f"lambda:{_HERE}function:{{name}}"),
    "AWS::Lambda::Url": ("TargetFunctionArn", "", f"lambda:{_HERE}function:{{name}}"),
    "AWS::Lambda::Version": ("FunctionName", "", f"lambda:{_HERE}function:{{name}}"),
    "AWS::Logs::LogGroup": ("LogGroupName", _OF_STACK, f"logs:{_HERE}log-group:{{name}}"),
    "AWS::Logs::MetricFilter": ("LogGroupName", "", f"logs:{_HERE}log-group:{{name}}"),
    "AWS::S3::Bucket": ("BucketName", _OF_STACK, "s3:::{name}"),
    "AWS::S3::BucketPolicy": ("Bucket", "", "s3:::{name}"),
    "AWS::SNS::Subscription": ("TopicArn", "", "{name}"),
    "AWS::SNS::Topic": ("TopicName", _OF_STACK, f"sns:{_HERE}{{name}}"),
    "AWS::SNS::TopicPolicy": ("Topics", "", "{name}"),
    "AWS::SQS::QueuePolicy": ("Queues", "", f"sqs:{_HERE}{{name}}"),
    "AWS::SQS::Queue": ("QueueName", _OF_STACK, f"sqs:{_HERE}{{name}}"),
    "AWS::SSM::Parameter": ("Name", "CFN-{logical}-0", f"ssm:{_HERE}parameter/{{name}}"),
    "AWS::SecretsManager::Secret": ("Name", "{logical}-0", f"secretsmanager:{_HERE}secret:{{name}}-aaaaaa"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "{logical}-0", f"states:{_HERE}stateMachine:{{name}}"),
}
"""By type: the property with the name or names, the name that CloudFormation gives on AWS, and the ARN.

Of a type that is not here it is asked whether the action is allowed on anything.
"""

_OF_ANOTHER_RESOURCE = frozenset(
    {
        "lambda:GetCodeSigningConfig",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
        "s3:DeleteObject",
        "s3:PutObjectAcl",
    }
)
"""What the handler calls of something else than what it makes."""


class _Known(NamedTuple):
    """The handlers by type, and what ``model/iam.py`` says."""

    handlers: _Handlers
    service_of: Mapping[str, str]
    unscoped: Sequence[str]
    only_with: Mapping[str, str]
    longest_names: Mapping[str, int]


class _Resource(NamedTuple):
    kind: str
    logical_id: str
    stack: str
    properties: Mapping[str, Any]
    before: Mapping[str, Any] = {}


def patch(handlers: _Handlers, iam: Mapping[str, Any]) -> None:
    """Check permissions before a stack creates, changes or deletes a resource. ``iam``: the tables of ``model/iam.py``
    by name.
    """
    known = _Known(handlers, **iam)
    deployment = load("ministack.services.cloudformation.stacks")
    make, change, delete = (
        original(deployment, name) for name in ("_provision_resource", "_update_resource", "_delete_resource")
    )
    replaces = original(deployment, "_replacing_change")

    def made(kind: str, logical_id: str, properties: Any, stack: str) -> Any:
        _check(known, _Resource(kind, logical_id, stack, properties), "create")
        return make(kind, logical_id, properties, stack)

    def changed(kind: str, physical_id: str, old: Any, new: Any, stack: str, logical_id: str, *more: Any) -> Any:
        if old != new:
            step = "create" if replaces(kind, old, new) else "update"
            _check(known, _Resource(kind, logical_id, stack, new, old), step)
        return change(kind, physical_id, old, new, stack, logical_id, *more)

    def deleted(kind: str, physical_id: str, properties: Any, stack: str, logical_id: str) -> Any:
        _check(known, _Resource(kind, logical_id, stack, properties), "delete")
        return delete(kind, physical_id, properties, stack, logical_id)

    engine = load("ministack.services.cloudformation.engine")
    resolve = original(engine, "_resolve_dynamic_reference")

    def resolved(literal: str) -> Any:
        _check_reference(literal)
        return resolve(literal)

    engine._resolve_dynamic_reference = resolved
    deployment._provision_resource = made
    deployment._update_resource = changed
    deployment._delete_resource = deleted


def _check(known: _Known, resource: _Resource, step: str) -> None:
    principal = _principal()
    if principal is None or principal.policies is None:
        return
    calls = known.handlers.get(resource.kind, {})
    for action in calls.get(step, ()):
        if _is_called(known, action, resource):
            for arn in ("*",) if action in known.unscoped else _asked_on(known, action, resource):
                for context in _contexts(action, resource.properties):
                    _ask(principal, action, arn, {**_owner(resource, step), **context})
    if resource.kind == "AWS::ApiGatewayV2::Stage" and step != "delete" and resource.properties.get(_ACCESS_LOG):
        for action in _DELIVERY:
            _ask(principal, action, "*", {})
    for service in calls.get("passed_to", ()) if step != "delete" else ():
        for arn in _roles(resource.properties):
            _ask(principal, "iam:PassRole", arn, {"iam:passedtoservice": service})


def _owner(resource: _Resource, step: str) -> Mapping[str, str]:
    """What is known of the resource itself."""
    told = told_by_a_group(resource.kind, step, resource.properties, resource.stack)
    return {_STACK_NAME: resource.stack} if told is None else told


def _contexts(action: str, properties: Mapping[str, Any]) -> list[dict[str, str]]:
    """What each call says about a role or user: its permissions boundary, and the managed policy that is attached or
    detached.
    """
    told: dict[str, str] = {}
    if SETS_A_BOUNDARY.fullmatch(action) or UNDER_A_BOUNDARY.fullmatch(action):
        # A policy of its own says in `Roles` whose it is.
        roles = original(load("ministack.services.iam"), "_roles")
        owners = (roles.get(name) or {} for name in properties.get("Roles") or [])
        found = properties.get(_BOUNDED) or next((role[_BOUNDED] for role in owners if role.get(_BOUNDED)), None)
        told = {"iam:permissionsboundary": str(found)} if found else {}
    given = properties.get("ManagedPolicyArns") if NAMES_A_POLICY.fullmatch(action) else None
    return [{**told, "iam:policyarn": str(arn)} for arn in given] if given else [told]


def _check_reference(literal: str) -> None:
    """A `{{resolve:…}}` reference in a template is read with the same permissions.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    principal = _principal()
    if principal is None or principal.policies is None:
        return
    service, _, name = literal.removeprefix("{{resolve:").removesuffix("}}").partition(":")
    if service == "secretsmanager":
        own = f"arn:aws:secretsmanager:{_HERE}secret:{name.partition(':')[0]}-aaaaaa"
        arn = ":".join(name.split(":")[:7]) if name.startswith("arn:") else own
        _ask(principal, "secretsmanager:GetSecretValue", arn.format(**_here()), {})
    else:
        arn = f"arn:aws:ssm:{_HERE}parameter/{name.partition(':')[0].removeprefix('/')}"
        _ask(principal, "ssm:GetParameters", arn.format(**_here()), {})


def _principal() -> Any:
    """The stack's role, or the sender of the request that started the operation; None for an account's root.

    The operation's task has a copy of the request's context.
    """
    role = service_role.acting()
    if role is not None:
        return role
    evaluator = load("ministack.core.iam_evaluator")
    access_key = original(evaluator, "_verified_key").get()
    if not access_key:
        return None
    account = original(load("ministack.core.responses"), "get_account_id")()
    found = original(evaluator, "resolve_principal")(access_key, account)
    if not hasattr(found, "policies"):
        raise ValueError(found.message)
    return found


def _ask(principal: Any, action: str, arn: str | None, context: Mapping[str, str]) -> None:
    evaluator, responses = load("ministack.core.iam_evaluator"), load("ministack.core.responses")

    def decision(resource: str) -> str:
        asked = evaluator.EvalContext(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=action,
            resource_arn=resource,
            region=responses.get_region(),
            service_context=dict(context),
            principal_keys=principal.keys,
        )
        return str(evaluator.evaluate(asked, principal.policies, *principal.limits).decision)

    decisions = [decision(resource) for resource in ([arn] if arn else ["*", *_named(principal.policies)])]
    if "Allow" not in decisions:
        why = _WHY[decisions[0]].format(action=action)
        service = action.partition(":")[0].capitalize()
        raise ValueError(_REFUSED.format(user=principal.arn, action=action, arn=arn or "*", why=why, service=service))


def _named(policies: Any) -> set[str]:
    """Every resource that a statement names."""
    return {resource for statements in policies for statement in statements for resource in statement.resources}


def _is_called(known: _Known, action: str, resource: _Resource) -> bool:
    service = resource.kind.split("::")[1].lower()
    is_own = action.partition(":")[0] == known.service_of.get(service, service) and "." not in action
    has_all = known.only_with.get(action) in {None, *map(str.lower, resource.properties)}
    return is_own and has_all and _is_about_a_boundary(action, resource) is not False


def _is_about_a_boundary(action: str, resource: _Resource) -> bool | None:
    """Whether a call that does nothing else changes or removes a boundary; None for any other call."""
    new, old = resource.properties.get(_BOUNDED), resource.before.get(_BOUNDED)
    if not action.endswith(_BOUNDED):
        return None
    return bool(old and not new) if ":Delete" in action else bool(new and new != old)


def _asked_on(known: _Known, action: str, resource: _Resource) -> Sequence[str | None]:
    """ARNs; None if a statement on ``*`` is needed."""
    groups = groups_asked_on(action, resource.kind, resource.properties)
    if groups is not None:
        return groups
    if action in _OF_ANOTHER_RESOURCE or resource.kind not in _NAMES:
        return (None,)
    if resource.kind == "AWS::IAM::Policy" and "Role" not in action:
        return (None,)
    name_in, generated, pattern = _NAMES[resource.kind]
    stack, logical = shares(resource.stack, resource.logical_id, known.longest_names.get(resource.kind, 255))
    given = resource.properties.get(name_in) or generated.format(stack=stack, logical=logical)
    names = [_name(name_in, str(one)) for one in (given if isinstance(given, list) else [given])]
    if resource.kind == "AWS::S3::Bucket":
        names = [name.lower() for name in names]
    here = _here()
    return [
        "arn:aws:" + pattern.format(name=name, path=_path(resource, name), **here) if name else None for name in names
    ]


def _path(resource: _Resource, role: str) -> str:
    """The ARN of an existing role is not in the template."""
    kept = original(load("ministack.services.iam"), "_roles").get(role) if resource.kind == "AWS::IAM::Policy" else None
    return str((kept or resource.properties).get("Path") or "/")


def _name(name_in: str, value: str) -> str:
    """As in an ARN: a function may be given by its ARN with a version or alias, a queue by its URL."""
    match name_in:
        case "FunctionName" | "TargetFunctionArn":
            return value.rpartition(":function:")[2].partition(":")[0]
        case "TopicArn" | "Topics":
            return value.removeprefix("arn:aws:")
        case "Queues":
            return value.rpartition("/")[2]
        case _:
            return value.removeprefix("/") if name_in == "Name" else value


def _here() -> dict[str, str]:
    responses = load("ministack.core.responses")
    return {"region": responses.get_region(), "account": responses.get_account_id()}


def _roles(properties: Any) -> Iterator[str]:
    """The ARN of every role that is passed; a Glue job may give only a name."""
    if isinstance(properties, Mapping):
        for key, value in properties.items():
            if isinstance(value, str) and (key.lower().endswith(("role", "rolearn")) or key == "credentials"):
                yield value if value.startswith("arn:") else f"arn:aws:iam::{_here()['account']}:role/{value}"
            yield from _roles(value)
    elif isinstance(properties, list):
        for value in properties:
            yield from _roles(value)
