"""What others set on the artifact bucket that breaks it: rules that remove what is current, denials of our writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

__all__ = ["Obstacle", "denied_writes", "ended_objects", "reached", "texts_of"]

_KEPT = {"environments/": "records", "projects/": "artifacts"}
"""What of the bucket is read for as long as it is current, by its prefix."""

_UNREADABLE = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes whose objects are not read before somebody has restored them.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
"""

_OF_EVERY_WRITE = {"s3:objectcreationoperation": "true", "aws:securetransport": "true"}
_WRITES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("environments/", "new records", {"s3:if-none-match": "*"}),
    ("environments/", "changed records", {"s3:if-match": "etag"}),
    ("projects/", "new artifacts", {"s3:if-none-match": "*"}),
)
"""Each kind of write: where, what, and the condition that it sends."""

_HEADERS = ("s3:x-amz-", "s3:if-")
"""The keys whose values a write of ours says, or is known not to say; of others nothing is known here."""


@attrs.frozen
class Obstacle:
    """What is set, and what to do about it."""

    what: str
    hint: str


def ended_objects(rules: Iterable[Mapping[str, Any]], ours: Iterable[Mapping[str, Any]]) -> tuple[Obstacle, ...]:
    """The rules of others by which S3 removes or archives what is current. ``ours`` are known by their ``ID``.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

    >>> old = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}
    >>> ended_objects([old], [])[0].what
    'the lifecycle rule `tidy` removes current records and artifacts after 90 days'
    """
    own = {rule["ID"] for rule in ours}
    return tuple(
        Obstacle(
            f"the lifecycle rule `{rule.get('ID', '')}` {how} current {' and '.join(there)} {when}",
            "give that rule a prefix of its own, or switch it off; `prune` removes what nobody needs any more",
        )
        for rule in rules
        if rule.get("ID") not in own and rule.get("Status") == "Enabled" and (there := reached(rule))
        for how, when in _ends(rule)
    )


def reached(rule: Mapping[str, Any]) -> list[str]:
    """What of ours a lifecycle rule is about. Our objects have no tags, so a rule with one reaches none of them."""
    condition = rule.get("Filter") or {}
    parts = {"Prefix": rule.get("Prefix", ""), **condition, **condition.get("And", {})}
    if parts.get("Tag") or parts.get("Tags"):
        return []
    prefix = parts["Prefix"]
    return [what for kept, what in _KEPT.items() if kept.startswith(prefix) or prefix.startswith(kept)]


def _ends(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    expiration = rule.get("Expiration", {})
    if "Days" in expiration or "Date" in expiration:
        yield "removes", _when(expiration)
    for transition in rule.get("Transitions", ()):
        if transition.get("StorageClass") in _UNREADABLE:
            yield f"moves to {transition['StorageClass']}, which nobody can read from,", _when(transition)


def _when(action: Mapping[str, Any]) -> str:
    return f"on {action['Date']:%Y-%m-%d}" if "Date" in action else f"after {action.get('Days', 0)} days"


def denied_writes(policy: Mapping[str, Any] | None, bucket: str, account_id: str) -> tuple[Obstacle, ...]:
    """The statements that deny what this library writes, because they ask for a header that it does not send.

    A statement that also asks for what is not known here, such as who writes, is not judged.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    found = []
    listed = [] if policy is None else policy.get("Statement", [])
    for statement in [listed] if isinstance(listed, Mapping) else listed:
        denied = [what for prefix, what, sent in _WRITES if _denies(statement, f"{bucket}/{prefix}", account_id, sent)]
        if denied:
            keys = sorted({key for block in statement["Condition"].values() for key in block})
            what = f"its policy's statement `{statement.get('Sid', '')}` asks for {', '.join(keys)} and so denies "
            hint = "take it out of this bucket's policy; its default encryption does what the header would"
            found.append(Obstacle(f"{what}{', '.join(denied)}: the library does not send that", hint))
    return tuple(found)


def _denies(statement: Mapping[str, Any], prefix: str, account_id: str, sent: Mapping[str, str]) -> bool:
    conditions = statement.get("Condition")
    if statement.get("Effect") != "Deny" or not conditions or not _means_everybody(statement, account_id):
        return False
    actions, resources = (texts_of(statement.get(name, [])) for name in ("Action", "Resource"))
    is_put = any(fnmatchcase("s3:putobject", action.lower()) for action in actions)
    is_here = any(fnmatchcase(f"arn:aws:s3:::{prefix}x", resource) for resource in resources)
    values = {**_OF_EVERY_WRITE, **sent}
    return is_put and is_here and all(
        _holds(operator, key.lower(), texts_of(wanted), values)
        for operator, block in conditions.items()
        for key, wanted in block.items()
    )  # fmt: skip


def _means_everybody(statement: Mapping[str, Any], account_id: str) -> bool:
    principal = statement.get("Principal")
    named = texts_of(principal.get("AWS", [])) if isinstance(principal, Mapping) else texts_of(principal or [])
    return not {"*", account_id, f"arn:aws:iam::{account_id}:root"}.isdisjoint(named)


def _holds(operator: str, key: str, wanted: list[str], values: Mapping[str, str]) -> bool:
    """Whether a condition is known to hold of a write; one about what is not known here is not."""
    if key not in values and not key.startswith(_HEADERS):
        return False
    value = values.get(key)
    if operator == "Null":
        return (value is None) == (wanted == ["true"])
    if value is None:
        return operator.endswith("IfExists") or "Not" in operator
    matches = any(fnmatchcase(value.lower(), pattern.lower()) for pattern in wanted)
    return matches != ("Not" in operator)


def texts_of(value: Any) -> list[str]:
    """One form of what IAM lets be a value or a list of them; truth values are words."""
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]
