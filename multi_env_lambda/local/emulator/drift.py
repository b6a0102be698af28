"""Drift detection reads every type that our templates contain: whether it exists, and each property that the template
sets.

Reason: ministack reads a few types, and few of their properties: no policies of roles, only the existence of rules and
subscriptions, and nothing of aliases, permissions, mappings, alarms, schedules, jobs and others.
What is compared: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (only what
the template sets), as far as the type's read handler returns it. So neither write-only properties (the code of a
function) are compared, nor types without a read handler (policies of queues and topics, ``AWS::IAM::Policy``), which
remain NOT_CHECKED:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html and
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-model-false-drift.html
"""

from __future__ import annotations

import json
from typing import Any

from .drift_of_groups import GROUP_READERS
from .drift_of_lambda import FUNCTION_READERS, Properties, Read, in_our_case, said
from .drift_of_rest_apis import REST_READERS
from .names import load, original

__all__ = ["READERS", "patch"]


def patch() -> None:
    """What ministack reads itself stays as it is; the rest is added."""
    known = original(load("ministack.services.cloudformation.drift"), "_DRIFT_READERS")
    for kind, (read, names) in READERS.items():
        before, covered = known.get(kind, (_nothing, frozenset()))
        known[kind] = (_both(before, read), covered | frozenset(names.split()))


def _nothing(physical_id: str, properties: Properties) -> dict[str, Any]:
    return {}


