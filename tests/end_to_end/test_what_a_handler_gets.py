"""Each event of the page *What your handler gets* is delivered to a function of the table above it."""

from __future__ import annotations

import json
import re
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.server import down
from multi_env_lambda.model.function import read_function
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import BucketPermission, Event
from multi_env_lambda.testing.local_cloud import CloudTime, eventually

from .listeners import ACCOUNT, Listeners, make_sources, write_unit
from .stage import ROOT, Stage, sample_workspace

pytestmark = pytest.mark.local_cloud

PAGE = (ROOT / "docs/source/04-Reference/what-your-handler-gets.rst").read_text("utf-8")
BLOCK = re.compile(r"^\.\. code-block:: (toml|json)\n\n((?:   .*\n|\n)+)", re.MULTILINE)
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders/stream/2026-01-01T00:00:00.000"
THEIRS = "acme-raw"


def on_the_page() -> tuple[str, dict[str, Any]]:
    """All tables together, and by function the event that is shown below its table."""
    tables, events = "", {}
    for language, indented in BLOCK.findall(PAGE):
        text = re.sub(r"^   ", "", indented, flags=re.MULTILINE)
        if language == "toml":
            tables += f"\n{text}"
            (newest,) = tomllib.loads(text)["tool"]["multi_env_lambda"]["functions"]
        else:
            events[newest] = json.loads(text)
    return tables, events


TABLES, EVENTS = on_the_page()


def test_every_kind_of_event_is_on_the_page() -> None:
    functions = tomllib.loads(TABLES)["tool"]["multi_env_lambda"]["functions"]
    read = {
        key: read_function(Table(values=values, where="page", path=(key,)), key=key, runtime="python3.13")
        for key, values in functions.items()
    }

    assert {type(event) for function in read.values() for event in function.events} == set(get_args(Event))
    without = {key for key in read if key not in EVENTS}
    assert [type(event) for key in without for event in read[key].events] == [BucketPermission]


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listeners]:
    root = sample_workspace(tmp_path_factory.mktemp("gets") / "workspace")
    try:
        found = Listeners(Stage.at(root), "intake")
        found.client("s3").create_bucket(Bucket=THEIRS)
        write_unit(root, "intake", tables_of(make_sources(found)))
        done = found.stage.script("deploy", "sandbox", "--only", "intake", "--yes", "--agree", "rights:intake")
        assert done.code == 0, done.err
        assert "ArchiveBucket: uploads in the first five minutes send no events" in done.err
        assert "bucket acme-raw now adds a notification for the function intake-sandbox-theirs, alias live;" in done.err
        send(found)
        yield found
    finally:
        down(root)


def tables_of(stream: str) -> str:
    """Those of the page, and of what was written before the mapping reads."""
    tables = TABLES.replace(f'"{TABLE}"', f'"{stream}", starting_position = "TRIM_HORIZON"')
    return tables.replace('stream/clicks"', 'stream/clicks", starting_position = "TRIM_HORIZON"')


def send(intake: Listeners) -> None:
    """Everything that the page speaks of happens; first that of the notification that needs no time to start."""
    for key in ("out/march 2026.csv", "in/march 2026.txt", "in/march 2026.csv"):
        intake.put(intake.bucket("uploads"), key)
    CloudTime(intake.stage.cloud).sleep(301)  # EventBridge hears of a new bucket now, and the schedule is due
    for key in ("out/march 2026.csv", "in/march 2026.csv"):
        intake.put(intake.bucket("archive"), key)
    intake.send(queue="jobs", topic="news")
    call_url(intake)


