"""What is there already is named; what was ours comes back with its data, anything else by a word of consent."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.testing.local_cloud import CloudTime

from .stage import Done, Stage, sample_stage

pytestmark = pytest.mark.local_cloud

GROUP = "/aws/lambda/customers-sandbox-lookup"
UNIT = "projects/customers/pyproject.toml"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with sample_stage(tmp_path_factory.mktemp("there") / "workspace") as stage:
        yield stage


def with_events(stage: Stage, events: str) -> None:
    """Let the function `lookup` of customers have these events, and no others."""
    path = stage.root / UNIT
    text = path.read_text("utf-8")
    head, _, rest = text.partition("[tool.multi_env_lambda.functions.lookup]\n")
    kept = "".join(line for line in rest.splitlines(keepends=True) if not line.startswith("events"))
    path.write_text(f"{head}[tool.multi_env_lambda.functions.lookup]\n{events}\n{kept}", "utf-8")


def deploy(stage: Stage, environment: str, *more: str, verb: str = "deploy") -> Done:
    return stage.script(verb, environment, "--only", "customers", "--yes", *more)


def groups(stage: Stage) -> set[str]:
    found = stage.client("sandbox", "logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/customers-")
    return {item["logGroupName"] for item in found["logGroups"]}


def bucket(environment: str, account: str) -> str:
    return f"customers-{environment}-lookup-{account}-us-east-1"


def in_stack(stage: Stage, environment: str) -> set[str]:
    client = stage.client(environment, "cloudformation")
    summaries = client.list_stack_resources(StackName=f"customers-{environment}")["StackResourceSummaries"]
    return {item["PhysicalResourceId"].rpartition("/")[2] for item in summaries}


def test_what_was_ours_comes_back_without_a_question_and_what_another_team_made_under_its_name_by_a_word(
    stage: Stage,
) -> None:
    name, s3 = bucket("sandbox", "2" * 12), stage.client("sandbox", "s3")
    with_events(stage, "events = [{ s3 = true }]")
    first = deploy(stage, "sandbox")
    assert first.code == 0, first.err
    s3.put_object(Bucket=name, Key="kept", Body=b"data")

    done = stage.script("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")
    assert (done.code, f"({'AWS::S3::Bucket'} {name}) stays" in done.err) == (0, True)
    assert f"LookupLogs (AWS::Logs::LogGroup {GROUP}) stays" in done.err
    assert GROUP in groups(stage)
    assert deploy(stage, "sandbox").code == 0
    assert {name, GROUP.rpartition("/")[2]} <= in_stack(stage, "sandbox")
    assert s3.get_object(Bucket=name, Key="kept")["Body"].read() == b"data"

    with_events(stage, "")
    assert deploy(stage, "sandbox").code == 0
    assert name not in in_stack(stage, "sandbox")
    s3.delete_object(Bucket=name, Key="kept")
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    rollback = ("rollback", "customers", "sandbox", "--yes")
    assert stage.script(*rollback).code == 7
    asked = stage.script(*rollback)
    assert (asked.code, set(words_of(asked))) == (9, {f"import:customers/{name}"}), asked.err
    assert "nothing shows that it is this stack's" in asked.err
    back = stage.script(*rollback, "--agree", f"import:{name}")
    assert back.code == 0, back.err
    assert name in in_stack(stage, "sandbox")


def test_what_somebody_else_made_is_named_and_comes_in_by_a_word(stage: Stage) -> None:
    name, s3 = bucket("test", "3" * 12), stage.client("test", "s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="theirs", Body=b"data")
    with_events(stage, "events = [{ s3 = true }]")
    assert deploy(stage, "sandbox", "--agree", "again:customers").code == 0

    refused = deploy(stage, "test", verb="promote")
    assert refused.code == 7
    assert f"LookupBucket (AWS::S3::Bucket): Resource of type 'AWS::S3::Bucket' with identifier '{name}'" in refused.err
    assert "`plan` says whether it can be brought into the stack" in refused.err

    asked = deploy(stage, "test", verb="promote")
    assert asked.code == 9
    assert f"import:customers/{name}" in asked.err
    agreed = deploy(stage, "test", "--agree", f"import:{name}", verb="promote")
    assert agreed.code == 0, agreed.err
    assert name in in_stack(stage, "test")
    assert s3.get_object(Bucket=name, Key="theirs")["Body"].read() == b"data"


def test_what_cannot_come_in_is_named_with_both_names(stage: Stage) -> None:
    name, functions = "customers-staging-lookup", stage.client("staging", "lambda")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "def b(event, context): ...\n")
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = stage.client("staging", "iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = {"ZipFile": buffer.getvalue()}
    functions.create_function(FunctionName=name, Runtime="python3.13", Role=role, Handler="a.b", Code=code)
    refused = deploy(stage, "staging", verb="promote")

    assert refused.code == 7
    assert "LookupFunction (AWS::Lambda::Function)" in refused.err and name in refused.err
    plan = stage.script("plan", "--to", "staging", "--only", "customers", "--json")
    questions = [question for step in json.loads(plan.out)["steps"] for question in questions_of(step)]
    assert questions == []
    functions.delete_function(FunctionName=name)
    assert deploy(stage, "staging", verb="promote").code == 0


def questions_of(step: dict[str, Any]) -> list[Any]:
    return list(step.get("questions", ()))


def test_a_queue_comes_in_by_a_word_stays_when_its_unit_goes_and_comes_back(stage: Stage) -> None:
    with_events(stage, "events = [{ sqs = true }]\ntimeout = 3")
    sqs, name = stage.client("sandbox", "sqs"), "customers-sandbox-lookup"
    url = sqs.create_queue(QueueName=name, tags={"made": "by hand"})["QueueUrl"]
    refused = deploy(stage, "sandbox")
    assert refused.code == 7
    assert f"Resource of type 'AWS::SQS::Queue' with identifier '{name}' already exists" in refused.err
    assert "`plan` says whether it can be brought into the stack" in refused.err

    # The queue of dead letters went when the stack went back, and SQS keeps its name for a minute.
    CloudTime(stage.cloud).sleep(61)
    agreed = deploy(stage, "sandbox", "--agree", f"import:{name}")
    assert (agreed.code, f"importing {name}" in agreed.err) == (0, True), agreed.err
    assert stage.client("sandbox", "lambda").list_event_source_mappings()["EventSourceMappings"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "18"
    done = stage.script("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")
    assert done.code == 0

    asked = deploy(stage, "sandbox")
    assert (asked.code, set(words_of(asked))) == (9, {f"import:customers/{name}", f"import:customers/{name}-dlq"}), (
        asked.err
    )
    back = deploy(stage, "sandbox", "--agree", f"import:{name}", "--agree", f"import:{name}-dlq")
    assert back.code == 0, back.err
    assert {name, f"{name}-dlq"} <= in_stack(stage, "sandbox")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["made"] == "by hand"


MIXED = """
def extend(template, context):
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    own = {"QueueName": "theirs.fifo", "FifoQueue": True}
    context.merge("Docs", {"Type": "AWS::S3::Bucket", **kept, "Properties": {"BucketName": "theirs-for-scratch"}})
    context.merge("Orders", {"Type": "AWS::SQS::Queue", **kept, "Properties": own})
