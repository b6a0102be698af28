"""A unit whose functions print and return what they get, and the sources that send them something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.testing.local_cloud import eventually

from .stage import Stage, commit, runs_here

ACCOUNT = "2" * 12
HANDLER = """\
import json


def handler(event, context):
    print("GOT", json.dumps(event))
    return event
"""
UNIT = """\
[project]
name = "{name}"
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
_KIND = {"kind": {"DataType": "String", "StringValue": "order"}}


@attrs.frozen
class Listeners:
    """The deployed unit of that name, and what its functions got."""

    stage: Stage
    unit: str

    def client(self, service: str) -> Any:
        return self.stage.client("sandbox", service)

    def got(self, function: str) -> list[Any]:
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.unit}-sandbox-{function}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        lines = [event["message"].partition("GOT ")[2] for event in events if "GOT " in event["message"]]
        return [json.loads(line) for line in lines]

    def first(self, function: str) -> Any:
        # A function that could not start on a busy machine is called again a minute later.
        eventually(lambda: bool(self.got(function)), seconds=150)
        return self.got(function)[0]

    def bucket(self, key: str) -> str:
        return f"{self.unit}-sandbox-{key}-{ACCOUNT}-us-east-1"

    def put(self, bucket: str, key: str) -> None:
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=b"1,2\n")

    def send(self, *, queue: str, topic: str) -> None:
        """One message, and one item of each source that others own."""
        queues = self.client("sqs")
        url = queues.get_queue_url(QueueName=f"{self.unit}-sandbox-{queue}")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody='{"id": 1}')
        arn = f"arn:aws:sns:us-east-1:{ACCOUNT}:{self.unit}-sandbox-{topic}"
        self.client("sns").publish(TopicArn=arn, Subject="order", Message='{"id": 1}', MessageAttributes=_KIND)
        self.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"id": 1}'}])
        self.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
        self.client("kinesis").put_record(StreamName="clicks", PartitionKey="1", Data=b'{"id": 1}')


def write_unit(root: Path, name: str, functions: str) -> None:
    """``functions``: their tables, as TOML."""
    unit = root / "projects" / name
    (unit / name).mkdir(parents=True)
    (unit / name / "__init__.py").write_text(HANDLER, "utf-8")
    (unit / "pyproject.toml").write_text(UNIT.format(name=name) + functions, "utf-8")
    runs_here(root)
    commit(root)


def make_sources(listeners: Listeners) -> str:
    """A stream and a table that others own; the ARN of the table's stream."""
    listeners.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    made = listeners.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])
