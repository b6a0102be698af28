"""The resources of a unit's own tables: safe by default, and no more rights than are named."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.model.project import made_names
from multi_env_lambda.model.resources import DataTable, MessageQueue, MessageTopic, OwnResource, ResourceReference
from multi_env_lambda.model.settings import Declared, DynamoDBStream, Function, Own, OwnQueue, Queue, Topic
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.plausible import Stack, plausible_variables
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from tests.plan.template_values import (
    JOB,
    RESOURCES,
    SANDBOX,
    SMALL,
    of_type,
    one,
    project,
    statements,
    template,
    text,
)

TABLE = DataTable(key="sales", partition_key="customer")


def made(*resources: OwnResource, **function: Any) -> dict[str, Any]:
    found: dict[str, Any] = template(project(attrs.evolve(SMALL, **function), resources=resources))
    return found


def own(found: dict[str, Any], role: str = "CreateRole") -> list[Any]:
    """What a role may do beside its log."""
    return [each for each in statements(found, role) if not each["Action"][0].startswith("logs:")]


# --- tables ---
def test_a_table_is_safe_by_default() -> None:
    found = made(TABLE)["Resources"]["SalesTable"]

    assert found == {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": "orders-sandbox-sales",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "customer", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": False,
        },
    }


def test_a_table_has_what_it_says() -> None:
    found = one(template(project(SMALL, resources=RESOURCES, tags=(("team", "sales"),))), "AWS::DynamoDB::Table")

    assert found["AttributeDefinitions"] == [
        {"AttributeName": "created", "AttributeType": "N"},
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "status", "AttributeType": "S"},
    ]
    assert [each["KeyType"] for each in found["KeySchema"]] == ["HASH", "RANGE"]
    (index,) = found["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("by-status", {"ProjectionType": "ALL"})
    assert found["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert found["TimeToLiveSpecification"] == {"AttributeName": "until", "Enabled": True}
    assert found["Tags"] == [{"Key": "team", "Value": "sales"}]


def test_a_table_is_compared_with_the_names_of_other_units() -> None:
    names = made_names(project(SMALL, resources=(TABLE,)), SANDBOX)

    assert ("table", "orders-sandbox-sales") in names


READS = {
    "Effect": "Allow",
    "Action": [
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ],
    "Resource": [
        {"Fn::GetAtt": ["SalesTable", "Arn"]},
        {"Fn::Join": ["", [{"Fn::GetAtt": ["SalesTable", "Arn"]}, "/index/*"]]},
    ],
}
WRITES = {
    "Effect": "Allow",
    "Action": [
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:DescribeTable",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    ],
    "Resource": [{"Fn::GetAtt": ["SalesTable", "Arn"]}],
}


@pytest.mark.parametrize(
    ("uses", "expected"),
    [({"read": ("sales",)}, [READS]), ({"write": ("sales",)}, [WRITES]), ({}, [])],
)
def test_a_function_may_do_with_a_table_what_it_names(uses: dict[str, Any], expected: list[Any]) -> None:
    assert own(made(TABLE, **uses)) == expected


def test_a_job_may_too() -> None:
    found = template(project(jobs=(attrs.evolve(JOB, write=("sales",)),), resources=(TABLE,)))

    assert WRITES in statements(found, "NightlyJobRole")


def test_naming_a_table_is_ordinary_work_and_needs_no_consent() -> None:
    before, after = text(project(SMALL)), text(project(attrs.evolve(SMALL, read=("sales",)), resources=(TABLE,)))

    assert rights_question("orders", rights_changes(before, after, place_of(SANDBOX))) == ()


def test_the_changes_of_a_table_are_read_from_its_own_stream() -> None:
    heard = made(attrs.evolve(TABLE, stream="KEYS_ONLY"), events=(DynamoDBStream(source=Declared(key="sales")),))

    mapping = one(heard, "AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["SalesTable", "StreamArn"]}
    reading, listing = own(heard)
    assert (reading["Resource"], listing["Action"]) == ([mapping["EventSourceArn"]], ["dynamodb:ListStreams"])


@pytest.mark.parametrize(
    ("value", "expected", "told"),
    [
        ("name", {"Ref": "SalesTable"}, "orders-sandbox-sales"),
        (
            "arn",
            {"Fn::GetAtt": ["SalesTable", "Arn"]},
            "arn:aws:dynamodb:us-east-1:222222222222:table/orders-sandbox-sales",
        ),
    ],
)
def test_a_variable_refers_to_a_table_and_its_import_sees_a_plausible_value(
    value: str, expected: Any, told: str
) -> None:
    reference = ResourceReference(kind="table", key="sales", value=value)
    found = made(TABLE, environment=(("TABLE", reference),))

    assert one(found, "AWS::Lambda::Function")["Environment"]["Variables"] == {"TABLE": expected}
    stack = Stack(name="orders-sandbox", environment=SANDBOX, document=found)
    assert plausible_variables(stack, "create") == {"TABLE": told}


def test_the_outputs_tell_the_name() -> None:
    assert made(TABLE)["Outputs"]["SalesTableName"] == {"Value": {"Ref": "SalesTable"}}


# --- functions ---
def test_two_functions_may_call_each_other() -> None:
    one_, other = (
        Function(
            key=key,
            handler="orders.create.handler",
            invoke=(whom,),
            environment=(("OTHER", ResourceReference(kind="function", key=whom, value="arn")),),
        )
        for key, whom in (("create", "check"), ("check", "create"))
    )
    found = template(project(one_, other))

    arn = "arn:aws:lambda:us-east-1:222222222222:function:orders-sandbox-check:live"
    assert own(found) == [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [arn]}]
    variables = of_type(found, "AWS::Lambda::Function")["CreateFunction"]["Environment"]["Variables"]
    assert variables == {"OTHER": arn}


# --- queues and topics ---
JOBS = MessageQueue(key="jobs", visibility_timeout=18, max_receive_count=3)


def test_a_queue_is_the_same_whether_its_table_or_an_event_makes_it() -> None:
    """So a queue for two functions can get a table without a change of the stack."""
    declared = made(JOBS, events=(Queue(source=Declared(key="jobs")),))
    by_event = made(events=(Queue(source=OwnQueue(key="jobs", visibility_timeout=18)),))

    assert declared == by_event


def test_a_topic_is_the_same_whether_its_table_or_an_event_makes_it() -> None:
    declared = made(MessageTopic(key="news"), events=(Topic(source=Declared(key="news")),))
    by_event = made(events=(Topic(source=Own(key="news")),))

    assert declared["Resources"] == by_event["Resources"]


def test_a_queue_that_keeps_the_order_and_its_dead_letters_have_the_name_for_it() -> None:
    queue = MessageQueue(key="jobs", fifo=True, deduplicate=True, visibility_timeout=30, delay=5)
    found = of_type(made(queue), "AWS::SQS::Queue")

    assert {name: (body["QueueName"], body["FifoQueue"]) for name, body in found.items()} == {
        "JobsQueue": ("orders-sandbox-jobs.fifo", True),
        "JobsDeadLetters": ("orders-sandbox-jobs-dlq.fifo", True),
    }
    assert (found["JobsQueue"]["ContentBasedDeduplication"], found["JobsQueue"]["DelaySeconds"]) == (True, 5)
    names = {name for kind, name in made_names(project(SMALL, resources=(queue,)), SANDBOX)}
    assert {"orders-sandbox-jobs.fifo", "orders-sandbox-jobs-dlq.fifo"} <= names


QUEUE_ARN = {"Fn::GetAtt": ["JobsQueue", "Arn"]}


@pytest.mark.parametrize(
    ("uses", "actions", "resource"),
    [
        (
            {"read": ("jobs",)},
            [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
            QUEUE_ARN,
        ),
        ({"write": ("jobs",)}, ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], QUEUE_ARN),
        ({"write": ("news",)}, ["sns:Publish"], {"Ref": "NewsTopic"}),
    ],
)
def test_messages_are_sent_and_read_by_who_names_them(uses: Any, actions: list[str], resource: Any) -> None:
    found = made(JOBS, MessageTopic(key="news"), **uses)

    assert own(found) == [{"Effect": "Allow", "Action": actions, "Resource": [resource]}]


@pytest.mark.parametrize(
    ("kind", "key", "value", "told"),
    [
        ("queue", "jobs", "url", "https://sqs.us-east-1.amazonaws.com/222222222222/orders-sandbox-jobs"),
        ("queue", "jobs", "arn", "arn:aws:sqs:us-east-1:222222222222:orders-sandbox-jobs"),
        ("queue", "jobs", "name", "orders-sandbox-jobs"),
        ("topic", "news", "arn", "arn:aws:sns:us-east-1:222222222222:orders-sandbox-news"),
        ("topic", "news", "name", "orders-sandbox-news"),
    ],
)
def test_a_variable_refers_to_a_queue_or_topic(kind: Any, key: str, value: str, told: str) -> None:
    variable = ("WHERE", ResourceReference(kind=kind, key=key, value=value))
    found = made(JOBS, MessageTopic(key="news"), environment=(variable,))

    stack = Stack(name="orders-sandbox", environment=SANDBOX, document=found)
    assert plausible_variables(stack, "create") == {"WHERE": told}


def test_queues_get_the_messages_of_topics_and_of_nobody_else() -> None:
    topics = (MessageTopic(key="news", queues=("jobs",)), MessageTopic(key="more", queues=("jobs",), raw=True))
    found = made(JOBS, *topics)

    (policy,) = of_type(found, "AWS::SQS::QueuePolicy").values()
    assert policy["Queues"] == [{"Ref": "JobsQueue"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": [{"Ref": "NewsTopic"}, {"Ref": "MoreTopic"}]}}
    subscriptions = of_type(found, "AWS::SNS::Subscription")
    assert {name: body.get("RawMessageDelivery", False) for name, body in subscriptions.items()} == {
        "NewsToJobsSubscription": False,
        "MoreToJobsSubscription": True,
    }
    assert found["Resources"]["NewsToJobsSubscription"]["DependsOn"] == ["JobsQueuePolicy"]


def test_a_topic_that_feeds_a_queue_of_the_unit_needs_no_consent() -> None:
    after = text(project(SMALL, resources=(JOBS, MessageTopic(key="news", queues=("jobs",)))))

    assert rights_question("orders", rights_changes(text(project(SMALL)), after, place_of(SANDBOX))) == ()
