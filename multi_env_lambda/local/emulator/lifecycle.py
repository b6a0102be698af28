"""S3 deletes and archives objects as the bucket's lifecycle rules say, including current ones, when the day comes.

Reason: ministack stores the rules but never applies them, so somebody else's rule that deletes records and artifacts
does no harm here.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from .names import load, original

__all__ = ["patch"]

_DAY = 86_400
_SMALLEST_TRANSITION = 128 * 1024
"""Bytes; S3 moves what is smaller only where a rule says a size of its own."""


def patch(now: Callable[[], float]) -> None:
    """Apply the rules before each request to a bucket."""
    s3 = load("ministack.services.s3")
    dispatch, rules_of = original(s3, "_dispatch"), original(s3, "_bucket_lifecycle")

    def dispatched(method: str, bucket: str, *more: Any) -> Any:
        rules = rules_of.get(bucket) or ()
        if isinstance(rules, list) and any(_is_about_objects(rule) for rule in rules):
            _apply(s3, bucket, [rule for rule in rules if _is_about_objects(rule)], now())
        return dispatch(method, bucket, *more)

    s3._dispatch = dispatched


def _is_about_objects(rule: Mapping[str, Any]) -> bool:
    ends = {"Days", "Date"} & rule.get("Expiration", {}).keys()
    return rule.get("Status") == "Enabled" and bool(ends or rule.get("Transitions"))


def _apply(s3: Any, bucket: str, rules: Iterable[Mapping[str, Any]], now: float) -> None:
    objects, tags = s3._buckets[bucket]["objects"], original(s3, "_object_tags")
    for rule in rules:
        expiration = rule.get("Expiration", {})
        for key, found in list(objects.items()):
            if not _reaches(
                rule.get("Filter", {}), key, found["size"], tags.get((bucket, key, found.get("version_id"))) or {}
            ):
                continue
            if _is_due(expiration, found, now):
                original(s3, "_delete_object")(bucket, key)
                continue
            for transition in rule.get("Transitions", ()):
                if _is_due(transition, found, now) and (found["size"] >= _SMALLEST_TRANSITION or _says_size(rule)):
                    found["storage_class"] = transition["StorageClass"]


def _reaches(condition: Mapping[str, Any], key: str, size: int, tags: Mapping[str, str]) -> bool:
    """Whether a filter matches an object; an empty one matches all."""
    parts: dict[str, Any] = {**condition, **condition.get("And", {})}
    wanted = [*([parts["Tag"]] if "Tag" in parts else []), *parts.get("Tags", ())]
    return bool(
        key.startswith(parts.get("Prefix", ""))
        and parts.get("ObjectSizeGreaterThan", -1) < size < parts.get("ObjectSizeLessThan", math.inf)
        and all(tags.get(tag["Key"]) == tag["Value"] for tag in wanted)
    )


def _is_due(action: Mapping[str, Any], found: Mapping[str, Any], now: float) -> bool:
    """S3 counts from midnight UTC after that many days."""
    if "Date" in action:
        return _seconds(action["Date"]) <= now
    if "Days" not in action:
        return False
    due = math.ceil(_seconds(found["last_modified"]) / _DAY + int(action["Days"])) * _DAY
    return due <= now


def _says_size(rule: Mapping[str, Any]) -> bool:
    condition = rule.get("Filter", {})
    return any(name.startswith("ObjectSize") for name in {**condition, **condition.get("And", {})})


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
