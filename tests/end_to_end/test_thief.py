"""A thief with one of the generated roles, on a local cloud with the CI and enforced policies: the calls themselves.

Two evaluators say in tests/policies/test_thieves.py what each role may do; here it is the services that refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.ci_stack import JOB_VARIABLE

from .bootstrapped import ACCOUNTS, BUCKET, Bootstrapped, Thief, bootstrapped, denied

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

PROD = 'approval = true\ndeployed_by = ["build"]\n'
CI = '\n[tool.multi_env_lambda.ci]\nrepository = "units"\npeople = ["ada@example.org"]\n'
AT_GITHUB = """
[tool.multi_env_lambda.ci]
repository = "https://github.com/acme/units"
people = ["ada@example.org"]
webhook = { secret = "acme/webhook" }
github = { repository = "acme/units", owner_id = 11, repository_id = 22, jobs = "send" }
"""
DEVOPS = ACCOUNTS["devops"]
HERE = f"us-east-1:{DEVOPS}"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
QUEUE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
PLATFORM = "vpc-sandbox"
"""Somebody else's stack, with a name like a unit's and a role that may do everything."""
PREPARED = "by-an-administrator"
"""A change of it that an administrator has prepared, and looks at."""
JOB = [{"name": JOB_VARIABLE, "value": "0" * 32, "type": "PLAINTEXT"}]
DIGEST = "0" * 64

OF_DEVOPS = tuple(f"acme-{name}" for name in ("build", "plan", "dispatcher", "developer", "approver", "comments"))
OF_EVENTS = ("acme-receiver", "acme-sender")
"""Those that a stack for a repository at GitHub has."""
OF_PLACES = tuple(f"acme-{place}-{name}" for place in ("sandbox", "prod") for name in ("deploy", "read", "execution"))


@attrs.frozen
class Try:
    """One call, and the roles that it is for."""

    service: str
    call: str
    may: tuple[str, ...] = ()
    parameters: dict[str, Any] = attrs.field(factory=dict)

    def __str__(self) -> str:
        said = json.dumps(self.parameters, default=str)[:150]
        return f"{self.service}.{self.call} {said}"


def _write(key: str, *may: str, **more: Any) -> Try:
    return Try("s3", "put_object", may, {"Bucket": BUCKET, "Key": key, "Body": b"{}", **more})


def tries(own: str) -> Iterator[Try]:
    """``own``: the user id of the thief, which the key of an approval ends in."""
    deployers = ("acme-build", "acme-developer")
    for prefix in ("0", "f"):
        job = prefix + "0" * 31
        planner = ("acme-plan",) if prefix == "f" else ()
        yield _write(f"ci/wanted/{job[:24]}.json", "acme-build", "acme-dispatcher", *planner)
        yield _write(f"ci/results/{job}/x.json", "acme-build", *planner)
    for key in ("ci/protected.json", "ci/plans/prod/x.json", "ci/verified/prod/x.json", "ci/told/x.json"):
        yield _write(key, "acme-build")
    yield _write(f"ci/library/{DIGEST}/dispatcher.zip")
    yield _write(f"ci/deliveries/{DIGEST}.json", "acme-receiver")
    yield _write("environments/prod/frozen.json")
    yield _write("environments/prod/current/thief.json", "acme-build")
    yield _write("environments/sandbox/current/thief.json", *deployers)
    yield _write(f"environments/prod/approvals/{DIGEST}/{'0' * 16}/{own}.json", "acme-approver")
    yield _write(f"environments/prod/approvals/{DIGEST}/{'0' * 16}/AROA:grace.json")
    yield _write(f"environments/prod/current/approvals/{DIGEST}/{'0' * 16}/{own}.json", "acme-build")
    yield _write("projects/customers/lambda/source/0.1.0/a.whl")
    yield _write(f"projects/customers/release/{own}/manifest.json", *deployers, IfNoneMatch="*")
    yield Try("s3", "put_bucket_policy", (), {"Bucket": BUCKET, "Policy": EVERYTHING})
    for key in ("ci/protected.json", "environments/prod/current.json.gz", "projects/customers/index.json"):
        yield Try("s3", "delete_object", (), {"Bucket": BUCKET, "Key": key})
    yield from _of_the_chain()
    yield from _of_roles_and_stacks()


def _of_the_chain() -> Iterator[Try]:
    start: dict[str, Any] = {"projectName": "acme-build", "environmentVariablesOverride": JOB}
    for more in (
        {"buildspecOverride": "version: 0.2"},
        {"sourceLocationOverride": "https://example.org/mallory"},
        {"serviceRoleOverride": f"arn:aws:iam::{DEVOPS}:role/acme-approver"},
        {"imageOverride": "mallory"},
        {"privilegedModeOverride": True},
        {"certificateOverride": "mallory/ca.zip"},
        {"encryptionKeyOverride": "mallory"},
        {"environmentTypeOverride": "ARM_CONTAINER"},
        {"fleetOverride": {"fleetArn": f"arn:aws:codebuild:{HERE}:fleet/mallory:1"}},
        {"imagePullCredentialsTypeOverride": "SERVICE_ROLE"},
        {"insecureSslOverride": True},
        {"environmentVariablesOverride": [*JOB, {"name": "PATH", "value": "/tmp", "type": "PLAINTEXT"}]},
        {"environmentVariablesOverride": []},
    ):
        yield Try("codebuild", "start_build", (), {**start, **more})
    yield Try("codebuild", "update_project", (), {"name": "acme-build", "serviceRole": "x"})
    yield Try("codebuild", "delete_project", (), {"name": "acme-build"})
    for name in ("acme-dispatcher", "acme-receiver"):
        function = {"FunctionName": name}
        yield Try("lambda", "update_function_code", (), {**function, "ZipFile": b"PK"})
        yield Try("lambda", "update_function_configuration", (), {**function, "Handler": "mallory.handler"})
        yield Try("lambda", "invoke", (), {**function, "Payload": b"{}"})
    yield Try("sns", "publish", ("acme-build",), {"TopicArn": f"arn:aws:sns:{HERE}:acme-ci", "Message": "x"})
    yield Try("events", "disable_rule", (), {"Name": "acme-dispatcher-look"})
    for source, kind, may in (
        ("github.com", "push", ("acme-receiver", "acme-sender")),
        ("github.com", "pull_request_review", ("acme-receiver",)),
        ("github.com", "workflow_dispatch", ("acme-sender",)),
        ("multi_env_lambda", "asked", ()),
    ):
        entry = {"Source": source, "DetailType": kind, "Detail": "{}"}
        yield Try("events", "put_events", may, {"Entries": [entry]})
    mixed = [{"Source": one, "DetailType": "push", "Detail": "{}"} for one in ("github.com", "multi_env_lambda")]
    yield Try("events", "put_events", (), {"Entries": mixed})
    yield Try("logs", "delete_log_group", (), {"logGroupName": "/aws/codebuild/acme-build"})


def _of_roles_and_stacks() -> Iterator[Try]:
    becomes = {
        f"arn:aws:iam::{DEVOPS}:role/acme-comments": ("acme-build", "acme-plan"),
        f"arn:aws:iam::{ACCOUNTS['sandbox']}:role/acme-sandbox-deploy": ("acme-build", "acme-developer"),
        f"arn:aws:iam::{ACCOUNTS['sandbox']}:role/acme-sandbox-read": ("acme-approver",),
        f"arn:aws:iam::{ACCOUNTS['prod']}:role/acme-prod-deploy": ("acme-build",),
        f"arn:aws:iam::{ACCOUNTS['prod']}:role/acme-prod-read": ("acme-approver", "acme-developer"),
        **{f"arn:aws:iam::{DEVOPS}:role/{name}": () for name in (*OF_DEVOPS, *OF_EVENTS) if name != "acme-comments"},
        **{f"arn:aws:iam::{ACCOUNTS[place]}:role/acme-{place}-execution": () for place in ("sandbox", "prod")},
        f"arn:aws:iam::{ACCOUNTS['prod']}:role/OrganizationAccountAccessRole": (),
    }
    for arn, may in becomes.items():
        yield Try("sts", "assume_role", may, {"RoleArn": arn, "RoleSessionName": "thief"})
    for name in (*OF_DEVOPS, *OF_EVENTS, *OF_PLACES):
        yield Try("iam", "put_role_policy", (), {"RoleName": name, "PolicyName": "p", "PolicyDocument": EVERYTHING})
        yield Try("iam", "update_assume_role_policy", (), {"RoleName": name, "PolicyDocument": EVERYTHING})
    yield Try("iam", "create_role", (), {"RoleName": "thief", "AssumeRolePolicyDocument": EVERYTHING})
    yield Try("iam", "create_user", (), {"UserName": "thief"})
    for stack in ("acme-devops-Ci", "acme-devops-Access", "acme-prod-Access", "acme-sandbox-Access", "network"):
        yield Try("cloudformation", "delete_stack", (), {"StackName": stack})
        change = {"StackName": stack, "ChangeSetName": "mine", "TemplateBody": QUEUE}
        yield Try("cloudformation", "create_change_set", (), change)
    change = {"StackName": PLATFORM, "ChangeSetName": "mel-mine", "TemplateBody": QUEUE}
    yield Try("cloudformation", "create_change_set", (), change)
    prepared = {"StackName": PLATFORM, "ChangeSetName": PREPARED}
    yield Try("cloudformation", "execute_change_set", (), prepared)
    yield Try("cloudformation", "delete_stack", (), {"StackName": PLATFORM})
    yield Try("cloudformation", "rollback_stack", (), {"StackName": PLATFORM})
    yield Try("cloudformation", "continue_update_rollback", (), {"StackName": PLATFORM})
    yield Try("secretsmanager", "get_secret_value", (), {"SecretId": "password"})
    yield Try("secretsmanager", "get_secret_value", ("acme-receiver",), {"SecretId": "acme/webhook"})
    yield Try("ssm", "get_parameter", (), {"Name": "/password"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    with _with_what_others_want(tmp_path_factory.mktemp("thief") / "workspace", CI) as found:
        yield found


@pytest.fixture(scope="module")
def at_github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    with _with_what_others_want(tmp_path_factory.mktemp("thief-of-events") / "workspace", AT_GITHUB) as found:
        yield found


@contextmanager
def _with_what_others_want(folder: Path, table: str) -> Iterator[Bootstrapped]:
    with bootstrapped(folder, units=("customers", "nightly"), table=PROD, more=table) as found:
        for place in ("devops", "sandbox", "prod"):
            for name in ("password", "acme/webhook"):
                found.root(place, "secretsmanager").create_secret(Name=name, SecretString="hidden")
            found.root(place, "ssm").put_parameter(Name="/password", Type="String", Value="hidden")
            found.root(place, "cloudformation").create_stack(StackName="network", TemplateBody=QUEUE)
        _with_a_platform(found)
        yield found


def _with_a_platform(found: Bootstrapped) -> None:
    iam = found.root("sandbox", "iam")
    service = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    role = iam.create_role(RoleName="platform", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="platform", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    stacks = found.root("sandbox", "cloudformation")
    stacks.create_stack(StackName=PLATFORM, TemplateBody=QUEUE, RoleARN=role)
    changed = QUEUE.replace('"Queue"', '"Another"')
    stacks.create_change_set(StackName=PLATFORM, ChangeSetName=PREPARED, TemplateBody=changed)


@pytest.mark.parametrize("role", [*OF_DEVOPS, *OF_PLACES])
def test_a_thief_gets_what_the_role_is_for_and_nothing_else(made: Bootstrapped, role: str) -> None:
    _tries_everything(made, role)


@pytest.mark.parametrize("role", OF_EVENTS)
def test_a_thief_of_events_says_what_github_says_and_nothing_else(at_github: Bootstrapped, role: str) -> None:
    _tries_everything(at_github, role)


def _tries_everything(made: Bootstrapped, role: str) -> None:
    place = next((one for one in ("sandbox", "prod") if f"-{one}-" in role), "devops")
    thief = made.thief(place, role)
    wrong = []
    for one in tries(thief.user_id):
        refused = _refused(thief, one)
        if refused == (role in one.may):
            wrong.append(f"{one}: {'refused' if refused else 'done'}")
    assert not wrong, "\n".join(wrong)


def _refused(thief: Thief, one: Try) -> bool:
    return denied(thief.client(one.service), one.call, **one.parameters)
