"""What the policy templates of SAM allow, by name.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MANAGED", "REPLACED", "TEMPLATES", "WORDS", "current_policy"]

Allowed = tuple[str, tuple[str, ...]]


def _here(service: str, *resources: str) -> tuple[str, ...]:
    """ARNs of the own account and region; ``{Name}`` is a parameter of the policy template."""
    return tuple(f"arn:aws:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}" for resource in resources)


_TABLE = _here("dynamodb", "table/{TableName}", "table/{TableName}/index/*")
_ITEMS_READ = "dynamodb:GetItem dynamodb:Scan dynamodb:Query dynamodb:BatchGetItem dynamodb:DescribeTable"
_STREAM = _here("dynamodb", "table/{TableName}/stream/{StreamName}")
_BUCKET = ("arn:aws:s3:::{BucketName}", "arn:aws:s3:::{BucketName}/*")
_OBJECT_READ = "s3:GetObject s3:ListBucket s3:GetBucketLocation s3:GetObjectVersion s3:GetLifecycleConfiguration"
_OBJECT_WRITE = "s3:PutObject s3:PutObjectAcl s3:PutLifecycleConfiguration"
_QUEUE = _here("sqs", "{QueueName}")
_EVERYTHING = ("*",)
_NETWORK = (
    "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces ec2:DetachNetworkInterface"
)
_KINESIS = _here("kinesis", "stream/{StreamName}")
_KINESIS_READ = "kinesis:DescribeStream kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator"
_FACES = _here("rekognition", "collection/{CollectionId}")
_PARAMETER = _here("ssm", "parameter/{ParameterName}")

TEMPLATES: Mapping[str, tuple[Allowed, ...]] = {
    "AWSSecretsManagerGetSecretValuePolicy": (("secretsmanager:GetSecretValue", ("{SecretArn}",)),),
    "CloudFormationDescribeStacksPolicy": (("cloudformation:DescribeStacks", _here("cloudformation", "stack/*")),),
    "CloudWatchPutMetricPolicy": (("cloudwatch:PutMetricData", _EVERYTHING),),
    "ComprehendBasicAccessPolicy": (
        (
            "comprehend:BatchDetectKeyPhrases comprehend:DetectDominantLanguage comprehend:DetectEntities "
            "comprehend:BatchDetectEntities comprehend:DetectKeyPhrases comprehend:DetectSentiment "
            "comprehend:BatchDetectDominantLanguage comprehend:BatchDetectSentiment",
            _EVERYTHING,
        ),
    ),
    "DynamoDBBackupFullAccessPolicy": (
        ("dynamodb:CreateBackup dynamodb:DescribeContinuousBackups", _here("dynamodb", "table/{TableName}")),
        (
            "dynamodb:DeleteBackup dynamodb:DescribeBackup dynamodb:ListBackups",
            _here("dynamodb", "table/{TableName}/backup/*"),
        ),
    ),
    "DynamoDBCrudPolicy": (
        (
            f"{_ITEMS_READ} dynamodb:DeleteItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:BatchWriteItem "
            "dynamodb:ConditionCheckItem",
            _TABLE,
        ),
    ),
    "DynamoDBReadPolicy": ((_ITEMS_READ, _TABLE),),
    "DynamoDBWritePolicy": (("dynamodb:PutItem dynamodb:UpdateItem dynamodb:BatchWriteItem", _TABLE),),
    "DynamoDBReconfigurePolicy": (("dynamodb:UpdateTable", _TABLE[:1]),),
    "DynamoDBStreamReadPolicy": (
        ("dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator", _STREAM),
        ("dynamodb:ListStreams", _here("dynamodb", "table/{TableName}/stream/*")),
    ),
    "EC2DescribePolicy": (("ec2:DescribeRegions ec2:DescribeInstances", _EVERYTHING),),
    "ElasticsearchHttpPostPolicy": (("es:ESHttpPost es:ESHttpPut", _here("es", "domain/{DomainName}/*")),),
    "EventBridgePutEventsPolicy": (("events:PutEvents", _here("events", "event-bus/{EventBusName}")),),
    "FirehoseWritePolicy": (
        ("firehose:PutRecord firehose:PutRecordBatch", _here("firehose", "deliverystream/{DeliveryStreamName}")),
    ),
    "KinesisCrudPolicy": (
        (
            f"kinesis:AddTagsToStream {_KINESIS_READ} kinesis:CreateStream kinesis:DecreaseStreamRetentionPeriod "
            "kinesis:DeleteStream kinesis:IncreaseStreamRetentionPeriod kinesis:ListTagsForStream kinesis:MergeShards "
            "kinesis:PutRecord kinesis:PutRecords kinesis:SplitShard kinesis:RemoveTagsFromStream kinesis:ListShards "
            "kinesis:UpdateShardCount",
            _KINESIS,
        ),
    ),
    "KinesisStreamReadPolicy": (("kinesis:ListStreams kinesis:DescribeLimits", _EVERYTHING), (_KINESIS_READ, _KINESIS)),
    "KMSDecryptPolicy": (("kms:Decrypt", _here("kms", "key/{KeyId}")),),
    "KMSEncryptPolicy": (("kms:Encrypt", _here("kms", "key/{KeyId}")),),
    "LambdaInvokePolicy": (("lambda:InvokeFunction", _here("lambda", "function:{FunctionName}*")),),
    "RekognitionDetectOnlyPolicy": (
        (
            "rekognition:DetectFaces rekognition:DetectLabels rekognition:DetectModerationLabels "
            "rekognition:DetectText",
            _EVERYTHING,
        ),
    ),
    "RekognitionReadPolicy": (
        (
            "rekognition:ListCollections rekognition:ListFaces rekognition:SearchFaces rekognition:SearchFacesByImage",
            _FACES,
        ),
    ),
    "S3CrudPolicy": ((f"{_OBJECT_READ} {_OBJECT_WRITE} s3:DeleteObject", _BUCKET),),
    "S3FullAccessPolicy": (
        (
            "s3:GetObject s3:GetObjectAcl s3:GetObjectVersion s3:PutObject s3:PutObjectAcl s3:DeleteObject "
            "s3:DeleteObjectTagging s3:DeleteObjectVersionTagging s3:GetObjectTagging s3:GetObjectVersionTagging "
            "s3:PutObjectTagging s3:PutObjectVersionTagging",
            _BUCKET[1:],
        ),
        (
            "s3:ListBucket s3:GetBucketLocation s3:GetLifecycleConfiguration s3:PutLifecycleConfiguration",
            _BUCKET[:1],
        ),
    ),
    "S3ReadPolicy": ((_OBJECT_READ, _BUCKET),),
    "S3WritePolicy": ((_OBJECT_WRITE, _BUCKET),),
    "SESCrudPolicy": (
        (
            "ses:GetIdentityVerificationAttributes ses:SendEmail ses:SendRawEmail ses:VerifyEmailIdentity",
            _here("ses", "identity/{IdentityName}"),
        ),
    ),
    "SESSendBouncePolicy": (("ses:SendBounce", _here("ses", "identity/{IdentityName}")),),
    "SNSCrudPolicy": (
        (
            "sns:ListSubscriptionsByTopic sns:CreateTopic sns:SetTopicAttributes sns:Subscribe sns:Publish",
            _here("sns", "{TopicName}*"),
        ),
    ),
    "SNSPublishMessagePolicy": (("sns:Publish", _here("sns", "{TopicName}")),),
    "SQSPollerPolicy": (
        (
            "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage",
            _QUEUE,
        ),
    ),
    "SQSSendMessagePolicy": (("sqs:SendMessage*", _QUEUE),),
    "SSMParameterReadPolicy": (
        ("ssm:DescribeParameters", _EVERYTHING),
        ("ssm:GetParameters ssm:GetParameter ssm:GetParametersByPath", _PARAMETER),
    ),
    "SSMParameterWithSlashPrefixReadPolicy": (
        ("ssm:DescribeParameters", _EVERYTHING),
        ("ssm:GetParameters ssm:GetParameter ssm:GetParametersByPath", _here("ssm", "parameter{ParameterName}")),
    ),
    "StepFunctionsExecutionPolicy": (("states:StartExecution", _here("states", "stateMachine:{StateMachineName}")),),
    "TextractPolicy": (
        (
            "textract:DetectDocumentText textract:StartDocumentTextDetection textract:StartDocumentAnalysis "
            "textract:AnalyzeDocument",
            _EVERYTHING,
        ),
    ),
    "VPCAccessPolicy": ((_NETWORK, _EVERYTHING),),
}
"""Template -> what it allows: actions, and on which resources."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "DynamoDBCrudPolicy": ("read", "write"),
    "DynamoDBReadPolicy": ("read",),
    "S3ReadPolicy": ("read",),
    "SNSPublishMessagePolicy": ("write",),
    "SQSSendMessagePolicy": ("write",),
    "SQSPollerPolicy": ("read",),
}
"""Templates that mean the same as one of our words, for a resource that the unit's table has."""

