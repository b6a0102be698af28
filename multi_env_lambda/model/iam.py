"""What IAM and CloudFormation's handlers are like, where a rule of the local cloud and the printed policies must agree.

A test compares what cannot be scoped with what AWS publishes of IAM.
"""

from __future__ import annotations

__all__ = ["LONGEST_NAMES", "ONLY_WITH", "SERVICE_OF", "UNSCOPED"]

LONGEST_NAMES = {
    "AWS::Events::Rule": 64,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Role": 64,
    "AWS::Kinesis::Stream": 128,
    "AWS::KinesisFirehose::DeliveryStream": 64,
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 80,
    "AWS::Scheduler::Schedule": 64,
}
"""Characters of the name that CloudFormation gives, by type; of any other type such a name is never cut."""

SERVICE_OF = {"stepfunctions": "states", "kinesisfirehose": "firehose", "apigatewayv2": "apigateway"}
"""How IAM calls a service that types of CloudFormation call otherwise, in small letters."""

UNSCOPED = frozenset(
    {
        "events:PutPermission",
        "events:RemovePermission",
        "kinesis:DisableEnhancedMonitoring",
        "kinesis:EnableEnhancedMonitoring",
        "kinesis:UpdateShardCount",
        "kinesis:UpdateStreamMode",
        "kms:CreateKey",
        "lambda:CreateEventSourceMapping",
        "logs:CreateLogDelivery",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutIndexPolicy",
        "logs:PutResourcePolicy",
        "secretsmanager:GetRandomPassword",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    }
)
"""What cannot be scoped to a resource, so that a statement about one does not allow it.

Of subscriptions AWS's lists differ: the service authorization reference had no resource for them for years, newer lists
have the topic as one that may be named. A statement about everything holds either way.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

ONLY_WITH = {
    "events:PutPermission": "policy",
    "events:RemovePermission": "policy",
    "kinesis:DisableEnhancedMonitoring": "desiredshardlevelmetrics",
    "kinesis:EnableEnhancedMonitoring": "desiredshardlevelmetrics",
    "kinesis:UpdateShardCount": "shardcount",
    "kinesis:UpdateStreamMode": "streammodedetails",
    "logs:DeleteIndexPolicy": "fieldindexpolicies",
    "logs:DeleteResourcePolicy": "resourcepolicydocument",
    "logs:PutIndexPolicy": "fieldindexpolicies",
    "logs:PutResourcePolicy": "resourcepolicydocument",
}
"""What would change things of others, and the property (in small letters) without which nothing calls it."""
