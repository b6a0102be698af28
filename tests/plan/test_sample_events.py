"""A sample event has what is set in it, and whatever follows from that."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, get_args

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.api.samples import event_for, sample_event
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.event import _KINDS, read_event
from multi_env_lambda.model.function import Function
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import Event
from multi_env_lambda.plan.sample_events import EVENT_KEYS
from multi_env_lambda.plan.sample_sources import KIND_OF
from multi_env_lambda.testing.local_cloud import sample_config

PROD = attrs.evolve(sample_config().environment("prod"), account_id="555555555555", region="eu-west-1")


def test_every_kind_of_the_tables_has_a_sample() -> None:
    assert EVENT_KEYS.keys() == _KINDS.keys()
    assert KIND_OF.keys() == set(get_args(Event)) and set(KIND_OF.values()) == _KINDS.keys()


NEEDED: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "key"): {"item": {"x7": "1"}},
    ("s3", "account"): {"form": "eventbridge"},
}
"""What else has to be said for a value to be seen."""


@pytest.mark.parametrize("kind", EVENT_KEYS)
def test_every_value_can_be_set_and_is_in_the_event(kind: str) -> None:
    words = {
        "account": "555555555555",
        "region": "eu-west-1",
        "size": "7",
        "method": "PUT",
        "query": "a=1&a=2",
        "form": "eventbridge",
        "route": "PUT /x7/{id}",
        "path": "/orders/x7",
        "payload": "1.0",
    }
    for name, example in EVENT_KEYS[kind].items():
        object_ = {"id": "x7", "other": 2}
        value: Any = object_ if isinstance(example, dict) else words.get(name, "x7")
        more = NEEDED.get((kind, name), {})

        changed = sample_event(kind, {name: value, **more})

        assert (
            changed != sample_event(kind, {} if name == "key" else more) and json.loads(json.dumps(changed)) == changed
        ), name
        if isinstance(example, dict):
            assert sample_event(kind, {name: json.dumps(value)}) == changed, "as text, too"


@given(body=st.text())
def test_what_depends_on_a_body_follows_it(body: str) -> None:
    (record,) = sample_event("sqs", {"body": body})["Records"]
    assert (record["body"], record["md5OfBody"]) == (body, hashlib.md5(body.encode()).hexdigest())  # noqa: S324
    (row,) = sample_event("kinesis", {"data": body})["Records"]
    assert base64.b64decode(row["kinesis"]["data"]).decode() == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda it: st.lists(it, max_size=4) | st.dictionaries(st.text(max_size=8), it, max_size=4),
    max_leaves=10,
)


@given(item=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_an_item_is_as_dynamodb_types_it(item: dict[str, Any]) -> None:
    def plain(value: dict[str, Any]) -> Any:
        ((kind, inner),) = value.items()
        match kind:
            case "M":
                return {name: plain(each) for name, each in inner.items()}
            case "L":
                return [plain(each) for each in inner]
            case "N":
                return int(inner)
            case "NULL":
                return None
            case _:
                return inner

    (record,) = sample_event("dynamodb", {"item": {**item, "id": "1"}})["Records"]

    assert {name: plain(value) for name, value in record["dynamodb"]["NewImage"].items()} == {**item, "id": "1"}
    assert record["dynamodb"]["Keys"] == {"id": {"S": "1"}}


def test_what_is_no_text_becomes_json_and_nothing_is_shared() -> None:
    first, second = sample_event("sqs", {"body": {"id": 7}}), sample_event("event_pattern")
    second["detail"]["id"] = 8

    assert first["Records"][0]["body"] == '{"id": 7}'
    assert sample_event("event_pattern")["detail"] == {"id": 1}


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("s3", {"form": "S3"}, "event s3: form: found 'S3'; expected `s3` or `eventbridge`"),
        (7, {}, "kind: found 7; expected text"),
        ("sqs", "body=x", "values: found 'body=x'; expected a dict or None"),
        ("sqz", {}, "there is no kind `sqz`"),
        ("sqs", {"bodi": "x"}, "the kind `sqs` has no `bodi`"),
        ("s3", {"size": "big"}, "event s3: size: found 'big'"),
        ("dynamodb", {"item": "[1]"}, "event dynamodb: item: found '[1]'; expected an object"),
        ("dynamodb", {"item": "{"}, "event dynamodb: item: found '{'"),
        ("dynamodb", {"item": {"x": 1}}, "the item has no `id`"),
        ("sqs", {"body": {1}}, "event sqs: body: found {1}"),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, values: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sample_event(kind, values)

    assert said in str(caught.value) and caught.value.hint


# --- from a function's own source ---
HERE = "eu-west-1:555555555555"
STREAM = "arn:aws:dynamodb:us-east-2:777777777777:table/orders/stream/2026-01-01T00:00:00.000"


def of_own(**table: Any) -> Any:
    """What a function with this table gets."""
    event = read_event(Table(values=table, where="here", path=("events",)), function="in", timeout=3)
    function = Function(key="in", handler="x.handler", events=(event,))
    project = Project(name="orders", folder="projects/orders", version="1", needs=(), settings={})
    return event_for(KIND_OF[type(event)], function, project, PROD, {})


@pytest.mark.parametrize(
    ("table", "arn"),
    [
        ({"sqs": True}, f"arn:aws:sqs:{HERE}:orders-prod-in"),
        ({"sqs": True, "name": "jobs"}, f"arn:aws:sqs:{HERE}:orders-prod-jobs"),
        ({"sqs": "arn:aws:sqs:us-east-2:777777777777:q"}, "arn:aws:sqs:us-east-2:777777777777:q"),
        ({"dynamodb": STREAM}, STREAM),
        ({"kinesis": f"arn:aws:kinesis:{HERE}:stream/clicks"}, f"arn:aws:kinesis:{HERE}:stream/clicks"),
    ],
)
def test_records_come_from_the_functions_own_source(table: dict[str, Any], arn: str) -> None:
    assert of_own(**table)["Records"][0]["eventSourceARN"] == arn


def test_other_events_come_from_it_too() -> None:
    assert of_own(sns=True)["Records"][0]["Sns"]["TopicArn"] == f"arn:aws:sns:{HERE}:orders-prod-in"
    assert of_own(sns="arn:aws:sns:us-east-2:777777777777:t")["Records"][0]["Sns"]["TopicArn"].endswith(
        "2:777777777777:t"
    )
    assert of_own(url="NONE")["requestContext"]["domainName"].endswith(".eu-west-1.on.aws")
    assert of_own(schedule="rate(1 day)")["account"] == "555555555555"
    assert of_own(schedule="rate(1 day)", payload={"full": True}) == {"full": True}
    found = of_own(event_pattern={"source": ["shop"], "detail-type": [{"prefix": "a"}]})
    assert (found["source"], found["detail-type"]) == ("shop", "order")


def test_a_request_is_one_to_the_functions_own_route() -> None:
    assert of_own(http="PUT /orders/{id}", payload="2.0")["routeKey"] == "PUT /orders/{id}"
    old = of_own(http="PUT /files/{path+}", payload="1.0")
    assert (old["httpMethod"], old["path"], old["pathParameters"]) == ("PUT", "/files/7", {"path": "7"})
    anything = of_own(http="$default", payload="2.0")
    assert (anything["rawPath"], anything["requestContext"]["http"]["method"]) == ("/", "GET")


def test_the_path_of_a_request_decides_its_variables() -> None:
    found = sample_event("http", {"route": "ANY /a/{b}/{c+}", "path": "/a/1/2/3", "query": "x=1&x=2"})

    assert (found["rawPath"], found["pathParameters"]) == ("/a/1/2/3", {"b": "1", "c": "2/3"})
    assert found["queryStringParameters"] == {"x": "1,2"}


@pytest.mark.parametrize("path", ["orders/7", "/orders", "/orders/7/8", "/orders/7?x=1", "/other/7"])
def test_a_path_that_the_route_does_not_match_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="which `GET /orders/{id}` does not match"):
        sample_event("http", {"path": path})


def test_an_object_is_in_its_own_bucket_under_a_key_that_fits() -> None:
    own = of_own(s3=True, prefix="in/", suffix=".json")["Records"][0]["s3"]
    sent = of_own(s3=True, form="eventbridge", prefix="in/", suffix=".json")["detail"]

    for found in (own, sent):
        assert found["bucket"]["name"] == "orders-prod-in-555555555555-eu-west-1"
        assert found["object"]["key"] == "in/orders.json"
    assert of_own(s3="acme-raw", form="s3")["Records"][0]["s3"]["bucket"]["arn"] == "arn:aws:s3:::acme-raw"
    assert of_own(s3="acme-raw", form="eventbridge")["detail"]["bucket"]["name"] == "acme-raw"


def test_the_form_of_s3_has_an_encoded_key() -> None:
    own, sent = (sample_event("s3", {"form": form, "key": "in/märz 1+1.csv"}) for form in ("s3", "eventbridge"))

    assert own["Records"][0]["s3"]["object"]["key"] == "in/m%C3%A4rz+1%2B1.csv"
    assert sent["detail"]["object"]["key"] == "in/märz 1+1.csv"
