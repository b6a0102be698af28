"""CloudFormation's handlers never create a resource with a name that is taken; they check it where the service would
not.

Reason: CreateQueue and CreateTopic return the existing resource, PutRule and PutMetricAlarm overwrite it, and ministack
replaces it with a new one: a queue's messages, a topic's subscriptions and a secret's value would be lost.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html ("Primary IDs
with read only properties aren't supported": nobody looks for a queue, topic, secret, rule or state machine before the
stack makes it).
What is known by its name alone is found before a change set is made, and imported by it. Of these ministack knows some.
A schedule in a group of its own is not found: its name is looked for in the default group.
Texts: https://github.com/awslabs/fhir-works-on-aws-deployment/issues/754 and serverless/serverless#10104
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .names import load, original

__all__ = ["patch"]

_EXISTS = (
    "Resource handler returned message: \"Resource of type '{kind}' with identifier '{name}' already exists.\" "
    "(RequestToken: 0, HandlerErrorCode: AlreadyExists)"
)
_Key = Callable[[str, Mapping[str, Any]], str]

_HERE = "{region}:{account}:"


def _arn(pattern: str) -> _Key:
    def arn(name: str, properties: Mapping[str, Any]) -> str:
        responses = load("ministack.core.responses")
        path = properties.get("Path", "/")
        return pattern.format(region=responses.get_region(), account=responses.get_account_id(), name=name, path=path)

    return arn


def _plain(name: str, _: Mapping[str, Any]) -> str:
    return name


def _rule(name: str, properties: Mapping[str, Any]) -> str:
    return f"{str(properties.get('EventBusName') or 'default').rpartition('/')[2]}|{name}"


def _schedule(name: str, properties: Mapping[str, Any]) -> str:
    return f"{properties.get('GroupName') or 'default'}/{name}"


_STORES: Mapping[str, tuple[str, str, str, _Key]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch", "_alarms", _plain),
    "AWS::Events::EventBus": ("Name", "eventbridge", "_event_buses", _plain),
    "AWS::Events::Rule": ("Name", "eventbridge", "_rules", _rule),
    "AWS::Glue::Job": ("Name", "glue", "_jobs", _plain),
    "AWS::Glue::Trigger": ("Name", "glue", "_triggers", _plain),
    "AWS::IAM::ManagedPolicy": (
        "ManagedPolicyName",
        "iam",
        "_policies",
        _arn("arn:aws:iam::{account}:policy{path}{name}"),
    ),
    "AWS::IAM::Role": ("RoleName", "iam", "_roles", _plain),
    "AWS::Kinesis::Stream": ("Name", "kinesis", "_streams", _plain),
    "AWS::Logs::LogGroup": ("LogGroupName", "cloudwatch_logs", "_log_groups", _plain),
    "AWS::SNS::Topic": ("TopicName", "sns", "_topics", _arn(f"arn:aws:sns:{_HERE}{{name}}")),
    "AWS::SQS::Queue": ("QueueName", "sqs", "_queue_name_to_url", _plain),
    "AWS::Scheduler::Schedule": ("Name", "scheduler", "_schedules", _schedule),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager", "_secrets", _plain),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "stepfunctions",
        "_state_machines",
        _arn(f"arn:aws:states:{_HERE}stateMachine:{{name}}"),
    ),
}
"""By type: the property with the name, ministack's service and store, and how a name is kept there."""

_WITHOUT_CASE = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Role")
"""Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""

_NAMED_BY_THEMSELVES = (
    "AWS::CloudWatch::Alarm",
    "AWS::Events::EventBus",
    "AWS::Glue::Job",
    "AWS::Glue::Trigger",
    "AWS::Kinesis::Stream",
    "AWS::Scheduler::Schedule",
)
"""Types whose name is their primary identifier and that AWS reads by it, so that it finds and imports them. That it
finds an alarm has been seen; the rest is what ``primaryIdentifier`` and ``handlers`` of their schemas say.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html
"""
_NOT_FOUND = "Resource of type '{kind}' with identifier '{name}' was not found."
_ARNS = ("Arn", "AlarmArn", "StreamARN")


def patch() -> None:
    """Check before a handler creates something; a resource without a name in the template gets a free one."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    for kind in _STORES:
        handlers[kind] = {**handlers[kind], "create": _unless_taken(kind, handlers[kind]["create"])}
    lookups = original(load("ministack.services.cloudformation.changesets"), "_IMPORT_LOOKUPS")
    for kind in _NAMED_BY_THEMSELVES:
        lookups[kind] = ((_STORES[kind][0],), partial(_import_problem, kind))
        handlers[kind]["import"] = partial(_imported, kind)


def _import_problem(kind: str, name: str) -> str | None:
    return None if _is_there(kind, {_STORES[kind][0]: name}) else _NOT_FOUND.format(kind=kind, name=name)


def _imported(kind: str, identifier: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Unchanged: an import reads, and changes no setting."""
    key, service, store, kept_as = _STORES[kind]
    kept = original(load(f"ministack.services.{service}"), store)[kept_as(identifier[key], identifier)]
    return identifier[key], {"Name": identifier[key], "Arn": next((kept[arn] for arn in _ARNS if arn in kept), "")}


def _is_there(kind: str, properties: Mapping[str, Any]) -> str:
    """The name, if the template gives one that is taken; otherwise nothing."""
    key, service, store, kept_as = _STORES[kind]
    name = properties.get(key)
    kept = original(load(f"ministack.services.{service}"), store)
    if not isinstance(name, str):
        return ""
    if kind in _WITHOUT_CASE:
        return name if kept_as(name, properties).lower() in map(str.lower, kept) else ""
    return name if kept_as(name, properties) in kept else ""


def _unless_taken(kind: str, create: Callable[..., Any]) -> Callable[..., Any]:
    def checked(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = _is_there(kind, properties)
        if name:
            raise ValueError(_EXISTS.format(kind=kind, name=name))
        return create(logical_id, properties, stack_name)

    return checked
