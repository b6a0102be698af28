"""What a role needs is said from the calls that are made: nothing that is called is missing, nothing else is there."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.plan.permissions import (
    LONGEST_POLICY,
    Grant,
    Permissions,
    of_caller,
    of_devops,
    of_environment,
    policies,
)
from multi_env_lambda.testing.local_cloud import sample_config

ROOT = Path(__file__).parent.parent.parent
CONFIG = sample_config()
PROD = CONFIG.environment("prod")
HANDLERS = json.loads((ROOT / "multi_env_lambda/plan/handlers.json").read_text("ascii"))

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
    "s3:PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "lambda:GetLayerVersionByArn": {"lambda:GetLayerVersion"},
    "sts:GetCallerIdentity": set(),  # needs no permission
}
NOT_CALLED_BY_NAME = {
    "cloudformation:DetectStackResourceDrift": "DetectStackDrift asks for it, resource by resource",
    "cloudformation:TagResource": "CreateChangeSet with tags",
    "cloudformation:UntagResource": "CreateChangeSet without a tag that was there",
    "s3:GetObjectVersion": "GetObject of a version",
}


def operations() -> set[str]:
    """``service:Operation`` of every method of a client that a module of ``aws/`` names."""
    from botocore import xform_name
    from botocore.session import get_session

    session = get_session()
    services = ("cloudformation", "cloudwatch", "glue", "lambda", "s3", "secretsmanager", "sqs", "ssm", "sts")
    known: dict[str, set[str]] = {}
    for service in services:
        for operation in session.get_service_model(service).operation_names:
            known.setdefault(xform_name(operation), set()).add(f"{service}:{operation}")
    found = set()
    for path in (ROOT / "multi_env_lambda/aws").glob("*.py"):
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
    if name in ("Invoke", "CreateBucket") or service not in ("lambda", "s3", "cloudformation"):
        return True
    owners = {"s3": ("bucket", "examine"), "lambda": ("functions", "versions", "platform"), "cloudformation": ()}
    if service == "cloudformation":
        return path.stem in ("stack", "change_set", "drift", "poller", "stack_events", "stack_listing", "examine")
    return path.stem.startswith(owners[service])


def template(*types: str, **properties: Any) -> str:
    resources = {f"R{number}": {"Type": name, "Properties": properties} for number, name in enumerate(types)}
    return json.dumps({"Resources": resources})


def granted(*found: Permissions) -> set[str]:
    return {action for one in found for grant in one.grants for action in grant.actions}


def everything() -> tuple[Permissions, ...]:
    place = of_environment(CONFIG, PROD, [template("AWS::Glue::Job")], {}, queues=["arn:aws:sqs:us-east-1:5:q"])
    return of_caller(CONFIG), of_devops(CONFIG), place


def test_every_call_of_this_library_is_allowed_and_nothing_else_is() -> None:
    called = {action for one in operations() for action in NAMED_OTHERWISE.get(one, {one})}

    assert called - granted(*everything()) == set()
    assert granted(*everything()) - called - set(NOT_CALLED_BY_NAME) - {"iam:PassRole"} == set()


def test_no_statement_allows_a_whole_service_or_says_a_star_where_a_name_will_do() -> None:
    statements = [grant for one in everything() for grant in one.grants]

    assert not any("*" in action for grant in statements for action in grant.actions)
    anywhere = {grant.sid: set(grant.actions) for grant in statements if "*" in grant.resources}
    assert anywhere == {
        "WaitForDrift": {"cloudformation:DescribeStackDriftDetectionStatus"},
        "WatchMetrics": {"cloudwatch:GetMetricStatistics"},
        "LookForParameters": {"ssm:DescribeParameters"},
    }
    assert all(grant.verbs for grant in statements)


def test_what_cloudformation_calls_is_what_cfn_lint_says() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import handlers
    finally:
        sys.path.pop(0)

    assert handlers.handlers() == HANDLERS, "run `python docs/handlers.py`"


def test_cloudformation_gets_the_calls_of_the_types_that_are_there() -> None:
    found = of_environment(CONFIG, PROD, [template("AWS::SQS::Queue"), template("AWS::SNS::Topic")], HANDLERS)

    assert {"sqs:CreateQueue", "sqs:DeleteQueue", "sns:CreateTopic"} <= granted(found)
    assert not any(action.startswith(("dynamodb:", "iam:")) for action in granted(found))
    make = next(grant for grant in found.grants if grant.sid == "MakeSqs")
    assert make.resources == ("arn:aws:sqs:us-east-1:555555555555:*-prod-*",)


def test_what_a_type_calls_of_another_service_is_there_if_a_property_makes_it_so() -> None:
    plain = granted(of_environment(CONFIG, PROD, [template("AWS::Lambda::Function")], HANDLERS))
    inside = granted(of_environment(CONFIG, PROD, [template("AWS::Lambda::Function", VpcConfig={})], HANDLERS))

    assert {action for action in inside - plain} == {
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    }


def test_a_role_is_passed_to_the_services_that_run_it_and_to_no_other() -> None:
    found = of_environment(CONFIG, PROD, [template("AWS::Lambda::Function")], HANDLERS)

    (passing,) = [grant for grant in found.grants if "iam:PassRole" in grant.actions]
    assert passing.statement() == {
        "Sid": "PassRoles",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::555555555555:role/*-prod-*"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com"]}},
    }


def test_a_type_that_is_not_known_is_named() -> None:
    found = of_environment(CONFIG, PROD, [template("AWS::Neptune::DBCluster")], HANDLERS)
    assert found.unknown == ("AWS::Neptune::DBCluster",)


def test_policies_fit_and_lose_nothing() -> None:
    found = of_environment(CONFIG, PROD, [template(*HANDLERS)], HANDLERS)
    documents = policies(found)

    assert len(documents) > 1
    assert all(len(json.dumps(document, separators=(",", ":"))) <= LONGEST_POLICY for document in documents)
    assert [one["Sid"] for document in documents for one in document["Statement"]] == [g.sid for g in found.grants]
    assert len({grant.sid for grant in found.grants}) == len(found.grants)


@pytest.mark.parametrize("roles", [{}, {"role_name": ""}])
def test_the_caller_becomes_the_roles_and_nothing_else(roles: dict[str, str]) -> None:
    config = attrs.evolve(CONFIG, devops=attrs.evolve(CONFIG.devops, **roles))
    (grant,) = of_caller(config).grants

    assert isinstance(grant, Grant) and grant.actions == ("sts:AssumeRole",)
    assert len(grant.resources) == (4 if roles else 5)
