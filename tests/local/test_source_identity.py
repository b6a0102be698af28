"""Whose session it is may be said by who is allowed to, of a role that takes it, and holds for what comes after."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

BOTH = ("sts:AssumeRole", "sts:SetSourceIdentity")
ALONE = ("sts:AssumeRole",)
_numbers = itertools.count()

Policy = dict[str, Any]


def document(*statements: Policy) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@attrs.frozen
class Roles:
    """Makes roles in the sandbox, and sessions of them."""

    cloud: LocalCloud
    account: str
    iam: Any
    sts: Any

    def make(self, trusts: Sequence[str], may: Sequence[str], condition: Policy | None = None, also: str = "") -> str:
        name = f"source-identity-{next(_numbers)}"
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        told = {"Effect": "Allow", "Principal": principal, "Action": list(trusts)}
        more = [{**told, "Action": also}] if also else []
        trust = document(told | ({"Condition": condition} if condition else {}), *more)
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        allowed = document({"Effect": "Allow", "Action": list(may), "Resource": "*"})
        self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=allowed)
        return str(made["Arn"])

    def acting(self, role: str, sts: Any = None, service: str = "sts", **told: str) -> Any:
        keys = (sts or self.sts).assume_role(RoleArn=role, RoleSessionName="ada", **told)["Credentials"]
        return boto3.client(
            service,
            endpoint_url=self.cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@pytest.fixture(scope="module")
def roles(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Roles:
    place = local_config.environment("sandbox")
    iam, sts = (client_of(local_cloud, place, service) for service in ("iam", "sts"))
    return Roles(local_cloud, place.account_id, iam, sts)


def refused(call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """The action that AWS names."""
    with pytest.raises(ClientError, match="AccessDenied") as raised:
        call(*args, **named)
    return str(raised.value).partition("not authorized to perform: ")[2].partition(" ")[0]


@pytest.mark.parametrize(
    ("trusts", "may", "said", "action"),
    [
        (BOTH, BOTH, {"SourceIdentity": "ada"}, None),
        (ALONE, ALONE, {}, None),
        (ALONE, BOTH, {"SourceIdentity": "ada"}, "sts:SetSourceIdentity"),
        (BOTH, ALONE, {"SourceIdentity": "ada"}, "sts:SetSourceIdentity"),
        (("sts:SetSourceIdentity",), BOTH, {"SourceIdentity": "ada"}, "sts:AssumeRole"),
    ],
    ids=["both allow it", "nothing is said", "the role does not", "the caller may not", "assuming is not allowed"],
)
def test_it_takes_the_role_and_the_caller(
    roles: Roles, trusts: Sequence[str], may: Sequence[str], said: dict[str, str], action: str | None
) -> None:
    caller = roles.acting(roles.make(BOTH, may))
    role = roles.make(trusts, ())
    asked = {"RoleArn": role, "RoleSessionName": "ada", **said}

    if action is None:
        assert caller.assume_role(**asked).get("SourceIdentity") == said.get("SourceIdentity")
    else:
        assert refused(caller.assume_role, **asked) == action


def test_a_role_may_insist_on_what_is_said(roles: Roles) -> None:
    is_ada = {"StringEquals": {"sts:SourceIdentity": "ada", "sts:ExternalId": "acme"}}
    role = roles.make(ALONE, (), is_ada, also="sts:SetSourceIdentity")
    in_one = roles.make(BOTH, (), is_ada)

    assert refused(roles.acting, in_one, SourceIdentity="ada", ExternalId="acme") == "sts:SetSourceIdentity"
    assert roles.acting(role, SourceIdentity="ada", ExternalId="acme")
    for told in ({}, {"SourceIdentity": "bob"}, {"SourceIdentity": "ada", "ExternalId": "other"}):
        assert refused(roles.acting, role, **{"ExternalId": "acme"} | told) == "sts:AssumeRole"


def test_it_stays_when_another_role_is_assumed_and_cannot_be_changed(roles: Roles) -> None:
    first = roles.acting(roles.make(BOTH, BOTH), SourceIdentity="ada")
    may_make = {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}
    second = roles.make(BOTH, ALONE)
    is_ada = {**may_make, "Condition": {"StringEquals": {"aws:SourceIdentity": "ada"}}}
    roles.iam.put_role_policy(RoleName=second.rpartition("/")[2], PolicyName="may", PolicyDocument=document(is_ada))

    assert roles.acting(second, first, "iam").create_user(UserName="made-by-ada")
    assert refused(roles.acting(second, service="iam").create_user, UserName="made-by-nobody") == "iam:CreateUser"
    assert refused(roles.acting, second, first, SourceIdentity="bob") == "sts:SetSourceIdentity"
    assert refused(roles.acting, roles.make(ALONE, ()), first) == "sts:SetSourceIdentity"
