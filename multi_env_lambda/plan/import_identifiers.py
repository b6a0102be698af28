"""The identifier by which CloudFormation imports an existing resource: its key, by type.

Only types that hold data or have a name that others know, that can be imported, and whose physical id in a stack is
that identifier. Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html
and ``primaryIdentifier`` in AWS's schemas of the types.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["IDENTIFIERS"]

IDENTIFIERS: Mapping[str, str] = {
    "AWS::ApiGateway::RestApi": "RestApiId",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::Cognito::UserPool": "UserPoolId",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::EFS::FileSystem": "FileSystemId",
    "AWS::Events::EventBus": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Key": "KeyId",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicArn",
    "AWS::SQS::Queue": "QueueUrl",
    "AWS::SSM::Parameter": "Name",
    "AWS::SecretsManager::Secret": "Id",
}
