"""The same against a real server with enforced IAM: through a profile, a role and plain boto3 endpoints."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.protection import protect
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.errors import AccountError, StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.local.cloud import LocalCloud, places
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.lease import FakeHeld

pytestmark = pytest.mark.local_cloud

Call = tuple[str, str, str]


def template(value: str, name: str) -> str:
    properties = {"Type": "String", "Name": f"/{name}", "Value": value}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": properties}
    return json.dumps({"Resources": {"Parameter": parameter}, "Outputs": {"Value": {"Value": value}}})


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def sessions(local_environment: LocalCloud, calls: list[Call]) -> Sessions:
    return Sessions(on_call=lambda *call: calls.append(call))


@pytest.fixture
def stacks_of(sessions: Sessions) -> Callable[[Environment], Stacks]:
    def stacks(environment: Environment) -> Stacks:
        client = sessions.client(environment, "cloudformation")
        return Stacks(client, Poller(client), place=environment.name)

    return stacks


def test_a_parameter_that_parameter_store_does_not_have_is_the_cause_and_nobody_else(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig
) -> None:
    document = json.loads(template("a", "looked-up"))
    document["Parameters"] = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/not/there"}}

    with pytest.raises(StackError, match=r"Unable to fetch parameters \[/not/there\]"):
        stacks_of(local_config.environment("test")).deploy(
            "looked-up", json.dumps(document), held=FakeHeld(), token="looked-up-1"
        )


def test_every_account_is_reached_through_the_profile(sessions: Sessions, local_config: WorkspaceConfig) -> None:
    for place in places(local_config):
        sessions.verify(place)
        assert place.account_id in sessions.client(place, "sts").get_caller_identity()["Arn"]


def test_a_role_that_does_not_exist_is_named(sessions: Sessions, local_config: WorkspaceConfig) -> None:
    prod = local_config.environment("prod")
    nobody = Environment(name="prod", account_id=prod.account_id, region=prod.region, role_name="Nobody")
    with pytest.raises(AccountError) as caught:
        sessions.client(nobody, "s3").list_buckets()
    assert "role/Nobody" in caught.value.what and caught.value.where == "environment prod"


def test_a_stack_is_created_updated_and_left_alone(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, calls: list[Call]
) -> None:
    stacks = stacks_of(local_config.environment("test"))
    first = stacks.deploy("real-test", template("1", "real"), held=FakeHeld(), token="run-1", tags={"unit": "real"})
    second = stacks.deploy("real-test", template("2", "real"), held=FakeHeld(), token="run-2", tags={"unit": "real"})
    third = stacks.deploy("real-test", template("2", "real"), held=FakeHeld(), token="run-3", tags={"unit": "real"})
    assert (first.changed, second.changed, third.changed) == (True, True, False)
    assert third.outputs == {"Value": "2"} and third.stack_id == first.stack_id
    assert [operation for _, _, operation in calls].count("ExecuteChangeSet") == 2


def test_a_failed_creation_is_explained_and_then_made_anew(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig
) -> None:
    stacks = stacks_of(local_config.environment("test"))
    code = {"S3Bucket": "nobodys-bucket", "S3Key": "k"}
    properties = {"Code": code, "Handler": "a.b", "Runtime": "python3.13", "Role": "arn:aws:iam::1:role/x"}
    broken = json.dumps({"Resources": {"Broken": {"Type": "AWS::Lambda::Function", "Properties": properties}}})
    with pytest.raises(StackError) as caught:
        stacks.deploy("broken-test", broken, held=FakeHeld(), token="run-1")
    assert caught.value.what.startswith("ROLLBACK_COMPLETE: Broken (AWS::Lambda::Function): ")
    assert stacks.deploy("broken-test", template("1", "broken"), held=FakeHeld(), token="run-2").changed is True


def test_what_was_found_before_anything_was_changed_is_told(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, sessions: Sessions
) -> None:
    stacks = stacks_of(local_config.environment("test"))
    sessions.client(local_config.environment("prod"), "s3").create_bucket(Bucket="taken-long-ago")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken-long-ago"}}
    with pytest.raises(StackError, match=r"Data \(AWS::S3::Bucket\): .*taken-long-ago"):
        stacks.deploy("taken-test", json.dumps({"Resources": {"Data": bucket}}), held=FakeHeld(), token="run-1")


def test_a_bucket_that_is_not_empty_is_warned_of_before_it_is_removed(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, sessions: Sessions
) -> None:
    stacks, said = stacks_of(local_config.environment("test")), []  # type: ignore[var-annotated]
    both = json.loads(template("1", "warned"))
    for name in ("full", "empty"):
        both["Resources"][name] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"warned-{name}"}}
    stacks.deploy("warned-test", json.dumps(both), held=FakeHeld(), token="run-1", warned=said.append)
    sessions.client(local_config.environment("test"), "s3").put_object(Bucket="warned-full", Key="one", Body=b"1")
    assert said == []

    def ready() -> None:
        assert len(said) == 1, "nothing is executed yet"

    less = {"held": FakeHeld(), "token": "run-2", "warned": said.append, "ready": ready}
    assert stacks.deploy("warned-test", template("1", "warned"), **less).changed is True  # type: ignore[arg-type]
    assert said[0].startswith("full (AWS::S3::Bucket): The bucket 'warned-full' is not empty.")


def test_an_unknown_type_is_refused_and_leaves_no_stack(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig
) -> None:
    stacks = stacks_of(local_config.environment("test"))
    with pytest.raises(StackError, match="AWS::Nothing::AtAll"):
        stacks.deploy(
            "unknown-test",
            json.dumps({"Resources": {"X": {"Type": "AWS::Nothing::AtAll"}}}),
            held=FakeHeld(),
            token="t",
        )
    assert stacks.describe("unknown-test") is None


def test_many_stacks_are_deployed_at_once(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig
) -> None:
    stacks, done = stacks_of(local_config.environment("staging")), []

    def deploy(number: int) -> None:
        result = stacks.deploy(
            f"many-{number}", template("1", f"many{number}"), held=FakeHeld(), token=f"run-1 {number}"
        )
        done.append(result.changed)

    threads = [threading.Thread(target=deploy, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [True] * 16


def test_a_change_by_hand_is_found_with_both_values(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, sessions: Sessions
) -> None:
    environment = local_config.environment("sandbox")
    stacks = stacks_of(environment)
    stacks.deploy("drift-sandbox", template("ours", "drifting"), held=FakeHeld(), token="t")
    assert stacks.drift("drift-sandbox").resources == ()
    sessions.client(environment, "ssm").put_parameter(Name="/drifting", Value="theirs", Overwrite=True)
    drift = stacks.drift("drift-sandbox")
    (difference,) = drift.resources[0].differences
    assert (drift.status, difference.path) == ("DRIFTED", "/Value")
    assert ("ours" in difference.expected, "theirs" in difference.actual) == (True, True)


def test_a_deletion_leaves_nothing(stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig) -> None:
    stacks = stacks_of(local_config.environment("sandbox"))
    stacks.deploy("short-sandbox", template("1", "short"), held=FakeHeld(), token="t")
    assert stacks.delete("short-sandbox", held=FakeHeld(), token="t") is True
    assert stacks.describe("short-sandbox") is None


def test_a_protected_stack_stays(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, sessions: Sessions
) -> None:
    stacks, client = (
        stacks_of(local_config.environment("test")),
        sessions.client(local_config.environment("test"), "cloudformation"),
    )
    stacks.deploy("kept-test", template("1", "kept"), held=FakeHeld(), token="run-1")
    for _ in range(2):
        protect(client, "kept-test", "stack kept-test", FakeHeld(), Retrying())

    with pytest.raises(ClientError, match="TerminationProtection"):
        client.delete_stack(StackName="kept-test")
    with pytest.raises(StackError, match="termination protection"):
        stacks.delete("kept-test", held=FakeHeld(), token="run-2")


def test_the_artifact_bucket_takes_each_key_once(sessions: Sessions, local_config: WorkspaceConfig) -> None:
    devops = local_config.devops
    bucket = Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id)
    first = bucket.put_new("projects/real/x", b"one", {"digest": "d"})
    assert first is not None and first.version_id
    assert bucket.put_new("projects/real/x", b"one") == first
    assert bucket.put_new("projects/real/x", b"two") is None
    assert bucket.replace("projects/real/x", b"two", etag='"other"') is None
    assert bucket.delete("projects/real/x", etag='"other"', held=FakeHeld()) is False
    assert bucket.delete("projects/real/x", etag=first.etag, held=FakeHeld()) is True
    assert bucket.put_new("projects/real/x", b"two") is not None


def test_of_many_writers_one_wins(sessions: Sessions, local_config: WorkspaceConfig) -> None:
    devops = local_config.devops
    bucket = Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id)
    won: list[str] = []

    def write(number: int) -> None:
        if bucket.put_new("projects/race/x", str(number).encode()) is not None:
            won.append(str(number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    stored = bucket.get("projects/race/x")
    assert stored is not None and won == [stored.body.decode()]


def test_an_environment_reads_what_devops_published(sessions: Sessions, local_config: WorkspaceConfig) -> None:
    devops, prod = local_config.devops, local_config.environment("prod")
    Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id).put_new("projects/shared/x", b"code")
    seen = Bucket(sessions.client(prod, "s3"), devops.bucket, devops.account_id).get("projects/shared/x")
    assert seen is not None and seen.body == b"code"


def with_queue(name: str, **more: Any) -> str:
    """A stack's template with a queue of this name that is kept."""
    document = json.loads(template("1", name.partition(".")[0]))
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    document["Resources"]["Orders"] = {"Type": "AWS::SQS::Queue", **kept, "Properties": {"QueueName": name, **more}}
    return json.dumps(document)


