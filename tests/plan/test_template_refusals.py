"""What AWS refuses of single resources in the middle of a deploy is refused by the plan, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import DynamoDBStream, Existing, Statement, Topic
from multi_env_lambda.plan.template.bucket_notifications import check_bucket_notifications
from multi_env_lambda.plan.template.event_sources import check_event_sources
from multi_env_lambda.plan.template.job_schedules import check_job_schedules
from multi_env_lambda.plan.template.layer_versions import check_layer_versions
from multi_env_lambda.plan.template.policy_grammar import check_policy_grammar
from multi_env_lambda.plan.template.subscriptions import check_subscriptions
from tests.plan.template_values import JOB, SMALL, STREAM_ARN, TOPIC_ARN, project, text

Check = Callable[[dict[str, Any], str], None]
Resources = dict[str, Any]

QUEUE, FIFO = "arn:aws:sqs:us-east-1:2:q", "arn:aws:sqs:us-east-1:2:q.fifo"
STREAM, TABLE = "arn:aws:kinesis:us-east-1:2:stream/s", "arn:aws:dynamodb:us-east-1:2:table/t"
LATEST = {"StartingPosition": "LATEST"}
LAYER = "arn:aws:lambda:us-east-1:333333333333:layer:other"
MADE = {
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Fifo": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
    "Table": {"Type": "AWS::DynamoDB::Table"},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": True}},
}
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def thing(kind: str, **properties: Any) -> Resources:
    return {**MADE, "Thing": {"Type": f"AWS::{kind}", "Properties": properties}}


def mapping(source: Any, **more: Any) -> Resources:
    return thing("Lambda::EventSourceMapping", EventSourceArn=source, **more)


def filtered(*patterns: Any) -> Resources:
    return mapping(QUEUE, FilterCriteria={"Filters": [{"Pattern": pattern} for pattern in patterns]})


def subscription(topic: Any = TOPIC_ARN, protocol: str = "lambda", **more: Any) -> Resources:
    return thing("SNS::Subscription", TopicArn=topic, Protocol=protocol, **more)


def policy(**more: Any) -> Resources:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}
    return thing("IAM::Role", Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": statement}}])


def trust(**more: Any) -> Resources:
    return thing("IAM::Role", AssumeRolePolicyDocument={"Statement": [{**TRUST, **more}]})


def notified(*filters: tuple[Any, str]) -> Resources:
    entries = [
        {
            "Event": "s3:ObjectCreated:*",
            "Function": {"Ref": "F"},
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]}},
        }
        for prefix, suffix in filters
    ]
    return thing("S3::Bucket", NotificationConfiguration={"LambdaConfigurations": entries})


def schedule(minutes: str) -> Resources:
    return thing("Glue::Trigger", Schedule=f"cron({minutes} * * * ? *)")


def roles(*names: Any) -> Resources:
    return {f"R{n}": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name}} for n, name in enumerate(names)}


REFUSED: list[tuple[Check, Resources, str]] = [
    (check_event_sources, mapping(QUEUE, BatchSize=11), "BatchSize: found 11 without MaximumBatchingWindowInSeconds"),
    (check_event_sources, mapping({"Fn::GetAtt": ["Queue", "Arn"]}, BatchSize=11), "found 11 without"),
    (check_event_sources, mapping(FIFO, BatchSize=11), "a FIFO queue delivers 10 at once"),
    (check_event_sources, mapping({"Fn::GetAtt": "Fifo.Arn"}, BatchSize=11), "a FIFO queue delivers 10 at once"),
    (
        check_event_sources,
        mapping(QUEUE, BisectBatchOnFunctionError=True),
        "is only for streams, but the source is a queue",
    ),
    (check_event_sources, mapping(QUEUE, **LATEST), "StartingPosition: it is only for streams"),
    (check_event_sources, mapping(STREAM), "StartingPosition: it is missing"),
    (check_event_sources, mapping(TABLE, **LATEST), f"found {TABLE}, which is the ARN of a table"),
    (check_event_sources, mapping({"Fn::GetAtt": ["Table", "Arn"]}, **LATEST), "found its Arn"),
    (check_event_sources, filtered(*['{"body":["x"]}'] * 11), "found 11; Lambda accepts 5"),
    (check_event_sources, filtered('{"body":"x"}'), 'found {"body":"x"}, which is not a pattern'),
    (check_event_sources, filtered('{"body":{"a":[]}}'), "which is not a pattern"),
    (check_event_sources, filtered("no json"), "found no json, which is not a pattern"),
    (check_bucket_notifications, notified(("a/", ""), ("a/b/", "")), "`a/*` to F and s3:ObjectCreated:* of `a/b/*`"),
    (check_bucket_notifications, notified(("", ".csv"), ("a/", "")), "overlap, which S3 refuses"),
    (check_bucket_notifications, notified(("a+b/", ""), ("a%20b/", "")), "overlap, which S3 refuses"),
    (
        check_bucket_notifications,
        notified(*[(f"{n:03}/", "") for n in range(101)]),
        "found 101 entries; S3 accepts 100",
    ),
    (check_job_schedules, schedule("*"), "starts it more often than every 5 minutes"),
    (check_job_schedules, schedule("0-10/4"), "starts it more often"),
    (check_job_schedules, schedule("0,30,33"), "starts it more often"),
    (
        check_layer_versions,
        thing("Lambda::Function", Layers=[f"{LAYER}:1", f"{LAYER}:2"]),
        "are versions of the same layer",
    ),
    (check_policy_grammar, policy(Condition={"StringEqualz": {}}), "the condition operator `StringEqualz`"),
    (check_policy_grammar, trust(Condition={"StringEqual": {}}), "the condition operator `StringEqual`"),
    (check_policy_grammar, policy(Resource=["arn:aws:iam:us-east-1:2:role/x"]), "with a region, but IAM accepts none"),
    (check_policy_grammar, policy(Resource="arn:aws:s3:us-east-1::b"), "with a region"),
    (check_policy_grammar, policy(NotResource="bucket"), 'expected an ARN or "*"'),
    (check_policy_grammar, trust(Resource="*"), "found `Resource`, which a trust policy cannot have"),
    (check_policy_grammar, roles("a7Role", "A7ROLE"), "Resources.R0 and R1 are both named A7ROLE"),
    (check_subscriptions, subscription("arn:aws:sns:us-east-1:2:t.fifo"), "a FIFO topic delivers only to queues"),
    (check_subscriptions, subscription({"Ref": "Topic"}), "a FIFO topic delivers only to queues"),
    (check_subscriptions, subscription(FilterPolicy={f"k{n}": ["v"] for n in range(6)}), "found 6 keys; SNS accepts 5"),
    (check_subscriptions, subscription(FilterPolicy={key: ["v"] * 20 for key in "ab"}), "400 combinations of values"),
    (check_subscriptions, subscription(FilterPolicy='{"a": {"b": ["v"]}}'), "it has a nested table"),
    (check_subscriptions, subscription(FilterPolicy={"a": [{"numeric": ["<", -(10**10)]}]}), "found -10000000000; SNS"),
]


@pytest.mark.parametrize(("check", "resources", "what"), REFUSED)
def test_it_is_refused_with_the_name_of_the_resource_and_a_hint(check: Check, resources: Resources, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check(resources, "orders in prod")

    assert str(caught.value).startswith("orders in prod: Resources.") and what in str(caught.value)
    assert "hint: " in str(caught.value)


@pytest.mark.parametrize(
    ("check", "resources"),
    [
        (check_event_sources, mapping(QUEUE, BatchSize=11, MaximumBatchingWindowInSeconds=1)),
        (check_event_sources, mapping(QUEUE, BatchSize=10, BisectBatchOnFunctionError={"Ref": "AWS::NoValue"})),
        (check_event_sources, mapping({"Ref": "Source"}, BatchSize=11)),
        (check_event_sources, mapping({"Fn::GetAtt": ["Table", "StreamArn"]}, **LATEST)),
        (check_event_sources, mapping(STREAM_ARN, BisectBatchOnFunctionError=True, **LATEST)),
        (check_event_sources, mapping("arn:aws:kafka:us-east-1:2:cluster/c")),
        (check_event_sources, filtered('{"body":{"a":["x"]}}', {"Fn::Sub": "${Pattern}"})),
        (
            check_bucket_notifications,
            notified(("a/", ".csv"), ("a/b/", ".txt"), ("c/", ".csv"), ("%3D", ""), ("D", "")),
        ),
        (check_bucket_notifications, notified(("a/", ""), ({"Ref": "Prefix"}, ""))),
        (check_bucket_notifications, thing("S3::Bucket", NotificationConfiguration={"Fn::If": []})),
        (check_bucket_notifications, thing("S3::Bucket")),
        (check_job_schedules, schedule("0/5")),
        (check_job_schedules, schedule("3,8-20/6")),
        (check_job_schedules, thing("Glue::Trigger", Schedule={"Ref": "Schedule"})),
        (check_layer_versions, thing("Lambda::Function", Layers=[f"{LAYER}:1", {"Ref": "A"}, {"Ref": "B"}])),
        (check_policy_grammar, policy(Condition={"ForAllValues:stringequalsifexists": {}, "Null": {}})),
        (check_policy_grammar, policy(Condition={"Fn::If": []}, Resource=[{"Fn::Sub": "x"}, "arn:aws:s3:::b/*"])),
        (check_policy_grammar, policy(Resource="arn:aws:s3:us-east-1:2:accesspoint/a")),
        (check_policy_grammar, policy(Resource=["arn:aws:sqs", "arn:aws:logs:*"])),
        (check_policy_grammar, roles("one", "two", {"Ref": "Name"}, {"Ref": "Name"})),
        (check_policy_grammar, thing("IAM::Role", AssumeRolePolicyDocument={"Fn::Transform": {}})),
        (check_subscriptions, subscription("arn:aws:sns:us-east-1:2:t.fifo", "sqs")),
        (check_subscriptions, subscription(FilterPolicy={"a": {"b": [1]}}, FilterPolicyScope="MessageBody")),
        (check_subscriptions, subscription(FilterPolicy={"$or": [{f"k{n}": ["v"]} for n in range(6)]})),
        (check_subscriptions, subscription(FilterPolicy={"a": [10**9, True], "b": ["v"] * 75})),
        (check_subscriptions, subscription(FilterPolicy={"Ref": "Policy"})),
    ],
)
def test_what_may_be_right_or_is_computed_is_left_to_aws(check: Check, resources: Resources) -> None:
    check(resources, "orders in prod")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"layers": (f"{LAYER}:1", f"{LAYER}:2")}, "are versions of the same layer"),
        ({"events": (DynamoDBStream(source=Existing(identifier=TABLE)),)}, "which is the ARN of a table"),
        ({"events": (Topic(source=Existing(identifier=f"{TOPIC_ARN}.fifo")),)}, "a FIFO topic delivers only to queues"),
        (
            {"policies": (Statement(actions=("s3:GetObject",), resources=("*",), condition='{"StringEqualz":{}}'),)},
            "the condition operator `StringEqualz`",
        ),
    ],
)
def test_settings_are_refused_as_templates_are(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        text(project(attrs.evolve(SMALL, **change)))


def test_a_job_that_starts_each_minute_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="more often than every 5 minutes"):
        text(project(jobs=(attrs.evolve(JOB, schedule="cron(* * * * ? *)"),)))
