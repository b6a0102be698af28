"""What a role needs is said from the calls that are made: nothing that is called is missing, nothing else is there."""

from __future__ import annotations

import ast
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.reference import Kind, Reference
from multi_env_lambda.plan.grant import LONGEST_POLICY, Grant
from multi_env_lambda.plan.lent import describe, lent_pin
from multi_env_lambda.plan.permissions import (
    Permissions,
    direct_calls,
    of_caller,
    of_devops,
    of_environment,
    too_many,
)
from multi_env_lambda.testing.local_cloud import sample_config

ROOT = Path(__file__).parent.parent.parent
CONFIG = sample_config()
PROD = CONFIG.environment("prod")
HANDLERS = json.loads((ROOT / "multi_env_lambda/plan/handlers.json").read_text("ascii"))

STEPS = ("create", "read", "update", "delete")

NAMED_OTHERWISE = {
    "s3:CreateBucket": {"s3:CreateBucket"},
    "s3:GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "s3:GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
    "s3:GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "s3:HeadBucket": {"s3:ListBucket"},
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:PutBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
    "s3:GetBucketNotificationConfiguration": {"s3:GetBucketNotification"},
    "s3:PutBucketNotificationConfiguration": {"s3:PutBucketNotification"},
    "s3:PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html (API and permissions)
    "s3:CompleteMultipartUpload": {"s3:PutObject"},
    "s3:CreateMultipartUpload": {"s3:PutObject"},
    "s3:UploadPartCopy": {"s3:GetObject", "s3:PutObject"},
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "lambda:GetLayerVersionByArn": {"lambda:GetLayerVersion"},
    "sts:GetCallerIdentity": set(),  # needs no permission
}
NOT_CALLED_BY_NAME = {
    "cloudformation:DetectStackResourceDrift": "DetectStackDrift asks for it, resource by resource",
    "cloudformation:TagResource": "CreateChangeSet with tags",
    "cloudformation:UntagResource": "CreateChangeSet without a tag that was there",
    "lambda:GetFunctionConcurrency": "drift asks it; a deploy only where functions reserve some",
    "s3:GetObjectVersion": "GetObject of a version",
}


OF_A_FUNCTION = {"webhook_secret": "the receiver of webhooks, whose own role allows it"}
"""Modules that no command calls."""

SOURCES = ("events", "iam", "kinesis", "sns")
MODELS = (("dynamodb", "dynamodbstreams"), ("servicequotas", "service-quotas"), ("tag", "resourcegroupstaggingapi"))
"""Services whose permissions are named otherwise than their clients."""


def operations() -> set[str]:
    """``service:Operation`` of every method of a client that a module of ``aws/`` names."""
    from botocore import xform_name
    from botocore.session import get_session

    session = get_session()
    services = (
        *("cloudformation", "cloudwatch", "glue", "lambda", "logs", "s3", "secretsmanager", "sqs", "ssm", "sts"),
        *SOURCES,
    )
    known: dict[str, set[str]] = {}
    for service, model in (*((one, one) for one in services), *MODELS):
        for operation in session.get_service_model(model).operation_names:
            known.setdefault(xform_name(operation), set()).add(f"{service}:{operation}")
    found = set()
    for path in (ROOT / "multi_env_lambda/aws").glob("*.py"):
        if path.stem in OF_A_FUNCTION:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = (
                node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
            )
            if isinstance(name, str) and name in known:
                found |= {one for one in known[name] if is_meant(one, path)}
    return found


def is_meant(operation: str, path: Path) -> bool:
    """A few names belong to several services, and to methods of ours."""
    service, _, name = operation.partition(":")
    if path.stem == "quotas":
        return True
    if service in (*SOURCES, "dynamodb"):
        return path.stem == "named_sources" and operation != "kinesis:DescribeStream"
    if name in ("Invoke", "CreateBucket") or service not in ("lambda", "s3", "cloudformation"):
        return True
    owners = {
        "s3": ("bucket", "examine"),
        "lambda": ("functions", "versions", "platform"),
        "cloudformation": (),
    }
    if service == "cloudformation":
        return path.stem in (
            "adoption",
            "stack",
            "change_set",
            "drift",
            "poller",
            "stack_events",
            "stack_listing",
            "examine",
        )
    return path.stem.startswith(owners[service])


