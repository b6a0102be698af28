"""The question about functions that would get the objects of a bucket in S3's form instead of EventBridge's.

Until 0.1.1 ``s3 = true`` meant EventBridge's form. A handler written for it fails at each object in the other one, and
Lambda gives the event up after three attempts, so a person has to agree to the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.plan import Question
from multi_env_lambda.plan.resources import resources_of

__all__ = ["form_questions"]

_Resources = Mapping[str, Mapping[str, Any]]
_Called = tuple[str, str]
"""A bucket, and what is called for its objects, as they are named in the template."""


def form_questions(project: str, before: str | None, after: str | None) -> tuple[Question, ...]:
    """At most one, about all of them."""
    old, new = resources_of(before), resources_of(after)
    changed = (set(_by_eventbridge(old)) - set(_by_eventbridge(new))) & set(_by_s3(new))
    if not changed:
        return ()
    lines = [f"{target} ({bucket})" for bucket, target in sorted(changed)]
    head = (
        f"{project}: these get objects as S3's `Records` instead of EventBridge's `detail`, and a handler that reads "
        '`detail` fails at each one; `form = "eventbridge"` keeps it as it is:'
    )
    return (Question(kind="form", text="\n".join([head, *lines]), answer=f"form:{project}"),)


def _of_type(resources: _Resources, type_: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, body in resources.items():
        if body["Type"] == type_:
            yield name, body.get("Properties", {})


def _by_eventbridge(resources: _Resources) -> Iterator[_Called]:
    for _, rule in _of_type(resources, "AWS::Events::Rule"):
        pattern = rule.get("EventPattern")
        if isinstance(pattern, dict) and pattern.get("source") == ["aws.s3"]:
            buckets = pattern.get("detail", {}).get("bucket", {}).get("name", [])
            for target in rule.get("Targets", []):
                yield from ((_ref(bucket), _ref(target.get("Arn"))) for bucket in buckets if _ref(bucket))


def _by_s3(resources: _Resources) -> Iterator[_Called]:
    for name, bucket in _of_type(resources, "AWS::S3::Bucket"):
        configuration = bucket.get("NotificationConfiguration")
        entries = configuration.get("LambdaConfigurations", []) if isinstance(configuration, dict) else []
        for entry in entries if isinstance(entries, list) else []:
            yield name, _ref(entry.get("Function"))


def _ref(value: Any) -> str:
    return str(value.get("Ref", "")) if isinstance(value, dict) else ""