"""


def words_of(done: Done) -> list[str]:
    """What the plan wants to be agreed to."""
    return re.findall(r"--agree (import:[^\s`]+)", done.out + done.err)


def test_all_that_was_met_is_asked_at_once_and_a_fifo_queue_comes_in_with_its_messages(stage: Stage) -> None:
    (stage.root / "projects/customers/stack.py").write_text(MIXED, "utf-8")
    with_events(stage, "")
    sqs = stage.client("sandbox", "sqs")
    url = sqs.create_queue(QueueName="theirs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="precious", MessageGroupId="g", MessageDeduplicationId="1")
    stage.client("sandbox", "s3").create_bucket(Bucket="theirs-for-scratch")
    bucket, both = "import:theirs-for-scratch", {"import:customers/theirs-for-scratch", "import:customers/theirs.fifo"}

    assert deploy(stage, "sandbox").code == 7
    assert deploy(stage, "sandbox", "--agree", bucket).code == 7
    asked = deploy(stage, "sandbox", "--agree", "import:theirs.fifo")
    assert (asked.code, set(words_of(asked))) == (9, both), asked.err
    done = deploy(stage, "sandbox", *(word for one in sorted(both) for word in ("--agree", one)))
    assert done.code == 0, done.err
    assert {"theirs.fifo", "theirs-for-scratch"} <= in_stack(stage, "sandbox")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "precious"


SCRATCH = """
def extend(template, context):
    bucket = {"BucketName": f"scratch-{context.environment.account_id}"}
    context.merge("Scratch", {"Type": "AWS::S3::Bucket", "Properties": bucket})
"""


def test_what_cannot_be_deleted_is_named_and_may_stay(stage: Stage) -> None:
    (stage.root / "projects/customers/stack.py").write_text(SCRATCH, "utf-8")
    assert deploy(stage, "sandbox").code == 0
    stage.client("sandbox", "s3").put_object(Bucket=f"scratch-{'2' * 12}", Key="kept", Body=b"data")
    words = ("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")

    refused = stage.script(*words)
    assert refused.code == 7
    assert "! Scratch (AWS::S3::Bucket scratch-222222222222) is deleted, with its content" in refused.err
    assert "Scratch (AWS::S3::Bucket): The bucket you tried to delete is not empty" in refused.err
    assert "`destroy` with `--retain LOGICAL-ID`" in refused.err

    done = stage.script(*words, "--retain", "Scratch")
    assert done.code == 0, done.err
    assert stage.client("sandbox", "s3").head_object(Bucket=f"scratch-{'2' * 12}", Key="kept")