def template(*types: str, **properties: Any) -> str:
    resources = {f"R{number}": {"Type": name, "Properties": properties} for number, name in enumerate(types)}
    return json.dumps({"Resources": resources})


def stacks(*templates: str) -> dict[str, str]:
    return {f"unit{number}-prod": text for number, text in enumerate(templates)}


def granted(*found: Permissions) -> set[str]:
    return {action for one in found for grant in one.grants for action in grant.actions}


KINDS: dict[Kind, str] = {
    "queue": "sqs",
    "topic": "sns",
    "stream": "kinesis",
    "table stream": "dynamodb",
    "bus": "events",
    "policy": "iam",
}


def reference(kind: Kind, name: str) -> Reference:
    return Reference(function="f", variable="v", kind=kind, name=name)


def everything() -> tuple[Permissions, ...]:
    references = [reference(kind, f"arn:aws:{service}:us-east-1:5:x") for kind, service in KINDS.items()]
    place = of_environment(CONFIG, PROD, stacks(template("AWS::Glue::Job")), {}, references=references)
    with_push = attrs.evolve(CONFIG, ci_stack=CiStack(repository="units"))
    return of_caller(CONFIG), of_devops(with_push), place


def test_every_call_of_this_library_is_allowed_and_nothing_else_is() -> None:
    called = {action for one in operations() for action in NAMED_OTHERWISE.get(one, {one})}

    assert called - granted(*everything()) == set()
    assert granted(*everything()) - called - set(NOT_CALLED_BY_NAME) - {"iam:PassRole"} == set()


def test_layers_are_listed_by_who_plans_and_deploys_only_if_some_unit_gets_that_of_another() -> None:
    lent = LentLayer(unit="common", digest="a1" * 32, sha256="b2" * 32)
    parameters = {lent_pin(lent): {"Type": "String", "Description": describe(lent)}}
    without = json.dumps({"Resources": {}})
    template = json.dumps({"Resources": {}, "Parameters": parameters})

    def finders(*templates: str) -> set[str]:
        grants = direct_calls(CONFIG, PROD, (), templates)
        found = [one for one in grants if "lambda:ListLayerVersions" in one.actions]
        return {verb for one in found for verb in one.verbs}

    assert finders(without) == {"prune"}
    assert finders(without, template) == {"prune", "plan", "deploy", "promote", "rollback", "repair"}


def test_no_statement_allows_a_whole_service_or_says_a_star_where_a_name_will_do() -> None:
    statements = [grant for one in everything() for grant in one.grants]

    assert not any("*" in action for grant in statements for action in grant.actions)
    anywhere = {grant.sid: set(grant.actions) for grant in statements if "*" in grant.resources}
    assert anywhere == {
        "FindFunctions": {"lambda:ListFunctions"},
        "FindOldLayers": {"lambda:ListLayerVersions"},
        "LookAtWhatWasKept": {"tag:GetResources"},
        "WaitForDrift": {"cloudformation:DescribeStackDriftDetectionStatus"},
        "WatchMetrics": {"cloudwatch:GetMetricStatistics"},
        "LookForParameters": {"ssm:DescribeParameters"},
        "LookAtQuotas": {
            "cloudformation:DescribeAccountLimits",
            "cloudformation:ListStacks",
            "events:ListRules",
            "iam:GetAccountSummary",
            "lambda:GetAccountSettings",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
        },
    }
    assert all(grant.verbs for grant in statements)


def test_what_a_template_resolves_may_be_read_and_nothing_else_may() -> None:
    text = "{{resolve:ssm:/shop/url}} {{resolve:ssm-secure:key:3}} {{resolve:secretsmanager:db:SecretString:user}}"
    found = of_environment(CONFIG, PROD, stacks(template("AWS::SNS::Topic", TopicName=text)), {})

    by_sid = {grant.sid: (grant.actions, grant.resources) for grant in found.grants if grant.sid.startswith("Resolve")}
    place = f"{PROD.region}:{PROD.account_id}"
    assert by_sid == {
        "ResolveParameters": (
            ("ssm:GetParameters",),
            (f"arn:aws:ssm:{place}:parameter/key", f"arn:aws:ssm:{place}:parameter/shop/url"),
        ),
        "ResolveSecrets": (
            ("secretsmanager:GetSecretValue",),
            (f"arn:aws:secretsmanager:{place}:secret:db-??????",),
        ),
    }


