"""Reads one queue or one topic of a unit.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
"""

from __future__ import annotations

from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import MessageQueue, MessageTopic

__all__ = ["read_queue", "read_topic"]

_QUEUE_OPTIONS = ("fifo", "deduplicate", "visibility_timeout", "max_receive_count", "retention_days", "delay")
_TOPIC_OPTIONS = ("fifo", "deduplicate", "queues", "raw")


def read_queue(table: Table, key: str) -> MessageQueue:
    table.allow(_QUEUE_OPTIONS)
    fifo, deduplicate = _order(table)
    return MessageQueue(
        key=key,
        fifo=fifo,
        deduplicate=deduplicate,
        visibility_timeout=table.optional_number("visibility_timeout", 0, 43_200),
        max_receive_count=table.number("max_receive_count", 1, 1000, 5),
        retention_days=table.number("retention_days", 1, 14, 4),
        delay=table.number("delay", 0, 900, 0),
    )


def read_topic(table: Table, key: str) -> MessageTopic:
    table.allow(_TOPIC_OPTIONS)
    fifo, deduplicate = _order(table)
    queues = table.texts("queues", rule=KEY)
    raw = table.flag("raw", False)
    if raw and not queues:
        table.refuse("raw", "found true, but no queue gets the messages", hint="add `queues`, or remove `raw`")
    return MessageTopic(key=key, fifo=fifo, deduplicate=deduplicate, queues=queues, raw=raw)


def _order(table: Table) -> tuple[bool, bool]:
    fifo, deduplicate = table.flag("fifo", False), table.flag("deduplicate", False)
    if deduplicate and not fifo:
        table.refuse(
            "deduplicate", "found true without `fifo`", hint="only what keeps the order tells duplicates apart"
        )
    return fifo, deduplicate
