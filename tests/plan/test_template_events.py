"""Every kind of event ends at the alias, with the permissions that it needs and no others."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Cors,
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
    SchedulerSchedule,
    Topic,
)
from tests.plan.template_values import (
    ALL_EVENTS,
    KINESIS_ARN,
    QUEUE_ARN,
    SMALL,
    STREAM_ARN,
    TOPIC_ARN,
    of_type,
    one,
    project,
    statements,
    template,
    text,
)

ALIAS = {"Ref": "CreateAlias"}
OWN_QUEUE = OwnQueue(key="create", visibility_timeout=60, max_receive_count=5, retention_days=2)


def with_events(*events: Event) -> Any:
    return template(project(attrs.evolve(SMALL, events=events)))


def needs(document: Any) -> list[Any]:
    """The statements beyond those for the log."""
    return statements(document)[1:]


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_ends_at_the_alias(event: Event) -> None:
    assert text(project(attrs.evolve(SMALL, events=(event,)))).count('{"Ref":"CreateAlias"}') > 1 or (
        one(with_events(event), "AWS::Lambda::Url")["Qualifier"] == "live"
    )


# --- schedule and patterns ---
def test_a_schedule_invokes_the_alias_with_its_payload() -> None:
    found = with_events(Schedule(expression="rate(5 minutes)", payload='{"a":1}'))

    assert one(found, "AWS::Events::Rule") == {
        "ScheduleExpression": "rate(5 minutes)",
        "State": "ENABLED",
        "Targets": [{"Id": "function", "Arn": ALIAS, "Input": '{"a":1}'}],
    }
    (rule,) = of_type(found, "AWS::Events::Rule")
    assert one(found, "AWS::Lambda::Permission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": ALIAS,
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
    }


def test_a_pattern_listens_on_its_bus() -> None:
    rule = one(with_events(EventPattern(pattern='{"source":["shop"]}', bus="shop")), "AWS::Events::Rule")

    assert (rule["EventBusName"], rule["EventPattern"]) == ("shop", {"source": ["shop"]})


def test_the_default_bus_is_not_named() -> None:
    rule = one(with_events(EventPattern(pattern='{"source":["shop"]}')), "AWS::Events::Rule")

    assert "EventBusName" not in rule


# --- EventBridge Scheduler ---
TIMED = SchedulerSchedule(expression="rate(1 hour)")


def test_a_schedule_of_the_scheduler_calls_the_alias_in_its_own_role() -> None:
    found = with_events(attrs.evolve(TIMED, time_zone="Europe/Berlin", window_minutes=15, retries=3, payload="1"))

    assert one(found, "AWS::Scheduler::Schedule") == {
        "ScheduleExpression": "rate(1 hour)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "State": "ENABLED",
        "Target": {
            "Arn": ALIAS,
            "RoleArn": {"Fn::GetAtt": ["CreateSchedulerRole", "Arn"]},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 3},
            "Input": "1",
        },
    }
    role = found["Resources"]["CreateSchedulerRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "222222222222"}}
    assert role["Policies"][0]["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [ALIAS]}
    ]


def test_the_schedules_of_a_function_share_a_role_that_may_send_to_their_queues() -> None:
    dead = attrs.evolve(TIMED, expression="rate(1 day)", dead_letter_queue=Existing(identifier=QUEUE_ARN))
    found = with_events(TIMED, dead)

    assert len(of_type(found, "AWS::Scheduler::Schedule")) == 2
    policy = found["Resources"]["CreateSchedulerRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert policy[1:] == [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [QUEUE_ARN]}]


def test_a_schedule_stays_the_same_resource_when_its_times_change() -> None:
    """Its start may be over, and a new schedule cannot start in the past."""
    later = attrs.evolve(TIMED, start="2026-12-01T00:00:00Z", end="2026-12-02T00:00:00Z", window_minutes=7, retries=1)

    first, second = (of_type(with_events(event), "AWS::Scheduler::Schedule") for event in (TIMED, later))
    assert set(first) == set(second)


def test_the_dead_letter_queue_of_a_schedule_is_in_its_region() -> None:
    far = attrs.evolve(TIMED, dead_letter_queue=Existing(identifier=QUEUE_ARN.replace("us-east-1", "eu-west-1")))

    with pytest.raises(ConfigurationError, match="is in eu-west-1, but sandbox is in us-east-1"):
        with_events(far)


# --- queues ---
def test_an_own_queue_comes_with_its_dead_letters() -> None:
    queues = of_type(with_events(Queue(source=OWN_QUEUE)), "AWS::SQS::Queue")

    assert queues["CreateDeadLetters"]["QueueName"] == "orders-sandbox-create-dlq"
    assert queues["CreateQueue"] == {
        "QueueName": "orders-sandbox-create",
        "VisibilityTimeout": 60,
        "MessageRetentionPeriod": 2 * 86400,
        "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["CreateDeadLetters", "Arn"]}, "maxReceiveCount": 5},
    }


def test_the_url_of_an_own_queue_is_an_output() -> None:
    assert with_events(Queue(source=OWN_QUEUE))["Outputs"]["CreateQueueUrl"] == {"Value": {"Ref": "CreateQueue"}}


def test_an_existing_queue_is_only_read() -> None:
    found = with_events(Queue(source=Existing(identifier=QUEUE_ARN), batch_size=20, window=3, maximum_concurrency=4))

    assert of_type(found, "AWS::SQS::Queue") == {}
    assert one(found, "AWS::Lambda::EventSourceMapping") == {
        "FunctionName": ALIAS,
        "EventSourceArn": QUEUE_ARN,
        "BatchSize": 20,
        "MaximumBatchingWindowInSeconds": 3,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 4},
    }
    read, decrypt = needs(found)
    assert read["Resource"] == [QUEUE_ARN]
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}


def test_two_functions_may_share_an_own_queue_that_both_describe_alike() -> None:
    event = Queue(source=OWN_QUEUE)
    functions = (attrs.evolve(SMALL, events=(event,)), Function(key="other", handler="a.b", events=(event,)))

    found = template(project(*functions))

    assert sorted(of_type(found, "AWS::SQS::Queue")) == ["CreateDeadLetters", "CreateQueue"]
    assert len(of_type(found, "AWS::Lambda::EventSourceMapping")) == 2


def test_one_queue_described_in_two_ways_is_refused() -> None:
    slow = Queue(source=attrs.evolve(OWN_QUEUE, visibility_timeout=900))
    functions = (
        attrs.evolve(SMALL, events=(Queue(source=OWN_QUEUE),)),
        Function(key="other", handler="a.b", events=(slow,)),
    )

    with pytest.raises(ConfigurationError, match="both create CreateQueue, in different ways"):
        text(project(*functions))


# --- topics ---
def test_a_subscription_waits_for_the_permission() -> None:
    found = with_events(Topic(source=Existing(identifier=TOPIC_ARN), filter_policy='{"kind":["order"]}'))

    ((name, subscription),) = of_type(found, "AWS::SNS::Subscription").items()
    (permission,) = of_type(found, "AWS::Lambda::Permission")
    assert found["Resources"][name]["DependsOn"] == [permission]
    assert subscription["FilterPolicy"] == {"kind": ["order"]}
    assert one(found, "AWS::Lambda::Permission")["SourceArn"] == TOPIC_ARN


def test_an_own_topic_is_made() -> None:
    found = with_events(Topic(source=Own(key="news")))

    assert one(found, "AWS::SNS::Topic") == {"TopicName": "orders-sandbox-news"}
    assert one(found, "AWS::SNS::Subscription")["TopicArn"] == {"Ref": "NewsTopic"}


# --- buckets ---
def test_an_own_bucket_calls_the_alias_after_s3_was_allowed_to() -> None:
    found = with_events(BucketNotification(key="inbox", prefix="a b=1/", suffix=".csv"))

    ((name, permission),) = of_type(found, "AWS::Lambda::Permission").items()
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": ALIAS,
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::orders-sandbox-inbox-222222222222-us-east-1",
        "SourceAccount": "222222222222",
    }
    rules = [{"Name": "prefix", "Value": "a+b%3D1/"}, {"Name": "suffix", "Value": ".csv"}]
    entry = {"Event": "s3:ObjectCreated:*", "Function": ALIAS, "Filter": {"S3Key": {"Rules": rules}}}
    assert one(found, "AWS::S3::Bucket")["NotificationConfiguration"] == {"LambdaConfigurations": [entry]}
    assert found["Resources"]["InboxBucket"]["DependsOn"] == [name]
    assert found["Resources"]["InboxBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert of_type(found, "AWS::Events::Rule") == {}


def test_a_prefix_changes_the_bucket_and_not_the_permission() -> None:
    before, after = (with_events(BucketNotification(key="inbox", prefix=prefix)) for prefix in ("a/", "b/"))

    assert of_type(before, "AWS::Lambda::Permission") == of_type(after, "AWS::Lambda::Permission")
    assert of_type(before, "AWS::S3::Bucket") != of_type(after, "AWS::S3::Bucket")


def test_functions_share_a_bucket_in_both_forms() -> None:
    kinds = ("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy")
    functions = (
        attrs.evolve(
            SMALL, events=(BucketNotification(key="inbox", prefix="a/"), BucketEvents(source=Own(key="inbox")))
        ),
        Function(key="other", handler="a.b", events=(BucketNotification(key="inbox", prefix="b/", events=kinds),)),
    )
    found = template(project(*functions))

    configuration = one(found, "AWS::S3::Bucket")["NotificationConfiguration"]
    called = [(entry["Event"], entry["Function"]["Ref"]) for entry in configuration["LambdaConfigurations"]]
    assert called == [
        ("s3:ObjectCreated:*", "CreateAlias"),
        ("s3:ObjectCreated:Put", "OtherAlias"),
        ("s3:ObjectCreated:Copy", "OtherAlias"),
    ]
    assert configuration["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}
    by_s3 = {
        name
        for name, permission in of_type(found, "AWS::Lambda::Permission").items()
        if permission["Principal"] == "s3.amazonaws.com"
    }
    assert (len(by_s3), set(found["Resources"]["InboxBucket"]["DependsOn"])) == (2, by_s3)


def test_two_functions_for_the_same_objects_are_refused() -> None:
    functions = (
        attrs.evolve(SMALL, events=(BucketNotification(key="inbox", prefix="a/"),)),
        Function(key="other", handler="a.b", events=(BucketNotification(key="inbox", prefix="a/b/", suffix=".csv"),)),
    )

    with pytest.raises(ConfigurationError) as caught:
        text(project(*functions))
    assert "`a/*` to CreateAlias and s3:ObjectCreated:* of `a/b/*.csv` to OtherAlias overlap" in str(caught.value)
    assert '`form = "eventbridge"`' in str(caught.value)


def test_an_existing_bucket_may_call_and_is_not_touched() -> None:
    found = with_events(BucketPermission(bucket="acme-raw"))

    assert one(found, "AWS::Lambda::Permission")["SourceArn"] == "arn:aws:s3:::acme-raw"
    assert of_type(found, "AWS::S3::Bucket") == of_type(found, "AWS::Events::Rule") == {}


def test_an_own_bucket_is_private_sends_its_events_to_eventbridge_and_is_kept() -> None:
    found = with_events(BucketEvents(source=Own(key="inbox")))

    bucket = one(found, "AWS::S3::Bucket")
    assert bucket["BucketName"] == "orders-sandbox-inbox-222222222222-us-east-1"
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert found["Resources"]["InboxBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize(
    ("prefix", "suffix", "matcher"),
    [
        ("", "", None),
        ("in/", "", {"prefix": "in/"}),
        ("", ".csv", {"suffix": ".csv"}),
        ("in/", ".csv", {"wildcard": "in/*.csv"}),
        ("a*b\\", ".csv", {"wildcard": "a\\*b\\\\*.csv"}),
    ],
)
def test_prefix_and_suffix_must_both_match(prefix: str, suffix: str, matcher: dict[str, str] | None) -> None:
    event = BucketEvents(source=Existing(identifier="acme-inbox"), prefix=prefix, suffix=suffix)

    detail = one(with_events(event), "AWS::Events::Rule")["EventPattern"]["detail"]

    assert detail["bucket"] == {"name": ["acme-inbox"]}
    assert detail.get("object") == (None if matcher is None else {"key": [matcher]})


def test_an_existing_and_an_own_bucket_of_one_name_do_not_clash() -> None:
    found = with_events(BucketEvents(source=Existing(identifier="inbox")), BucketEvents(source=Own(key="inbox")))

    assert len(of_type(found, "AWS::Events::Rule")) == 2


# --- streams ---
def test_a_table_is_read_through_its_stream() -> None:
    event = DynamoDBStream(
        source=Existing(identifier=STREAM_ARN),
        on_failure_arn=QUEUE_ARN,
        filters=('{"eventName":["INSERT"]}',),
        retries=2,
    )
    found = with_events(event)

    mapping = one(found, "AWS::Lambda::EventSourceMapping")
    assert mapping["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": QUEUE_ARN}}
    assert mapping["MaximumRetryAttempts"] == 2
    assert [statement["Resource"] for statement in needs(found)] == [[STREAM_ARN], ["*"], ["*"], [QUEUE_ARN]]


def test_kinesis_records_are_read() -> None:
    found = with_events(KinesisStream(arn=KINESIS_ARN, starting_position="TRIM_HORIZON", bisect=True))

    mapping = one(found, "AWS::Lambda::EventSourceMapping")
    assert (mapping["StartingPosition"], mapping["BisectBatchOnFunctionError"]) == ("TRIM_HORIZON", True)
    read, decrypt = needs(found)
    assert all(action.startswith("kinesis:") for action in read["Action"])
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "kinesis.us-east-1.amazonaws.com"}}


# --- URLs ---
def test_a_url_with_aws_iam_is_open_to_nobody_by_itself() -> None:
    found = with_events(FunctionUrl())

    assert of_type(found, "AWS::Lambda::Permission") == {}
    assert one(found, "AWS::Lambda::Url")["AuthType"] == "AWS_IAM"
    assert found["Resources"]["CreateUrl"]["DependsOn"] == ["CreateAlias"]


def test_a_public_url_has_both_permissions_that_it_needs() -> None:
    permissions = of_type(with_events(FunctionUrl(auth="NONE")), "AWS::Lambda::Permission")

    assert permissions == {
        "CreateUrlPermission": {
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": ALIAS,
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
        "CreateUrlInvokePermission": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": ALIAS,
            "Principal": "*",
            "InvokedViaFunctionUrl": True,
        },
    }


def test_a_url_is_an_output() -> None:
    assert with_events(FunctionUrl())["Outputs"]["CreateUrl"] == {"Value": {"Fn::GetAtt": ["CreateUrl", "FunctionUrl"]}}


def test_what_browsers_may_do_is_said_without_defaults() -> None:
    url = one(with_events(FunctionUrl(cors=Cors(allow_origins=("*",)))), "AWS::Lambda::Url")

    assert url["Cors"] == {"AllowOrigins": ["*"], "AllowMethods": ["*"]}


# --- names ---
def test_the_order_of_events_does_not_matter() -> None:
    assert with_events(*ALL_EVENTS)["Resources"].keys() == with_events(*reversed(ALL_EVENTS))["Resources"].keys()


def test_another_batch_size_keeps_the_mapping() -> None:
    small, large = Queue(source=OWN_QUEUE), Queue(source=OWN_QUEUE, batch_size=5)

    assert with_events(small)["Resources"].keys() == with_events(large)["Resources"].keys()
    assert json.dumps(with_events(small)) != json.dumps(with_events(large))