def half_imported(client: Callable[[str], Any], stacks: Stacks, stack: str, name: str) -> str:
    """A stack with somebody's FIFO queue, imported by its name only; gives the queue's URL, in which a message lies."""
    url: str = client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="precious", MessageGroupId="g", MessageDeduplicationId="1")
    stacks.deploy(stack, template("1", name.partition(".")[0]), held=FakeHeld(), token="run-1")
    document, names = json.loads(with_queue(name)), {"StackName": stack, "ChangeSetName": "half"}
    del document["Resources"]["Orders"]["UpdateReplacePolicy"]
    wanted = {"ResourceType": "AWS::SQS::Queue", "LogicalResourceId": "Orders", "ResourceIdentifier": {"QueueUrl": url}}
    body = json.dumps(document)
    client("cloudformation").create_change_set(
        **names, ChangeSetType="IMPORT", TemplateBody=body, ResourcesToImport=[wanted]
    )
    client("cloudformation").execute_change_set(**names)
    client("cloudformation").get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    return url


def test_a_fifo_queue_that_came_in_by_its_name_only_is_imported_anew_with_its_messages(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig, sessions: Sessions
) -> None:
    test = local_config.environment("test")
    stacks, told = stacks_of(test), []  # type: ignore[var-annotated]
    url = half_imported(lambda service: sessions.client(test, service), stacks, "half-test", "half.fifo")

    whole, more = with_queue("half.fifo", FifoQueue=True, DelaySeconds=3), {"held": FakeHeld(), "on_event": told.append}
    assert stacks.deploy("half-test", whole, token="run-2", **more).changed is True  # type: ignore[arg-type]
    assert any(said.startswith("removing half.fifo from the stack") for said in told), told
    sqs = sessions.client(test, "sqs")
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["DelaySeconds"] == "3"
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "precious"
    assert stacks.deploy("half-test", whole, held=FakeHeld(), token="run-3").changed is False