MANAGED: Mapping[str, str] = {
    name: f"arn:aws:iam::aws:policy/service-role/{name}"
    for name in (
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaBasicDurableExecutionRolePolicy",
        "AWSLambdaDynamoDBExecutionRole",
        "AWSLambdaENIManagementAccess",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaMSKExecutionRole",
        "AWSLambdaRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AmazonS3ObjectLambdaExecutionRolePolicy",
    )
}
"""Managed policies with a path; all others that SAM knows by name have none."""

REPLACED = "AWS has replaced the old one, which no role can get any more"
_INSTEAD: Mapping[str, str] = {
    "AWSCodePipelineFullAccess": "AWSCodePipeline_FullAccess",
    "AWSCodePipelineReadOnlyAccess": "AWSCodePipeline_ReadOnlyAccess",
    "AWSLambdaFullAccess": "AWSLambda_FullAccess",
    "AWSLambdaReadOnlyAccess": "AWSLambda_ReadOnlyAccess",
}
"""Managed policies that AWS has replaced, and that no role can get any more.

Source: https://docs.aws.amazon.com/lambda/latest/dg/security-iam-awsmanpol.html and the same page of CodePipeline"""


def current_policy(arn: str) -> str:
    """The managed policy that AWS has instead of an old one; itself if it is none.

    >>> current_policy("arn:aws:iam::aws:policy/AWSLambdaFullAccess")
    'arn:aws:iam::aws:policy/AWSLambda_FullAccess'
    """
    before, _, name = arn.rpartition("/")
    return f"{before}/{_INSTEAD[name]}" if before.endswith(":aws:policy") and name in _INSTEAD else arn
