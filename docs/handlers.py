"""Writes what CloudFormation calls for each type of resource, as AWS publishes it in the types' schemas.

Run it when cfn-lint was updated: ``python docs/handlers.py``. A test compares the file with cfn-lint's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

FILE = Path(__file__).parent.parent / "multi_env_lambda" / "plan" / "handlers.json"

TYPES = (
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::DynamoDB::Table",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Job",
    "AWS::Glue::Table",
    "AWS::Glue::Trigger",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
)


PASSED_TO = {
    "AWS::ApiGateway::RestApi": "apigateway.amazonaws.com",
    "AWS::ApiGatewayV2::Authorizer": "apigateway.amazonaws.com",
    "AWS::ApiGatewayV2::Integration": "apigateway.amazonaws.com",
    "AWS::Events::Rule": "events.amazonaws.com",
    "AWS::Glue::Job": "glue.amazonaws.com",
    "AWS::Glue::Table": "glue.amazonaws.com",
    "AWS::KinesisFirehose::DeliveryStream": "firehose.amazonaws.com",
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::S3::Bucket": "s3.amazonaws.com",
    "AWS::SNS::Subscription": "sns.amazonaws.com",
    "AWS::SNS::Topic": "sns.amazonaws.com",
    "AWS::Scheduler::Schedule": "scheduler.amazonaws.com",
    "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
}
"""Who gets the role of each type that calls ``iam:PassRole``; no schema says it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PassedToService
"""

NOT_IN_IAM: dict[str, tuple[str, ...]] = {
    "apigateway:TagResource": ("apigateway:POST", "apigateway:PUT"),
    "apigateway:UntagResource": ("apigateway:DELETE",),
    "kms:ReEncrypt": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
    "lakeformation:CreateTable": (),
    "lambda:AssociateRuntimeAlias": (),
    "s3:DeleteBucketAnalyticsConfiguration": ("s3:PutAnalyticsConfiguration",),
    "s3:DeleteBucketCors": ("s3:PutBucketCORS",),
    "s3:DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "s3:DeleteBucketMetricsConfiguration": ("s3:PutMetricsConfiguration",),
    "s3:DeleteBucketReplication": ("s3:PutReplicationConfiguration",),
    "s3:GetObjectMetadata": (),
    "s3:PutBucketReplication": ("s3:PutReplicationConfiguration",),
    "s3:PutObjectLockConfiguration": ("s3:PutBucketObjectLockConfiguration",),
    "s3:REST.PUT.OBJECT": (),
}
"""Of what schemas name, what IAM does not have, and what it asks for instead.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and those of the other
services; of S3's operations https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
A test compares the names with those of AWS's policy editor.
"""

STEPS = ("create", "read", "update", "delete")


def handlers() -> dict[str, dict[str, list[str]]]:
    """By type: what each step calls, and to whom a role is passed."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    found: dict[str, dict[str, list[str]]] = {}
    for name in TYPES:
        declared = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers", {})
        calls = {step: _in_iam(declared.get(step, {}).get("permissions", ())) for step in STEPS}
        passes = any("iam:PassRole" in actions for actions in calls.values())
        found[name] = {**calls, "passed_to": [PASSED_TO[name]]} if passes else calls
    return found


def _in_iam(permissions: Iterable[str]) -> list[str]:
    return sorted({name for permission in permissions for name in NOT_IN_IAM.get(permission, (permission,))})


def text() -> str:
    return json.dumps(handlers(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
