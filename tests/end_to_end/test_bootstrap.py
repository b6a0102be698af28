"""After `bootstrap` nobody needs the organisation's role, and no role can stand in for another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.calls.yard import add_locked

from .bootstrapped import ACCOUNTS, BUCKET, Bootstrapped, bootstrapped, denied

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

PROD = "approval = true\n"
SANDBOX = ACCOUNTS["sandbox"]
BOUNDARY = f"arn:aws:iam::{SANDBOX}:policy/acme-sandbox-boundary"
DEPLOY, EXECUTION = (f"arn:aws:iam::{SANDBOX}:role/acme-sandbox-{name}" for name in ("deploy", "execution"))
ARTIFACT = "projects/customers/lambda/source/0.1.0/customers-0.1.0-py3-none-any.whl"
APPROVAL = "environments/prod/approvals/{0}/{0}/{1}.json"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
QUEUE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    folder = tmp_path_factory.mktemp("bootstrap") / "workspace"
    with bootstrapped(folder, units=("customers", "nightly"), table=PROD) as found:
        yield found


def test_a_unit_walks_to_prod_and_back_by_the_roles_alone(made: Bootstrapped) -> None:
    again = made.run("bootstrap")
    assert "no changes needed" in again.err
    made.without_the_organisations_role()

    for place in ("sandbox", "test", "staging"):
        verb = ("deploy", place, "--all") if place == "sandbox" else ("promote", place)
        done = made.run(*verb, "--yes")
        assert done.code == 0, (place, done.err)
    waits = made.run("promote", "prod", "--yes")
    assert "has not been approved" in waits.err
    asked = made.run("promote", "prod", "--out", "plan.json")
    assert asked.code == 0, asked.err
    own = made.run("approve", "plan.json")
    refused = made.run("deploy", "--plan", "plan.json", "--yes")
    assert (own.code, "who is deploying it" in refused.err) == (0, True), (own.err, refused.err)
    given = made.run("approve", "plan.json", user="grace")
    assert given.code == 0, given.err
    done = made.run("deploy", "--plan", "plan.json", "--yes")
    assert done.code == 0, done.err

    unit = made.stage.root / "projects/customers/customers/__init__.py"
    unit.write_text(unit.read_text("utf-8") + "# one more line\n", "utf-8")
    for words in (
        ("deploy", "sandbox", "--only", "customers", "--yes"),
        ("rollback", "customers", "sandbox", "--yes", "--reason", "tried"),
        ("status",),
        ("drift", "sandbox"),
        ("invoke", "nightly", "calendar", "sandbox"),
        ("destroy", "nightly", "staging", "--yes", "--confirm", "nightly"),
        ("doctor",),
    ):
        done = made.run(*words)
        assert done.code == 0, f"{words}: {done.err} {done.out}"
    stacks = made.root("sandbox", "cloudformation").describe_stacks(StackName="customers-sandbox")["Stacks"]
    assert stacks[0]["RoleARN"] == EXECUTION


def test_a_layer_is_copied_for_a_unit_with_an_equal_lock_by_the_roles_alone(made: Bootstrapped) -> None:
    add_locked(made.stage.root, "first", "second")

    done = made.run("deploy", "sandbox", "--only", "first", "--only", "second", "--yes")

    assert done.code == 0, done.err
    s3 = made.root("devops", "s3")
    keys = [f"projects/{unit}/lambda/layer/000001/layer.zip" for unit in ("first", "second")]
    found = [s3.head_object(Bucket=BUCKET, Key=key) for key in keys]
    assert [len(item["ETag"].split("-")) for item in found] in ([1, 2], [2, 1])  # S3's mark of an upload in parts
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    assert bodies[0] == bodies[1]


def test_roles_of_units_lie_below_one_path_and_under_the_boundary(made: Bootstrapped) -> None:
    iam = made.root("sandbox", "iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    of_units = [role for role in roles if role["RoleName"].startswith(("customers-", "nightly-"))]

    assert of_units
    assert {role["Path"] for role in of_units} == {"/acme/sandbox/"}
    assert {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in of_units} == {BOUNDARY}


@pytest.mark.parametrize("role", ["build", "plan", "dispatcher", "developer", "approver"])
def test_no_role_of_devops_does_what_another_is_for(made: Bootstrapped, role: str) -> None:
    thief = made.thief("devops", f"acme-{role}")
    s3, iam, sts = (thief.client(name) for name in ("s3", "iam", "sts"))
    key = APPROVAL.format("0" * 16, thief.user_id)

    writes = {"Bucket": BUCKET, "Body": b"{}"}
    assert denied(s3, "put_object", Key=key, **writes) == (role != "approver")
    assert denied(s3, "put_object", Key=APPROVAL.format("0" * 16, "AROA:grace"), **writes)
    assert denied(s3, "put_object", Key="environments/prod/current/x.json", **writes) == (
        role not in ("build", "developer")
    )
    assert denied(s3, "put_object", Key=ARTIFACT, **writes)
    assert denied(s3, "delete_object", Bucket=BUCKET, Key=ARTIFACT)
    assert denied(s3, "put_bucket_policy", Bucket=BUCKET, Policy=EVERYTHING)
    assert denied(iam, "put_role_policy", RoleName=f"acme-{role}", PolicyName="p", PolicyDocument=EVERYTHING)
    for other in ("build", "plan", "dispatcher", "developer", "approver"):
        arn = f"arn:aws:iam::{ACCOUNTS['devops']}:role/acme-{other}"
        assert denied(sts, "assume_role", RoleArn=arn, RoleSessionName="thief"), other
    assert denied(sts, "assume_role", RoleArn=EXECUTION, RoleSessionName="thief")
    assert denied(sts, "assume_role", RoleArn=DEPLOY, RoleSessionName="thief") == (role not in ("build", "developer"))
    fresh = "projects/customers/release/new/manifest.json"
    may_publish = role in ("build", "developer")
    assert denied(s3, "put_object", Key=f"{fresh}.{role}", IfNoneMatch="*", **writes) == (not may_publish)


def test_nobody_becomes_a_developer_or_approver_under_anothers_name(made: Bootstrapped) -> None:
    sts = made.stage.client("devops", "sts")  # the role of the organisation, which nobody is in roles
    roles = [f"arn:aws:iam::{ACCOUNTS['devops']}:role/acme-{name}" for name in ("developer", "approver")]
    own = made.user("sts")

    assert all(denied(own, "assume_role", RoleArn=role, RoleSessionName="grace") for role in roles)
    assert not any(denied(own, "assume_role", RoleArn=role, RoleSessionName="local-developer") for role in roles)
    assert all(denied(sts, "assume_role", RoleArn=role, RoleSessionName="local-developer") for role in roles)


def test_who_deploys_changes_neither_boundary_nor_roles_nor_stacks_of_others(made: Bootstrapped) -> None:
    root, thief = made.root("sandbox", "cloudformation"), made.thief("sandbox", "acme-sandbox-deploy")
    root.create_stack(StackName="network", TemplateBody=QUEUE)
    iam, stacks, s3 = (thief.client(name) for name in ("iam", "cloudformation", "s3"))
    change = {"TemplateBody": QUEUE, "ChangeSetName": "mine"}

    assert_no_way_to_more(iam)
    assert denied(stacks, "create_change_set", StackName="network", **change)
    assert denied(stacks, "delete_stack", StackName="network")
    assert denied(stacks, "create_change_set", StackName="acme-sandbox-Access", **change)
    assert denied(stacks, "delete_stack", StackName="acme-sandbox-Access")
    new = {"StackName": "thief-sandbox", "ChangeSetType": "CREATE", **change}
    assert denied(stacks, "create_change_set", RoleARN=DEPLOY, **new)
    assert not denied(stacks, "create_change_set", RoleARN=EXECUTION, **new)
    assert denied(s3, "put_object", Bucket=BUCKET, Key=APPROVAL.format("0", thief.user_id), Body=b"")
    assert denied(s3, "put_object", Bucket=BUCKET, Key=ARTIFACT, Body=b"")


def test_cloudformation_makes_roles_below_the_path_under_the_boundary_and_no_others(made: Bootstrapped) -> None:
    thief = made.thief("sandbox", "acme-sandbox-execution")
    iam, functions, stacks = (thief.client(name) for name in ("iam", "lambda", "cloudformation"))
    below = {"Path": "/acme/sandbox/", "AssumeRolePolicyDocument": TRUST}

    assert_no_way_to_more(iam)
    assert denied(iam, "create_role", RoleName="thief-1", PermissionsBoundary=BOUNDARY, AssumeRolePolicyDocument=TRUST)
    assert denied(iam, "create_role", RoleName="thief-2", **below)
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert denied(iam, "create_role", RoleName="thief-3", PermissionsBoundary=everything, **below)
    assert not denied(iam, "create_role", RoleName="thief-4", PermissionsBoundary=BOUNDARY, **below)
    assert not denied(iam, "put_role_policy", RoleName="thief-4", PolicyName="p", PolicyDocument=EVERYTHING)
    assert denied(iam, "delete_role_permissions_boundary", RoleName="thief-4")
    assert denied(iam, "put_role_permissions_boundary", RoleName="thief-4", PermissionsBoundary=everything)
    code = {"Code": {"S3Bucket": BUCKET, "S3Key": ARTIFACT}, "Handler": "a.b", "Runtime": "python3.11"}
    assert denied(functions, "create_function", FunctionName="thief-sandbox-main", Role=DEPLOY, **code)
    assert denied(stacks, "create_change_set", StackName="customers-sandbox", ChangeSetName="x", TemplateBody=QUEUE)


def test_a_unit_with_every_right_is_held_by_the_boundary(made: Bootstrapped) -> None:
    iam = made.root("sandbox", "iam")
    role = next(one for one in iam.list_roles()["Roles"] if one["RoleName"].startswith("customers-sandbox-Import"))
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="all", PolicyDocument=EVERYTHING)
    thief = made.thief("sandbox", role["RoleName"])

    assert_no_way_to_more(thief.client("iam"))
    change = {"StackName": "nightly-sandbox", "ChangeSetName": "mine", "TemplateBody": QUEUE}
    assert denied(thief.client("cloudformation"), "create_change_set", **change)
    assert denied(thief.client("sts"), "assume_role", RoleArn=DEPLOY, RoleSessionName="thief")
    assert denied(thief.client("s3"), "put_object", Bucket=BUCKET, Key=APPROVAL.format("0", "x"), Body=b"")
    assert not denied(thief.client("sqs"), "list_queues")
    iam.delete_role_policy(RoleName=role["RoleName"], PolicyName="all")


def assert_no_way_to_more(iam: Any) -> None:
    assert denied(iam, "create_policy_version", PolicyArn=BOUNDARY, PolicyDocument=EVERYTHING, SetAsDefault=True)
    assert denied(iam, "delete_policy", PolicyArn=BOUNDARY)
    for name in ("deploy", "execution", "read"):
        role = {"RoleName": f"acme-sandbox-{name}"}
        assert denied(iam, "put_role_policy", PolicyName="p", PolicyDocument=EVERYTHING, **role)
        assert denied(iam, "update_assume_role_policy", PolicyDocument=TRUST, **role)
        assert denied(iam, "attach_role_policy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess", **role)
    assert denied(iam, "create_user", UserName="thief")
