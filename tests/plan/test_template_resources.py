"""The resources of a unit's own tables: safe by default, and no more rights than are named."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.model.project import made_names
from multi_env_lambda.model.reference import references_of
from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnParameter,
    OwnResource,
    OwnSecret,
    ResourceKind,
    ResourceReference,
    kind_of,
)
from multi_env_lambda.model.settings import (
    BucketNotification,
    Declared,
    DynamoDBStream,
    Function,
    Own,
    OwnQueue,
    Queue,
    Topic,
    UnitValue,
)
from multi_env_lambda.model.uses import VALUES
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


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, words in VALUES.items() for value in words])
def test_every_value_that_a_table_can_name_is_made(kind: ResourceKind, value: str) -> None:
    keys = {kind_of(resource): resource.key for resource in reversed(RESOURCES)} | {"function": "create"}
    variable = ("VALUE", ResourceReference(kind=kind, key=keys[kind], value=value))
    found = made(*RESOURCES, environment=(variable,))

    stack = Stack(name="orders-sandbox", environment=SANDBOX, document=found)
    told = plausible_variables(stack, "create")["VALUE"]
    others = {"parameter": "100", "security_group": f"sg-{'0' * 17}"}
    assert keys[kind] in told.lower() or others.get(kind) == told


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


# --- buckets ---
REPORTS = DataBucket(key="reports")
NAME = "orders-sandbox-reports-222222222222-us-east-1"


def test_a_bucket_is_safe_by_default() -> None:
    found = made(REPORTS)["Resources"]["ReportsBucket"]

    assert found == {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": NAME,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "unfinished-uploads",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    },
                    {
                        "Id": "old-versions",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    },
                ]
            },
        },
    }


def test_a_bucket_can_keep_every_version_or_none_and_let_objects_expire() -> None:
    rules = {
        bucket: [rule["Id"] for rule in one(made(bucket), "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]]
        for bucket in (
            DataBucket(key="reports", old_versions_days=0),
            DataBucket(key="reports", versioning=False, old_versions_days=0, expire_days=7),
        )
    }

    assert list(rules.values()) == [["unfinished-uploads"], ["unfinished-uploads", "old-objects"]]


def test_a_bucket_has_its_table_whether_an_event_names_it_or_not() -> None:
    heard = made(REPORTS, events=(BucketNotification(key="reports"),))

    body = one(heard, "AWS::S3::Bucket")
    assert body["VersioningConfiguration"] == {"Status": "Enabled"}
    assert body["NotificationConfiguration"]["LambdaConfigurations"][0]["Function"] == {"Ref": "CreateAlias"}


ARN = {"Fn::GetAtt": ["ReportsBucket", "Arn"]}


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (
            {"read": ("reports",)},
            [
                (["s3:GetBucketLocation", "s3:ListBucket"], [ARN]),
                (["s3:GetObject", "s3:GetObjectVersion"], [{"Fn::Join": ["", [ARN, "/*"]]}]),
            ],
        ),
        (
            {"write": ("reports",)},
            [
                (
                    ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
                    [{"Fn::Join": ["", [ARN, "/*"]]}],
                )
            ],
        ),
    ],
)
def test_objects_are_read_and_written_by_who_names_the_bucket(uses: Any, expected: Any) -> None:
    assert [(each["Action"], each["Resource"]) for each in own(made(REPORTS, **uses))] == expected


def test_a_function_that_hears_of_a_bucket_may_use_it_without_a_circle() -> None:
    variable = ("REPORTS", ResourceReference(kind="bucket", key="reports", value="name"))
    found = made(
        REPORTS, events=(BucketNotification(key="reports"),), read=("reports",), environment=(variable,)
    )  # a circle would be refused

    assert one(found, "AWS::Lambda::Function")["Environment"]["Variables"] == {"REPORTS": NAME}
    assert [each["Resource"] for each in own(found)] == [[f"arn:aws:s3:::{NAME}"], [f"arn:aws:s3:::{NAME}/*"]]


@pytest.mark.parametrize(("value", "told"), [("name", NAME), ("arn", f"arn:aws:s3:::{NAME}")])
def test_a_variable_refers_to_a_bucket(value: str, told: str) -> None:
    variable = ("REPORTS", ResourceReference(kind="bucket", key="reports", value=value))
    found = made(REPORTS, environment=(variable,))

    assert "Ref" in str(found["Resources"]["CreateFunction"]["Properties"]["Environment"]) or value == "arn"
    stack = Stack(name="orders-sandbox", environment=SANDBOX, document=found)
    assert plausible_variables(stack, "create") == {"REPORTS": told}


def test_a_bucket_has_one_name_whoever_asks_for_it() -> None:
    unit = project(attrs.evolve(SMALL, events=(BucketNotification(key="reports"),)), resources=(REPORTS,))

    assert [name for kind, name in made_names(unit, SANDBOX) if kind == "bucket"] == [NAME]


# --- parameters and secrets ---
LIMIT = OwnParameter(key="limit", value="100", description="orders a day")
WHERE = OwnParameter(key="where", value=ResourceReference(kind="table", key="sales", value="name"))
BANK = OwnSecret(key="bank")


def test_a_parameter_holds_a_text_or_the_name_of_a_resource() -> None:
    found = of_type(made(TABLE, LIMIT, WHERE), "AWS::SSM::Parameter")

    assert found == {
        "LimitParameter": {
            "Name": "/orders/sandbox/limit",
            "Type": "String",
            "Value": "100",
            "Description": "orders a day",
        },
        "WhereParameter": {"Name": "/orders/sandbox/where", "Type": "String", "Value": {"Ref": "SalesTable"}},
    }


def test_the_tags_of_a_parameter_are_a_table() -> None:
    found = template(project(SMALL, resources=(LIMIT,), tags=(("team", "sales"),)))

    assert one(found, "AWS::SSM::Parameter")["Tags"] == {"team": "sales"}


def test_a_secret_begins_with_a_random_value_and_is_kept() -> None:
    found = made(BANK)["Resources"]["BankSecret"]

    assert found == {
        "Type": "AWS::SecretsManager::Secret",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "GenerateSecretString": {"PasswordLength": 32, "ExcludePunctuation": True},
        },
    }


READS_SECRET = (
    ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
    [{"Fn::GetAtt": ["BankSecret", "Id"]}],
)


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (
            {"read": ("limit",)},
            [
                (
                    ["ssm:GetParameter", "ssm:GetParameters"],
                    ["arn:aws:ssm:us-east-1:222222222222:parameter/orders/sandbox/limit"],
                )
            ],
        ),
        ({"read": ("bank",)}, [READS_SECRET]),
        ({"write": ("bank",)}, [(["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"], READS_SECRET[1])]),
        (
            {"environment": (("BANK", ResourceReference(kind="secret", key="bank", value="arn")),)},
            [READS_SECRET],
        ),
        ({"environment": (("LIMIT", ResourceReference(kind="parameter", key="limit", value="value")),)}, []),
    ],
)
def test_values_are_read_by_who_names_them(uses: Any, expected: Any) -> None:
    assert [(each["Action"], each["Resource"]) for each in own(made(LIMIT, BANK, **uses))] == expected


def test_variables_hold_values_or_the_names_of_them() -> None:
    variables = (
        ("BANK", ResourceReference(kind="secret", key="bank", value="arn", part="token")),
        ("LIMIT", ResourceReference(kind="parameter", key="limit", value="value")),
        ("LIMIT_NAME", ResourceReference(kind="parameter", key="limit", value="name")),
        ("THEIRS", UnitValue(unit="customers", parameter="list")),
        ("WHERE", ResourceReference(kind="parameter", key="where", value="value")),
    )
    found = one(made(TABLE, LIMIT, WHERE, BANK, environment=variables), "AWS::Lambda::Function")

    assert found["Environment"]["Variables"] == {
        "BANK": {"Fn::GetAtt": ["BankSecret", "Id"]},
        "BANK_KEY": "token",
        "LIMIT": "100",
        "LIMIT_NAME": "/orders/sandbox/limit",
        "THEIRS": "{{resolve:ssm:/customers/sandbox/list}}",
        "WHERE": {"Ref": "SalesTable"},
    }


def test_a_value_of_another_unit_is_looked_for_before_a_deploy() -> None:
    unit = project(attrs.evolve(SMALL, environment=(("THEIRS", UnitValue(unit="customers", parameter="list")),)))

    (found,) = references_of(unit.settings["sandbox"], SANDBOX)
    assert (found.kind, found.name) == ("parameter", "/customers/sandbox/list")


def test_a_secret_is_named_by_its_arn() -> None:
    found = made(BANK, environment=(("BANK", ResourceReference(kind="secret", key="bank", value="arn")),))

    stack = Stack(name="orders-sandbox", environment=SANDBOX, document=found)
    arn = "arn:aws:secretsmanager:us-east-1:222222222222:secret:orders-sandbox-BankSecret-1A2B3C4D5E6F"
    assert plausible_variables(stack, "create") == {"BANK": arn}