def call_url(intake: Listeners) -> None:
    (stack,) = intake.client("cloudformation").describe_stacks(StackName="intake-sandbox")["Stacks"]
    (url,) = (item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "WebhookUrl")
    identifier = url.removeprefix("https://").partition(".")[0]
    here = f"{intake.stage.cloud.endpoint}/_aws/lambda-url/{identifier}/orders?id=1"
    request = urllib.request.Request(here, data=b'{"id": 1}', headers={"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- of the local cloud
        assert answer.status == 200
    (api,) = (item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "HttpApiEndpoint")
    call_api(f"{intake.stage.cloud.endpoint}/_aws/execute-api/{api.removeprefix('https://').partition('.')[0]}")
    (api,) = (item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "RestApiEndpoint")
    rest = f"{intake.stage.cloud.endpoint}/_aws/execute-api/{api.removeprefix('https://').partition('.')[0]}/live"
    with pytest.raises(urllib.error.HTTPError, match="502"):  # nor in this one
        urllib.request.urlopen(f"{rest}/orders/7?a=1&a=2", timeout=30)  # noqa: S310 -- of the local cloud


def call_api(url: str) -> None:
    sent = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/orders/7?paid=yes", data=b'{"id": 1}', headers=sent)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- of the local cloud
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="500"):  # an event is no answer in this form
        urllib.request.urlopen(f"{url}/before/7?a=1&a=2", timeout=30)  # noqa: S310 -- of the local cloud


# --- what differs from event to event ---
MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"(?<=-)[0-9A-Z]{12}$"), "SUFFIX"),
    (re.compile(r"x1y2z3|[0-9a-f]{8}"), "ID"),
)
OF_THE_MOMENT = (
    *(
        "ApproximateCreationDateTime",
        "ApproximateFirstReceiveTimestamp",
        "SentTimestamp",
        "approximateArrivalTimestamp",
    ),
    *("SequenceNumber", "sequenceNumber", "sequencer", "eventID", "receiptHandle", "configurationId", "messageId"),
    *("time", "timeEpoch", "requestId", "request-id", "x-amz-request-id"),
    *("requestTime", "requestTimeEpoch", "extendedRequestId", "deploymentId"),
)
OF_THE_CLOUD = (
    *("SenderId", "Signature", "SigningCertUrl", "UnsubscribeUrl", "SizeBytes", "eventVersion", "invokeIdentityArn"),
    *("apiId", "domainName", "domainPrefix", "principalId", "requester", "sourceIPAddress", "source-ip-address"),
    *("sourceIp", "userAgent", "x-amz-id-2", "headers", "multiValueHeaders"),
)


def masked(value: Any, key: str = "") -> Any:
    """Without what the moment or the cloud decides; of that only the type remains."""
    if key in (*OF_THE_MOMENT, *OF_THE_CLOUD):
        return "number" if isinstance(value, int | float) else type(value).__name__
    if isinstance(value, Mapping):
        return {name: masked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key) for inner in value]
    for mask, word in MASKS:
        value = mask.sub(word, value) if isinstance(value, str) else value
    return value


@pytest.mark.parametrize("function", EVENTS)
def test_the_event_on_the_page_is_delivered(intake: Listeners, function: str) -> None:
    assert masked(intake.first(function)) == masked(EVENTS[function])


def keys_of(events: list[Any]) -> list[str]:
    return [record["s3"]["object"]["key"] for event in events for record in event["Records"]]


def test_what_is_put_beside_the_prefix_or_the_suffix_calls_nothing(intake: Listeners) -> None:
    intake.put(intake.bucket("uploads"), "in/last.csv")
    eventually(lambda: len(intake.got("uploads")) == 2)

    assert keys_of(intake.got("uploads")) == ["in/march+2026.csv", "in/last.csv"]
    assert [event["detail"]["object"]["key"] for event in intake.got("archive")] == ["in/march 2026.csv"]


def test_the_owner_of_an_existing_bucket_adds_a_notification_and_keeps_the_others(intake: Listeners) -> None:
    """S3 accepts what the deploy has allowed, and of no other function."""
    s3, functions = intake.client("s3"), f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:intake-sandbox"
    theirs = {"Events": ["s3:ObjectRemoved:*"], "LambdaFunctionArn": f"{functions}-uploads:live"}
    ours = {"Events": ["s3:ObjectCreated:*"], "LambdaFunctionArn": f"{functions}-theirs:live"}
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        s3.put_bucket_notification_configuration(
            Bucket=THEIRS, NotificationConfiguration={"LambdaFunctionConfigurations": [ours, theirs]}
        )

    s3.put_bucket_notification_configuration(
        Bucket=THEIRS, NotificationConfiguration={"LambdaFunctionConfigurations": [ours]}
    )
    intake.put(THEIRS, "march.csv")

    assert keys_of([intake.first("theirs")]) == ["march.csv"]
    done = intake.stage.script("deploy", "sandbox", "--only", "intake", "--yes")
    assert done.code == 0, done.err
    (kept,) = s3.get_bucket_notification_configuration(Bucket=THEIRS)["LambdaFunctionConfigurations"]
    assert kept["LambdaFunctionArn"] == ours["LambdaFunctionArn"]
