"""What is part of another resource: deleted with the old stack, it would take something from what has moved. Pure.

A queue, topic, bucket or secret has one policy, so the resource that set it first takes away, when it is deleted, what
the unit's own has set since. The same is true of what exists once for a table, a pool or a file system.

Sources: the ``delete`` handlers in AWS's schemas of these types, and
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html (the same subscription twice is one).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from multi_env_lambda.plan.released import is_retained
from multi_env_lambda.plan.template_text import references

__all__ = ["is_attached"]

_PARTS = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Cognito::IdentityPoolRoleAttachment",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolIdentityProvider",
        "AWS::Cognito::UserPoolResourceServer",
        "AWS::DynamoDB::ResourcePolicy",
        "AWS::EFS::AccessPoint",
        "AWS::EFS::MountTarget",
        "AWS::Events::EventBusPolicy",
        "AWS::KMS::Alias",
        "AWS::Kinesis::ResourcePolicy",
        "AWS::Kinesis::StreamConsumer",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::SubscriptionFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicInlinePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueueInlinePolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::SecretsManager::SecretTargetAttachment",
    }
)
_SUBSCRIPTION = "AWS::SNS::Subscription"


def is_attached(body: Mapping[str, Any], kept: Set[str]) -> bool:
    """Whether it is part of something else. A subscription is, if what it sends to is ``kept``."""
    if body.get("Type") == _SUBSCRIPTION:
        endpoint = body.get("Properties", {}).get("Endpoint")
        # Once its queue has left the stack, the endpoint is a text; then its policy says what it was.
        return is_retained(body) or not kept.isdisjoint(references(endpoint))
    return body.get("Type") in _PARTS
