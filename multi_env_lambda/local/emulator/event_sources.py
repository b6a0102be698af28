"""An event source and a function can have only one mapping, and it must fit both.

Reason: ministack accepts a second mapping (which a new starting position of a stream creates), a queue whose visibility
timeout is shorter than the function's timeout, and failure destinations that Lambda does not support for streams.
Texts: https://github.com/aws/serverless-application-model/issues/1320, sst#5975, terraform-provider-aws#18099;
destinations: https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html (no text known)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .event_source_rights import refuse_without_rights
from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original

__all__ = ["patch"]

_MAPPING = "AWS::Lambda::EventSourceMapping"
_REPLACING = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
_TWICE = (
    'The event source arn (" {source} ") and function (" {function} ") provided mapping already exists. '
    "Please update or delete the existing mapping with UUID {uuid}"
)
_TOO_SHORT = "Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
_DESTINATION = "Invalid destination ARN {arn}: a stream's failures can be sent to SQS, SNS or S3"
_OF_STREAMS = ("arn:aws:sqs:", "arn:aws:sns:", "arn:aws:s3:")


def patch() -> None:
    """Check a mapping before it is created or changed, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    find = original(load("ministack.services.cloudformation.provisioners"), "_lambda_function_for_cfn_ref")
    make, respond = original(functions, "_create_esm"), original(functions, "error_response_json")
    handlers = resources[_MAPPING]

    def check(properties: Mapping[str, Any]) -> None:
        function, _, arn, _ = find(str(properties.get("FunctionName", "")))
        if function is not None:
            _check(functions, properties, function["config"], arn)

    def create(data: dict[str, Any]) -> Any:
        return unless_refused(lambda: check(data), lambda: make(data), respond)

    def create_resource(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        check(properties)
        return handlers["create"](logical_id, properties, stack_name)

    functions._create_esm = create
    resources[_MAPPING] = {
        **handlers,
        "create": create_resource,
        "update": _replacing(check, handlers["update"]),
    }


def _replacing(check: Callable[[Mapping[str, Any]], None], update: Callable[..., Any]) -> Callable[..., Any]:
    """CloudFormation creates the new mapping before it deletes the old one."""

    def updated(physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: Any, **others: Any) -> Any:
        if any(str(old.get(name)) != str(new.get(name)) for name in _REPLACING):
            check(new)
        return update(physical_id, old, new, *more, **others)

    return updated


def _check(functions: Any, wanted: Mapping[str, Any], config: Mapping[str, Any], function_arn: str) -> None:
    source = str(wanted.get("EventSourceArn", ""))
    if not source:
        return
    for mapping in list(functions._esms.values()):
        if (mapping.get("EventSourceArn"), mapping.get("FunctionArn")) == (source, function_arn):
            name = function_arn.partition(":function:")[2]
            text = _TWICE.format(source=source, function=name, uuid=mapping["UUID"])
            raise LambdaRefusal("ResourceConflictException", 409, text)
    if ":sqs:" in source:
        visible, timeout = _visibility_of(source), int(config.get("Timeout", 3))
        if visible < timeout:
            text = _TOO_SHORT.format(visible=visible, timeout=timeout)
            raise LambdaRefusal("InvalidParameterValueException", 400, text)
        refuse_without_rights(str(config.get("Role", "")), source)
        return
    target = ((wanted.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if target and not str(target).startswith(_OF_STREAMS):
        raise LambdaRefusal("InvalidParameterValueException", 400, _DESTINATION.format(arn=target))


def _visibility_of(arn: str) -> float:
    """In seconds, as the queue has it; infinite for a queue of another account, which ministack cannot see."""
    sqs = load("ministack.services.sqs")
    for queue in list(original(sqs, "_queues")._data.values()):
        attributes = queue.get("attributes", {})
        if attributes.get("QueueArn") == arn:
            return int(attributes.get("VisibilityTimeout", 30))
    return math.inf
