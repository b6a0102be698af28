"""Every sample event has the form of what the local cloud delivers for its kind."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import sample_event
from multi_env_lambda.local.server import down
from multi_env_lambda.testing.local_cloud import CloudTime, eventually

from .stage import Stage, commit, runs_here, sample_workspace

pytestmark = pytest.mark.local_cloud

ACCOUNT = "2" * 12
KIND = {"kind": {"DataType": "String", "StringValue": "order"}}
HANDLER = """\
import json


def handler(event, context):
    print("GOT", json.dumps(event))
    return event
"""
UNIT = """\
[project]
name = "gets"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""

[tool.multi_env_lambda]
runtime = "python3.13"
"""
SOURCES = {
    "schedule": 'schedule = "rate(1 minute)"',
    "sqs": "sqs = true",
    "sns": "sns = true",
    "s3": 's3 = true, prefix = "in/"',
    "archive": 's3 = true, form = "eventbridge"',
    "event-pattern": 'event_pattern = { source = ["shop"] }',
    "dynamodb": 'dynamodb = "STREAM", starting_position = "TRIM_HORIZON"',
    "kinesis": 'kinesis = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks", starting_position = "TRIM_HORIZON"',
    "url": 'url = "NONE"',
}
"""Key of the function -> its event."""


@attrs.frozen
class Deployed:
    """The unit that prints what it gets."""

    stage: Stage

    def client(self, service: str) -> Any:
        return self.stage.client("sandbox", service)

    def got(self, function: str) -> list[Any]:
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/gets-sandbox-{function}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        lines = [event["message"].partition("GOT ")[2] for event in events if "GOT " in event["message"]]
        return [json.loads(line) for line in lines]

    def first(self, function: str) -> Any:
        eventually(lambda: bool(self.got(function)), seconds=60)
        return self.got(function)[0]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    root = sample_workspace(tmp_path_factory.mktemp("gets") / "workspace")
    try:
        found = Deployed(Stage.at(root))
        write_unit(root, make_sources(found))
        done = found.stage.script("deploy", "gets", "sandbox", "--yes", "--agree", "rights:gets")
        assert done.code == 0, done.err
        send(found)
        yield found
    finally:
        down(root)


def write_unit(root: Path, stream: str) -> None:
    unit = root / "projects" / "gets"
    (unit / "gets").mkdir(parents=True)
    (unit / "gets" / "__init__.py").write_text(HANDLER, "utf-8")
    tables = "".join(
        f'\n[tool.multi_env_lambda.functions.{key}]\nhandler = "gets.handler"\nevents = [{{ {event} }}]\n'
        for key, event in SOURCES.items()
    )
    (unit / "pyproject.toml").write_text(UNIT + tables.replace("STREAM", stream), "utf-8")
    runs_here(root)
    commit(root)


def make_sources(deployed: Deployed) -> str:
    """A stream and a table that others own; the ARN of the table's stream."""
    deployed.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    made = deployed.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def send(deployed: Deployed) -> None:
    """One event of each kind, with what the samples have in it."""
    CloudTime(deployed.stage.cloud).sleep(301)  # EventBridge hears of a new bucket now
    for name in ("s3", "archive"):
        bucket = f"gets-sandbox-{name}-{ACCOUNT}-us-east-1"
        deployed.client("s3").put_object(Bucket=bucket, Key="in/orders.csv", Body=b"1,2\n")
    queues = deployed.client("sqs")
    url = queues.get_queue_url(QueueName="gets-sandbox-sqs")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody='{"id": 1}')
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:gets-sandbox-sns"
    deployed.client("sns").publish(TopicArn=topic, Subject="order", Message='{"id": 1}', MessageAttributes=KIND)
    deployed.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"id": 1}'}])
    deployed.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
    deployed.client("kinesis").put_record(StreamName="clicks", PartitionKey="1", Data=b'{"id": 1}')
    headers = {"content-type": "application/json", "accept": "*/*", "user-agent": "curl/8"}
    request = urllib.request.Request(function_url(deployed), data=b'{"id": 1}', headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- of the local cloud
        assert answer.status == 200


def function_url(deployed: Deployed) -> str:
    """As `outputs` says it."""
    items = deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"]
    (url,) = (item["url"] for item in items if item["key"] == "url")
    return f"{url}orders?id=1"


def let_a_minute_pass(deployed: Deployed) -> None:
    """From when the schedule was first looked at, which nobody tells."""
    clock = CloudTime(deployed.stage.cloud)

    def is_due() -> bool:
        clock.sleep(2)
        return bool(deployed.got("schedule"))

    eventually(is_due, seconds=90)


def form(value: Any) -> Any:
    """Keys and types, without the values."""
    match value:
        case dict():
            return {key: form(inner) for key, inner in sorted(value.items())}
        case list():
            return [form(inner) for inner in value]
        case bool() | str() | None:
            return type(value).__name__
        case _:
            return "number"


SENT_BY_THE_CLIENT = {"accept-encoding", "connection"}
"""Headers that Python's client adds by itself."""


@pytest.mark.parametrize("function", SOURCES)
def test_a_sample_has_the_form_of_what_is_delivered(deployed: Deployed, function: str) -> None:
    if function == "schedule":
        let_a_minute_pass(deployed)
    real = deployed.first(function)
    if function == "url":
        real["headers"] = {key: value for key, value in real["headers"].items() if key not in SENT_BY_THE_CLIENT}

    kind, values = ("s3", {"form": "eventbridge"}) if function == "archive" else (function.replace("-", "_"), {})
    assert form(sample_event(kind, values)) == form(real)


def test_a_change_and_a_deletion_have_their_forms(deployed: Deployed) -> None:
    table = deployed.client("dynamodb")
    table.put_item(TableName="orders", Item={"id": {"S": "1"}, "paid": {"BOOL": True}})
    table.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    eventually(lambda: len(records(deployed)) == 3, seconds=60)

    _, modified, removed = records(deployed)
    paid, plain = {"id": "1", "paid": True}, {"id": "1"}
    for real, values in ((modified, {"item": paid, "before": plain}), (removed, {"item": {}, "before": paid})):
        (made,) = sample_event("dynamodb", values)["Records"]
        assert form(made) == form(real)
        assert [made[key] for key in ("eventName", "eventSource")] == [
            real[key] for key in ("eventName", "eventSource")
        ]
        for key in ("Keys", "NewImage", "OldImage"):
            assert made["dynamodb"].get(key) == real["dynamodb"].get(key)


def records(deployed: Deployed) -> list[Any]:
    return [record for event in deployed.got("dynamodb") for record in event["Records"]]


def test_a_sample_is_sent_as_the_functions_own_source_would_send_it(deployed: Deployed) -> None:
    real = deployed.first("sqs")
    done = deployed.stage.script("invoke", "gets", "sqs", "sandbox", "--event", "sqs", "--set", "body=hello")

    (sent,) = json.loads(done.out)["Records"]
    assert sent["body"] == "hello"
    assert sent["eventSourceARN"] == real["Records"][0]["eventSourceARN"]


def test_outputs_name_what_there_is(deployed: Deployed) -> None:
    items = deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"]

    found = {(item["kind"], item["name"]) for item in items if item["kind"] != "output"}
    functions = {("function", f"gets-sandbox-{key}") for key in SOURCES}
    queues = {("queue", "gets-sandbox-sqs"), ("queue", "gets-sandbox-sqs-dlq")}
    buckets = {("bucket", f"gets-sandbox-{key}-{ACCOUNT}-us-east-1") for key in ("s3", "archive")}
    assert found == functions | queues | buckets | {("topic", "gets-sandbox-sns")}
    assert {item["link"] for item in items} == {None}, "the local cloud has no console"
    (queue,) = (item for item in items if (item["kind"], item["name"]) == ("queue", "gets-sandbox-sqs"))
    attributes = deployed.client("sqs").get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["QueueArn"])
    assert attributes["Attributes"]["QueueArn"] == queue["arn"]
    (alias,) = (item["alias_arn"] for item in items if item["key"] == "sqs")
    assert deployed.client("lambda").get_function(FunctionName=alias)["Configuration"]["Version"] != "$LATEST"
