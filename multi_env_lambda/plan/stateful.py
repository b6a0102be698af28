"""Types that hold data which is lost with them, and the properties whose change replaces each of them.

Sources: the list of cfn-lint (``data/AdditionalSpecs/StatefulResources.json``), the types that CloudFormation takes a
snapshot of (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html),
and for the rest the pages of the services: what is stored in it, or what it alone can read, is in no template.
``createOnlyProperties`` and ``conditionalCreateOnlyProperties`` of AWS's schemas say what replaces. Most types
without any (a key, a user pool) refuse such a change, and stay.
Left out: instances of a Neptune or DocumentDB cluster and global clusters, whose data is their cluster's; caches of
something else (``AWS::DAX::Cluster``); and what is entirely in the template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["MAY_REPLACE", "REPLACED_BY", "STATEFUL", "body_holds_data", "holds_data"]

_TABLE = """
AWS::ACMPCA::CertificateAuthority CsrExtensions KeyAlgorithm KeyStorageSecurityStandard SigningAlgorithm Subject Type
    UsageMode
AWS::APS::Workspace KmsKeyArn
AWS::AmazonMQ::Broker AuthenticationStrategy BrokerName DeploymentMode EncryptionOptions EngineType PubliclyAccessible
    StorageType SubnetIds
AWS::Backup::BackupVault BackupVaultName EncryptionKeyArn
AWS::Backup::LogicallyAirGappedBackupVault BackupVaultName EncryptionKeyArn MaxRetentionDays MinRetentionDays
AWS::BedrockAgentCore::Memory EncryptionKeyArn Name
AWS::Cases::Domain Name
AWS::Cassandra::Keyspace KeyspaceName
AWS::Cassandra::Table ClientSideTimestampsEnabled ClusteringKeyColumns KeyspaceName PartitionKeyColumns TableName
AWS::CloudFormation::Stack
AWS::CloudFront::KeyValueStore Name
AWS::CloudHSM::Cluster HsmType Mode NetworkType SubnetIds
AWS::CloudTrail::EventDataStore
AWS::CodeArtifact::Domain DomainName EncryptionKey
AWS::CodeArtifact::Repository DomainName DomainOwner RepositoryName
AWS::CodeCommit::Repository
AWS::Cognito::IdentityPool
AWS::Cognito::UserPool
AWS::Cognito::UserPoolUser ClientMetadata DesiredDeliveryMediums ForceAliasCreation MessageAction UserAttributes
    UserPoolId Username ValidationData
AWS::Connect::Instance DirectoryId IdentityManagementType InstanceAlias
AWS::CustomerProfiles::Domain DomainName
AWS::DSQL::Cluster
AWS::DataZone::Domain DomainVersion KmsKeyIdentifier
AWS::DirectoryService::MicrosoftAD CreateAlias Edition Name Password ShortName VpcSettings
AWS::DirectoryService::SimpleAD CreateAlias Description Name Password ShortName Size VpcSettings
AWS::DocDB::DBCluster AvailabilityZones DBClusterIdentifier DBSubnetGroupName KmsKeyId MasterUsername
    SnapshotIdentifier SourceDBClusterIdentifier StorageEncrypted
AWS::DocDBElastic::Cluster AdminUserName AuthType ClusterName KmsKeyId
AWS::DynamoDB::GlobalTable TableName GlobalTableSourceArn? KeySchema? LocalSecondaryIndexes?
AWS::DynamoDB::Table ImportSourceSpecification KeySchema TableName
AWS::EC2::Instance *?
AWS::EC2::Volume
AWS::ECR::PublicRepository RepositoryName
AWS::ECR::Repository EncryptionConfiguration RepositoryName
AWS::EFS::FileSystem AvailabilityZoneName Encrypted KmsKeyId PerformanceMode
AWS::EMR::Cluster *?
AWS::ElastiCache::CacheCluster CacheSubnetGroupName ClusterName Engine NetworkType Port SnapshotArns SnapshotName
    IpDiscovery? PreferredAvailabilityZones?
