"""What S3 would refuse in the notification of a bucket in the middle of a deploy, in the settings as in stack.py.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html (overlapping filters)
and https://docs.aws.amazon.com/general/latest/gr/s3.html (100 entries per bucket).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any
from urllib.parse import unquote_plus

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.notification import Listener
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_bucket_notifications"]

_KINDS = {"LambdaConfigurations": "Function", "QueueConfigurations": "Queue", "TopicConfigurations": "Topic"}
_MOST = 100


def check_bucket_notifications(resources: Json, where: str) -> None:
    """Raise the first thing in a bucket's notification that S3 would refuse."""
    for name, body in sorted(resources.items()):
        if body["Type"] != "AWS::S3::Bucket":
            continue
        found = list(_listeners(body.get("Properties", {}).get("NotificationConfiguration")))
        path = f"Resources.{name}.NotificationConfiguration"
        if len(found) > _MOST:
            what = f"{path}: found {len(found)} entries; S3 accepts {_MOST}"
            raise ConfigurationError(where, what, hint="let one function take several of them")
        for (one, to), (other, to_other) in combinations(found, 2):
            if one.overlaps(other):
                what = f"{path}: {_told(one, to)} and {_told(other, to_other)} overlap, which S3 refuses"
                hint = (
                    "give them prefixes or suffixes that exclude each other; or let several functions have the same "
                    'objects with `form = "eventbridge"`'
                )
                raise ConfigurationError(where, what, hint=hint)


def _listeners(configuration: Any) -> Iterator[tuple[Listener, str]]:
    """Each entry whose texts are known, and what it calls."""
    if not isinstance(configuration, dict):
        return
    for kind, target in _KINDS.items():
        entries = configuration.get(kind, [])
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("Event"), str):
                texts = _texts(entry)
                if texts is not None:
                    yield Listener(event=entry["Event"], **texts), _name(entry.get(target))


def _texts(entry: Json) -> dict[str, str] | None:
    """Prefix and suffix of the keys themselves; None if one is computed."""
    rules = entry.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    found = {str(rule.get("Name", "")).lower(): rule.get("Value") for rule in rules}
    if not all(isinstance(value, str) for value in found.values()):
        return None
    return {name: unquote_plus(value) for name, value in found.items() if name in ("prefix", "suffix")}


def _name(target: Any) -> str:
    match target:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case _:
            return str(target)


def _told(listener: Listener, to: str) -> str:
    return f"{listener.event} of `{listener.prefix}*{listener.suffix}` to {to}"
