"""Every sample event has the form of what the local cloud delivers for its kind."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda import sample_event
from multi_env_lambda.local.server import down
from multi_env_lambda.testing.local_cloud import CloudTime, eventually

from .listeners import Listeners, make_sources, write_unit
from .stage import Stage, commit, sample_workspace

pytestmark = pytest.mark.local_cloud

SOURCES = {
    "schedule": 'schedule = "rate(1 minute)"',
    "scheduler": 'scheduler = "rate(1 hour)"',
    "sqs": "sqs = true",
    "sns": "sns = true",
    "s3": 's3 = true, prefix = "in/"',
    "archive": 's3 = true, form = "eventbridge"',
    "event-pattern": 'event_pattern = { source = ["shop"] }',
    "dynamodb": 'dynamodb = "STREAM", starting_position = "TRIM_HORIZON"',
    "kinesis": 'kinesis = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks", starting_position = "TRIM_HORIZON"',
    "url": 'url = "NONE"',
    "http": 'http = "GET /orders/{id}"',
    "http-before": 'http = "ANY /before/{id}", payload = "1.0"',
    "rest": 'rest = "GET /orders/{id}"',
}
"""Key of the function -> its event."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listeners]:
    root = sample_workspace(tmp_path_factory.mktemp("gets") / "workspace")
    try:
        found = Listeners(Stage.at(root), "gets")
        write_unit(root, "gets", tables_of(make_sources(found)))
        done = found.stage.script("deploy", "gets", "sandbox", "--yes", "--agree", "rights:gets")
        assert done.code == 0, done.err
        send(found)
        yield found
    finally:
        down(root)


def tables_of(stream: str) -> str:
    tables = "".join(
        f'\n[tool.multi_env_lambda.functions.{key}]\nhandler = "gets.handler"\nevents = [{{ {event} }}]\n'
        for key, event in SOURCES.items()
    )
    return tables.replace("STREAM", stream)


