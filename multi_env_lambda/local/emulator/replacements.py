"""A change set says for each property whether its change replaces the resource, including types that hold data.

Reason: for some types ministack has no list and reports ``Conditional`` for every change, where AWS changes most
properties in place: the shards of a stream, the rotation of a key, the rules of a bucket.
Source: ``createOnlyProperties`` and ``conditionalCreateOnlyProperties`` of AWS's schemas, a path of which counts for
the whole property here as "in some cases".
"""

from __future__ import annotations

from .names import load, original

__all__ = ["MAY_REPLACE", "REPLACED_BY", "patch"]

REPLACED_BY = {
    "AWS::CloudFront::KeyValueStore": ("Name",),
    "AWS::Cognito::IdentityPool": (),
    "AWS::DynamoDB::GlobalTable": ("TableName",),
    "AWS::Glue::Table": ("CatalogId", "DatabaseName", "Name"),
    "AWS::KMS::Key": (),
    "AWS::Kinesis::Stream": ("Name",),
    "AWS::KinesisFirehose::DeliveryStream": (
        "DatabaseSourceConfiguration",
        "DeliveryStreamName",
        "DeliveryStreamType",
        "DirectPutSourceConfiguration",
        "KinesisStreamSourceConfiguration",
        "MSKSourceConfiguration",
    ),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::OpenSearchService::Domain": ("DomainName", "EngineMode"),
    "AWS::Route53::HostedZone": ("DelegationSetId", "Name"),
    "AWS::S3::Bucket": ("BucketName", "BucketNamePrefix", "BucketNamespace"),
    "AWS::S3Tables::Table": (
        "IcebergMetadata",
        "OpenTableFormat",
        "StorageClassConfiguration",
        "TableBucketARN",
        "WithoutMetadata",
    ),
    "AWS::S3Tables::TableBucket": ("TableBucketName",),
    "AWS::SecretsManager::Secret": ("Name",),
}
"""Type -> properties whose change makes a new one."""

MAY_REPLACE = {
    "AWS::DynamoDB::GlobalTable": ("GlobalTableSourceArn", "KeySchema", "LocalSecondaryIndexes"),
    "AWS::Glue::Table": ("TableInput",),
    "AWS::KinesisFirehose::DeliveryStream": (
        "AmazonOpenSearchServerlessDestinationConfiguration",
        "AmazonopensearchserviceDestinationConfiguration",
        "ElasticsearchDestinationConfiguration",
        "IcebergDestinationConfiguration",
        "SnowflakeDestinationConfiguration",
    ),
    "AWS::OpenSearchService::Domain": ("AdvancedSecurityOptions", "EncryptionAtRestOptions"),
}
"""The same of properties whose change makes a new one in some cases."""


def patch() -> None:
    """Add to ministack's lists the types that they do not have."""
    provisioners = load("ministack.services.cloudformation.provisioners")
    for name, more in (("_REPLACING_PROPERTIES", REPLACED_BY), ("_CONDITIONALLY_REPLACING_PROPERTIES", MAY_REPLACE)):
        known = original(provisioners, name)
        known.update({type_: properties for type_, properties in more.items() if type_ not in known})
