"""What the CI asks of CodeBuild and EventBridge, in the local cloud."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.emulator.build_rules import TOKEN_SECONDS
from multi_env_lambda.local.host_events import devops_client
from multi_env_lambda.model.ci_stack import JOB_VARIABLE
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.ci_stack import TEMPLATE
from multi_env_lambda.testing.local_cloud import CloudTime, eventually
from tests.end_to_end.stage import git

pytestmark = pytest.mark.local_cloud

PROJECT = "rules-build"
QUICK = "version: 0.2\nphases: {build: {commands: ['true']}}\n"
ADDRESS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units"


@attrs.frozen
class Site:
    cloud: LocalCloud
    config: WorkspaceConfig
    gate: Path
    """As long as it is there, a build that waits for it goes on waiting."""
    clients: dict[str, Any] = attrs.field(factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = devops_client(self.cloud, self.config.devops, service)
        return self.clients[service]

    def start(self, spec: str = QUICK, **more: Any) -> dict[str, Any]:
        answer = self.client("codebuild").start_build(projectName=PROJECT, buildspecOverride=spec, **more)
        found: dict[str, Any] = answer["build"]
        return found

    def waiting(self) -> str:
        self.gate.touch()
        command = f"echo first; while test -e {self.gate}; do sleep 0.05; done"
        return f"version: 0.2\nphases: {{build: {{commands: ['{command}']}}}}\n"

    def of(self, build: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.client("codebuild").batch_get_builds(ids=[build["id"]])["builds"][0]
        return found

    def ended(self, build: dict[str, Any]) -> str:
        eventually(lambda: self.of(build)["buildStatus"] != "IN_PROGRESS", seconds=30)
        return str(self.of(build)["buildStatus"])

    def lines(self, build: dict[str, Any]) -> list[str]:
        where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        try:
            return [event["message"] for event in self.client("logs").get_log_events(**where)["events"]]
        except ClientError:
            return []  # nothing was written yet

    def messages(self, queue: str) -> list[dict[str, Any]]:
        sqs = self.client("sqs")
        address = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        for one in found.get("Messages", []):
            sqs.delete_message(QueueUrl=address, ReceiptHandle=one["ReceiptHandle"])
        return list(found.get("Messages", []))

    def rule(self, name: str, pattern: dict[str, Any], **target: Any) -> None:
        events = self.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:us-east-1:{self.config.devops.account_id}:{name}"
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn, **target}])


@pytest.fixture(scope="module")
def site(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    found = Site(local_cloud, local_config, tmp_path_factory.mktemp("gate") / "closed")
    found.client("codebuild").create_project(
        name=PROJECT,
        source={"type": "NO_SOURCE", "buildspec": QUICK},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "none", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{local_config.devops.account_id}:role/nobody",
        concurrentBuildLimit=2,
    )
    yield found
    found.gate.unlink(missing_ok=True)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_what_a_build_writes_is_seen_while_it_runs(site: Site) -> None:
    build = site.start(site.waiting())
    eventually(lambda: site.lines(build) == ["first"], seconds=30)

    assert site.of(build)["buildStatus"] == "IN_PROGRESS"
    site.gate.unlink()
    assert site.ended(build) == "SUCCEEDED"


def test_one_token_is_one_build_for_five_minutes(site: Site) -> None:
    first = site.start(idempotencyToken="once")
    again = site.start(idempotencyToken="once")

    assert again["id"] == first["id"]
    assert refused(lambda: site.start("version: 0.2\n", idempotencyToken="once")) == "InvalidInputException"
    CloudTime(site.cloud).sleep(TOKEN_SECONDS)
    later = site.start(idempotencyToken="once")
    assert later["id"] != first["id"]
    assert {site.ended(one) for one in (first, later)} == {"SUCCEEDED"}


def test_no_more_run_at_once_than_the_project_says_and_the_next_one_comes_when_one_has_ended(site: Site) -> None:
    spec = site.waiting()
    running = [site.start(spec) for _ in range(2)]

    assert refused(lambda: site.start()) == "AccountLimitExceededException"
    site.gate.unlink()
    assert {site.ended(one) for one in running} == {"SUCCEEDED"}
    assert site.ended(site.start()) == "SUCCEEDED"


@pytest.mark.parametrize(("spec", "last"), [(QUICK, "SUCCEEDED"), (QUICK.replace("true", "false"), "FAILED")])
def test_a_build_is_heard_of_when_it_starts_and_when_it_ends(site: Site, spec: str, last: str) -> None:
    queue = f"heard-{last.lower()}"
    site.client("sqs").create_queue(QueueName=queue)
    pattern = {"source": ["aws.codebuild"], "detail": {"project-name": [PROJECT]}}
    site.rule(queue, pattern)
    variables = [{"name": "JOB", "value": 'a"b', "type": "PLAINTEXT"}]
    build = site.start(spec, environmentVariablesOverride=variables)
    site.ended(build)
    site.client("events").remove_targets(Rule=queue, Ids=["queue"])
    details = [json.loads(one["Body"])["detail"] for one in site.messages(queue)]

    assert {(one["build-status"], one["build-id"]) for one in details} == {
        ("IN_PROGRESS", build["arn"]),
        (last, build["arn"]),
    }
    assert all(one["additional-information"]["environment"]["environment-variables"] == variables for one in details)


@pytest.mark.parametrize("hostile", ['a"b', "$(id)", "<detail>", "\\", "‮é\n", '"}, "detail": {"event": "forged'])
def test_the_message_of_a_rule_is_the_event_whatever_stands_in_it(site: Site, hostile: str) -> None:
    queue = "transformed"
    site.client("sqs").create_queue(QueueName=queue)
    paths = {"id": "$.id", "source": "$.source", "kind": "$.detail-type", "detail": "$.detail"}
    site.rule(queue, {"source": ["of.tests"]}, InputTransformer={"InputPathsMap": paths, "InputTemplate": TEMPLATE})
    entry = {
        "Source": "of.tests",
        "DetailType": hostile,
        "Detail": json.dumps({"referenceName": hostile, hostile: None}),
    }
    answer = site.client("events").put_events(Entries=[entry])
    (message,) = site.messages(queue)

    assert json.loads(message["Body"]) == {
        "id": answer["Entries"][0]["EventId"],
        "source": "of.tests",
        "kind": hostile,
        "detail": {"referenceName": hostile, hostile: None},
    }


def test_what_a_rule_cannot_deliver_lies_in_its_dead_letter_queue(site: Site) -> None:
    site.client("sqs").create_queue(QueueName="dead")
    dead = f"arn:aws:sqs:us-east-1:{site.config.devops.account_id}:dead"
    site.rule("not-there", {"source": ["of.nobody"]}, DeadLetterConfig={"Arn": dead})
    entry = {"Source": "of.nobody", "DetailType": "lost", "Detail": '{"a": 1}'}
    site.client("events").put_events(Entries=[entry])
    (message,) = site.messages("dead")

    assert json.loads(message["Body"])["detail"] == {"a": 1}
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_a_build_has_the_branch_tag_or_commit_that_it_was_told(site: Site, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--initial-branch=main")
    commits = {}
    for name in ("main", "feature"):
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", name)
        commits[name] = git(tmp_path, "rev-parse", "HEAD")
        git(tmp_path, "branch", "-f", name) if name != "main" else None
    git(tmp_path, "reset", "-q", "--hard", commits["main"])
    git(tmp_path, "tag", "v1", commits["feature"])
    kept = site.cloud.folder / "remote.git"
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path), str(kept))
    (site.cloud.folder / "remote.txt").write_text(ADDRESS)
    source = {"sourceTypeOverride": "CODECOMMIT", "sourceLocationOverride": ADDRESS}
    spec = "version: 0.2\nphases: {build: {commands: [git rev-parse HEAD, git fetch -q origin main]}}\n"
    found = {}
    for version in ("", "refs/heads/feature", "feature", "v1", commits["feature"]):
        build = site.start(spec, **source, **({"sourceVersion": version} if version else {}))
        assert site.ended(build) == "SUCCEEDED", site.lines(build)
        found[version] = site.lines(build)[0]
    shutil.rmtree(kept)

    assert found == {"": commits["main"], **dict.fromkeys(list(found)[1:], commits["feature"])}


@pytest.fixture(scope="module")
def starter(site: Site) -> Any:
    """A client of CodeBuild that may do what the dispatcher's role may, under the very condition of it."""
    grants = {role.key: role.grants for role in of_devops_roles(site.config, Roles())}["DispatcherRole"]
    (start,) = [one for one in grants if one.sid == "StartBuilds"]
    account = site.config.devops.account_id
    arn = f"arn:aws:codebuild:us-east-1:{account}:project/{PROJECT}"
    iam, own = site.client("iam"), {"AWS": f"arn:aws:iam::{account}:root"}
    trust = [{"Effect": "Allow", "Principal": own, "Action": "sts:AssumeRole"}]
    iam.create_role(RoleName="starts", AssumeRolePolicyDocument=document(trust))
    statement = attrs.evolve(start, resources=(arn,)).statement()
    iam.put_role_policy(RoleName="starts", PolicyName="p", PolicyDocument=document([statement]))
    answer = site.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/starts", RoleSessionName="starts")
    return boto3.client(
        "codebuild",
        endpoint_url=site.cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=answer["Credentials"]["AccessKeyId"],
        aws_secret_access_key=answer["Credentials"]["SecretAccessKey"],
        aws_session_token=answer["Credentials"]["SessionToken"],
    )


def document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


JOB = {"environmentVariablesOverride": [{"name": JOB_VARIABLE, "value": "0" * 32, "type": "PLAINTEXT"}]}
ANOTHER = {"name": "PATH", "value": "/tmp", "type": "PLAINTEXT"}
OVERRIDES: list[dict[str, Any]] = [
    {**JOB, "buildspecOverride": QUICK},
    {**JOB, "sourceLocationOverride": "https://example.org/other"},
    {**JOB, "serviceRoleOverride": "arn:aws:iam::111111111111:role/other"},
    {**JOB, "imageOverride": "mine"},
    {"environmentVariablesOverride": [*JOB["environmentVariablesOverride"], ANOTHER]},
    {"environmentVariablesOverride": [ANOTHER]},
    {},
]


def test_who_may_start_a_build_as_it_is_may_not_start_another(site: Site, starter: Any) -> None:
    def code(override: dict[str, Any]) -> str:
        return refused(lambda: starter.start_build(projectName=PROJECT, **override))

    assert {code(override) for override in OVERRIDES} == {"AccessDeniedException"}
    build = starter.start_build(projectName=PROJECT, **JOB)["build"]
    assert site.ended(build) == "SUCCEEDED"
