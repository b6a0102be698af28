"""S3 normalises the bucket policies that it returns, and refuses to mix old and new lifecycle rules.

CloudFormation sets the rules of a bucket.

Reason: ministack returns the policy text as it was sent, so comparing texts works here and never on AWS. It also
ignores a lifecycle rule's own ``Prefix``, so such a rule would apply to the whole bucket. Its CloudFormation
ignores the rules of a bucket.
Texts: https://github.com/hashicorp/terraform/issues/2432, https://github.com/aws/aws-sdk-ruby/issues/1653 and
https://github.com/noobaa/noobaa-core/issues/8426
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

from .names import load, original

__all__ = ["patch"]

_BUCKET = "AWS::S3::Bucket"
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_MIXED = "Filter element can only be used in Lifecycle V2."


def patch() -> None:
    """Wrap the requests to S3 that read and write these settings."""
    s3 = load("ministack.services.s3")
    s3._get_bucket_policy = _in_its_own_words(original(s3, "_get_bucket_policy"))
    s3._put_bucket_lifecycle = _of_one_kind(original(s3, "_put_bucket_lifecycle"), original(s3, "_error"))
    s3._get_bucket_lifecycle = _with_old_prefixes(original(s3, "_get_bucket_lifecycle"))
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps, kept = handlers[_BUCKET], original(s3, "_bucket_lifecycle")
    handlers[_BUCKET] = {
        **steps,
        "create": _with_rules(steps["create"], kept, 1),
        "update": _with_rules(steps["update"], kept, 2),
    }


def _with_rules(step: Any, kept: Any, position: int) -> Any:
    """``position`` is that of the new properties."""

    def done(*given: Any, **named: Any) -> Any:
        found = step(*given, **named)
        name = found[0] if isinstance(found, tuple) else given[0]
        rules = (given[position].get("LifecycleConfiguration") or {}).get("Rules", [])
        kept.pop(name, None)
        if rules:
            kept[name] = [_as_sent(rule) for rule in rules]
        return found

    return done


def _as_sent(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule in S3's words; of CloudFormation's own words those that this library writes."""
    days = {} if "ExpirationInDays" not in rule else {"Expiration": {"Days": rule["ExpirationInDays"]}}
    same = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload", "Status")
    place = {"Filter": {"Prefix": rule["Prefix"]} if "Prefix" in rule else {}}
    return {"ID": rule.get("Id", ""), **place, **{key: rule[key] for key in same if key in rule}, **days}


def _in_its_own_words(get: Any) -> Any:
    def policy(name: str) -> Any:
        status, headers, body = get(name)
        return status, headers, (json.dumps(_reworded(json.loads(body))).encode() if status == 200 else body)

    return policy


def _reworded(value: Any, key: str = "") -> Any:
    """Lists in another order, and a list with one item as its item; the order of a document's statements is kept."""
    if isinstance(value, dict):
        return {name: _reworded(item, name) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_reworded(item) for item in value]
    if key == "Statement":
        return items
    return items[0] if len(items) == 1 else sorted(items, reverse=True)


def _of_one_kind(put: Any, error: Any) -> Any:
    kept = original(load("ministack.services.s3"), "_bucket_lifecycle")

    def lifecycle(name: str, body: bytes) -> Any:
        rules = list(_rules(body))
        prefixes = [rule.findtext(f"{_NAMESPACE}Prefix") for rule in rules]
        filters = [rule.find(f"{_NAMESPACE}Filter") for rule in rules]
        if any(one is not None for one in prefixes) and any(one is not None for one in filters):
            return error("InvalidRequest", _MIXED, 400, f"/{name}")
        answer = put(name, body)
        for rule, prefix in zip(kept.get(name, ()), prefixes, strict=False):
            if answer[0] == 200 and prefix is not None:
                rule |= {"Filter": {"Prefix": prefix}, "Old": True}
        return answer

    return lifecycle


def _rules(body: bytes) -> Iterator[ElementTree.Element]:
    try:
        return ElementTree.fromstring(body).iter(f"{_NAMESPACE}Rule")  # noqa: S314 -- of the user of this machine
    except ElementTree.ParseError:
        return iter(())


def _with_old_prefixes(get: Any) -> Any:
    kept = original(load("ministack.services.s3"), "_bucket_lifecycle")

    def lifecycle(name: str) -> Any:
        status, headers, body = get(name)
        if status == 200 and any(rule.get("Old") for rule in kept.get(name, ())):
            body = body.replace(b"<Filter>", b"").replace(b"</Filter>", b"")
        return status, headers, body

    return lifecycle
