"""Resources of a stack carry the stack's name, id and logical id as tags that cannot be removed manually.

Reason: ministack tags the types in its list, which lacks buckets but includes queues, which AWS does not tag. It lets
anyone remove the tags of a bucket, and finds neither log groups nor streams by their tags. So a resource that another
team created under our name could not be told from ours.
They stay on resources that are retained when the stack is deleted. An automatic import adds none here; what AWS does is
not documented.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html and
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2079 (queues have none, as of 2026)
Text: https://github.com/cloud-custodian/cloud-custodian/issues/2834
That DeleteBucketTagging leaves them is what "can't update or delete" says; it was not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_PREFIX = "aws:"
_BUCKET = "AWS::S3::Bucket"
_QUEUE = "AWS::SQS::Queue"
_REMOVED = "System Tags cannot be removed by requester"
_ADDED = "System Tags cannot be added/updated by requester"


def patch() -> None:
    """Tag what a stack creates, protect the tags of buckets, and find log groups and streams by tag."""
    provisioners, stacks = (load(f"ministack.services.cloudformation.{name}") for name in ("provisioners", "stacks"))
    original(provisioners, "_STACK_TAG_PROPERTY")[_BUCKET] = ("Tags", "list")
    original(stacks, "_with_stack_tags")
    tagged = _but_for_queues(original(provisioners, "_with_stack_tags"))
    provisioners._with_stack_tags = stacks._with_stack_tags = tagged
    handlers = original(provisioners, "_RESOURCE_HANDLERS")
    create, update = (handlers[_BUCKET][name] for name in ("create", "update"))
    handlers[_BUCKET] = {**handlers[_BUCKET], "create": _tagging_new(create), "update": _tagging(update)}
    s3 = load("ministack.services.s3")
    s3._put_bucket_tagging = _keeping(s3, original(s3, "_put_bucket_tagging"))
    s3._delete_bucket_tagging = _leaving(s3, original(s3, "_delete_bucket_tagging"))
    collectors = original(load("ministack.services.tagging"), "_COLLECTORS")
    collectors["logs"] = _found_in("cloudwatch_logs", "_log_groups", "arn")
    collectors["kinesis"] = _found_in("kinesis", "_streams", "StreamARN")


def _but_for_queues(tagged: Callable[..., Any]) -> Callable[..., Any]:
    def properties(kind: str, *rest: Any) -> Any:
        found = tagged(kind, *rest)
        if kind != _QUEUE:
            return found
        return {**found, "Tags": [tag for tag in found.get("Tags", ()) if not tag["Key"].startswith(_PREFIX)]}

    return properties


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or ()}


def _tagging_new(create: Callable[..., Any]) -> Callable[..., Any]:
    def made(logical_id: str, properties: dict[str, Any], *more: Any) -> Any:
        answer = create(logical_id, properties, *more)
        _kept()[answer[0]] = _tags(properties)
        return answer

    return made


def _tagging(update: Callable[..., Any]) -> Callable[..., Any]:
    def changed(physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: Any) -> Any:
        answer = update(physical_id, old, new, *more)
        others = {key: value for key, value in _kept().get(answer[0], {}).items() if key not in _tags(old)}
        _kept()[answer[0]] = {**others, **_tags(new)}
        return answer

    return changed


def _kept() -> Any:
    return original(load("ministack.services.s3"), "_bucket_tags")


def _system(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key.lower().startswith(_PREFIX)}


def _keeping(s3: Any, put: Callable[..., Any]) -> Callable[..., Any]:
    read, error = original(s3, "_parse_tags_xml"), original(s3, "_error")

    def tagging(name: str, body: bytes) -> Any:
        try:
            wanted = _system(read(body))
        except Exception:  # whatever the reader raises, ministack answers with
            return put(name, body)
        there = _system(_kept().get(name, {}))
        if there.keys() - wanted.keys():
            return error("InvalidTag", _REMOVED, 400, f"/{name}")
        return error("InvalidTag", _ADDED, 400, f"/{name}") if wanted != there else put(name, body)

    return tagging


def _leaving(s3: Any, delete: Callable[..., Any]) -> Callable[..., Any]:
    def tagging(name: str) -> Any:
        system = _system(_kept().get(name, {}))
        answer = delete(name)
        if system:
            _kept()[name] = system
        return answer

    return tagging


def _found_in(service: str, store: str, arn: str) -> Callable[[], Iterator[tuple[str, list[dict[str, str]]]]]:
    def collect() -> Iterator[tuple[str, list[dict[str, str]]]]:
        for one in list(original(load(f"ministack.services.{service}"), store).values()):
            tags = one.get("tags") or {}
            yield one[arn].removesuffix(":*"), [{"Key": key, "Value": value} for key, value in tags.items()]

    return collect