def test_a_long_template_is_read_from_the_first_bucket_in_another_region_too() -> None:
    place = attrs.evolve(PROD, region="eu-central-1")
    found = of_environment(CONFIG, place, stacks(template()), {})
    (resources,) = [set(grant.resources) for grant in found.grants if grant.sid == "TakeWhatIsPublished"]
    assert resources == {
        f"arn:aws:s3:::{at.bucket}/projects/*" for at in (CONFIG.devops, CONFIG.devops.at(place.region))
    }


def test_who_says_in_a_session_who_she_is_has_to_be_allowed_to() -> None:
    places = [attrs.evolve(place, source_identity="ada") for place in CONFIG.environments]
    (told,) = of_caller(attrs.evolve(CONFIG, environments=tuple(places))).grants
    (silent,) = of_caller(CONFIG).grants
    assert (set(told.actions) - set(silent.actions)) == {"sts:SetSourceIdentity"}


def writer_of_handlers() -> Any:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        return import_module("handlers")
    finally:
        sys.path.pop(0)


def test_what_cloudformation_calls_is_what_cfn_lint_says() -> None:
    handlers = writer_of_handlers()

    assert handlers.handlers() == HANDLERS, "run `python docs/handlers.py`"


def test_every_action_is_one_that_iam_has() -> None:
    published = iam_of_aws()
    named = {action for calls in HANDLERS.values() for step in STEPS for action in calls[step]}

    def is_there(action: str) -> bool:
        service, _, name = action.partition(":")
        return name.lower() in published.get(service, {}).get("Actions", {})

    assert {action for action in named if not is_there(action)} == set()
    assert {action for action in writer_of_handlers().NOT_IN_IAM if is_there(action)} == set()


def test_cloudformation_gets_the_calls_of_the_types_that_are_there() -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::SQS::Queue"), template("AWS::SNS::Topic")), HANDLERS)

    assert {"sqs:CreateQueue", "sqs:DeleteQueue", "sns:CreateTopic"} <= granted(found)
    assert not any(action.startswith(("dynamodb:", "iam:")) for action in granted(found) - {"iam:GetAccountSummary"})
    make = next(grant for grant in found.grants if grant.sid == "MakeSqs")
    assert make.resources == ("arn:aws:sqs:us-east-1:555555555555:*-prod-*",)


def test_what_a_type_calls_of_another_service_is_there_if_a_property_makes_it_so() -> None:
    plain = granted(of_environment(CONFIG, PROD, stacks(template("AWS::Lambda::Function")), HANDLERS))
    inside = granted(of_environment(CONFIG, PROD, stacks(template("AWS::Lambda::Function", VpcConfig={})), HANDLERS))

    assert {action for action in inside - plain} == {
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    }