def _both(before: Read, read: Read) -> Read:
    def reading(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        ours = read(physical_id, properties)
        if ours is None:
            return None
        whole = {**(before(physical_id, properties) or {}), **ours}
        return {name: _as_set(properties.get(name), value) for name, value in whole.items()}

    return reading


def _as_set(expected: Any, actual: Any) -> Any:
    """Without settings that the template omits, such as defaults: only lists report additions.

    Additional keys in a map, such as a function's variables, are reported.
    Source: DifferenceType in
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_PropertyDifference.html
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        is_map = set(expected) == {"Variables"}
        return {
            key: value if is_map else _as_set(expected[key], value) for key, value in actual.items() if key in expected
        }
    if isinstance(expected, float | int) and isinstance(actual, float) and actual.is_integer():
        return type(expected)(actual)
    return actual


def _document(value: Any) -> Any:
    """A policy, pattern or input as an object where the service stores text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _record(module: str, store: str, names: str) -> tuple[Read, str]:
    """A type whose records are stored by physical id, with the template's property names."""

    def read(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        found = _store(module, store).get(physical_id)
        return None if found is None else said(found, names)

    return read, names


def _store(module: str, store: str) -> Any:
    return original(load(f"ministack.services.{module}"), store)


def _role(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    role = _store("iam", "_roles").get(physical_id)
    if role is None:
        return None
    inline = [
        {"PolicyName": name, "PolicyDocument": _document(text)} for name, text in role.get("InlinePolicies", {}).items()
    ]
    return {"Policies": inline, "ManagedPolicyArns": list(role.get("AttachedPolicies", ()))}


def _managed_policy(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    policy = _store("iam", "_policies").get(physical_id)
    if policy is None:
        return None
    version = policy["Versions"][policy["DefaultVersionId"]]
    return {"PolicyDocument": _document(version["Document"])}


def _rule(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    events = load("ministack.services.eventbridge")
    bus = load("ministack.services.cloudformation.provisioners")._eb_rule_bus_name(properties)
    key = events._rule_key(physical_id, bus)
    rule = events._rules.get(key)
    if rule is None:
        return None
    texts = {name: rule[name] for name in ("ScheduleExpression", "Description", "RoleArn") if rule.get(name)}
    pattern = {"EventPattern": _document(rule["EventPattern"])} if rule.get("EventPattern") else {}
    return {"State": rule["State"], "Targets": list(events._targets.get(key, ())), **texts, **pattern}


def _schedule(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = _store("scheduler", "_schedules").get(f"{properties.get('GroupName', 'default')}/{physical_id}")
    return None if found is None else said(found, _SCHEDULE)


def _subscription(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    topics = load("ministack.services.sns")
    if _is_elsewhere(str(properties.get("TopicArn", ""))):
        # ministack keeps a subscription with its topic, and of one in another account or region nothing.
        return {name: properties[name] for name in _NAMES_OF_SUBSCRIPTION.split() if name in properties}
    topic = topics._sub_arn_to_topic.get(physical_id)
    found = topics._find_subscription(topic, physical_id) if topic else None
    if found is None:
        return None
    attributes = found["attributes"]
    policies = {name: _document(attributes[name]) for name in ("FilterPolicy", "RedrivePolicy") if attributes.get(name)}
    scalars = {name: attributes[name] for name in ("FilterPolicyScope", "RawMessageDelivery") if attributes.get(name)}
    named = {"TopicArn": found["topic_arn"], "Protocol": found["protocol"], "Endpoint": found["endpoint"]}
    return {**named, **policies, **scalars}


def _is_elsewhere(arn: str) -> bool:
    here = load("ministack.core.responses")
    return arn.split(":")[3:5] != [here.get_region(), here.get_account_id()]


def _bucket(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    """Of the notifications, the functions and whether EventBridge is enabled; and whether public access is blocked."""
    objects = load("ministack.services.s3")
    bucket = objects._buckets.get(physical_id)
    if bucket is None:
        return None
    told = "EventBridgeConfiguration" in str(objects._bucket_notifications.get(physical_id, ""))
    text = str(bucket.get("_public_access_block", ""))
    public = properties.get("PublicAccessBlockConfiguration") or {}
    return {
        "NotificationConfiguration": {
            "EventBridgeConfiguration": {"EventBridgeEnabled": told},
            "LambdaConfigurations": _called_functions(objects, physical_id),
        },
        "PublicAccessBlockConfiguration": {name: f"<{name}>true<" in text for name in public},
    }


def _called_functions(objects: Any, bucket: str) -> list[dict[str, Any]]:
    """In the template's words: one entry for each event."""
    found = []
    for entry in objects._parse_notification_config(bucket):
        written = (("prefix", entry["filter_prefix"]), ("suffix", entry["filter_suffix"]))
        rules = [{"Name": name, "Value": text} for name, text in written if text]
        filtered = {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
        if entry["type"] == "lambda":
            found += [{"Event": event, "Function": entry["arn"], **filtered} for event in entry["events"]]
    return found


def _bucket_policy(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    policy = _store("s3", "_bucket_policies").get(properties.get("Bucket"))
    return None if policy is None else {"PolicyDocument": _document(policy)}


def _of_api(store: str, names: str) -> tuple[Read, str]:
    """A part of an HTTP API, which the service stores inside the API, with names in its own case."""

    def read(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        parts = _store("apigateway", store).get(properties.get("ApiId"), {})
        found = parts.get(physical_id.rpartition("/")[2])
        return None if found is None else in_our_case(found, names)

    return read, names


def _api(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = _store("apigateway", "_apis").get(physical_id)
    return None if found is None else in_our_case(found, _API)


def _metric_filter(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    return {} if (properties.get("LogGroupName"), physical_id) in _store("cloudwatch_logs", "_metric_filters") else None


_API = "Name ProtocolType Description"
_ALARM = (
    "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions "
    "EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName Namespace OKActions Period Statistic "
    "Threshold TreatMissingData Unit"
)
_JOB = (
    "Command Connections DefaultArguments Description GlueVersion MaxCapacity MaxRetries NonOverridableArguments "
    "NumberOfWorkers Role SecurityConfiguration Timeout WorkerType"
)
_SCHEDULE = (
    "ScheduleExpression ScheduleExpressionTimezone FlexibleTimeWindow Target State Description StartDate EndDate"
)
_NAMES_OF_RULE = "Description EventPattern RoleArn ScheduleExpression State Targets"
_NAMES_OF_SUBSCRIPTION = "Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy TopicArn"

READERS: dict[str, tuple[Read, str]] = {
    "AWS::ApiGatewayV2::Api": (_api, _API),
    "AWS::ApiGatewayV2::Authorizer": _of_api("_authorizers", "Name AuthorizerType AuthorizerUri IdentitySource"),
    "AWS::ApiGatewayV2::Integration": _of_api("_integrations", "IntegrationType IntegrationUri PayloadFormatVersion"),
    "AWS::ApiGatewayV2::Route": _of_api("_routes", "RouteKey Target AuthorizationType AuthorizerId"),
    "AWS::ApiGatewayV2::Stage": _of_api("_stages", "StageName AutoDeploy"),
    "AWS::CloudWatch::Alarm": _record("cloudwatch", "_alarms", _ALARM),
    "AWS::Events::EventBus": _record("eventbridge", "_event_buses", ""),
    "AWS::Events::Rule": (_rule, _NAMES_OF_RULE),
    "AWS::Glue::Database": _record("glue", "_databases", ""),
    "AWS::Glue::Job": _record("glue", "_jobs", _JOB),
    "AWS::Glue::Trigger": _record("glue", "_triggers", "Actions Description Predicate Schedule Type"),
    "AWS::IAM::ManagedPolicy": (_managed_policy, "PolicyDocument"),
    "AWS::IAM::Role": (_role, "Policies ManagedPolicyArns"),
    "AWS::Logs::MetricFilter": (_metric_filter, ""),
    "AWS::S3::Bucket": (_bucket, "NotificationConfiguration PublicAccessBlockConfiguration"),
    "AWS::S3::BucketPolicy": (_bucket_policy, "PolicyDocument"),
    "AWS::SNS::Subscription": (_subscription, _NAMES_OF_SUBSCRIPTION),
    "AWS::Scheduler::Schedule": (_schedule, _SCHEDULE),
    **FUNCTION_READERS,
    **GROUP_READERS,
    **REST_READERS,
}
"""Type -> what reads it, and the names of the properties that are compared beside those that ministack compares."""
