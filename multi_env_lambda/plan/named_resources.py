"""How the resources of a template are named, as ARNs for a policy.

A name in a template is used as it is, and so is the name of something else that a resource changes, as a bucket policy
changes the bucket. For a computed name, its fixed parts are used. What has no name gets one from CloudFormation
(``generated_names``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.generated_names import patterns

__all__ = [
    "PATTERNS",
    "NamedResource",
    "Template",
    "arns_of",
    "computed_names",
    "has_own_name",
    "is_covered",
    "names_of",
    "patterns_of",
]

Template = Mapping[str, Mapping[str, Any]]
"""The resources of a template by their name in it."""


@attrs.frozen
class NamedResource:
    """What one stack creates."""

    stack: str
    resources: Template


PATTERNS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("arn:aws:apigateway:{region}::/tags/*",),
    "cloudwatch": ("arn:aws:cloudwatch:{region}:{account}:alarm:*-{name}-*",),
    "dynamodb": ("arn:aws:dynamodb:{region}:{account}:table/*-{name}-*",),
    "events": (
        "arn:aws:events:{region}:{account}:event-bus/*-{name}-*",
        "arn:aws:events:{region}:{account}:rule/*-{name}-*",
    ),
    "firehose": ("arn:aws:firehose:{region}:{account}:deliverystream/*-{name}-*",),
    "glue": (
        "arn:aws:glue:{region}:{account}:catalog",
        "arn:aws:glue:{region}:{account}:job/*-{name}-*",
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
    "secretsmanager": (),
    "sns": ("arn:aws:sns:{region}:{account}:*-{name}-*",),
    "sqs": ("arn:aws:sqs:{region}:{account}:*-{name}-*",),
    "ssm": (),
    "states": ("arn:aws:states:{region}:{account}:stateMachine:*-{name}-*",),
}
"""By service: the names of the library and CloudFormation that have the environment in the middle."""

_HERE = "{region}:{account}:"
_NAMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", (f"arn:aws:cloudwatch:{_HERE}alarm:{{item}}",)),
    "AWS::DynamoDB::Table": ("TableName", (f"arn:aws:dynamodb:{_HERE}table/{{item}}",)),
    "AWS::Events::EventBus": ("Name", (f"arn:aws:events:{_HERE}event-bus/{{item}}",)),
    "AWS::Events::Rule": ("Name", (f"arn:aws:events:{_HERE}rule/{{item}}", f"arn:aws:events:{_HERE}rule/*/{{item}}")),
    "AWS::Glue::Database": (
        "DatabaseInput.Name",
        (f"arn:aws:glue:{_HERE}database/{{item}}", f"arn:aws:glue:{_HERE}table/{{item}}/*"),
    ),
    "AWS::Glue::Job": ("Name", (f"arn:aws:glue:{_HERE}job/{{item}}",)),
    "AWS::Glue::Table": (
        "DatabaseName",
        (f"arn:aws:glue:{_HERE}database/{{item}}", f"arn:aws:glue:{_HERE}table/{{item}}/*"),
    ),
    "AWS::Glue::Trigger": ("Name", (f"arn:aws:glue:{_HERE}trigger/{{item}}",)),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", ("arn:aws:iam::{account}:policy{path}{item}",)),
    "AWS::IAM::Role": ("RoleName", ("arn:aws:iam::{account}:role{path}{item}",)),
    "AWS::Kinesis::Stream": ("Name", (f"arn:aws:kinesis:{_HERE}stream/{{item}}",)),
    "AWS::KinesisFirehose::DeliveryStream": (
        "DeliveryStreamName",
        (f"arn:aws:firehose:{_HERE}deliverystream/{{item}}",),
    ),
    "AWS::Lambda::Function": ("FunctionName", (f"arn:aws:lambda:{_HERE}function:{{item}}",)),
    "AWS::Lambda::LayerVersion": ("LayerName", (f"arn:aws:lambda:{_HERE}layer:{{item}}",)),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        (f"arn:aws:logs:{_HERE}log-group:{{item}}", f"arn:aws:logs:{_HERE}log-group:{{item}}:*"),
    ),
    "AWS::S3::Bucket": ("BucketName", ("arn:aws:s3:::{item}",)),
    "AWS::SNS::Topic": ("TopicName", (f"arn:aws:sns:{_HERE}{{item}}",)),
    "AWS::SQS::Queue": ("QueueName", (f"arn:aws:sqs:{_HERE}{{item}}",)),
    "AWS::SSM::Parameter": ("Name", (f"arn:aws:ssm:{_HERE}parameter/{{item}}",)),
    "AWS::Scheduler::Schedule": ("Name", (f"arn:aws:scheduler:{_HERE}schedule/*/{{item}}",)),
    # Secrets Manager adds a dash and six characters when it creates the secret.
    "AWS::SecretsManager::Secret": (
        "Name",
        (f"arn:aws:secretsmanager:{_HERE}secret:{{item}}", f"arn:aws:secretsmanager:{_HERE}secret:{{item}}-??????"),
    ),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", (f"arn:aws:states:{_HERE}stateMachine:{{item}}",)),
}
"""By type: the property with the name, and the ARNs of what has that name."""

_BY_ID: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGateway::ApiKey": tuple(f"arn:aws:apigateway:{{region}}::/apikeys{rest}" for rest in ("", "/*")),
    **dict.fromkeys(
        (f"AWS::ApiGateway::{kind}" for kind in ("Deployment", "Stage")), ("arn:aws:apigateway:{region}::/restapis/*",)
    ),
    "AWS::ApiGateway::RestApi": tuple(f"arn:aws:apigateway:{{region}}::/restapis{rest}" for rest in ("", "/*")),
    "AWS::ApiGateway::UsagePlan": tuple(f"arn:aws:apigateway:{{region}}::/usageplans{rest}" for rest in ("", "/*")),
    "AWS::ApiGateway::UsagePlanKey": ("arn:aws:apigateway:{region}::/usageplans/*",),
    "AWS::ApiGatewayV2::Api": tuple(f"arn:aws:apigateway:{{region}}::/apis{rest}" for rest in ("", "/*")),
    **dict.fromkeys(
        (f"AWS::ApiGatewayV2::{kind}" for kind in ("Authorizer", "Integration", "Route", "Stage")),
        ("arn:aws:apigateway:{region}::/apis/*",),
    ),
}
"""By type: all of its kind in the account and region, because each has only an id.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

