"""What a function of Serverless reads from: queues and streams, as events of ours or as resources of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multi_env_lambda.adopt.found import Grant, Ours
from multi_env_lambda.adopt.serverless_asked import Asked, Event, is_off, number_or
from multi_env_lambda.adopt.serverless_service import at
from multi_env_lambda.adopt.serverless_values import Value

__all__ = ["queue", "stream"]

_READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
_READ_STREAM = {
    "dynamodb": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"),
    "kinesis": (
        *("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream", "kinesis:DescribeStreamSummary"),
        *("kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard"),
    ),
}


def queue(asked: Asked) -> tuple[Event, ...]:
    if is_off(asked):
        return ()
    value, service = asked.value, asked.service
    arn = at(value, "arn") if isinstance(value, dict) else value
    batch = {
        "batch_size": number_or(at(value, "batchSize"), 10),
        "window": at(value, "maximumBatchingWindow"),
        "partial_failures": at(value, "functionResponseType") == "ReportBatchItemFailures",
        "maximum_concurrency": at(value, "maximumConcurrency"),
    }
    text = service.text(arn)
    if text is not None and not asked.has("filterPatterns"):
        return asked.to({"sqs": text, **{name: each for name, each in batch.items() if each is not None}})
    service.grants.append(Grant(function=asked.key, actions=_READ_QUEUE, resources=(service.body(arn),)))
    concurrency = batch["maximum_concurrency"]
    more = {"ScalingConfig": {"MaximumConcurrency": concurrency}} if concurrency is not None else {}
    return _mapping(asked, arn, {"BatchSize": batch["batch_size"], **more})


def _mapping(asked: Asked, arn: Value, properties: Mapping[str, Any]) -> tuple[Event, ...]:
    """What reads a queue or a stream of the stack itself, with the settings that all of them have."""
    value = asked.value
    window = at(value, "maximumBatchingWindow") or at(value, "batchWindow")
    patterns = at(value, "filterPatterns")
    filters = [{"Pattern": asked.service.json(each)} for each in (patterns if isinstance(patterns, list) else [])]
    body = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": asked.service.body(arn),
            "FunctionName": Ours("alias", asked.key),
            **properties,
            **({"MaximumBatchingWindowInSeconds": window} if window else {}),
            **({"FunctionResponseTypes": ["ReportBatchItemFailures"]} if asked.has("functionResponseType") else {}),
            **({"FilterCriteria": {"Filters": filters}} if filters else {}),
        },
    }
    return asked.in_stack((asked.named(f"{asked.kind}-source"), body))


def stream(asked: Asked) -> tuple[Event, ...]:
    if is_off(asked):
        return ()
    value, service = asked.value, asked.service
    arn = at(value, "arn") if isinstance(value, dict) else value
    text = service.text(arn)
    kind = str(at(value, "type") or ("kinesis" if ":kinesis:" in (text or "") else "dynamodb"))
    if kind not in _READ_STREAM or asked.has("consumer", "startingPositionTimestamp", "tumblingWindowInSeconds"):
        return asked.dropped(
            "a stream with its own consumer, a time to start from or a tumbling window has no key here"
        )
    on_failure = at(value, "destinations", "onFailure")
    if text is not None and (on_failure is None or service.text(on_failure) is not None):
        asked.unless({"maximumRecordAgeInSeconds": "the age of a record has no key; `retries` ends what fails"})
        return asked.to({kind: text, **_batches(asked), **_report(asked, on_failure)})
    failures = {"DestinationConfig": {"OnFailure": {"Destination": service.body(on_failure)}}} if on_failure else {}
    service.grants.append(Grant(function=asked.key, actions=_READ_STREAM[kind], resources=(service.body(arn),)))
    settings = {
        "BatchSize": number_or(at(value, "batchSize"), 10),
        "StartingPosition": at(value, "startingPosition") or "TRIM_HORIZON",
        "MaximumRetryAttempts": at(value, "maximumRetryAttempts"),
        "MaximumRecordAgeInSeconds": at(value, "maximumRecordAgeInSeconds"),
        "BisectBatchOnFunctionError": at(value, "bisectBatchOnFunctionError"),
        "ParallelizationFactor": at(value, "parallelizationFactor"),
    }
    return _mapping(asked, arn, {**{name: each for name, each in settings.items() if each is not None}, **failures})


def _batches(asked: Asked) -> Event:
    """The settings of a stream in our words; Serverless starts with the oldest record and gives 10 at once."""
    value = asked.value
    settings = {
        "starting_position": at(value, "startingPosition") or "TRIM_HORIZON",
        "batch_size": number_or(at(value, "batchSize"), 10),
        "window": at(value, "batchWindow"),
        "parallelization": at(value, "parallelizationFactor"),
        "partial_failures": at(value, "functionResponseType") == "ReportBatchItemFailures",
        "bisect": at(value, "bisectBatchOnFunctionError"),
        "retries": at(value, "maximumRetryAttempts"),
        "filters": asked.service.tree(at(value, "filterPatterns")),
    }
    return {name: each for name, each in settings.items() if each is not None}


def _report(asked: Asked, on_failure: Value) -> Event:
    return {} if on_failure is None else {"on_failure_arn": asked.service.text(on_failure)}
