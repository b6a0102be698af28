"""From what invokes a function to the resources that deliver the event to its alias; one small function per kind."""

from __future__ import annotations

import json
from typing import Any, assert_never

import attrs

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import (
    BucketNotification,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    Schedule,
    Topic,
)
from multi_env_lambda.plan.template.parts import ALIAS, Json, Part, Resource, StackInput, get_att, logical_id, ref
from multi_env_lambda.plan.template.regions import check_same_region
from multi_env_lambda.plan.template.roles import allow, decrypt, delivery

__all__ = ["event_part"]

_DYNAMODB = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_KINESIS = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
_QUEUE = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")


def event_part(unit: StackInput, function: Function, event: Event) -> Part:
    match event:
        case Schedule():
            return _schedule(function, event)
        case Queue():
            return _queue(unit, function, event)
        case Topic():
            return _topic(unit, function, event)
        case BucketNotification():
            return _bucket(unit, function, event)
        case EventPattern():
            return _pattern(function, event)
        case DynamoDBStream():
            list_streams = allow(["dynamodb:ListStreams"], "*")
            needs = (allow(_DYNAMODB, event.arn), list_streams, decrypt(unit, "dynamodb"))
            return _stream(unit, function, event, needs)
        case KinesisStream():
            return _stream(unit, function, event, (allow(_KINESIS, event.arn), decrypt(unit, "kinesis")))
        case FunctionUrl():
            return _url(function, event)
        case _:
            assert_never(event)


def _name(function: Function, kind: str, *identity: object) -> str:
    """Named by what the event *is*, so that the other events of the list and their order do not matter."""
    return logical_id(function.key, kind, digest(list(identity))[:8])


def _resource(
    function: Function,
    name: str,
    type_: str,
    properties: Json,
    *,
    depends_on: tuple[str, ...] = (),
    retain: bool = False,
) -> Resource:
    made_by = f"functions.{function.key}.events"
    return Resource(
        logical_id=name, type=type_, properties=properties, depends_on=depends_on, retain=retain, made_by=made_by
    )


def _alias(function: Function) -> Json:
    return ref(logical_id(function.key, "Alias"))


def _may_invoke(function: Function, name: str, principal: str, source_arn: Any) -> Resource:
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": _alias(function),
        "Principal": principal,
        "SourceArn": source_arn,
    }
    return _resource(function, f"{name}Permission", "AWS::Lambda::Permission", properties)


def _rule(function: Function, name: str, properties: Json, payload: str | None = None) -> tuple[Resource, ...]:
    target: Json = {"Id": "function", "Arn": _alias(function)}
    if payload is not None:
        target["Input"] = payload
    rule = _resource(function, name, "AWS::Events::Rule", {**properties, "State": "ENABLED", "Targets": [target]})
    return rule, _may_invoke(function, name, "events.amazonaws.com", get_att(name, "Arn"))


def _schedule(function: Function, event: Schedule) -> Part:
    name = _name(function, "Schedule", event.expression, event.payload)
    return Part(resources=_rule(function, name, {"ScheduleExpression": event.expression}, event.payload))


def _pattern(function: Function, event: EventPattern) -> Part:
    name = _name(function, "Events", event.pattern, event.bus)
    bus = {} if event.bus == "default" else {"EventBusName": event.bus}
    return Part(resources=_rule(function, name, {"EventPattern": json.loads(event.pattern), **bus}))


