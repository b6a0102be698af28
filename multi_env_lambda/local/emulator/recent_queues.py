"""SQS does not create a queue with the name of one that was deleted less than 60 seconds ago.

Reason: ministack creates it at once, so a unit that is destroyed and deployed again works here, but not on AWS.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
Text: https://github.com/hashicorp/terraform-provider-aws/issues/831
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch"]

_QUEUE = "AWS::SQS::Queue"
_SECONDS = 60.0
_CODE = "AWS.SimpleQueueService.QueueDeletedRecently"
_TEXT = "You must wait 60 seconds after deleting a queue before you can create another with the same name."


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970; deletions before the server started are forgotten."""
    sqs = load("ministack.services.sqs")
    queues, url_of = original(sqs, "_queues"), original(sqs, "_queue_url")
    actions = original(sqs, "_HANDLERS")
    make, drop, refused = actions["CreateQueue"], actions["DeleteQueue"], original(sqs, "_Err")
    provisioners = load("ministack.services.cloudformation.provisioners")
    resources, name_of = original(provisioners, "_RESOURCE_HANDLERS"), original(provisioners, "_sqs_queue_name")
    steps = resources[_QUEUE]
    deleted: dict[str, float] = {}

    def is_recent(url: str) -> bool:
        return now() - deleted.get(url, 0.0) < _SECONDS

    def create(data: dict[str, Any], url: str) -> Any:
        if is_recent(url_of(data.get("QueueName", ""))):
            raise refused(_CODE, _TEXT)
        return make(data, url)

    def delete(data: dict[str, Any], url: str) -> Any:
        answer = drop(data, url)
        deleted[url_of(str(data.get("QueueUrl", url)).rpartition("/")[2])] = now()
        return answer

    def create_resource(logical_id: str, properties: dict[str, Any], stack: str, *more: Any) -> Any:
        if is_recent(url_of(name_of(properties, stack, logical_id)[0])):
            raise ValueError(f"{_TEXT} (Service: Sqs, Status Code: 400, Error Code: {_CODE})")
        return steps["create"](logical_id, properties, stack, *more)

    def delete_resource(physical_id: str, *more: Any) -> Any:
        is_there = physical_id in queues
        answer = steps["delete"](physical_id, *more)
        if is_there:
            deleted[physical_id] = now()
        return answer

    actions["CreateQueue"], actions["DeleteQueue"] = create, delete
    resources[_QUEUE] = {**steps, "create": create_resource, "delete": delete_resource}