AWS::ElastiCache::ReplicationGroup AtRestEncryptionEnabled CacheSubnetGroupName DataTieringEnabled
    GlobalReplicationGroupId KmsKeyId NetworkType Port PreferredCacheClusterAZs ReplicationGroupId SnapshotArns
    SnapshotName AuthToken? NodeGroupConfiguration?
AWS::ElastiCache::ServerlessCache ConnectionType KmsKeyId NetworkType ServerlessCacheName SnapshotArnsToRestore
    SubnetIds
AWS::Elasticsearch::Domain *?
AWS::Events::Archive ArchiveName SourceArn
AWS::FSx::FileSystem BackupId FileSystemType KmsKeyId SecurityGroupIds SubnetIds
AWS::FSx::Volume BackupId OntapConfiguration/AggregateConfiguration OntapConfiguration/OntapVolumeType
    OntapConfiguration/SnaplockConfiguration/SnaplockType OntapConfiguration/StorageVirtualMachineId
    OntapConfiguration/VolumeStyle OpenZFSConfiguration/OriginSnapshot OpenZFSConfiguration/ParentVolumeId VolumeType
AWS::Forecast::Dataset DatasetName
AWS::FraudDetector::EventType Name
AWS::Glue::Database DatabaseName
AWS::Glue::Registry Name
AWS::Glue::Schema DataFormat Name Registry SchemaDefinition
AWS::Glue::Table CatalogId DatabaseName Name TableInput/Name
AWS::Grafana::Workspace ClientToken
AWS::HealthImaging::Datastore DatastoreName KmsKeyArn Tags
AWS::HealthLake::FHIRDatastore DatastoreTypeVersion PreloadDataConfig SseConfiguration
AWS::IoTAnalytics::Channel ChannelName
AWS::IoTAnalytics::Dataset DatasetName
AWS::IoTAnalytics::Datastore DatastoreName
AWS::IoTSiteWise::Asset
AWS::KMS::Key
AWS::Kendra::Index Edition ServerSideEncryptionConfiguration
AWS::Kinesis::Stream Name
AWS::KinesisFirehose::DeliveryStream AmazonOpenSearchServerlessDestinationConfiguration/VpcConfiguration
    AmazonopensearchserviceDestinationConfiguration/VpcConfiguration DatabaseSourceConfiguration DeliveryStreamName
    DeliveryStreamType DirectPutSourceConfiguration ElasticsearchDestinationConfiguration/VpcConfiguration
    IcebergDestinationConfiguration/CatalogConfiguration KinesisStreamSourceConfiguration MSKSourceConfiguration
    SnowflakeDestinationConfiguration/SnowflakeVpcConfiguration
AWS::KinesisVideo::Stream Name
AWS::Lightsail::Bucket BucketName
AWS::Lightsail::Database AvailabilityZone MasterDatabaseName MasterUsername RelationalDatabaseBlueprintId
    RelationalDatabaseBundleId RelationalDatabaseName
AWS::Lightsail::Disk AvailabilityZone DiskName SizeInGb
AWS::Lightsail::Instance AvailabilityZone BlueprintId BundleId InstanceName
AWS::Location::GeofenceCollection CollectionName KmsKeyId
AWS::Location::Tracker KmsKeyId TrackerName
AWS::Logs::LogGroup LogGroupName
AWS::Logs::LogStream LogGroupName LogStreamName
AWS::MSK::Cluster BrokerNodeGroupInfo/BrokerAZDistribution BrokerNodeGroupInfo/ClientSubnets
    BrokerNodeGroupInfo/SecurityGroups ClusterName EncryptionInfo/EncryptionAtRest
    EncryptionInfo/EncryptionInTransit/InCluster
AWS::MSK::ServerlessCluster ClientAuthentication ClusterName Tags VpcConfigs
AWS::MemoryDB::Cluster ClusterName DataTiering KmsKeyId MultiRegionClusterName NetworkType Port SnapshotArns
    SnapshotName SubnetGroupName TLSEnabled