def _bucket(unit: StackInput, function: Function, event: BucketNotification) -> Part:
    # Through EventBridge for both kinds of bucket: one shape of event, and no cycle of bucket, permission and alias.
    match event.source:
        case Existing():
            made: tuple[Resource, ...] = ()
            bucket_name: Any = event.source.identifier
        case Own():
            bucket_id = logical_id(event.source.key, "Bucket")
            notification = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
            public = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
            properties = {
                "BucketName": unit.project.bucket_name(unit.environment, event.source.key),
                "NotificationConfiguration": notification,
                "PublicAccessBlockConfiguration": dict.fromkeys(public, True),
                **unit.tags,
            }
            made = (_resource(function, bucket_id, "AWS::S3::Bucket", properties, retain=True),)
            bucket_name = ref(bucket_id)
        case _:
            assert_never(event.source)
    pattern = {
        "source": ["aws.s3"],
        "detail-type": list(event.events),
        "detail": {"bucket": {"name": [bucket_name]}, **_key_pattern(event)},
    }
    name = _name(function, "Objects", type(event.source).__name__, attrs.astuple(event))
    return Part(resources=(*made, *_rule(function, name, {"EventPattern": pattern})))


def _key_pattern(event: BucketNotification) -> Json:
    match (event.prefix, event.suffix):
        case ("", ""):
            return {}
        case (prefix, ""):
            matcher = {"prefix": prefix}
        case ("", suffix):
            matcher = {"suffix": suffix}
        case (prefix, suffix):
            # Two matchers of one field mean "or"; only a wildcard says "and".
            escaped = [text.replace("\\", "\\\\").replace("*", "\\*") for text in (prefix, suffix)]
            matcher = {"wildcard": "*".join(escaped)}
    return {"object": {"key": [matcher]}}


def _topic(unit: StackInput, function: Function, event: Topic) -> Part:
    match event.source:
        case Existing(identifier=arn):
            made: tuple[Resource, ...] = ()
            topic_arn: Any = arn
            source = arn
        case Own(key=source):
            topic_id = logical_id(source, "Topic")
            properties = {"TopicName": unit.project.topic_name(unit.environment.name, source), **unit.tags}
            made = (_resource(function, topic_id, "AWS::SNS::Topic", properties),)
            topic_arn = ref(topic_id)
        case _:
            assert_never(event.source)
    name = _name(function, "Topic", source)
    subscription: Json = {"Protocol": "lambda", "TopicArn": topic_arn, "Endpoint": _alias(function)}
    if isinstance(topic_arn, str) and (region := topic_arn.split(":")[3]) != unit.environment.region:
        subscription["Region"] = region
    if event.filter_policy is not None:
        subscription["FilterPolicy"] = json.loads(event.filter_policy)
    permission = _may_invoke(function, name, "sns.amazonaws.com", topic_arn)
    subscribed = _resource(
        function, f"{name}Subscription", "AWS::SNS::Subscription", subscription, depends_on=(permission.logical_id,)
    )
    return Part(resources=(*made, subscribed, permission))


def _mapping(unit: StackInput, function: Function, name: str, source_arn: Any, properties: Json) -> Resource:
    """Lambda reads from the source itself, in its own region only."""
    if isinstance(source_arn, str):
        what = f"functions.{function.key}.events:"
        check_same_region([source_arn], unit.environment, where=unit.where, what=what)
    body = {"FunctionName": _alias(function), "EventSourceArn": source_arn, **properties}
    return _resource(function, name, "AWS::Lambda::EventSourceMapping", body)


def _queue(unit: StackInput, function: Function, event: Queue) -> Part:
    match event.source:
        case Existing(identifier=arn):
            made: tuple[Resource, ...] = ()
            queue_arn: Any = arn
            source = arn
            outputs: tuple[tuple[str, Json], ...] = ()
            keys: tuple[Json, ...] = (decrypt(unit, "sqs"),)
        case OwnQueue():
            made = _own_queue(unit, function, event.source)
            source = event.source.key
            queue_arn = get_att(logical_id(source, "Queue"), "Arn")
            outputs = ((logical_id(source, "QueueUrl"), {"Value": ref(logical_id(source, "Queue"))}),)
            keys = ()
        case _:
            assert_never(event.source)
    properties: Json = {"BatchSize": event.batch_size}
    if event.window:
        properties["MaximumBatchingWindowInSeconds"] = event.window
    if event.partial_failures:
        properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    if event.maximum_concurrency is not None:
        properties["ScalingConfig"] = {"MaximumConcurrency": event.maximum_concurrency}
    mapping = _mapping(unit, function, _name(function, "Messages", source), queue_arn, properties)
    return Part(resources=(*made, mapping), statements=(allow(_QUEUE, queue_arn), *keys), outputs=outputs)


