"""Secrets and parameters are looked up by name; their values are never read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from multi_env_lambda.aws.references import missing_references
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import AccountError
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.reference import Kind, Reference
from multi_env_lambda.model.workspace import WorkspaceConfig
from tests.tools.faulty_client import client_error

pytestmark = pytest.mark.story

Clients = Callable[[str], Any]


def secret(name: str) -> Reference:
    return Reference(function="create", variable="PASSWORD", kind="secret", name=name)


def parameter(name: str) -> Reference:
    return Reference(function="create", variable="URL", kind="parameter", name=name)


class Recorded:
    """Clients of moto that remember which operations were called."""

    def __init__(self) -> None:
        self.operations: set[str] = set()

    def __call__(self, service: str) -> Any:
        import boto3

        client = boto3.client(service, region_name="us-east-1")
        client.meta.events.register("before-call", lambda model, **_: self.operations.add(model.name))
        return client


@pytest.fixture
def clients(aws_environment: dict[str, str]) -> Iterator[Recorded]:
    from moto import mock_aws

    with mock_aws():
        yield Recorded()


def whats(clients: Clients, *references: Reference) -> list[str]:
    return [f"{item.reference.name}: {item.what}" for item in missing_references(clients, "prod", references)]


def test_what_exists_is_not_missing(clients: Clients) -> None:
    clients("ssm").put_parameter(Name="/orders/url", Type="String", Value="https://example.org")
    clients("secretsmanager").create_secret(Name="orders/db", SecretString="hidden")

    assert whats(clients, secret("orders/db"), parameter("/orders/url")) == []


def test_what_does_not_exist_is_named_with_a_hint(clients: Clients) -> None:
    found = missing_references(clients, "prod", [secret("orders/db"), parameter("/orders/url")])

    assert [item.what for item in found] == ["there is no such secret", "there is no such parameter"]
    assert "create-secret --name orders/db" in found[0].hint and "put-parameter" in found[1].hint


def test_a_secure_string_cannot_be_resolved_by_cloudformation(clients: Clients) -> None:
    clients("ssm").put_parameter(Name="/orders/url", Type="SecureString", Value="hidden")

    assert "SecureString" in whats(clients, parameter("/orders/url"))[0]


def test_a_secret_that_is_about_to_be_deleted_is_missing(clients: Clients) -> None:
    clients("secretsmanager").create_secret(Name="orders/db", SecretString="hidden")
    clients("secretsmanager").delete_secret(SecretId="orders/db", RecoveryWindowInDays=7)

    assert whats(clients, secret("orders/db")) == ["orders/db: it is scheduled for deletion"]


def test_more_parameters_than_one_call_takes(clients: Clients) -> None:
    names = [f"/orders/{number:03d}" for number in range(60)]
    for name in names[:-1]:
        clients("ssm").put_parameter(Name=name, Type="String", Value="v")

    assert whats(clients, *map(parameter, names)) == ["/orders/059: there is no such parameter"]


def queue(name: str, seconds: int) -> Reference:
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    return Reference(function="create", variable="sqs", kind="queue", name=arn, seconds=seconds)


def test_an_existing_queue_hides_a_message_as_long_as_the_slowest_function_may_take(clients: Recorded) -> None:
    clients("sqs").create_queue(QueueName="short", Attributes={"VisibilityTimeout": "30"})

    assert missing_references(clients, "prod", [queue("short", 30)]) == ()
    (problem,) = {item.what for item in missing_references(clients, "prod", [queue("short", 30), queue("short", 120)])}
    assert problem == "it hides a message for 30 seconds, but the function may take 120"
    (gone,) = missing_references(clients, "prod", [queue("gone", 3)])
    assert (gone.what, gone.hint) == ("there is no such queue", "create it in prod, or fix the ARN")
    assert clients.operations == {"CreateQueue", "GetQueueUrl", "GetQueueAttributes"}


def test_no_operation_that_answers_with_a_value_is_used(clients: Recorded) -> None:
    missing_references(clients, "prod", [secret("orders/db"), parameter("/orders/url")])

    assert clients.operations == {"DescribeParameters", "DescribeSecret"}


def test_a_service_that_is_not_needed_is_not_asked(clients: Recorded) -> None:
    assert missing_references(clients, "prod", [parameter("/aws/service/global-infrastructure/version")]) == ()
    assert clients.operations == set()


def test_a_role_that_may_not_look_is_told_what_it_needs() -> None:
    class Denying:
        def describe_secret(self, **_: Any) -> Any:
            raise client_error("DescribeSecret", "AccessDeniedException", "no", status=403)

    with pytest.raises(AccountError, match="secretsmanager:DescribeSecret"):
        missing_references(lambda _: Denying(), "prod", [secret("orders/db")])


@pytest.mark.local_cloud
def test_the_account_of_the_environment_is_asked(local_environment: LocalCloud, local_config: WorkspaceConfig) -> None:
    sessions, test, prod = Sessions(), local_config.environment("test"), local_config.environment("prod")
    wanted = [secret("looked-up/db"), parameter("/looked-up/url")]
    sessions.client(test, "ssm").put_parameter(Name="/looked-up/url", Type="String", Value="v")
    sessions.client(test, "secretsmanager").create_secret(Name="looked-up/db", SecretString="hidden")

    there = missing_references(lambda service: sessions.client(test, service), "test", wanted)
    elsewhere = missing_references(lambda service: sessions.client(prod, service), "prod", wanted)

    assert (there, len(elsewhere)) == ((), 2)


@pytest.mark.local_cloud
def test_topics_streams_buses_and_policies_are_looked_for(
    local_environment: LocalCloud, local_config: WorkspaceConfig
) -> None:
    sessions, place = Sessions(), local_config.environment("test")
    at = f"{place.region}:{place.account_id}"

    def client(service: str) -> Any:
        return sessions.client(place, service)

    def named(kind: Kind, name: str) -> Reference:
        return Reference(function="create", variable="v", kind=kind, name=name)

    topic = client("sns").create_topic(Name="looked-for")["TopicArn"]
    client("kinesis").create_stream(StreamName="looked-for", ShardCount=1)
    client("events").create_event_bus(Name="looked-for")
    table = client("dynamodb").create_table(
        TableName="looked-for",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    there = [
        named("topic", topic),
        named("stream", f"arn:aws:kinesis:{at}:stream/looked-for"),
        named("table stream", table["LatestStreamArn"]),
        named("bus", "looked-for"),
        named("policy", "arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess"),
    ]
    gone = [
        named("topic", f"arn:aws:sns:{at}:none"),
        named("stream", f"arn:aws:kinesis:{at}:stream/none"),
        named("table stream", f"{table['TableArn']}/stream/2020-01-01T00:00:00.000"),
        named("bus", "none"),
        named("policy", "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"),
    ]

    found = missing_references(client, "test", [*there, *gone])

    assert [item.what for item in found] == [f"there is no such {item.kind}" for item in gone]
    assert {item.hint for item in found} == {f"create it in test, or fix the {of}" for of in ("ARN", "name")}


def test_a_role_that_may_not_look_for_a_policy_is_told_what_it_needs() -> None:
    class Denying:
        def get_policy(self, **_: Any) -> Any:
            raise client_error("GetPolicy", "AccessDenied", "no", status=403)

    policy = Reference(function="f", variable="managed_policies", kind="policy", name="arn:aws:iam::aws:policy/X")
    with pytest.raises(AccountError, match="iam:GetPolicy"):
        missing_references(lambda _: Denying(), "prod", [policy])