def test_nobody_is_told_to_remove_what_is_in_the_stack_itself(
    stacks_of: Callable[[Environment], Stacks], local_config: WorkspaceConfig
) -> None:
    stacks = stacks_of(local_config.environment("test"))
    stacks.deploy("mine-test", with_queue("mine.fifo", FifoQueue=True), held=FakeHeld(), token="run-1")
    with pytest.raises(StackError) as caught:
        # The local cloud asks for nothing but another value to want a new queue.
        stacks.deploy("mine-test", with_queue("mine.fifo", FifoQueue="yes"), held=FakeHeld(), token="run-2")
    assert "already exists" in caught.value.what
    assert ("it is in this stack" in caught.value.hint, caught.value.taken) == (True, ())


def test_a_long_template_is_imported_into_by_its_address_and_not_taken_inline(
    stacks_of: Callable[[Environment], Stacks], sessions: Sessions, local_config: WorkspaceConfig
) -> None:
    sandbox, devops = local_config.environment("sandbox"), local_config.devops
    sqs, s3 = sessions.client(sandbox, "sqs"), sessions.client(devops, "s3")
    url = sqs.create_queue(QueueName="long-jobs")["QueueUrl"]
    jobs = PhysicalResource(logical_id="Jobs", type="AWS::SQS::Queue", physical_id=url)
    queue = {"Type": jobs.type, "DeletionPolicy": "Retain", "Properties": {"QueueName": "long-jobs"}}
    before = json.loads(template("one", "long")) | {"Metadata": {"About": "x" * 60_000}}
    after = {**before, "Resources": {**before["Resources"], "Jobs": queue}}

    def address_of(text: str) -> str:
        key = f"projects/long/{len(text)}.json"
        version = s3.put_object(Bucket=devops.bucket, Key=key, Body=text.encode())["VersionId"]
        return f"https://s3.{devops.region}.amazonaws.com/{devops.bucket}/{key}?versionId={version}"

    stacks = stacks_of(sandbox)
    with pytest.raises(ClientError, match="templateBody.*51200"):
        sessions.client(sandbox, "cloudformation").create_change_set(
            StackName="long-sandbox", ChangeSetName="a", ChangeSetType="CREATE", TemplateBody=json.dumps(before)
        )
    for text, returning in ((before, ()), (after, (jobs,))):
        stacks.deploy(
            "long-sandbox",
            json.dumps(text),
            held=FakeHeld(),
            token=f"t{len(returning)}",
            address_of=address_of,
            returning=returning,
        )
    assert {item.logical_id for item in stacks.resources("long-sandbox")} == {"Parameter", "Jobs"}