def send(deployed: Listeners) -> None:
    """One event of each kind, with what the samples have in it."""
    CloudTime(deployed.stage.cloud).sleep(301)  # EventBridge hears of a new bucket now
    for name in ("s3", "archive"):
        deployed.put(deployed.bucket(name), "in/orders.csv")
    deployed.send(queue="sqs", topic="sns")
    headers = {"content-type": "application/json", "accept": "*/*", "user-agent": "curl/8"}
    request = urllib.request.Request(function_url(deployed), data=b'{"id": 1}', headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- of the local cloud
        assert answer.status == 200
    assert ask(deployed, "/orders/7")[0] == 200
    assert ask(deployed, "/before/7")[0] == 500, "an event is no answer in this form"
    assert ask(deployed, "/orders/7", api="RestApi")[0] == 502, "neither in this one"


def function_url(deployed: Listeners) -> str:
    """As `outputs` says it."""
    items = deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"]
    (url,) = (item["url"] for item in items if item["key"] == "url")
    return f"{url}orders?id=1"


def ask(deployed: Listeners, path: str, method: str = "GET", api: str = "HttpApi") -> tuple[int, bytes]:
    """An API of the unit, at the URL that `outputs` says."""
    items = deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"]
    (url,) = (item["url"] for item in items if item["key"] == api)
    headers = {"accept": "*/*", "user-agent": "curl/8"}
    request = urllib.request.Request(f"{url}{path}", method=method, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- of the local cloud
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def let_a_minute_pass(deployed: Listeners) -> None:
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


SENT_BY_THE_CLIENT = {"accept-encoding", "Accept-Encoding", "connection"}
"""Headers that Python's client adds by itself."""

NAMED: dict[str, tuple[str, dict[str, str]]] = {
    "archive": ("s3", {"form": "eventbridge"}),
    "http-before": ("http", {"route": "ANY /before/{id}", "payload": "1.0"}),
}
"""Key of a function that is not called after its kind -> the kind and values of its sample."""


@pytest.mark.parametrize("function", SOURCES)
def test_a_sample_has_the_form_of_what_is_delivered(deployed: Listeners, function: str) -> None:
    if function == "schedule":
        let_a_minute_pass(deployed)
    real = deployed.first(function)
    for headers in (real.get("headers"), real.get("multiValueHeaders")):
        for name in SENT_BY_THE_CLIENT & set(headers or {}):
            del headers[name]

    kind, values = NAMED.get(function, (function.replace("-", "_"), {}))
    assert form(sample_event(kind, values)) == form(real)


def test_a_change_and_a_deletion_have_their_forms(deployed: Listeners) -> None:
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


def records(deployed: Listeners) -> list[Any]:
    return [record for event in deployed.got("dynamodb") for record in event["Records"]]


def test_a_sample_is_sent_as_the_functions_own_source_would_send_it(deployed: Listeners) -> None:
    real = deployed.first("sqs")
    done = deployed.stage.script("invoke", "gets", "sqs", "sandbox", "--event", "sqs", "--set", "body=hello")

    (sent,) = json.loads(done.out)["Records"]
    assert sent["body"] == "hello"
    assert sent["eventSourceARN"] == real["Records"][0]["eventSourceARN"]
    done = deployed.stage.script("invoke", "gets", "http", "sandbox", "--event", "http", "--set", "path=/orders/8")
    assert json.loads(done.out)["pathParameters"] == {"id": "8"}


def test_outputs_name_what_there_is(deployed: Listeners) -> None:
    items = deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"]

    found = {(item["kind"], item["name"]) for item in items if item["kind"] not in ("API", "output")}
    functions = {("function", f"gets-sandbox-{key}") for key in SOURCES}
    queues = {("queue", "gets-sandbox-sqs"), ("queue", "gets-sandbox-sqs-dlq")}
    buckets = {("bucket", deployed.bucket(key)) for key in ("s3", "archive")}
    assert found == functions | queues | buckets | {("topic", "gets-sandbox-sns")}
    assert {item["link"] for item in items} == {None}, "the local cloud has no console"
    (queue,) = (item for item in items if (item["kind"], item["name"]) == ("queue", "gets-sandbox-sqs"))
    attributes = deployed.client("sqs").get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["QueueArn"])
    assert attributes["Attributes"]["QueueArn"] == queue["arn"]
    (alias,) = (item["alias_arn"] for item in items if item["key"] == "sqs")
    assert deployed.client("lambda").get_function(FunctionName=alias)["Configuration"]["Version"] != "$LATEST"


@pytest.mark.long
def test_routes_come_go_and_move_and_the_others_stay(deployed: Listeners) -> None:
    file = deployed.stage.root / "projects" / "gets" / "pyproject.toml"
    before = file.read_text("utf-8")
    (api,) = (item for item in outputs(deployed) if item["key"] == "HttpApi")
    moved = before.replace(SOURCES["http"], 'http = "GET /orders/{number}", authorizer = "iam"')
    moved = moved.replace(SOURCES["http-before"], 'http = "GET /after/{id}"')
    added = (
        '\n[tool.multi_env_lambda.functions.more]\nhandler = "gets.handler"\nevents = [{ http = "ANY /before/{id}" }]\n'
    )
    file.write_text(moved + added, "utf-8")
    commit(deployed.stage.root)

    done = deployed.stage.script("deploy", "gets", "sandbox", "--yes", "--agree", "rights:gets")

    assert done.code == 0, done.err
    assert [item["name"] for item in outputs(deployed) if item["key"] == "HttpApi"] == [api["name"]]
    assert ask(deployed, "/orders/7")[0] == 403
    status, body = ask(deployed, "/before/7")
    assert (status, json.loads(body)["routeKey"]) == (200, "ANY /before/{id}"), "it is the other function's now"
    assert ask(deployed, "/after/7")[0] == 200
    assert ask(deployed, "/orders")[0] == 404


def outputs(deployed: Listeners) -> list[Any]:
    return list(deployed.stage.script("outputs", "gets", "sandbox", "--json").answer["items"])
