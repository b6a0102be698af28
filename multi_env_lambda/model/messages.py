"""Reads one queue or one topic of a unit.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
"""

from __future__ import annotations

from multi_env_lambda.model.keys.messages import QUEUE, TOPIC
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import MessageQueue, MessageTopic

__all__ = ["read_queue", "read_topic"]


def read_queue(table: Table, key: str) -> MessageQueue:
    table = table.of(QUEUE)
    table.allow()
    fifo, deduplicate = _order(table)
    return MessageQueue(
        key=key,
        fifo=fifo,
        deduplicate=deduplicate,
        visibility_timeout=table.optional_number("visibility_timeout"),
        max_receive_count=table.number("max_receive_count"),
        retention_days=table.number("retention_days"),
        delay=table.number("delay"),
        name=table.named_or("name").removesuffix(".fifo"),
    )


def read_topic(table: Table, key: str) -> MessageTopic:
    table = table.of(TOPIC)
    table.allow()
    fifo, deduplicate = _order(table)
    queues = table.texts("queues")
    raw = table.flag("raw")
    if raw and not queues:
        table.refuse("raw", "found true, but no queue gets the messages", hint="add `queues`, or remove `raw`")
    name = table.named_or("name").removesuffix(".fifo")
    return MessageTopic(key=key, fifo=fifo, deduplicate=deduplicate, queues=queues, raw=raw, name=name)


def _order(table: Table) -> tuple[bool, bool]:
    fifo, deduplicate = table.flag("fifo"), table.flag("deduplicate")
    if deduplicate and not fifo:
        table.refuse(
            "deduplicate", "found true without `fifo`", hint="only what keeps the order tells duplicates apart"
        )
    return fifo, deduplicate
