"""Facts about IAM and CloudFormation's handlers on which the local cloud's rules and the printed policies must agree.

A test compares what cannot be scoped with what AWS publishes about IAM.
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
"""The length at which CloudFormation cuts the names that it generates, by type; for any other type it never cuts."""

SERVICE_OF = {"stepfunctions": "states", "kinesisfirehose": "firehose", "apigatewayv2": "apigateway"}
"""IAM's prefix for a service that CloudFormation types name differently, in lower case."""

UNSCOPED = frozenset(
    {
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
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
        "logs:DeleteLogDelivery",
        "logs:DeleteResourcePolicy",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutIndexPolicy",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "secretsmanager:GetRandomPassword",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    }
)
"""Actions that cannot be scoped to a resource, so that a statement about one does not allow them.

AWS's lists differ about subscriptions: the service authorization reference had no resource for them for years, newer
lists allow the topic. A statement about `*` works either way.
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
"""What would change other people's things, and the property (in lower case) without which nothing calls it."""
