"""From what invokes a function to the resources that deliver the event to its alias; one small function per kind."""

from __future__ import annotations

import json
from typing import Any, assert_never

from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    HttpRoute,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    RestRoute,
    Schedule,
    SchedulerSchedule,
    Topic,
)
from multi_env_lambda.plan.template.apis import route_part
from multi_env_lambda.plan.template.buckets import bucket_part
from multi_env_lambda.plan.template.event_parts import alias_of, event_name, event_resource, may_invoke, rule
from multi_env_lambda.plan.template.parts import ALIAS, Json, Part, Resource, StackInput, get_att, logical_id, ref
from multi_env_lambda.plan.template.regions import check_same_region
from multi_env_lambda.plan.template.rest_apis import rest_route_part
from multi_env_lambda.plan.template.roles import allow, decrypt, delivery
from multi_env_lambda.plan.template.schedules import schedule_part
from multi_env_lambda.plan.template.tables import table_id

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
        case Schedule() | SchedulerSchedule():
            return _schedule(unit, function, event)
        case Queue():
            return _queue(unit, function, event)
        case Topic():
            return _topic(unit, function, event)
        case BucketNotification() | BucketPermission() | BucketEvents():
            return bucket_part(unit, function, event)
        case EventPattern():
            return _pattern(function, event)
        case DynamoDBStream():
            return _table_stream(unit, function, event)
        case KinesisStream(arn=arn):
            needs = (allow(_KINESIS, arn), decrypt(unit, "kinesis"))
            return _stream(unit, function, event, arn, event_name(function, "Records", arn), needs)
        case FunctionUrl():
            return _url(function, event)
        case HttpRoute() | RestRoute():
            return _route(unit, function, event)
        case _:
            assert_never(event)


def _schedule(unit: StackInput, function: Function, event: Schedule | SchedulerSchedule) -> Part:
    if isinstance(event, SchedulerSchedule):
        return schedule_part(unit, function, event)
    name = event_name(function, "Schedule", event.expression, event.payload)
    return Part(resources=rule(function, name, {"ScheduleExpression": event.expression}, event.payload))


def _pattern(function: Function, event: EventPattern) -> Part:
    name = event_name(function, "Events", event.pattern, event.bus)
    bus = {} if event.bus == "default" else {"EventBusName": event.bus}
    return Part(resources=rule(function, name, {"EventPattern": json.loads(event.pattern), **bus}))


def _topic(unit: StackInput, function: Function, event: Topic) -> Part:
    match event.source:
        case Existing(identifier=arn):
            made: tuple[Resource, ...] = ()
            topic_arn: Any = arn
            source = arn
        case Own(key=source):
            topic_id = logical_id(source, "Topic")
            properties = {"TopicName": unit.project.topic_name(unit.environment.name, source), **unit.tags}
            made = (event_resource(function, topic_id, "AWS::SNS::Topic", properties),)
            topic_arn = ref(topic_id)
        case Declared(key=source):
            made, topic_arn = (), ref(logical_id(source, "Topic"))
        case _:
            assert_never(event.source)
    name = event_name(function, "Topic", source)
    subscription: Json = {"Protocol": "lambda", "TopicArn": topic_arn, "Endpoint": alias_of(function)}
    if isinstance(topic_arn, str) and (region := topic_arn.split(":")[3]) != unit.environment.region:
        subscription["Region"] = region
    if event.filter_policy is not None:
        subscription["FilterPolicy"] = json.loads(event.filter_policy)
    allowed = may_invoke(function, name, "sns.amazonaws.com", topic_arn)
    subscribed = event_resource(
        function, f"{name}Subscription", "AWS::SNS::Subscription", subscription, depends_on=(allowed.logical_id,)
    )
    return Part(resources=(*made, subscribed, allowed))


def _mapping(unit: StackInput, function: Function, name: str, source_arn: Any, properties: Json) -> Resource:
    """Lambda reads from the source itself, in its own region only."""
    if isinstance(source_arn, str):
        what = f"functions.{function.key}.events:"
        check_same_region([source_arn], unit.environment, where=unit.where, what=what)
    body = {"FunctionName": alias_of(function), "EventSourceArn": source_arn, **properties}
    return event_resource(function, name, "AWS::Lambda::EventSourceMapping", body)


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
        case Declared(key=source):
            made, outputs, keys = (), (), ()
            queue_arn = get_att(logical_id(source, "Queue"), "Arn")
        case _:
            assert_never(event.source)
    properties: Json = {"BatchSize": event.batch_size}
    if event.window:
        properties["MaximumBatchingWindowInSeconds"] = event.window
    if event.partial_failures:
        properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    if event.maximum_concurrency is not None:
        properties["ScalingConfig"] = {"MaximumConcurrency": event.maximum_concurrency}
    mapping = _mapping(unit, function, event_name(function, "Messages", source), queue_arn, properties)
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
        event_resource(function, dead_id, "AWS::SQS::Queue", dead, retain=True),
        event_resource(function, queue_id, "AWS::SQS::Queue", main, retain=True),
    )


def _table_stream(unit: StackInput, function: Function, event: DynamoDBStream) -> Part:
    list_streams = allow(["dynamodb:ListStreams"], "*")
    match event.source:
        case Existing(identifier=arn):
            needs = (allow(_DYNAMODB, arn), list_streams, decrypt(unit, "dynamodb"))
            return _stream(unit, function, event, arn, event_name(function, "Records", arn), needs)
        case Declared(key=key):
            stream = get_att(table_id(key), "StreamArn")
            name = event_name(function, "Records", "own table", key)
            return _stream(unit, function, event, stream, name, (allow(_DYNAMODB, stream), list_streams))
        case _:
            assert_never(event.source)


def _stream(
    unit: StackInput,
    function: Function,
    event: DynamoDBStream | KinesisStream,
    source_arn: Any,
    name: str,
    statements: tuple[Json, ...],
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
    mapping = _mapping(unit, function, name, source_arn, properties)
    return Part(resources=(mapping,), statements=statements)


def _route(unit: StackInput, function: Function, event: HttpRoute | RestRoute) -> Part:
    if isinstance(event, HttpRoute):
        return route_part(unit, function, event)
    return rest_route_part(unit, function, event)


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
    url = event_resource(function, name, "AWS::Lambda::Url", properties, depends_on=(alias,))
    # With AWS_IAM the caller's own policy decides; a grant to "*" would open the URL to every account.
    public = _public_access(function, name) if event.auth == "NONE" else ()
    return Part(resources=(url, *public), outputs=((name, {"Value": get_att(name, "FunctionUrl")}),))


def _public_access(function: Function, name: str) -> tuple[Resource, ...]:
    """Both permissions that a public URL needs since October 2025.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    anyone = {"FunctionName": alias_of(function), "Principal": "*"}
    by_url = {**anyone, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    invoke = {**anyone, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    return (
        event_resource(function, f"{name}Permission", "AWS::Lambda::Permission", by_url),
        event_resource(function, f"{name}InvokePermission", "AWS::Lambda::Permission", invoke),
    )
