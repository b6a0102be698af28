"""What a stack made is known by the tags that CloudFormation put on it, as long as it is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.stack_tags import tagged_arns
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

STACK = "tagged-sandbox"
BUCKET = "tagged-sandbox-files"
HERE = "us-east-1:222222222222"
KEY = {"AttributeName": "id", "AttributeType": "S"}
MADE: dict[str, dict[str, Any]] = {
    "AWS::S3::Bucket": {"BucketName": BUCKET, "Tags": [{"Key": "team", "Value": "ours"}]},
    "AWS::DynamoDB::Table": {
        "TableName": STACK,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [KEY],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
    "AWS::Kinesis::Stream": {"Name": STACK, "ShardCount": 1},
    "AWS::Logs::LogGroup": {"LogGroupName": f"/{STACK}/a"},
    "AWS::SNS::Topic": {"TopicName": STACK},
    "AWS::SQS::Queue": {"QueueName": STACK},
}
FOUND = {
    f"arn:aws:s3:::{BUCKET}",
    f"arn:aws:dynamodb:{HERE}:table/{STACK}",
    f"arn:aws:kinesis:{HERE}:stream/{STACK}",
    f"arn:aws:logs:{HERE}:log-group:/{STACK}/a",
    f"arn:aws:sns:{HERE}:{STACK}",
}


def test_what_stays_has_the_tags_of_its_stack_and_what_is_made_anew_has_none(
    local_cloud: LocalCloud, local_config: WorkspaceConfig
) -> None:
    def client(service: str) -> Any:
        return client_of(local_cloud, local_config.environment("sandbox"), service)

    stacks, s3, tagging = client("cloudformation"), client("s3"), client("resourcegroupstaggingapi")
    resources = {
        kind.replace("::", ""): {"Type": kind, "DeletionPolicy": "Retain", "Properties": body}
        for kind, body in MADE.items()
    }
    stacks.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": resources}))
    stacks.delete_stack(StackName=STACK)
    assert tagged_arns(tagging, "here", STACK) == FOUND, "AWS puts none on a queue"
    assert tagged_arns(tagging, "here", "another-sandbox") == set()

    tags = s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]
    own = [tag for tag in tags if not tag["Key"].startswith("aws:")]
    assert own == [{"Key": "team", "Value": "ours"}]
    for wanted, text in ((own, "removed"), ([*tags, {"Key": "aws:more", "Value": "x"}], "added")):
        with pytest.raises(ClientError, match=f"InvalidTag.*System Tags cannot be {text}"):
            s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": wanted})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [*tags, {"Key": "more", "Value": "x"}]})
    s3.delete_bucket_tagging(Bucket=BUCKET)
    assert all(tag["Key"].startswith("aws:") for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"])

    s3.delete_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=BUCKET)
    client("dynamodb").delete_table(TableName=STACK)
    client("kinesis").delete_stream(StreamName=STACK)
    client("logs").delete_log_group(logGroupName=f"/{STACK}/a")
    client("sns").delete_topic(TopicArn=f"arn:aws:sns:{HERE}:{STACK}")
    client("sqs").delete_queue(QueueUrl=client("sqs").get_queue_url(QueueName=STACK)["QueueUrl"])
    client("logs").create_log_group(logGroupName=f"/{STACK}/a")
    client("sns").create_topic(Name=STACK)
    assert tagged_arns(tagging, "here", STACK) == set()
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=BUCKET)
    client("logs").delete_log_group(logGroupName=f"/{STACK}/a")
    client("sns").delete_topic(TopicArn=f"arn:aws:sns:{HERE}:{STACK}")
    s3.delete_bucket(Bucket=BUCKET)
