"""Reads an event of a bucket, in S3's own form (``Records``) or in EventBridge's.

S3's own form is what handlers elsewhere read, so it is the default for a bucket that the stack creates. For an existing
bucket both forms need something from its owner, so the table has to say which one is meant.
"""

from __future__ import annotations

from itertools import combinations

from multi_env_lambda.model.event_source import creates, existing
from multi_env_lambda.model.keys.bucket import AS_EVENTBRIDGE, BUCKET_EVENT, DETAIL_TYPES, KEY_PART
from multi_env_lambda.model.notification import S3_EVENTS, overlapping
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.settings import BucketEvents, BucketNotification, BucketPermission, Event, Own

__all__ = ["read_bucket"]


def read_bucket(table: Table, function: str, timeout: int) -> Event:
    table = table.of(BUCKET_EVENT)
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
    return table.choice("form")


def _notification(table: Table, function: str) -> BucketNotification:
    table.allow()
    return BucketNotification(
        key=table.named_or("name", default=function),
        events=_own_events(table),
        prefix=table.named_or("prefix", KEY_PART, ""),
        suffix=table.named_or("suffix", KEY_PART, ""),
    )


def _own_events(table: Table) -> tuple[str, ...]:
    found = table.texts("events") if "events" in table.values else ("s3:ObjectCreated:*",)
    for number, name in enumerate(found):
        if name in DETAIL_TYPES:
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
    table.of(BUCKET_EVENT.only("s3", "form")).allow(elsewhere={key: theirs for key in ("events", "prefix", "suffix")})
    return BucketPermission(bucket=existing(table, "s3").identifier)


def _events(table: Table, function: str, *, own: bool) -> BucketEvents:
    table.of(BUCKET_EVENT if own else BUCKET_EVENT.without("name")).allow()
    return BucketEvents(
        source=Own(key=table.named_or("name", default=function)) if own else existing(table, "s3"),
        events=_detail_types(table),
        prefix=table.text_or("prefix", ""),
        suffix=table.text_or("suffix", ""),
    )


def _detail_types(table: Table) -> tuple[str, ...]:
    names = table.texts("events") if "events" in table.values else ("Object Created",)
    found = tuple(AS_EVENTBRIDGE.get(name, name) for name in names)
    for number, name in enumerate(found):
        if name not in DETAIL_TYPES:
            hint = did_you_mean(name, (*DETAIL_TYPES, *AS_EVENTBRIDGE))
            table.refuse(f"events[{number}]", f'found "{name}"; expected an event that S3 sends', hint=hint)
    return found
