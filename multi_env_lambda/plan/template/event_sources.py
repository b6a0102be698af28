"""What an event source mapping may say depends on the source: checked here, for the settings as for stack.py.

A source that is not known here (a parameter, an import) is left to AWS.
Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html; of filters
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_event_sources"]

_Kind = Literal["dynamodb", "kinesis", "sqs"]

_MADE: dict[str, _Kind] = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::SQS::Queue": "sqs",
}
_OF_STREAMS = (
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "TumblingWindowInSeconds",
)
_MOST_FILTERS = 10
"""The maximum if the quota of 5 was raised."""

_LARGEST_WITHOUT_WINDOW = 10

_Problem = tuple[str, str, str]
"""The property, what is wrong with it, and a hint."""


def check_event_sources(resources: Json, where: str) -> None:
    """Raise the first thing in a mapping that Lambda would refuse."""
    for name, body in sorted(resources.items()):
        if body["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        for path, what, hint in _problems(body.get("Properties", {}), resources):
            raise ConfigurationError(where, f"Resources.{name}.{path}: {what}", hint=hint)


def _problems(properties: Json, resources: Json) -> Iterator[_Problem]:
    yield from _of_filters(properties.get("FilterCriteria"))
    match _kind(properties.get("EventSourceArn"), resources):
        case None:
            return
        case "sqs":
            yield from _of_queue(properties, resources)
        case "dynamodb":
            yield from _of_stream(properties)
            yield from _of_table(properties["EventSourceArn"])
        case "kinesis":
            yield from _of_stream(properties)


def _kind(arn: Any, resources: Json) -> _Kind | None:
    if isinstance(arn, str):
        return next((kind for kind in _MADE.values() if arn.startswith(f"arn:aws:{kind}:")), None)
    return _MADE.get(resources.get(_made(arn), {}).get("Type", ""))


def _made(arn: Any) -> str:
    """The logical id of the resource whose ARN it is; empty if it is not from a resource."""
    match arn:
        case {"Fn::GetAtt": [str(made), *_]}:
            return made
        case {"Fn::GetAtt": str(dotted)}:
            return dotted.partition(".")[0]
        case _:
            return ""


def _of_queue(properties: Json, resources: Json) -> Iterator[_Problem]:
    for key in _OF_STREAMS:
        if key in properties and properties[key] != {"Ref": "AWS::NoValue"}:
            yield key, "it is only for streams, but the source is a queue", "remove it"
    size, window = properties.get("BatchSize", _LARGEST_WITHOUT_WINDOW), "MaximumBatchingWindowInSeconds"
    if not isinstance(size, int) or size <= _LARGEST_WITHOUT_WINDOW:
        return
    if _is_fifo(properties["EventSourceArn"], resources):
        yield "BatchSize", f"found {size:,}; a FIFO queue delivers {_LARGEST_WITHOUT_WINDOW} at once", "make it smaller"
    elif properties.get(window, 0) in (0, "0"):
        hint = f"add a {window} of 1 or more, during which a batch is gathered"
        yield "BatchSize", f"found {size:,} without {window}; expected 1 to {_LARGEST_WITHOUT_WINDOW}", hint


def _is_fifo(arn: Any, resources: Json) -> bool:
    if isinstance(arn, str):
        return arn.endswith(".fifo")
    return resources[_made(arn)].get("Properties", {}).get("FifoQueue") is True


def _of_stream(properties: Json) -> Iterator[_Problem]:
    if "StartingPosition" not in properties:
        yield "StartingPosition", "it is missing, but the source is a stream", "write LATEST or TRIM_HORIZON"


def _of_table(arn: Any) -> Iterator[_Problem]:
    """Lambda needs the ARN of the table's stream, which has a new one each time it is switched on."""
    match arn:
        case str() if "/stream/" not in arn:
            found = arn
        case {"Fn::GetAtt": [_, "Arn"]}:
            found = "its Arn"
        case _:
            return
    yield "EventSourceArn", f"found {found}, which is the ARN of a table", "use the ARN of its stream (StreamArn)"


def _of_filters(criteria: Any) -> Iterator[_Problem]:
    filters = criteria.get("Filters", []) if isinstance(criteria, dict) else []
    if not isinstance(filters, list):
        return
    path = "FilterCriteria.Filters"
    if len(filters) > _MOST_FILTERS:
        yield (
            path,
            f"found {len(filters)}; Lambda accepts 5, or {_MOST_FILTERS} if its quota was raised",
            "combine some",
        )
    for number, item in enumerate(filters):
        pattern = item.get("Pattern") if isinstance(item, dict) else None
        if isinstance(pattern, str) and not _is_pattern(_read(pattern)):
            hint = 'each value must be a list or a table: `{"body": ["x"]}`'
            yield f"{path}[{number}]", f"found {pattern}, which is not a pattern", hint


def _read(pattern: str) -> Any:
    try:
        return json.loads(pattern)
    except ValueError:
        return None


def _is_pattern(value: Any) -> bool:
    return isinstance(value, dict) and all(
        (isinstance(one, list) and bool(one)) or (isinstance(one, dict) and _is_pattern(one)) for one in value.values()
    )
