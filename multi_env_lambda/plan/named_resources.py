"""How the resources of a template are named, as ARNs that a policy can have.

A name that stands in a template is used as it is. What has none gets a name of CloudFormation's, which begins with the
name of the stack; a secret's and a parameter's begin with their own name in the template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.model.environment import Environment

__all__ = ["PATTERNS", "Template", "arns_of", "is_covered", "name_of", "patterns_of"]

Template = Mapping[str, Mapping[str, Any]]
"""The resources of a template by their name there."""

PATTERNS: Mapping[str, tuple[str, ...]] = {
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
"""By service: what the library and CloudFormation name with the environment in the middle."""

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
    "AWS::S3::Bucket": ("BucketName", ("arn:aws:s3:::{item}", "arn:aws:s3:::{item}/*")),
    "AWS::SNS::Topic": ("TopicName", (f"arn:aws:sns:{_HERE}{{item}}",)),
    "AWS::SQS::Queue": ("QueueName", (f"arn:aws:sqs:{_HERE}{{item}}",)),
    "AWS::SSM::Parameter": ("Name", (f"arn:aws:ssm:{_HERE}parameter/{{item}}",)),
    "AWS::Scheduler::Schedule": ("Name", (f"arn:aws:scheduler:{_HERE}schedule/*/{{item}}",)),
    # Secrets Manager adds a dash and six characters, once the secret is there.
    "AWS::SecretsManager::Secret": (
        "Name",
        (f"arn:aws:secretsmanager:{_HERE}secret:{{item}}", f"arn:aws:secretsmanager:{_HERE}secret:{{item}}-??????"),
    ),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", (f"arn:aws:states:{_HERE}stateMachine:{{item}}",)),
}
"""By type: the property with the name, and the ARNs of what is named so."""

_GENERATED = {
    "AWS::Glue::Database": "{logical}*",
    "AWS::SSM::Parameter": "CFN-{logical}-*",
    "AWS::SecretsManager::Secret": "{logical}-*",
}
"""Names of CloudFormation's that do not begin with the stack's name."""


def patterns_of(service: str, place: Environment) -> tuple[str, ...]:
    """The ARNs that cover what is named by the rule; everything, of a service that is not known here."""
    return tuple(pattern.format(**_values(place)) for pattern in PATTERNS.get(service, ("*",)))


def arns_of(logical: str, template: Template, place: Environment) -> tuple[str, ...]:
    """The ARNs of one resource, as patterns where its name is not known yet; nothing of a type without a name."""
    body = template[logical]
    topic = body.get("Properties", {}).get("TopicArn")
    if body["Type"] == "AWS::SNS::Subscription" and isinstance(topic, str):
        return (topic, f"{topic}:*")  # of somebody else
    if body["Type"] not in _NAMED:
        return ()
    path = body.get("Properties", {}).get("Path", "/")
    item = _name(logical, template, place).removeprefix("/" if body["Type"] == "AWS::SSM::Parameter" else "")
    values = {**_values(place), "item": item, "path": path if isinstance(path, str) else "/*"}
    return tuple(pattern.format(**values) for pattern in _NAMED[body["Type"]][1])


def name_of(value: Any, template: Template, place: Environment) -> str:
    """What stands in a property, with ``*`` for what is not known before it is deployed."""
    match value:
        case str():
            return value
        case {"Ref": str(other)} if template.get(other, {}).get("Type") in _NAMED:
            return _name(other, template, place)
        case {"Fn::Sub": str(text)}:
            name = re.sub(r"\$\{[^}]*\}", "*", _known(text, place))
            # What is computed whole is taken to be named as everything of the environment is.
            return name if name.strip("*-") else f"*-{place.name}*"
        case _:
            return f"*-{place.name}*"


def _known(text: str, place: Environment) -> str:
    for name, value in (("AccountId", place.account_id), ("Region", place.region), ("StackName", f"*-{place.name}")):
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


def is_covered(arn: str, patterns: tuple[str, ...]) -> bool:
    """Whether all that ``arn`` stands for is among the patterns."""
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*").replace(r"\?", "."), arn) for one in patterns)


def _name(logical: str, template: Template, place: Environment) -> str:
    body = template[logical]
    value: Any = body.get("Properties", {})
    for step in _NAMED[body["Type"]][0].split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return _GENERATED.get(body["Type"], "*-{name}-*").format(logical=logical, name=place.name)
    return name_of(value, template, place)


def _values(place: Environment) -> dict[str, str]:
    return {"region": place.region, "account": place.account_id, "name": place.name}
