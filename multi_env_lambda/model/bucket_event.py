"""Reads an event of a bucket, in S3's own form (``Records``) or in EventBridge's.

S3's own form is what handlers elsewhere read, so it is the default for a bucket that the stack creates. For an existing
bucket both forms need something from its owner, so the table has to say which one is meant.
"""

from __future__ import annotations

from itertools import combinations

from multi_env_lambda.model.event_source import creates, existing
from multi_env_lambda.model.name import BUCKET, KEY
from multi_env_lambda.model.notification import S3_EVENTS, overlapping
from multi_env_lambda.model.reading import Rule, Table, did_you_mean
from multi_env_lambda.model.settings import BucketEvents, BucketNotification, BucketPermission, Event, Own

__all__ = ["read_bucket"]

_FORMS = ("s3", "eventbridge")

_AS_EVENTBRIDGE = {
    "s3:ObjectCreated:*": "Object Created",
    "s3:ObjectRemoved:*": "Object Deleted",
    "s3:ObjectRestore:*": "Object Restore Completed",
    "s3:ObjectTagging:*": "Object Tags Added",
}
_DETAIL_TYPES = (
    "Object Created",
    "Object Deleted",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Tags Added",
    "Object Tags Deleted",
    "Object ACL Updated",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
)
_KEY_PART = Rule(
    pattern=r"[^*]*",
    maximum=1024,
    allowed="up to 1,024 characters without `*`",
    hint="S3 compares the beginning and the end of a key, and knows no wildcard",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html"""


def read_bucket(table: Table, function: str, timeout: int) -> Event:
    own = creates(table, "s3")
    match (own, _form(table, own=own)):
        case (True, "s3"):
            return _notification(table, function)
        case (False, "s3"):
            return _permission(table)
        case _:
            return _events(table, function, own=own)


def _form(table: Table, *, own: bool) -> str:
    if not own and isinstance(table.values["s3"], str) and "form" not in table.values:
        what = "it is missing, and an existing bucket can send its events in two forms"
        hint = (
            'add `form = "eventbridge"` (until now the only form; the bucket sends its events to EventBridge) or '
            '`form = "s3"` (its owner adds a notification for the function)'
        )
        table.refuse("form", what, hint=hint)
    return table.choice("form", _FORMS, "s3")


def _notification(table: Table, function: str) -> BucketNotification:
    table.allow(("s3", "form", "events", "prefix", "suffix", "name"))
    return BucketNotification(
        key=table.named_or("name", KEY, function),
        events=_own_events(table),
        prefix=table.named_or("prefix", _KEY_PART, ""),
        suffix=table.named_or("suffix", _KEY_PART, ""),
    )


def _own_events(table: Table) -> tuple[str, ...]:
    found = table.texts("events", least=1) if "events" in table.values else ("s3:ObjectCreated:*",)
    for number, name in enumerate(found):
        if name in _DETAIL_TYPES:
            hint = 'add `form = "eventbridge"`, or name an event of S3 such as `s3:ObjectCreated:*`'
            table.refuse(f"events[{number}]", f'found "{name}", an event in EventBridge\'s form', hint=hint)
        if name not in S3_EVENTS:
            hint = did_you_mean(name, S3_EVENTS)
            table.refuse(f"events[{number}]", f'found "{name}"; expected an event that S3 sends', hint=hint)
    for one, other in combinations(found, 2):
        if overlapping(one, other):
            table.refuse("events", f"`{one}` and `{other}` overlap, which S3 refuses", hint="remove one of them")
    return found


def _permission(table: Table) -> BucketPermission:
    theirs = "its owner sets it in the notification of the existing bucket"
    table.allow(("s3", "form"), elsewhere={key: theirs for key in ("events", "prefix", "suffix")})
    return BucketPermission(bucket=existing(table, "s3", BUCKET).identifier)


def _events(table: Table, function: str, *, own: bool) -> BucketEvents:
    table.allow(("s3", "form", "events", "prefix", "suffix", *(("name",) if own else ())))
    return BucketEvents(
        source=Own(key=table.named_or("name", KEY, function)) if own else existing(table, "s3", BUCKET),
        events=_detail_types(table),
        prefix=table.text_or("prefix", ""),
        suffix=table.text_or("suffix", ""),
    )


def _detail_types(table: Table) -> tuple[str, ...]:
    names = table.texts("events", least=1) if "events" in table.values else ("Object Created",)
    found = tuple(_AS_EVENTBRIDGE.get(name, name) for name in names)
    for number, name in enumerate(found):
        if name not in _DETAIL_TYPES:
            hint = did_you_mean(name, (*_DETAIL_TYPES, *_AS_EVENTBRIDGE))
            table.refuse(f"events[{number}]", f'found "{name}"; expected an event that S3 sends', hint=hint)
    return found