AWS::Neptune::DBCluster AvailabilityZones DBClusterIdentifier DBSubnetGroupName GlobalClusterIdentifier KmsKeyId
    RestoreToTime RestoreType SnapshotIdentifier SourceDBClusterIdentifier StorageEncrypted UseLatestRestorableTime
AWS::NeptuneGraph::Graph GraphName ImportTask KmsKeyIdentifier ReplicaCount VectorSearchConfiguration
    ProvisionedMemory?
AWS::ODB::CloudAutonomousVmCluster AutonomousDataStorageSizeInTBs CloudExadataInfrastructureId CpuCoreCountPerNode
    DbServers Description DisplayName IsMtlsEnabledVmCluster LicenseModel MaintenanceWindow
    MemoryPerOracleComputeUnitInGBs OdbNetworkId ScanListenerPortNonTls ScanListenerPortTls TimeZone
    TotalContainerDatabases
AWS::ODB::CloudVmCluster CloudExadataInfrastructureId ClusterName CpuCoreCount DataCollectionOptions
    DataStorageSizeInTBs DbNodeStorageSizeInGBs DbServers DisplayName GiVersion Hostname IsLocalBackupEnabled
    IsSparseDiskgroupEnabled LicenseModel MemorySizeInGBs OdbNetworkId ScanListenerPortTcp SshPublicKeys SystemVersion
    TimeZone DbNodes?
AWS::Omics::AnnotationStore Name Reference SseConfig StoreFormat StoreOptions Tags
AWS::Omics::ReferenceStore Description Name SseConfig Tags
AWS::Omics::SequenceStore ETagAlgorithmFamily SseConfig
AWS::Omics::VariantStore Name Reference SseConfig Tags
AWS::OpenSearchServerless::Collection CollectionGroupName EncryptionConfig Name StandbyReplicas Tags Type
AWS::OpenSearchService::Domain DomainName EngineMode AdvancedSecurityOptions/Enabled? EncryptionAtRestOptions/Enabled?
    EncryptionAtRestOptions/KmsKeyId?
AWS::Organizations::Account
AWS::PaymentCryptography::Key
AWS::Personalize::Dataset DatasetGroupArn DatasetType Name SchemaArn Tags
AWS::Pinpoint::App Name
AWS::QBusiness::Application ClientIdsForOIDC EncryptionConfiguration IamIdentityProviderArn IdentityType
    QuickSightConfiguration
AWS::QBusiness::Index ApplicationId Type
AWS::QLDB::Ledger Name
AWS::RDS::DBCluster ClusterScalabilityType DBClusterIdentifier DBSubnetGroupName DBSystemId DatabaseName EngineMode
    KmsKeyId PubliclyAccessible RestoreToTime RestoreType SnapshotIdentifier SourceDBClusterIdentifier
    SourceDbClusterResourceId SourceRegion StorageEncrypted UseLatestRestorableTime AvailabilityZones? Engine?
    GlobalClusterIdentifier? MasterUsername?
AWS::RDS::DBInstance BackupTarget CharacterSetName CustomIAMInstanceProfile DBClusterIdentifier DBInstanceIdentifier
    DBName DBSubnetGroupName DBSystemId Engine KmsKeyId MasterUsername NcharCharacterSetName SourceRegion
    StorageEncrypted Timezone AutoMinorVersionUpgrade? AvailabilityZone? BackupRetentionPeriod?
    DBClusterSnapshotIdentifier? DBParameterGroupName? DBSnapshotIdentifier? MultiAZ? PerformanceInsightsKMSKeyId?
    PreferredMaintenanceWindow? RestoreTime? SourceDBClusterIdentifier? SourceDBInstanceAutomatedBackupsArn?
    SourceDBInstanceIdentifier? SourceDbiResourceId? UseLatestRestorableTime?
AWS::Redshift::Cluster ClusterIdentifier ClusterSubnetGroupName DBName MasterUsername OwnerAccount
    SnapshotClusterIdentifier SnapshotIdentifier
