"""Sample events: what a function gets from each kind of source, in the form that AWS documents.

Input: a kind and a few values. Output: the event as JSON values, the same every time.
Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, with-sns.html, with-ddb.html, with-kinesis.html
and urls-invocation.html; https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and
ev-events.html; https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html;
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.plan.sample_place import EPOCH as _EPOCH
from multi_env_lambda.plan.sample_place import Here as _Here
from multi_env_lambda.plan.sample_requests import front_end, http_sample, query_of
from multi_env_lambda.plan.sample_rest_requests import rest_sample

__all__ = ["EVENT_KEYS", "sample"]

_ACCOUNT = "222222222222"
_TIME = "2026-03-31T08:00:00Z"
_MILLISECONDS = "2026-03-31T08:00:00.000Z"
_UUID = "059f36b4-87a3-44ab-83d2-661975830a7d"
_ORDER = {"id": 1}
_SEQUENCER = "0055AED6DCD90281E5"
_KIND = {"kind": "order"}
_TEXT = '{"id": 1}'


def sample(kind: str, values: Mapping[str, Any]) -> Any:
    """One event of a kind, with these values in it.

    Args:
        kind: as the tables call it: ``sqs``, ``sns``, ``s3``, …
        values: from ``EVENT_KEYS[kind]``, as texts or as Python values; the others have examples.

    Raises:
        ConfigurationError: there is no such kind or key, or a value does not fit.
    """
    if kind not in _SAMPLES:
        raise ConfigurationError("event", f"there is no kind `{kind}`", hint=did_you_mean(kind, _SAMPLES))
    for name in values:
        if name not in EVENT_KEYS[kind]:
            what = f"the kind `{kind}` has no `{name}`"
            raise ConfigurationError("event", what, hint=did_you_mean(name, EVENT_KEYS[kind]))
    examples = EVENT_KEYS[kind].items()
    given = {name: _as(example, values.get(name, example), f"event {kind}: {name}") for name, example in examples}
    here = _Here(account=given.pop("account", _ACCOUNT), region=given.pop("region"))
    return _SAMPLES[kind](here, **given)


def _as(example: Any, value: Any, where: str) -> Any:
    """A value of the type that its example has; a text is read, and any other value becomes JSON."""
    try:
        match example:
            case str():
                return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
            case int():
                return int(value)
            case _:
                found = json.loads(value) if isinstance(value, str) else json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            where, f"found {value!r:.80}: {error}", hint=f"for example {json.dumps(example)}"
        ) from error
    if not isinstance(found, dict):
        raise ConfigurationError(
            where, f"found {value!r:.80}; expected an object", hint=f"for example {json.dumps(example)}"
        )
    return found


# --- EventBridge ---
def _schedule(here: _Here, *, rule: str = "nightly") -> Any:
    return _bus_event(here, "aws.events", "Scheduled Event", [here.arn("events", f"rule/{rule}")], {})


def _scheduler(here: _Here, *, schedule: str = "nightly") -> Any:
    """What the scheduler sends by itself: ``detail`` is a text."""
    found = [here.arn("scheduler", f"schedule/default/{schedule}")]
    return _bus_event(here, "aws.scheduler", "Scheduled Event", found, "{}")


def _event_pattern(here: _Here, *, source: str = "shop", type: str = "order", detail: Any = _ORDER) -> Any:
    return _bus_event(here, source, type, [], detail)


# --- objects ---
def _s3(here: _Here, *, form: str = "s3", bucket: str = "incoming", key: str = "in/orders.csv", size: int = 4) -> Any:
    """In the form that the word in the table says; S3's own has the key URL-encoded."""
    match form:
        case "s3":
            return _notification(here, bucket, key, size)
        case "eventbridge":
            return _object_created(here, bucket, key, size)
        case _:
            what = f"found {form!r:.80}; expected `s3` or `eventbridge`"
            raise ConfigurationError("event s3: form", what, hint=did_you_mean(form, ("s3", "eventbridge")))


def _notification(here: _Here, bucket: str, key: str, size: int) -> Any:
    owner = {"name": bucket, "ownerIdentity": {"principalId": "A3NL1KOZZKEXAMPLE"}, "arn": f"arn:aws:s3:::{bucket}"}
    record = {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": here.region,
        "eventTime": _MILLISECONDS,
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:ada"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "EXAMPLE123/5678abcdefghijklambda"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "OTZiY2UyNDktNTdiNS00OTA3LTg5YjctMTg5NTRiNGRiNjAw",
            "bucket": owner,
            "object": {"key": quote_plus(key, safe="/"), "size": size, "eTag": _md5(key), "sequencer": _SEQUENCER},
        },
    }
    return {"Records": [record]}


def _object_created(here: _Here, bucket: str, key: str, size: int) -> Any:
    detail = {
        "version": "0",
        "event-version": "1.0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size, "etag": _md5(key), "sequencer": _SEQUENCER},
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": here.account,
        "source-ip-address": "203.0.113.7",
        "reason": "PutObject",
    }
    return _bus_event(here, "aws.s3", "Object Created", [f"arn:aws:s3:::{bucket}"], detail)