_FUNCTION = f"arn:aws:lambda:{_HERE}function:{{item}}"
_PRINCIPALS = {
    key: (f"arn:aws:iam::{{account}}:{kind}/{{item}}", f"arn:aws:iam::{{account}}:{kind}/*/{{item}}")
    for key, kind in (("Groups", "group"), ("Roles", "role"), ("Users", "user"))
}
_CHANGES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::IAM::ManagedPolicy": _PRINCIPALS,
    "AWS::IAM::Policy": _PRINCIPALS,
    "AWS::Lambda::Alias": {"FunctionName": (_FUNCTION,)},
    "AWS::Lambda::EventInvokeConfig": {"FunctionName": (_FUNCTION,)},
    "AWS::Lambda::Permission": {"FunctionName": (_FUNCTION,)},
    "AWS::Lambda::Url": {"TargetFunctionArn": (_FUNCTION,)},
    "AWS::Lambda::Version": {"FunctionName": (_FUNCTION,)},
    "AWS::Logs::MetricFilter": {
        "LogGroupName": (f"arn:aws:logs:{_HERE}log-group:{{item}}", f"arn:aws:logs:{_HERE}log-group:{{item}}:*")
    },
    "AWS::S3::BucketPolicy": {"Bucket": ("arn:aws:s3:::{item}",)},
    "AWS::SNS::Subscription": {"TopicArn": ("{item}", "{item}:*")},
    "AWS::SNS::TopicPolicy": {"Topics": ("{item}",)},
    "AWS::SQS::QueuePolicy": {"Queues": (f"arn:aws:sqs:{_HERE}{{item}}",)},
}
"""By type: the properties that name something else that is changed, and its ARNs."""


def patterns_of(service: str, environment: Environment) -> tuple[str, ...]:
    """The ARNs that cover what is named by the rule; everything for a service that is not known here."""
    return tuple(pattern.format(**_values(environment)) for pattern in PATTERNS.get(service, ("*",)))


def arns_of(logical: str, made: NamedResource, environment: Environment) -> tuple[str, ...]:
    """The ARNs of one resource and of what it changes, as patterns if a name is not known yet."""
    body = made.resources[logical]
    values = {**_values(environment), "path": _path(body)}
    found = [pattern.format(**values) for pattern in _BY_ID.get(body["Type"], ())]
    if body["Type"] in _NAMED:
        for name in _names(logical, made, environment):
            item = name.removeprefix("/") if body["Type"] == "AWS::SSM::Parameter" else name
            found += [pattern.format(**values, item=item) for pattern in _NAMED[body["Type"]][1]]
    for value, shapes in _changed(body):
        if not _is_of(value, made.resources):
            for name in names_of(value, made, environment):
                found += [shape.format(**values, item=_item(name, shape)) for shape in shapes]
    return tuple(dict.fromkeys(found))


