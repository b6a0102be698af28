"""From a queue or a topic of the unit to its resources: a queue with its dead-letter queue, a topic with who gets it.

SQS encrypts every queue with its own key by default, and SNS its disks.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html and
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html (the policy of the queue).
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.project import names_of_resource
from multi_env_lambda.model.resources import MessageQueue, MessageTopic
from multi_env_lambda.plan.template.parts import Json, Resource, StackInput, get_att, logical_id, ref

__all__ = ["queue_id", "queue_resources", "topic_id", "topic_resources"]

_DAY = 86_400


def queue_id(key: str) -> str:
    return logical_id(key, "Queue")


def topic_id(key: str) -> str:
    return logical_id(key, "Topic")


def queue_resources(unit: StackInput, queue: MessageQueue) -> Iterator[Resource]:
    name, dead_name = names_of_resource(queue, unit.project, unit.environment)
    dead_id = logical_id(queue.key, "DeadLetters")
    order: Json = {"FifoQueue": True} if queue.fifo else {}
    dead = {"QueueName": dead_name, "MessageRetentionPeriod": 14 * _DAY, **order, **unit.tags}
    main = {
        "QueueName": name,
        "VisibilityTimeout": queue.visibility_timeout,
        "MessageRetentionPeriod": queue.retention_days * _DAY,
        "RedrivePolicy": {
            "deadLetterTargetArn": get_att(dead_id, "Arn"),
            "maxReceiveCount": queue.max_receive_count,
        },
        **order,
        **({"ContentBasedDeduplication": True} if queue.deduplicate else {}),
        **({"DelaySeconds": queue.delay} if queue.delay else {}),
        **unit.tags,
    }
    yield _made(queue, dead_id, "AWS::SQS::Queue", dead, retain=True)
    yield _made(queue, queue_id(queue.key), "AWS::SQS::Queue", main, retain=True)
    yield from _fed(unit, queue)


def _fed(unit: StackInput, queue: MessageQueue) -> Iterator[Resource]:
    """One policy for all topics: a queue has no second one."""
    topics = [each for each in unit.settings.resources if isinstance(each, MessageTopic) and queue.key in each.queues]
    if topics:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": get_att(queue_id(queue.key), "Arn"),
            "Condition": {"ArnEquals": {"aws:SourceArn": [ref(topic_id(topic.key)) for topic in topics]}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        properties = {"Queues": [ref(queue_id(queue.key))], "PolicyDocument": policy}
        yield _made(queue, logical_id(queue.key, "QueuePolicy"), "AWS::SQS::QueuePolicy", properties)


def topic_resources(unit: StackInput, topic: MessageTopic) -> Iterator[Resource]:
    (name,) = names_of_resource(topic, unit.project, unit.environment)
    properties: Json = {
        "TopicName": name,
        **({"FifoTopic": True} if topic.fifo else {}),
        **({"ContentBasedDeduplication": True} if topic.deduplicate else {}),
        **unit.tags,
    }
    yield _made(topic, topic_id(topic.key), "AWS::SNS::Topic", properties)
    for key in topic.queues:
        subscription = {
            "Protocol": "sqs",
            "TopicArn": ref(topic_id(topic.key)),
            "Endpoint": get_att(queue_id(key), "Arn"),
            **({"RawMessageDelivery": True} if topic.raw else {}),
        }
        # SNS delivers only where the queue's policy lets it, and what comes before is lost.
        waits_for = (logical_id(key, "QueuePolicy"),)
        name = logical_id(topic.key, "To", key, "Subscription")
        yield _made(topic, name, "AWS::SNS::Subscription", subscription, depends_on=waits_for)


def _made(
    source: MessageQueue | MessageTopic,
    name: str,
    type_: str,
    properties: Json,
    *,
    depends_on: tuple[str, ...] = (),
    retain: bool = False,
) -> Resource:
    made_by = f"{'queues' if isinstance(source, MessageQueue) else 'topics'}.{source.key}"
    return Resource(
        logical_id=name, type=type_, properties=properties, made_by=made_by, depends_on=depends_on, retain=retain
    )