def _own_queue(unit: StackInput, function: Function, queue: OwnQueue) -> tuple[Resource, ...]:
    queue_id, dead_id = logical_id(queue.key, "Queue"), logical_id(queue.key, "DeadLetters")
    name = unit.project.queue_name(unit.environment.name, queue.key)
    two_weeks = 14 * 86400
    dead = {"QueueName": f"{name}-dlq", "MessageRetentionPeriod": two_weeks, **unit.tags}
    redrive = {"deadLetterTargetArn": get_att(dead_id, "Arn"), "maxReceiveCount": queue.max_receive_count}
    main = {
        "QueueName": name,
        "VisibilityTimeout": queue.visibility_timeout,
        "MessageRetentionPeriod": queue.retention_days * 86400,
        "RedrivePolicy": redrive,
        **unit.tags,
    }
    return (
        _resource(function, dead_id, "AWS::SQS::Queue", dead, retain=True),
        _resource(function, queue_id, "AWS::SQS::Queue", main, retain=True),
    )


def _stream(
    unit: StackInput, function: Function, event: DynamoDBStream | KinesisStream, statements: tuple[Json, ...]
) -> Part:
    properties: Json = {
        "StartingPosition": event.starting_position,
        "BatchSize": event.batch_size,
        "MaximumRetryAttempts": event.retries,
        "BisectBatchOnFunctionError": event.bisect,
        "ParallelizationFactor": event.parallelization,
    }
    if event.window:
        properties["MaximumBatchingWindowInSeconds"] = event.window
    if event.partial_failures:
        properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    if event.filters:
        properties["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in event.filters]}
    if event.on_failure_arn is not None:
        properties["DestinationConfig"] = {"OnFailure": {"Destination": event.on_failure_arn}}
        made_by = f"functions.{function.key}.events"
        statements = (*statements, delivery(unit, event.on_failure_arn, made_by=made_by))
    mapping = _mapping(unit, function, _name(function, "Records", event.arn), event.arn, properties)
    return Part(resources=(mapping,), statements=statements)


def _url(function: Function, event: FunctionUrl) -> Part:
    name = logical_id(function.key, "Url")
    properties: Json = {
        "AuthType": event.auth,
        "TargetFunctionArn": get_att(logical_id(function.key, "Function"), "Arn"),
        "Qualifier": ALIAS,
    }
    if event.cors is not None:
        cors = {
            "AllowOrigins": list(event.cors.allow_origins),
            "AllowMethods": list(event.cors.allow_methods),
            "AllowHeaders": list(event.cors.allow_headers),
            "ExposeHeaders": list(event.cors.expose_headers),
            "AllowCredentials": event.cors.allow_credentials,
            "MaxAge": event.cors.max_age,
        }
        properties["Cors"] = {key: value for key, value in cors.items() if value not in ([], 0, False)}
    alias = logical_id(function.key, "Alias")
    url = _resource(function, name, "AWS::Lambda::Url", properties, depends_on=(alias,))
    # With AWS_IAM the caller's own policy decides; a grant to "*" would open the URL to every account.
    public = _public_access(function, name) if event.auth == "NONE" else ()
    return Part(resources=(url, *public), outputs=((name, {"Value": get_att(name, "FunctionUrl")}),))


def _public_access(function: Function, name: str) -> tuple[Resource, ...]:
    """Both permissions that a public URL needs since October 2025.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    anyone = {"FunctionName": _alias(function), "Principal": "*"}
    by_url = {**anyone, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    invoke = {**anyone, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    return (
        _resource(function, f"{name}Permission", "AWS::Lambda::Permission", by_url),
        _resource(function, f"{name}InvokePermission", "AWS::Lambda::Permission", invoke),
    )