def _bus_event(here: _Here, source: str, type_: str, resources: list[str], detail: Any) -> Any:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": type_,
        "source": source,
        "account": here.account,
        "time": _TIME,
        "region": here.region,
        "resources": resources,
        "detail": detail,
    }


# --- queues and topics ---
def _sqs(here: _Here, *, queue: str = "incoming", body: str = _TEXT) -> Any:
    record = {
        "messageId": _UUID,
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": f"{_EPOCH}000",
            "SenderId": "AROAEXAMPLE:ada",
            "ApproximateFirstReceiveTimestamp": f"{_EPOCH}010",
        },
        "messageAttributes": {},
        "md5OfBody": _md5(body),
        "eventSource": "aws:sqs",
        "eventSourceARN": here.arn("sqs", queue),
        "awsRegion": here.region,
    }
    return {"Records": [record]}


def _sns(
    here: _Here, *, topic: str = "news", subject: str = "order", message: str = _TEXT, attributes: Any = _KIND
) -> Any:
    arn, host = here.arn("sns", topic), f"https://sns.{here.region}.amazonaws.com"
    notification = {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": _MILLISECONDS,
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": f"{host}/SimpleNotificationService-0000.pem",
        "UnsubscribeUrl": f"{host}/?Action=Unsubscribe",
        "MessageAttributes": {name: {"Type": "String", "Value": str(value)} for name, value in attributes.items()},
    }
    source = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": f"{arn}:{_UUID}"}
    return {"Records": [{**source, "Sns": notification}]}


# --- streams ---
def _dynamodb(here: _Here, *, table: str = "orders", key: str = "id", item: Any = {"id": "1"}, before: Any = {}) -> Any:  # noqa: B006 -- neither is changed
    """``before``: what the item was, so that it is changed, or deleted if ``item`` is empty."""
    newest = item or before
    if key not in newest:
        what = f"the item has no `{key}`, which is its key"
        raise ConfigurationError("event dynamodb: item", what, hint='for example {"id": "1"}')
    images = {name: _typed_item(image) for name, image in (("NewImage", item), ("OldImage", before)) if image}
    change = {
        "ApproximateCreationDateTime": _EPOCH,
        "Keys": _typed_item({key: newest[key]}),
        **images,
        "SequenceNumber": "4421584500000000017450439091",
        "SizeBytes": len(json.dumps(images)),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    record = {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "MODIFY" if item and before else "INSERT" if item else "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": here.region,
        "dynamodb": change,
        "eventSourceARN": here.arn("dynamodb", f"table/{table}/stream/2026-01-01T00:00:00.000"),
    }
    return {"Records": [record]}


def _typed_item(item: Mapping[str, Any]) -> Any:
    return {name: _typed(value) for name, value in item.items()}


def _typed(value: Any) -> Any:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html"""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case dict():
            return {"M": _typed_item(value)}
        case list():
            return {"L": [_typed(each) for each in value]}
        case _:
            return {"S": value}


def _kinesis(here: _Here, *, stream: str = "clicks", data: str = _TEXT, partition_key: str = "1") -> Any:
    number = "49590338271490256608559692538361571095921575989136588898"
    record = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": number,
            "data": base64.b64encode(data.encode("utf-8")).decode("ascii"),
            "approximateArrivalTimestamp": _EPOCH + 0.5,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{here.account}:role/reader",
        "awsRegion": here.region,
        "eventSourceARN": here.arn("kinesis", f"stream/{stream}"),
    }
    return {"Records": [record]}


# --- URLs ---
def _url(here: _Here, *, method: str = "POST", path: str = "/orders", query: str = "id=1", body: str = _TEXT) -> Any:
    """Of a public URL; an empty ``query`` or ``body`` is left out, as Lambda does."""
    identifier = "6wnydgt49qo5eerozbj74cpx6ra6nwqi"
    host = f"{identifier}.lambda-url.{here.region}.on.aws"
    sent = {"content-type": "application/json", "content-length": str(len(body.encode("utf-8")))} if body else {}
    request = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl/8"}
    named = query_of(query)
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {**sent, **front_end(host)},
        **({"queryStringParameters": named} if named else {}),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": identifier,
            "domainName": host,
            "domainPrefix": identifier,
            "http": request,
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": "31/Mar/2026:08:00:00 +0000",
            "timeEpoch": _EPOCH * 1000,
        },
        **({"body": body} if body else {}),
        "isBase64Encoded": False,
    }
    return event


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


_SAMPLES: Mapping[str, Callable[..., Any]] = {
    "schedule": _schedule,
    "scheduler": _scheduler,
    "sqs": _sqs,
    "sns": _sns,
    "s3": _s3,
    "event_pattern": _event_pattern,
    "dynamodb": _dynamodb,
    "kinesis": _kinesis,
    "url": _url,
    "http": http_sample,
    "rest": rest_sample,
}


def _keys_of(made: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(made).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}


EVENT_KEYS: Mapping[str, Mapping[str, Any]] = {
    kind: {**_keys_of(made), **({} if kind == "url" else {"account": _ACCOUNT}), "region": "us-east-1"}
    for kind, made in _SAMPLES.items()
}
"""By kind, the values that can be set, with their examples. No account calls a public URL."""
