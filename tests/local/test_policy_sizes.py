"""A policy that has grown too long is refused here as by IAM, whoever brings it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack

pytestmark = pytest.mark.local_cloud

TOO_LONG = "Maximum policy size of 10240 bytes exceeded for role"


def document(characters: int) -> dict[str, Any]:
    """A policy of about so many characters."""
    arn = "arn:aws:s3:::" + "b" * 45
    names = [f"{arn}{number:04d}" for number in range(characters // 65)]
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": names}}


def role(*sizes: int) -> dict[str, Any]:
    policies = [{"PolicyName": f"p{n}", "PolicyDocument": document(size)} for n, size in enumerate(sizes)]
    trust = {"Version": "2012-10-17", "Statement": []}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": policies}}


def beside(size: int) -> dict[str, Any]:
    properties = {"PolicyName": "beside", "Roles": [{"Ref": "Role"}], "PolicyDocument": document(size)}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def managed(size: int) -> dict[str, Any]:
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(size)}}


@pytest.fixture
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return lambda service: client_of(local_cloud, local_config.environment("prod"), service)


@pytest.mark.parametrize(
    ("name", "resources", "text"),
    [
        ("fits", {"Role": role(4000, 5000)}, ""),
        ("sum", {"Role": role(4000, 7000)}, TOO_LONG),
        ("beside", {"Role": role(4000), "Policy": beside(7000)}, TOO_LONG),
        ("managed-fits", {"Policy": managed(5000)}, ""),
        ("managed", {"Policy": managed(7000)}, "Cannot exceed quota for PolicySize: 6144"),
    ],
)
def test_a_stack_with_a_policy_that_is_too_long_is_rolled_back(
    client: Any, name: str, resources: dict[str, Any], text: str
) -> None:
    status, reasons = create_stack(client("cloudformation"), f"sizes-{name}", resources)
    assert (status, text in reasons) == ("ROLLBACK_COMPLETE" if text else "CREATE_COMPLETE", True)


def test_a_call_that_makes_a_roles_policies_too_long_is_refused_and_changes_nothing(client: Any) -> None:
    iam, name = client("iam"), {"RoleName": "sizes-of-calls"}
    iam.create_role(**name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    iam.put_role_policy(**name, PolicyName="one", PolicyDocument=json.dumps(document(9000), indent=4))
    with pytest.raises(ClientError, match=f"LimitExceeded.*{TOO_LONG} sizes-of-calls"):
        iam.put_role_policy(**name, PolicyName="two", PolicyDocument=json.dumps(document(2000)))
    iam.put_role_policy(**name, PolicyName="one", PolicyDocument=json.dumps(document(9500)))
    assert iam.list_role_policies(**name)["PolicyNames"] == ["one"]


def test_a_role_takes_ten_managed_policies(client: Any) -> None:
    iam, name = client("iam"), {"RoleName": "ten-policies"}
    iam.create_role(**name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    arns = [
        iam.create_policy(PolicyName=f"ten-{number}", PolicyDocument=json.dumps(document(65)))["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in (*arns[:10], arns[0]):
        iam.attach_role_policy(**name, PolicyArn=arn)
    with pytest.raises(ClientError, match="LimitExceeded.*PoliciesPerRole: 10"):
        iam.attach_role_policy(**name, PolicyArn=arns[10])