def test_a_role_is_passed_to_the_services_that_run_it_and_to_no_other() -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::Lambda::Function", Role=ROLE)), HANDLERS)

    (passing,) = [grant for grant in found.grants if "iam:PassRole" in grant.actions]
    assert passing.statement() == {
        "Sid": "PassRoles",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::555555555555:role/*-prod-*"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com"]}},
    }


def passed_to(kind: str, **properties: Any) -> list[str]:
    found = of_environment(CONFIG, PROD, stacks(template(kind, **properties)), HANDLERS)
    grants = [grant for grant in found.grants if "iam:PassRole" in grant.actions]
    return [name for grant in grants for name in (grant.condition or {})["StringEquals"]["iam:PassedToService"]]


ROLE = {"Fn::GetAtt": ["Role", "Arn"]}


@pytest.mark.parametrize(
    ("kind", "service", "properties"),
    [
        ("AWS::ApiGateway::RestApi", "apigateway", {"Body": {"paths": {"/": {"get": {"credentials": ROLE}}}}}),
        ("AWS::Events::Rule", "events", {"RoleArn": ROLE}),
        ("AWS::Events::Rule", "events", {"Targets": [{"RoleArn": ROLE}]}),
        ("AWS::Glue::Job", "glue", {"Role": ROLE}),
        ("AWS::KinesisFirehose::DeliveryStream", "firehose", {"S3DestinationConfiguration": {"RoleARN": ROLE}}),
        ("AWS::Lambda::Function", "lambda", {"Role": ROLE}),
        ("AWS::S3::Bucket", "s3", {"ReplicationConfiguration": {"Role": ROLE}}),
        ("AWS::SNS::Subscription", "sns", {"SubscriptionRoleArn": ROLE}),
        ("AWS::SNS::Topic", "sns", {"DeliveryStatusLogging": [{"SuccessFeedbackRoleArn": ROLE}]}),
        ("AWS::Scheduler::Schedule", "scheduler", {"Target": {"RoleArn": ROLE}}),
        ("AWS::StepFunctions::StateMachine", "states", {"RoleArn": ROLE}),
    ],
)
def test_a_role_is_passed_where_the_property_that_names_it_is_there(
    kind: str, service: str, properties: dict[str, Any]
) -> None:
    assert passed_to(kind, **properties) == [f"{service}.amazonaws.com"]
    assert passed_to(kind) == []


def test_every_type_that_passes_a_role_says_to_whom() -> None:
    passing = {kind for kind, calls in HANDLERS.items() if any("iam:PassRole" in some for some in calls.values())}

    assert passing == {kind for kind, calls in HANDLERS.items() if calls.get("passed_to")}


@pytest.mark.parametrize(
    ("role", "arn"),
    [
        ("arn:aws:iam::555555555555:role/shared", "arn:aws:iam::555555555555:role/shared"),
        ("shared", "arn:aws:iam::555555555555:role/shared"),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/shared"}, "arn:aws:iam::555555555555:role/shared"),
    ],
)
def test_a_role_that_is_named_otherwise_can_be_passed_too(role: object, arn: str) -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::Glue::Job", Role=role)), HANDLERS)
    (passing,) = [grant for grant in found.grants if "iam:PassRole" in grant.actions]

    assert passing.resources == ("arn:aws:iam::555555555555:role/*-prod-*", arn)


def test_a_role_of_the_template_is_passed_by_its_pattern_however_its_arn_is_written() -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::Glue::Job", Role={"Fn::Sub": "${Role.Arn}"})), HANDLERS)
    (passing,) = [grant for grant in found.grants if "iam:PassRole" in grant.actions]
    assert passing.resources == ("arn:aws:iam::555555555555:role/*-prod-*",)


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("${AWS::AccountId}-${AWS::Region}", "555555555555-us-east-1"),
        ("raw-${AWS::AccountId}", "raw-555555555555"),
        ("${Topic.TopicName}", "*-prod*"),
        ("${A}-${B}", "*-prod*"),
    ],
)
def test_a_name_that_is_computed_is_no_wider_than_it_has_to_be(name: str, item: str) -> None:
    resources = resources_of("MakeS3", "AWS::S3::Bucket", BucketName={"Fn::Sub": name})
    assert resources - {"s3:::*-prod-*"} == {f"s3:::{item}"}


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("AWS::DynamoDB::Table", {"SSESpecification": {"KMSMasterKeyId": "k"}}, "kms:CreateGrant"),
        ("AWS::DynamoDB::Table", {"SSESpecification": {"SSEEnabled": True}}, ""),
        ("AWS::Lambda::Function", {"KmsKeyArn": "k"}, "kms:Encrypt"),
        (
            "AWS::KinesisFirehose::DeliveryStream",
            {"DeliveryStreamEncryptionConfigurationInput": {"KeyARN": "k"}},
            "kms:CreateGrant",
        ),
        ("AWS::SecretsManager::Secret", {"KmsKeyId": "k"}, "kms:GenerateDataKey"),
        ("AWS::Events::EventBus", {"Policy": {"Condition": {"Bool": {"kms:GrantIsForAWSResource": True}}}}, ""),
    ],
)
def test_a_key_may_be_used_where_a_property_at_any_depth_names_one(
    kind: str, properties: dict[str, Any], expected: str
) -> None:
    found = granted(of_environment(CONFIG, PROD, stacks(template(kind, **properties)), HANDLERS))

    assert {action for action in found if action.startswith("kms:")} >= ({expected} - {""})
    assert expected or not any(action.startswith("kms:") for action in found)


def resources_of(sid: str, kind: str, **properties: Any) -> set[str]:
    found = of_environment(CONFIG, PROD, stacks(template(kind, **properties)), HANDLERS)
    return {arn.removeprefix("arn:aws:") for grant in found.grants if grant.sid == sid for arn in grant.resources}


HERE = "us-east-1:555555555555"


@pytest.mark.parametrize(
    ("sid", "kind", "properties", "arns"),
    [
        (
            "DeleteSecretsmanager",
            "AWS::SecretsManager::Secret",
            {},
            {f"secretsmanager:{HERE}:secret:R0-*", f"secretsmanager:{HERE}:secret:R0-*-??????"},
        ),
        (
            "DeleteSecretsmanager",
            "AWS::SecretsManager::Secret",
            {"Name": "shop/key"},
            {f"secretsmanager:{HERE}:secret:shop/key", f"secretsmanager:{HERE}:secret:shop/key-??????"},
        ),
        ("DeleteSsm", "AWS::SSM::Parameter", {}, {f"ssm:{HERE}:parameter/CFN-R0-*"}),
        ("DeleteSsm", "AWS::SSM::Parameter", {"Name": "/shop/url"}, {f"ssm:{HERE}:parameter/shop/url"}),
        (
            "DeleteSsm",
            "AWS::SSM::Parameter",
            {"Name": {"Fn::Sub": "/${AWS::StackName}/url"}},
            {f"ssm:{HERE}:parameter/*-prod/url"},
        ),
        ("DeleteSqs", "AWS::SQS::Queue", {"QueueName": "old"}, {f"sqs:{HERE}:*-prod-*", f"sqs:{HERE}:old"}),
        (
            "MakeSns",
            "AWS::SNS::Subscription",
            {"TopicArn": "arn:aws:sns:us-east-1:9:news"},
            {f"sns:{HERE}:*-prod-*", "sns:us-east-1:9:news", "sns:us-east-1:9:news:*"},
        ),
        ("DeleteSqs", "AWS::SQS::Queue", {"QueueName": "shop-prod-in"}, {f"sqs:{HERE}:*-prod-*"}),
    ],
)
def test_what_is_destroyed_has_the_name_of_the_template_or_the_one_that_it_will_get(
    sid: str, kind: str, properties: dict[str, Any], arns: set[str]
) -> None:
    assert resources_of(sid, kind, **properties) == arns


def iam_of_aws() -> dict[str, Any]:
    """By service, as AWS publishes it for its policy editor: actions, and the resources that each can be scoped to."""
    import cfnlint

    path = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


OF_SUBSCRIPTIONS = {"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"}
"""The policy editor's list lets them name a topic; by the service authorization reference nothing can be named."""


def test_what_iam_cannot_scope_is_allowed_on_everything_and_nothing_else_is_but_uses_of_keys() -> None:
    published = iam_of_aws()
    optional: dict[str, Any] = {"Policy": {}, "ResourcePolicyDocument": {}, "FieldIndexPolicies": []}
    optional |= {"DesiredShardLevelMetrics": [], "ShardCount": 1, "StreamModeDetails": {}}
    found = of_environment(CONFIG, PROD, stacks(template(*HANDLERS, **optional)), HANDLERS).grants
    ours = [grant for grant in found if grant.sid.startswith(("Make", "Delete"))]

    def is_free(action: str) -> bool:
        service, _, name = action.partition(":")
        known = published.get(service, {}).get("Actions", {})
        return name.lower() in known and not known[name.lower()].get("Resources")

    anywhere = {
        action for grant in ours if grant.resources == ("*",) and not grant.condition for action in grant.actions
    }
    free = {action for grant in ours for action in grant.actions if is_free(action)}
    assert anywhere == free | {"kms:TagResource"} | OF_SUBSCRIPTIONS


def test_what_would_change_things_of_others_is_there_only_with_the_property_that_needs_it() -> None:
    plain = granted(of_environment(CONFIG, PROD, stacks(template("AWS::Logs::LogGroup")), HANDLERS))
    more = template("AWS::Logs::LogGroup", ResourcePolicyDocument={}, FieldIndexPolicies=[])

    assert granted(of_environment(CONFIG, PROD, stacks(more), HANDLERS)) - plain == {
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:PutIndexPolicy",
        "logs:PutResourcePolicy",
    }


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, set()),
        ({"ShardCount": 1}, {"UpdateShardCount"}),
        ({"StreamModeDetails": {}}, {"UpdateStreamMode"}),
        ({"DesiredShardLevelMetrics": []}, {"DisableEnhancedMonitoring", "EnableEnhancedMonitoring"}),
    ],
)
def test_a_stream_is_changed_anywhere_only_by_what_its_properties_need(
    properties: dict[str, Any], expected: set[str]
) -> None:
    stream = of_environment(CONFIG, PROD, stacks(template("AWS::Kinesis::Stream", **properties)), HANDLERS).grants
    anywhere = [grant for grant in stream if grant.sid == "MakeKinesisAnywhere"]
    assert {action.removeprefix("kinesis:") for grant in anywhere for action in grant.actions} == expected


@pytest.mark.parametrize(
    ("kind", "paths"), [("AWS::ApiGatewayV2::Api", "apis"), ("AWS::ApiGateway::RestApi", "restapis")]
)
def test_an_api_is_made_among_those_of_its_kind_only(kind: str, paths: str) -> None:
    expected = {f"apigateway:us-east-1::/{rest}" for rest in (paths, f"{paths}/*", "tags/*")}
    assert resources_of("MakeApigateway", kind) == expected
    assert resources_of("DeleteApigateway", "AWS::ApiGateway::RestApi") <= {
        "apigateway:us-east-1::/restapis",
        "apigateway:us-east-1::/restapis/*",
        "apigateway:us-east-1::/tags/*",
    }


def test_a_table_of_glue_is_scoped_to_its_database() -> None:
    resources = {
        "Sales": {"Type": "AWS::Glue::Database", "Properties": {"DatabaseInput": {"Name": "sales"}}},
        "Day": {"Type": "AWS::Glue::Table", "Properties": {"DatabaseName": {"Ref": "Sales"}}},
    }
    found = of_environment(CONFIG, PROD, stacks(json.dumps({"Resources": resources})), HANDLERS)
    (deleting,) = [grant for grant in found.grants if grant.sid == "DeleteGlue"]

    assert {arn.rpartition(":")[2] for arn in deleting.resources} == {
        "catalog",
        "database/sales",
        "job/*-prod-*",
        "table/sales/*",
        "trigger/*-prod-*",
    }


def test_a_key_is_deleted_by_the_tag_of_its_stack_only() -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::KMS::Key")), HANDLERS)
    free = {action for grant in found.grants if not grant.condition for action in grant.actions}

    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= granted(found)
    assert {action for action in free if action.startswith("kms:")} == {"kms:CreateKey", "kms:TagResource"}
    assert "aws:ResourceTag/${TagKey}" in iam_of_aws()["kms"]["Resources"]["key"]["ConditionKeys"]
    (deleting,) = [grant for grant in found.grants if grant.sid == "DeleteKms"]
    assert deleting.condition == {"StringLike": {"aws:ResourceTag/aws:cloudformation:stack-name": "*-prod"}}


def test_a_type_that_is_not_known_is_named() -> None:
    found = of_environment(CONFIG, PROD, stacks(template("AWS::Neptune::DBCluster")), HANDLERS)
    assert found.unknown == ("AWS::Neptune::DBCluster",)


def test_policies_fit_and_lose_nothing() -> None:
    found = of_environment(CONFIG, PROD, stacks(template(*HANDLERS)), HANDLERS)
    documents = found.policies

    assert len(documents) > 1
    assert all(len(json.dumps(document, separators=(",", ":"))) <= LONGEST_POLICY for document in documents)
    assert [one["Sid"] for document in documents for one in document["Statement"]] == [g.sid for g in found.grants]
    assert len({grant.sid for grant in found.grants}) == len(found.grants)


def test_a_statement_that_is_too_long_is_split_by_its_resources() -> None:
    queues = [f"arn:aws:sqs:us-east-1:555555555555:{'q' * 70}-{number}" for number in range(100)]
    references = [reference("queue", arn) for arn in queues]
    documents = of_environment(CONFIG, PROD, stacks(), HANDLERS, references=references).policies

    assert all(len(json.dumps(document, separators=(",", ":"))) <= LONGEST_POLICY for document in documents)
    pieces = [one for document in documents for one in document["Statement"] if one["Sid"].startswith("LookAtQueues")]
    assert [one["Sid"] for one in pieces][:2] == ["LookAtQueues", "LookAtQueues2"]
    assert len({one["Sid"] for one in pieces}) == len(pieces)
    assert sorted(arn for one in pieces for arn in one["Resource"]) == sorted(queues)


@pytest.mark.parametrize("roles", [{}, {"role_name": ""}])
def test_the_caller_becomes_the_roles_and_nothing_else(roles: dict[str, str]) -> None:
    config = attrs.evolve(CONFIG, devops=attrs.evolve(CONFIG.devops, **roles))
    (grant,) = of_caller(config).grants

    assert isinstance(grant, Grant) and grant.actions == ("sts:AssumeRole",)
    assert len(grant.resources) == (4 if roles else 5)


LONG, LONG_ROLE = "customer-notification-service-prod", "SendReminderToCustomerRole"


def one(stack: str, logical: str, kind: str = "AWS::IAM::Role", **properties: Any) -> dict[str, str]:
    return {stack: json.dumps({"Resources": {logical: {"Type": kind, "Properties": properties}}})}


def test_a_role_whose_name_is_cut_is_reached_and_one_that_is_not_needs_no_line_of_its_own() -> None:
    def roles(stack: str) -> set[str]:
        found = of_environment(CONFIG, PROD, one(stack, LONG_ROLE), HANDLERS).grants
        return {arn.partition(":role/")[2] for grant in found if grant.sid == "MakeIam" for arn in grant.resources}

    assert roles("orders-prod") == {"", "*-prod-*"}
    assert roles(LONG) == {"", "*-prod-*", "customer-notification-ser*SendReminderToCustomerRo*"}


def cautions_of(unit: str, kind: str = "AWS::Lambda::Function", *, of: str = "test", **properties: Any) -> list[str]:
    """What is said of `of` where `prod` and `prod-test` share its account."""
    places = [
        attrs.evolve(PROD, name=name, account_id="2" * 12, region=region)
        for name, region in (("test", "us-east-1"), ("prod", "us-east-1"), ("prod-test", "eu-central-1"))
    ]
    shared = attrs.evolve(CONFIG, environments=tuple(places))
    body = {"Type": kind, "Properties": properties}
    templates = {f"{unit}-{of}": json.dumps({"Resources": {"Main": body}})}
    return list(of_environment(shared, shared.environment(of), templates, HANDLERS).cautions)


def test_what_is_reached_of_another_environment_in_the_account_is_said_with_both_names() -> None:
    (text,) = cautions_of("load-test", FunctionName="load-test-test-main")
    there = "us-east-1:222222222222"
    assert text.startswith(
        f"load-test-prod: the statements for test (arn:aws:lambda:{there}:function:*-test-*) reach "
        f"arn:aws:lambda:{there}:function:load-test-prod-main, of prod in the same account 222222222222; hint: "
    )
    assert cautions_of("orders", FunctionName="orders-test-main") == []
    assert cautions_of("load-test", FunctionName="load-test-prod-main", of="prod") == []


def test_an_environment_in_another_region_shares_roles_and_buckets_only() -> None:
    assert [text.partition(":")[0] for text in cautions_of("orders", "AWS::IAM::Role")] == ["orders-prod-test"]
    assert cautions_of("orders", "AWS::SQS::Queue") == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [("AWS::SecretsManager::Secret", "secret:Main-*"), ("AWS::SSM::Parameter", "parameter/CFN-Main-*")],
)
def test_what_cloudformation_names_without_the_stack_is_called_alike_in_both(kind: str, said: str) -> None:
    (text,) = cautions_of("orders", kind)
    assert text.startswith("orders-prod: ") and said in text
    assert cautions_of("orders", kind, Name="ours") == []


def test_roles_that_could_be_another_environments_are_named_where_an_account_has_two() -> None:
    other = attrs.evolve(CONFIG.environment("test"), account_id=PROD.account_id)
    shared = attrs.evolve(CONFIG, environments=(other, PROD))

    (text,) = of_environment(shared, PROD, one(LONG, LONG_ROLE), HANDLERS).cautions
    cut = "role/customer-notification-ser*SendReminderToCustomerRo*"
    assert text.startswith("customer-notification-service-test: the statements for prod (") and text.count(cut) == 2
    assert "hint: use a separate account for test, or rename the unit" in text
    assert of_environment(shared, PROD, one("orders-prod", LONG_ROLE), HANDLERS).cautions == ()
    assert of_environment(CONFIG, PROD, one(LONG, LONG_ROLE), HANDLERS).cautions == ()


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ({"Fn::Join": ["-", ["shop", {"Ref": "AWS::Region"}]]}, "shop-us-east-1"),
        ({"Fn::Join": ["-", ["shop", {"Fn::ImportValue": "x"}]]}, "shop-*"),
        ({"Fn::Sub": ["${Who}-in", {"Who": "shop"}]}, "shop-in"),
        ({"Fn::Sub": ["${Who}-in", {"Who": {"Fn::ImportValue": "x"}}]}, "*-in"),
        ({"Ref": "AWS::AccountId"}, "555555555555"),
    ],
)
def test_what_stands_in_a_name_that_is_put_together_is_used(name: object, pattern: str) -> None:
    assert f"sqs:{HERE}:{pattern}" in resources_of("MakeSqs", "AWS::SQS::Queue", QueueName=name)


def test_a_name_that_only_cloudformation_knows_is_said_and_not_widened() -> None:
    found = of_environment(
        CONFIG, PROD, one("shop-prod", "In", "AWS::SQS::Queue", QueueName={"Fn::ImportValue": "x"}), HANDLERS
    )
    (text,) = found.cautions
    assert text.startswith(
        "shop-prod: only CloudFormation knows the name that In has or changes; the statements cover *-prod*"
    )
    assert not any(arn.endswith(":*") for grant in found.grants if grant.sid == "MakeSqs" for arn in grant.resources)


@pytest.mark.parametrize(
    ("sid", "kind", "properties", "arns"),
    [
        ("MakeS3", "AWS::S3::BucketPolicy", {"Bucket": "theirs"}, {"s3:::theirs"}),
        ("MakeSns", "AWS::SNS::TopicPolicy", {"Topics": [f"arn:aws:sns:{HERE}:news"]}, {f"sns:{HERE}:news"}),
        ("MakeSqs", "AWS::SQS::QueuePolicy", {"Queues": ["https://sqs.x/5/theirs"]}, {f"sqs:{HERE}:theirs"}),
        (
            "MakeLogs",
            "AWS::Logs::MetricFilter",
            {"LogGroupName": "/app"},
            {f"logs:{HERE}:log-group:/app", f"logs:{HERE}:log-group:/app:*"},
        ),
        (
            "MakeLambda",
            "AWS::Lambda::Permission",
            {"FunctionName": f"arn:aws:lambda:{HERE}:function:theirs:live"},
            {f"lambda:{HERE}:function:theirs"},
        ),
        ("MakeIam", "AWS::IAM::Policy", {"Roles": ["r"]}, {"iam::555555555555:role/r", "iam::555555555555:role/*/r"}),
        ("MakeS3", "AWS::S3::BucketPolicy", {"Bucket": {"Ref": "R0"}}, set()),
    ],
)
def test_what_is_changed_of_others_is_listed(sid: str, kind: str, properties: dict[str, Any], arns: set[str]) -> None:
    found = resources_of(sid, kind, **properties)
    assert {arn for arn in found if "prod" not in arn and "mapping" not in arn} == arns


