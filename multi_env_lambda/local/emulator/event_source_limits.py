"""An event source mapping has only the properties that its kind of source supports, and its stream must exist.

Reason: ministack accepts every property for every kind of source, and streams that do not exist.
Texts: aws/chalice#1778 (batches), boto/boto3#1613 and serverless/serverless#7762 (what is of streams),
aws-amplify/amplify-cli#11625 and #11626 (a stream that is not there, a table's ARN; taken to be the same for Kinesis),
LocalStack's checks, whose tests were recorded at AWS (filters, ``startingPosition``)
Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html (five filters)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_OF_STREAMS = (
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
)
_UNSUPPORTED = "Unsupported {name} parameter for given event source mapping type."
_NO_POSITION = (
    "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be "
    "null."
)
_NO_WINDOW = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
_FIFO = "Maximum batch size must be between 1 and 10 inclusive"
_FILTERS = 5


def patch() -> None:
    """Check a mapping before it is created, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    make, respond = original(functions, "_create_esm"), original(functions, "error_response_json")

    def create(data: dict[str, Any]) -> Any:
        return unless_refused(lambda: _check(data), lambda: make(data), respond)

    functions._create_esm = create
    check_first("AWS::Lambda::EventSourceMapping", _check)


def _check(wanted: Mapping[str, Any]) -> None:
    for problem in _problems(wanted, str(wanted.get("EventSourceArn", ""))):
        raise LambdaRefusal("InvalidParameterValueException", 400, problem)


def _problems(wanted: Mapping[str, Any], source: str) -> Iterator[str]:
    filters = (wanted.get("FilterCriteria") or {}).get("Filters") or []
    if len(filters) > _FILTERS:
        yield f"The number of filters exceeds the limit of {_FILTERS} for an event source mapping."
    if not all(_is_pattern(_read(item.get("Pattern"))) for item in filters):
        yield "Invalid filter pattern definition."
    if ":sqs:" in source:
        yield from _of_queue(wanted, source)
    elif ":kinesis:" in source or ":dynamodb:" in source:
        if not wanted.get("StartingPosition"):
            yield _NO_POSITION
        if source.split(":")[4] == load("ministack.core.responses").get_account_id() and not _is_there(source):
            yield f"Stream not found: {source}"


def _of_queue(wanted: Mapping[str, Any], source: str) -> Iterator[str]:
    if wanted.get("StartingPosition"):
        yield "StartingPosition is not valid for SQS event sources."
    yield from (_UNSUPPORTED.format(name=name) for name in _OF_STREAMS if wanted.get(name))
    if int(wanted.get("BatchSize") or 10) > 10:
        if source.endswith(".fifo"):
            yield _FIFO
        elif not int(wanted.get("MaximumBatchingWindowInSeconds") or 0):
            yield _NO_WINDOW


def _is_there(arn: str) -> bool:
    if ":kinesis:" in arn:
        streams = original(load("ministack.services.kinesis"), "_streams")
        return any(arn.partition("/consumer/")[0] == stream.get("StreamARN") for stream in streams._data.values())
    tables = original(load("ministack.services.dynamodb"), "_tables")
    return any(arn == table.get("LatestStreamArn") for table in tables._data.values())


def _read(pattern: Any) -> Any:
    try:
        return json.loads(pattern)
    except (TypeError, ValueError):
        return None


def _is_pattern(value: Any) -> bool:
    """A table whose values are lists with something in them, or such tables."""
    if not isinstance(value, dict):
        return False
    return all((isinstance(one, list) and one) or _is_pattern(one) for one in value.values())
