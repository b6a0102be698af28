"""What IAM and CloudFormation's handlers are like, where a rule of the local cloud and the printed policies must agree.

A test compares what cannot be scoped with what AWS publishes of IAM.
"""

from __future__ import annotations

__all__ = ["ONLY_WITH", "SERVICE_OF", "UNSCOPED"]

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
