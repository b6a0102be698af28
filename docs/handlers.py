"""Writes what CloudFormation calls for each type of resource, as AWS publishes it in the types' schemas.

Run it when cfn-lint was updated: ``python docs/handlers.py``. A test compares the file with cfn-lint's.
"""

from __future__ import annotations

import json
from pathlib import Path

FILE = Path(__file__).parent.parent / "multi_env_lambda" / "plan" / "handlers.json"

TYPES = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api",
    "AWS::CloudWatch::Alarm",
    "AWS::DynamoDB::Table",
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


def handlers() -> dict[str, dict[str, list[str]]]:
    """By type: what making and changing one takes, and what deleting one takes; both may read it."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    found = {}
    for name in TYPES:
        declared = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers", {})
        calls = {verb: set(declared.get(verb, {}).get("permissions", ())) for verb in declared}
        found[name] = {
            "deploy": sorted(calls.get("create", set()) | calls.get("read", set()) | calls.get("update", set())),
            "destroy": sorted(calls.get("delete", set())),
        }
    return found


def text() -> str:
    return json.dumps(handlers(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
