"""``Events`` of a function of SAM: each becomes one of ours, or an event source in ``stack.py``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Grant, Ours
from multi_env_lambda.adopt.sam_api import read_route
from multi_env_lambda.adopt.sam_said import say_parts
from multi_env_lambda.adopt.sam_schedule import OF_A_SCHEDULE, read_scheduled
from multi_env_lambda.model.keys.event import SCHEDULE_EXPRESSION
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["OF_A_TARGET", "is_off", "plain_pattern", "read_events"]

Reader = Callable[[Draft, str, str, Node], None]

OF_A_TARGET = ("Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig")
"""What an event says about the target of its rule."""
_OF_A_RULE = frozenset({"Pattern", "EventBusName", "State", "Enabled", "Target", *OF_A_TARGET})
_KNOWN: Mapping[str, frozenset[str]] = {
    "Api": frozenset({"Path", "Method", "RestApiId", "Auth"}),
    "HttpApi": frozenset({"Path", "Method", "ApiId", "Auth", "PayloadFormatVersion"}),
    "Schedule": frozenset({"Schedule", "State", "Enabled", "Input"}),
    "ScheduleV2": OF_A_SCHEDULE,
    "CloudWatchEvent": _OF_A_RULE,
    "EventBridgeRule": _OF_A_RULE,
    "S3": frozenset({"Bucket", "Events", "Filter"}),
    "SNS": frozenset({"Topic", "FilterPolicy", "FilterPolicyScope", "SqsSubscription", "RedrivePolicy"}),
}
"""The properties of an event that its reader does something with, or says something about."""

_BATCHES = {"BatchSize": "batch_size", "MaximumBatchingWindowInSeconds": "window"}
_STREAMS = {
    **_BATCHES,
    "StartingPosition": "starting_position",
    "ParallelizationFactor": "parallelization",
    "BisectBatchOnFunctionError": "bisect",
    "MaximumRetryAttempts": "retries",
}
_SOURCES = {"SQS": "Queue", "Kinesis": "Stream", "DynamoDB": "Stream", "MSK": "Stream", "MQ": "Broker"}
_MAPPING = frozenset(
    {
        *("BatchSize", "MaximumBatchingWindowInSeconds", "StartingPosition", "ParallelizationFactor", "Topics"),
        *("BisectBatchOnFunctionError", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "FilterCriteria"),
        *("FunctionResponseTypes", "ScalingConfig", "Enabled", "DestinationConfig", "TumblingWindowInSeconds"),
        *("Queues", "SourceAccessConfigurations", "ConsumerGroupId", "StartingPositionTimestamp"),
        *("ProvisionedPollerConfig", "KmsKeyArn"),
    }
)
_READS = {
    "SQS": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"),
    "Kinesis": (
        *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
        *("kinesis:GetShardIterator", "kinesis:ListShards"),
    ),
    "DynamoDB": ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
    "MSK": ("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
    "MQ": ("mq:DescribeBroker",),
}
_ROUTES = ("http", "rest")
_IN_A_NETWORK = (
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
)


def read_events(draft: Draft, function: str, node: Node) -> None:
    """All events of one function; ``node`` is the table of them, by name."""
    for name, event in node.table.items():
        kind, properties = str(event.text("Type") or ""), event.get("Properties") or event
        reader = _READERS.get(kind)
        if reader is None:
            draft.left(function, f"event {name} ({kind})", event, "there is no such event here: write it in stack.py")
        else:
            reader(draft, function, name, properties)
            if kind in _KNOWN:
                say_parts(draft, function, f"event {name} ({kind})", properties, {"Type", *_KNOWN[kind]})


def _event(draft: Draft, function: str, entry: Mapping[str, Any], what: str, node: Node) -> None:
    events = draft.tables[draft.functions[function]].setdefault("events", [])
    key = next(iter(entry))
    if entry in events:
        return
    said = {one: value for one, value in entry.items() if value is not None}
    same = next((one for one in events if key in _ROUTES and one.get(key) == entry[key]), None)
    if same is None:
        events.append(said)
    else:  # the definition of the API has it, too: an authorizer that one of them has stays
        same.update(said)
    draft.carried(function, what, node, f"{key} = {json.dumps(entry[key])}")


def is_off(draft: Draft, node: Node) -> bool:
    """Whether an event is there, and does nothing."""
    enabled, state = draft.values.of(node.get("Enabled")), draft.values.of(node.get("State"))
    return str(enabled).lower() == "false" or str(state).upper() == "DISABLED"


def _schedule(draft: Draft, function: str, name: str, node: Node) -> None:
    what = f"event {name} (Schedule)"
    expression = draft.text(draft.values.of(node.get("Schedule")))
    if is_off(draft, node):
        draft.left(function, what, node, "it is disabled: add the event when it is to run")
        return
    if expression is None or not SCHEDULE_EXPRESSION.accepts(expression):
        draft.left(function, what, node, "a schedule here is `rate(…)` or `cron(…)`: write another one in stack.py")
        return
    payload = draft.values.of(node.get("Input"))
    entry: dict[str, Any] = {"schedule": expression}
    if payload is not None:
        try:
            entry["payload"] = json.loads(payload) if isinstance(payload, str) else payload
        except ValueError:
            draft.left(function, f"{what}: Input", node, "it is no JSON")
    _event(draft, function, entry, what, node)


def _scheduled(draft: Draft, function: str, name: str, node: Node) -> None:
    what = f"event {name} (ScheduleV2)"
    if is_off(draft, node):
        draft.left(function, what, node, "it is disabled: add the event when it is to run")
    elif (entry := read_scheduled(draft, function, what, node)) is not None:
        _event(draft, function, entry, what, node)


def _pattern(draft: Draft, function: str, name: str, node: Node) -> None:
    what = f"event {name} (EventBridgeRule)"
    pattern, bus = draft.values.of(node.get("Pattern")), draft.values.of(node.get("EventBusName"))
    if is_off(draft, node):
        draft.left(function, what, node, "the rule is disabled: add the event when it is to run")
        return
    tree = plain_pattern(pattern, draft)
    bus_text = None if bus is None else draft.text(bus)
    if (made_here := _bus_of_the_stack(draft, bus_text)) is not None:
        bus, bus_text = made_here, None
    more = {key: draft.body(draft.values.of(node.get(key))) for key in OF_A_TARGET if key in node.table}
    if not isinstance(tree, Mapping) or more or (bus is not None and bus_text is None):
        target = {"Arn": Ours("alias", draft.functions[function]), "Id": "live", **more}
        properties = {"EventPattern": draft.body(pattern), "Targets": [target]}
        if bus is not None:
            properties["EventBusName"] = draft.body(bus)
        _rule(draft, function, name, properties, what, node)
        return
    entry: dict[str, Any] = {"event_pattern": tree}
    if bus_text not in (None, "default"):
        entry["bus"] = bus_text
    _event(draft, function, entry, what, node)


def _bus_of_the_stack(draft: Draft, name: str | None) -> Any:
    """A reference to the bus of the template that is called so: it is not there before the first deploy."""
    for logical, body in draft.resources.items():
        named = body.get("Properties", {}).get("Name") if body.get("Type") == "AWS::Events::EventBus" else None
        if named is not None and draft.text(named) == name:
            return {"Ref": logical}
    return None


def _rule(draft: Draft, function: str, name: str, properties: Any, what: str, node: Node) -> None:
    key = draft.functions[function]
    rule = logical_id(key, name, "Rule")
    draft.add(rule, {"Type": "AWS::Events::Rule", "Properties": properties}, node)
    _may_call(draft, key, f"{rule}Permission", node, "events", {"SourceArn": {"Fn::GetAtt": [rule, "Arn"]}})
    draft.carried(function, what, node, f"{rule} in stack.py")


def _may_call(draft: Draft, key: str, name: str, node: Node, service: str, source: Mapping[str, Any]) -> None:
    """The permission called ``name`` for a service of AWS to call a function; ``source`` says for whom it calls."""
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": Ours("alias", key),
        "Principal": f"{service}.amazonaws.com",
        **source,
    }
    draft.add(name, {"Type": "AWS::Lambda::Permission", "Properties": properties}, node)


def plain_pattern(value: Any, draft: Draft) -> Any:
    """A pattern with texts as our tables have them; None if a part is only known to the stack."""
    if isinstance(value, Mapping) and draft.target(value) is None and not any(k.startswith("Fn::") for k in value):
        found = {key: plain_pattern(one, draft) for key, one in value.items()}
        return None if any(one is None for one in found.values()) else found
    if isinstance(value, list):
        texts = [plain_pattern(one, draft) for one in value]
        return None if any(one is None for one in texts) else texts
    return draft.text(value) if isinstance(value, str | Mapping) else value


def _topic(draft: Draft, function: str, name: str, node: Node) -> None:
    what = f"event {name} (SNS)"
    topic = draft.values.of(node.get("Topic"))
    filters = draft.values.of(node.get("FilterPolicy"))
    own = draft.own.get(draft.referred(topic))
    source = own.key if own is not None else draft.text(topic)
    if (found := node.get("SqsSubscription")) is not None:
        reason = "write a queue that subscribes to the topic, and the event `sqs` of that queue"
        draft.left(function, what, found, reason)
        return
    tree = None if filters is None else plain_pattern(filters, draft)
    is_short = not {"FilterPolicyScope", "RedrivePolicy"} & set(node.table)
    if source is not None and (filters is None or tree is not None) and is_short:
        _event(draft, function, {"sns": source, "filter_policy": tree}, what, node)
        return
    key = draft.functions[function]
    properties = {"Protocol": "lambda", "TopicArn": draft.body(topic), "Endpoint": Ours("alias", key)}
    for one in ("FilterPolicy", "FilterPolicyScope", "RedrivePolicy"):
        if one in node.table:
            properties[one] = draft.body(draft.values.of(node.get(one)))
    subscription = logical_id(key, name, "Subscription")
    draft.add(subscription, {"Type": "AWS::SNS::Subscription", "Properties": properties}, node)
    _may_call(draft, key, f"{subscription}Permission", node, "sns", {"SourceArn": draft.body(topic)})
    draft.carried(function, what, node, f"{subscription} in stack.py")


def _batches(kind: str, words: Mapping[str, str]) -> Reader:
    """A reader of an event that Lambda polls for."""

    def read(draft: Draft, function: str, name: str, node: Node) -> None:
        what = f"event {name} ({kind})"
        source = draft.values.of(node.get(_SOURCES[kind]))
        own = draft.own.get(draft.referred(source))
        text = own.key if own is not None else draft.text(source)
        known = {*words, _SOURCES[kind], "FunctionResponseTypes", "Enabled", "ScalingConfig"}
        if text is None or set(node.table) - known or is_off(draft, node) or kind in ("MSK", "MQ"):
            _mapping(draft, function, name, kind, node)
            return
        entry: dict[str, Any] = {kind.lower(): text}
        for theirs, word in words.items():
            value = draft.values.of(node.get(theirs))
            entry[word] = int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value
        if "FunctionResponseTypes" not in node.table:
            entry["partial_failures"] = False
        scaling = draft.values.of(node.get("ScalingConfig"))
        if isinstance(scaling, Mapping):
            entry["maximum_concurrency"] = scaling.get("MaximumConcurrency")
        _event(draft, function, entry, what, node)

    return read


def _mapping(draft: Draft, function: str, name: str, kind: str, node: Node) -> None:
    """What has no word, or a source that is in stack.py: an event source mapping, and the right to read."""
    key = draft.functions[function]
    source = draft.body(draft.values.of(node.get(_SOURCES[kind])))
    properties = {"EventSourceArn": source, "FunctionName": Ours("alias", key)}
    for theirs in node.table:
        if theirs in _MAPPING:
            properties[theirs] = draft.body(draft.values.of(node.get(theirs)))
        elif theirs != _SOURCES[kind]:
            draft.left(
                function, f"event {name} ({kind}): {theirs}", node, "it has no counterpart: write it in stack.py"
            )
    mapping = logical_id(key, name, "Source")
    draft.add(mapping, {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}, node)
    draft.grants.append(Grant(function=key, actions=_READS[kind], resources=(source,)))
    if kind == "DynamoDB":
        draft.grants.append(Grant(function=key, actions=("dynamodb:ListStreams",), resources=("*",)))
    if kind in ("MSK", "MQ"):
        draft.grants.append(Grant(function=key, actions=_IN_A_NETWORK, resources=("*",)))
    draft.carried(function, f"event {name} ({kind})", node, f"{mapping} in stack.py")


def _bucket(draft: Draft, function: str, name: str, node: Node) -> None:
    what = f"event {name} (S3)"
    bucket = draft.values.of(node.get("Bucket"))
    events = draft.values.of(node.get("Events"))
    listed = list(events) if isinstance(events, list) else [str(events)]
    rules = draft.values.of(node.get("Filter", "S3Key", "Rules")) or []
    parts = {str(rule.get("Name")).lower(): draft.text(rule.get("Value")) for rule in rules if isinstance(rule, dict)}
    logical = draft.referred(bucket)
    if (own := draft.own.get(logical)) is not None:
        entry = {"s3": own.key, "events": listed, "prefix": parts.get("prefix"), "suffix": parts.get("suffix")}
        if listed == ["s3:ObjectCreated:*"]:
            del entry["events"]
        _event(draft, function, entry, what, node)
        return
    if draft.resources.get(logical, {}).get("Type") != "AWS::S3::Bucket":
        draft.left(
            function, what, node, "the bucket is not in this template: see `s3` with `form` for existing buckets"
        )
        return
    _notify(draft, function, logical, listed, rules, node)
    draft.carried(function, what, node, f"NotificationConfiguration of {logical} in stack.py")


def _notify(draft: Draft, function: str, bucket: str, events: list[str], rules: Any, node: Node) -> None:
    key = draft.functions[function]
    body = draft.resources[bucket]
    permission = logical_id(key, bucket, "Permission")
    properties = body.setdefault("Properties", {})
    configurations = properties.setdefault("NotificationConfiguration", {}).setdefault("LambdaConfigurations", [])
    for event in events:
        entry: dict[str, Any] = {"Event": event, "Function": Ours("alias", key)}
        if rules:
            entry["Filter"] = {"S3Key": {"Rules": draft.body(rules)}}
        configurations.append(entry)
    waits = body.get("DependsOn", [])
    body["DependsOn"] = [*([waits] if isinstance(waits, str) else waits), permission]
    _may_call(draft, key, permission, node, "s3", {"SourceAccount": {"Ref": "AWS::AccountId"}})


def _route(kind: str) -> Reader:
    """A reader of a route of a REST API or an HTTP API."""

    def read(draft: Draft, function: str, name: str, node: Node) -> None:
        what = f"event {name} ({kind})"
        entry = read_route(draft, function, what, node, is_rest=kind == "Api")
        if entry is not None:
            _event(draft, function, entry, what, node)

    return read


_READERS: Mapping[str, Reader] = {
    "Api": _route("Api"),
    "HttpApi": _route("HttpApi"),
    "Schedule": _schedule,
    "ScheduleV2": _scheduled,
    "CloudWatchEvent": _pattern,
    "EventBridgeRule": _pattern,
    "SNS": _topic,
    "SQS": _batches("SQS", _BATCHES),
    "Kinesis": _batches("Kinesis", _STREAMS),
    "DynamoDB": _batches("DynamoDB", _STREAMS),
    "MSK": _batches("MSK", _BATCHES),
    "MQ": _batches("MQ", _BATCHES),
    "S3": _bucket,
}