AWS::RedshiftServerless::Namespace NamespaceName
AWS::Rekognition::Collection CollectionId
AWS::Route53::HostedZone DelegationSetId Name
AWS::S3::Bucket BucketName BucketNamePrefix BucketNamespace
AWS::S3Express::DirectoryBucket BucketName DataRedundancy LocationName
AWS::S3Outposts::Bucket BucketName OutpostId
AWS::S3Tables::Table IcebergMetadata OpenTableFormat StorageClassConfiguration TableBucketARN WithoutMetadata
AWS::S3Tables::TableBucket TableBucketName
AWS::S3Vectors::Index DataType Dimension DistanceMetric EncryptionConfiguration IndexName MetadataConfiguration
    VectorBucketArn VectorBucketName
AWS::S3Vectors::VectorBucket EncryptionConfiguration VectorBucketName
AWS::SDB::Domain *?
AWS::SES::ContactList ContactListName
AWS::SES::MailManagerArchive KmsKeyArn
AWS::SQS::Queue FifoQueue QueueName
AWS::SSM::Parameter Name
AWS::SageMaker::FeatureGroup Description EventTimeFeatureName FeatureGroupName OfflineStoreConfig
    OnlineStoreConfig/EnableOnlineStore OnlineStoreConfig/SecurityConfig OnlineStoreConfig/StorageType
    RecordIdentifierFeatureName RoleArn Tags
AWS::SageMaker::NotebookInstance DirectInternetAccess KmsKeyId NotebookInstanceName PlatformIdentifier
    SecurityGroupIds SubnetId
AWS::SecretsManager::Secret Name
AWS::Timestream::Database DatabaseName
AWS::Timestream::InfluxDBCluster AllocatedStorage Bucket DbStorageType DeploymentType Name NetworkType Organization
    Password PubliclyAccessible Username VpcSecurityGroupIds VpcSubnetIds
AWS::Timestream::InfluxDBInstance Bucket Name NetworkType Organization Password PubliclyAccessible Username
    VpcSecurityGroupIds VpcSubnetIds
AWS::Timestream::Table DatabaseName TableName
AWS::VerifiedPermissions::PolicyStore
AWS::Wisdom::KnowledgeBase Description KnowledgeBaseType Name ServerSideEncryptionConfiguration SourceConfiguration
    Tags
AWS::WorkSpaces::Workspace DirectoryId UserName BundleId? RootVolumeEncryptionEnabled? UserVolumeEncryptionEnabled?
    VolumeEncryptionKey?
"""
"""A type and the properties whose change replaces it; with ``?`` only in some cases, which CloudFormation knows.

A path has ``/`` between its parts. ``*`` is any property: the type has no whole schema.
"""


def _read() -> tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]:
    rows = [row.split() for row in re.split(r"\n(?=AWS)", _TABLE.strip())]
    always = {type_: frozenset(path for path in paths if not path.endswith("?")) for type_, *paths in rows}
    perhaps = {type_: frozenset(path[:-1] for path in paths if path.endswith("?")) for type_, *paths in rows}
    return always, perhaps


REPLACED_BY, MAY_REPLACE = _read()
STATEFUL = frozenset(REPLACED_BY)

_OF_A_FUNCTION = "/aws/lambda/"


def holds_data(type_: str, name: object = "") -> bool:
    """Whether something of this type holds data of its own.

    Args:
        name: the physical name, as far as it is known. A function's log group is deleted with its function, or retained
            by its policy if the environment requires an approval: it needs no question.
    """
    is_of_a_function = type_ == "AWS::Logs::LogGroup" and isinstance(name, str) and name.startswith(_OF_A_FUNCTION)
    return type_ in STATEFUL and not is_of_a_function


def body_holds_data(body: Mapping[str, Any]) -> bool:
    """The same for a resource of a template."""
    return holds_data(body["Type"], body.get("Properties", {}).get("LogGroupName", ""))