def test_objects_are_allowed_in_the_buckets_of_the_templates_only() -> None:
    assert resources_of("MakeS3Objects", "AWS::S3::Bucket", BucketName="mine") == {"s3:::mine/*"}
    assert resources_of("MakeS3Objects", "AWS::S3::Bucket") == {"s3:::unit0-prod-r0-*/*"}
    assert not any("Object" in action and "Lock" not in action for action in actions_of("MakeS3", "AWS::S3::Bucket"))


def actions_of(sid: str, kind: str) -> set[str]:
    found = of_environment(CONFIG, PROD, stacks(template(kind)), HANDLERS).grants
    return {action for grant in found if grant.sid == sid for action in grant.actions}


def test_more_policies_than_a_role_takes_are_said() -> None:
    assert too_many(10) == ""
    assert "these are 11 managed policies, and a role takes 10; hint: " in too_many(11)


def test_what_is_named_is_looked_for_by_its_arn() -> None:
    named = {"bus": "shop", "policy": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    references = [reference("bus", named["bus"]), reference("policy", named["policy"])]
    found = {grant.sid: grant for grant in of_environment(CONFIG, PROD, stacks(), {}, references=references).grants}

    assert found["LookAtBuses"].resources == (f"arn:aws:events:{PROD.region}:{PROD.account_id}:event-bus/shop",)
    assert (found["LookAtManagedPolicies"].actions, found["LookAtManagedPolicies"].resources) == (
        ("iam:GetPolicy",),
        (named["policy"],),
    )
    assert not {"LookAtQueues", "LookAtTopics", "LookAtStreams", "LookAtTableStreams"} & found.keys()