def has_own_name(logical: str, made: NamedResource) -> bool:
    """Whether the template says the name; else CloudFormation generates it, or it names something else that changes."""
    body = made.resources[logical]
    return body["Type"] not in _NAMED or _property(body) is not None


def computed_names(made: NamedResource, environment: Environment) -> Iterator[str]:
    """The resources whose name only CloudFormation knows, so that it cannot be predicted."""
    for logical, body in made.resources.items():
        own = _property(body) if body["Type"] in _NAMED else None
        others = [value for value, _ in _changed(body) if not _is_of(value, made.resources)]
        if any(value is not None and not _is_known(_text(value, made, environment)) for value in (own, *others)):
            yield logical


def names_of(value: Any, made: NamedResource, environment: Environment) -> tuple[str, ...]:
    """The value of a property, with ``*`` for what is not known before it is deployed."""
    match value:
        case {"Ref": str(other)} if made.resources.get(other, {}).get("Type") in _NAMED:
            return _names(other, made, environment)
        case _:
            text = _text(value, made, environment)
            # What is computed entirely is assumed to be named like everything else in the environment.
            return (text,) if _is_known(text) else (f"*-{environment.name}*",)


def is_covered(arn: str, patterns: tuple[str, ...]) -> bool:
    """Whether everything that ``arn`` matches is among the patterns."""
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*").replace(r"\?", "."), arn) for one in patterns)


def _text(value: Any, made: NamedResource, environment: Environment) -> str:
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return _known(f"${{{name}}}", made, environment, {})
        case {"Fn::Sub": str(text)}:
            return _known(text, made, environment, {})
        case {"Fn::Sub": [str(text), dict(more)]}:
            return _known(text, made, environment, {key: _text(one, made, environment) for key, one in more.items()})
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_text(part, made, environment) for part in parts)
        case _:
            return "*"


def _known(text: str, made: NamedResource, environment: Environment, more: Mapping[str, str]) -> str:
    own = {"AWS::AccountId": environment.account_id, "AWS::Region": environment.region, "AWS::Partition": "aws"}
    # A pattern that is printed once for all may mean the stack of any unit.
    values = {**own, "AWS::StackName": f"*-{environment.name}", "AWS::URLSuffix": "amazonaws.com", **more}
    return re.sub(r"\$\{([^}]*)\}", lambda found: values.get(found[1].strip(), "*"), text)


def _is_known(text: str) -> bool:
    """Whether any part of it says which one is meant."""
    return text.rpartition(":")[2].rpartition("/")[2].strip("*-_.") != ""


def _names(logical: str, made: NamedResource, environment: Environment) -> tuple[str, ...]:
    body = made.resources[logical]
    value = _property(body)
    return patterns(body["Type"], made.stack, logical) if value is None else names_of(value, made, environment)


def _property(body: Mapping[str, Any]) -> Any:
    value: Any = body.get("Properties", {})
    for step in _NAMED[body["Type"]][0].split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _changed(body: Mapping[str, Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    for key, shapes in _CHANGES.get(body["Type"], {}).items():
        value = body.get("Properties", {}).get(key)
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            yield one, shapes


def _is_of(value: Any, template: Template) -> bool:
    """Whether it is a resource of the template, which is checked there."""
    match value:
        case {"Ref": str(other)} | {"Fn::GetAtt": [str(other), *_]}:
            return other in template
        case {"Fn::Sub": str(text)}:
            found = re.fullmatch(r"\$\{(\w+)(\.\w+)?\}", text)
            return found is not None and found[1] in template
        case _:
            return False


def _item(name: str, shape: str) -> str:
    """A queue is referred to by its URL, and a function perhaps by its ARN."""
    if shape.startswith("{item}"):
        return name
    if ":function:" in name:
        return name.rpartition(":function:")[2].partition(":")[0]
    return name.rpartition("/")[2] if "://" in name else name


def _path(body: Mapping[str, Any]) -> str:
    path = body.get("Properties", {}).get("Path", "/")
    return path if isinstance(path, str) else "/*"


def _values(environment: Environment) -> dict[str, str]:
    return {"region": environment.region, "account": environment.account_id, "name": environment.name}
