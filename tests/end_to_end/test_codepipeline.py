"""The pipeline that `ci write codepipeline` writes, on the local cloud: a push walks to prod, by somebody's yes.

Real: the template in CloudFormation, the pipeline's stages and conditions, its builds with their build spec in a shell,
the witness as a function, and the roles of all of them. Played: what CodeCommit says of a push.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.host_events import tell
from multi_env_lambda.local.remote import push
from multi_env_lambda.model.codepipeline import APPROVE, TEMPLATE, digest_in
from multi_env_lambda.model.record import approvals_folder
from multi_env_lambda.testing.local_cloud import sample_config
from tests.tools.policies import give

from .bootstrapped import BUCKET, Bootstrapped, Thief, bootstrapped, denied
from .stage import commit
from .test_stripped_roles import statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

CI = """
[tool.multi_env_lambda.ci.codepipeline]
repository = "units"
"""
NAME, PROJECT = "acme-pipeline", "acme-pipeline"
PLACES = ("sandbox", "test", "staging", "prod")
ADDRESS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units"
MAIN = "main"


@attrs.frozen
class Yard:
    """A person's workspace, the repository beside the local cloud, and the pipeline."""

    made: Bootstrapped

    @property
    def pipeline(self) -> Any:
        return self.made.root("devops", "codepipeline")

    def push(self, text: str, *, broken: str = "") -> str:
        path = self.made.stage.root / "projects/customers/customers/__init__.py"
        path.write_text(f"{path.read_text('utf-8')}# {text}\n", "utf-8")
        tests = self.made.stage.root / "projects/nightly/tests"
        tests.mkdir(exist_ok=True)
        (tests / "test_broken.py").write_text(f"def test_it():\n    assert not {broken!r}\n", "utf-8")
        if broken:
            own = self.made.stage.root / "projects/nightly/nightly/__init__.py"
            own.write_text(f"{own.read_text('utf-8')}# {broken}\n", "utf-8")
        commit(self.made.stage.root)
        cloud = self.made.stage.cloud
        sent = push(self.made.stage.root, cloud.folder, address=ADDRESS, branch=MAIN, protected=MAIN)
        tell(cloud, sample_config().devops, "units", sent)
        return sent.commit

    def last(self) -> str:
        """The execution that was started last."""
        found = self.pipeline.list_pipeline_executions(pipelineName=NAME)["pipelineExecutionSummaries"]
        return str(found[0]["pipelineExecutionId"])

    def started(self, count: int) -> str:
        """The newest execution, once there are so many."""
        return str(
            until(lambda: (found := self.executions()) and len(found) >= count and found[0]["pipelineExecutionId"])
        )

    def executions(self) -> list[dict[str, Any]]:
        return list(self.pipeline.list_pipeline_executions(pipelineName=NAME)["pipelineExecutionSummaries"])

    def actions(self, execution: str) -> dict[tuple[str, str], dict[str, Any]]:
        found = self.pipeline.list_action_executions(pipelineName=NAME, filter={"pipelineExecutionId": execution})
        return {(one["stageName"], one["actionName"]): one for one in found["actionExecutionDetails"]}

    def stood(self, execution: str) -> str:
        """``waits`` for somebody, or how it ended."""

        def look() -> str:
            found = self.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
            status = str(found["pipelineExecution"]["status"])
            if status != "InProgress":
                return status
            there = self.actions(execution).get(("prod", APPROVE))
            return "waits" if there is not None and there["status"] == "InProgress" else ""

        return str(until(look))

    def stood_now(self, execution: str) -> str:
        found = self.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def definition(self) -> dict[str, Any]:
        return dict(self.pipeline.get_pipeline(name=NAME)["pipeline"])

    def has(self, role: str) -> bool:
        return any(one["RoleName"] == role for one in self.made.root("devops", "iam").list_roles()["Roles"])

    def token(self) -> str:
        stages = self.pipeline.get_pipeline_state(name=NAME)["stageStates"]
        (prod,) = [one for one in stages if one["stageName"] == "prod"]
        (action,) = [one for one in prod["actionStates"] if one["actionName"] == APPROVE]
        return str(action["latestExecution"]["token"])

    def answer(self, client: Any, status: str = "Approved") -> None:
        said = {"status": status, "summary": "I have looked at it"}
        client.put_approval_result(
            pipelineName=NAME, stageName="prod", actionName=APPROVE, result=said, token=self.token()
        )

    def grace(self) -> Any:
        return self.made.thief("devops", "acme-approver", "grace").client("codepipeline")

    def runs(self) -> list[str]:
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in PLACES]

    def approvals(self) -> list[str]:
        found = self.made.root("devops", "s3").list_objects_v2(Bucket=BUCKET, Prefix=approvals_folder("prod"))
        return [item["Key"] for item in found.get("Contents", ())]

    def log(self) -> str:
        """Of all builds, for a test that has failed."""
        logs = self.made.root("devops", "logs")
        group = f"/aws/codebuild/{PROJECT}"
        streams = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]]
        events = [logs.get_log_events(logGroupName=group, logStreamName=one)["events"] for one in streams]
        return "\n".join(event["message"] for some in events for event in some)


def until(look: Callable[[], Any]) -> Any:
    for _ in range(1800):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it does not end")


def apply(made: Bootstrapped, text: str, name: str = NAME) -> None:
    """What an administrator does with the template."""
    client = made.root("devops", "cloudformation")
    client.create_stack(StackName=name, TemplateBody=text)
    until(lambda: client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] != "CREATE_IN_PROGRESS")
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    said = [one.get("ResourceStatusReason") for one in events if "FAILED" in one["ResourceStatus"]]
    assert not said, said


def written(made: Bootstrapped) -> str:
    """The file, for this machine's Python."""
    text = (made.stage.root / TEMPLATE).read_text("utf-8")
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert 'Runtime: "python3.13"' in text
    return text.replace('Runtime: "python3.13"', f'Runtime: "{own}"')


def builds(yard: Yard, execution: str) -> set[str]:
    """The stages of an execution in which something was built."""
    found = yard.actions(execution)
    return {stage for (stage, _), one in found.items() if one["input"]["actionTypeId"]["provider"] == "CodeBuild"}


def why(yard: Yard, execution: str, stage: str, action: str) -> str:
    return str(yard.actions(execution)[stage, action]["output"]["executionResult"]["externalExecutionSummary"])


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("codepipeline") / "workspace"
    table = "approval = true\n"
    with bootstrapped(folder, units=("customers", "nightly"), table=table, more=CI) as made:
        done = made.stage.script("ci", "write", "codepipeline", local=False)
        assert "written" in done.err, done.err
        commit(made.stage.root)
        cloud = made.stage.cloud
        push(made.stage.root, cloud.folder, address=ADDRESS, branch=MAIN, protected=MAIN)
        apply(made, written(made))
        made.without_the_organisations_role()
        found = Yard(made)
        assert found.stood(found.last()) == "waits", found.log()
        found.answer(found.grace(), "Rejected")
        assert found.stood(found.last()) == "Failed"
        yield found


def test_a_push_walks_to_prod_by_the_yes_of_another_person(yard: Yard) -> None:
    count = len(yard.executions())
    first = yard.push("the first")
    execution = yard.started(count + 1)

    assert yard.stood(execution) == "waits", yard.log()
    assert yard.runs() == [first, first, first, ""], yard.log()
    said = yard.actions(execution)["prod", APPROVE]["input"]["resolvedConfiguration"]["CustomData"]
    assert digest_in(said, "prod") and "customers" in said
    before = yard.approvals()
    yard.answer(yard.grace())
    assert yard.stood(execution) == "Succeeded", yard.log()

    assert yard.runs() == [first] * 4
    (key,) = set(yard.approvals()) - set(before)
    document = json.loads(yard.made.root("devops", "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert key.endswith("/witness.json") and document["digest"] == digest_in(said, "prod")
    assert document["who"] == f"arn:aws:sts::{'1' * 12}:assumed-role/acme-approver/grace"
    kept = yard.made.run("history", "customers", "prod", "--json").answer
    assert "acme-approver/grace" in json.dumps(kept)


def test_nothing_to_do_is_green_and_asks_nobody(yard: Yard) -> None:
    execution = yard.pipeline.start_pipeline_execution(name=NAME)["pipelineExecutionId"]

    assert yard.stood(execution) == "Succeeded", yard.log()
    assert builds(yard, execution) == {"Plan", "Ask-prod"}


def test_a_unit_that_fails_stops_itself_alone_and_the_end_is_red(yard: Yard) -> None:
    count = len(yard.executions())
    moved = yard.push("goes on", broken="stays")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    yard.answer(yard.grace())

    assert yard.stood(execution) == "Failed", yard.log()
    assert yard.runs() == [moved] * 4
    found = yard.actions(execution)
    assert {place for place, one in found.items() if one["status"] == "Failed"} == {("Result", "Result")}
    assert "nightly: its tests failed" in yard.log()


def test_a_yes_is_for_what_was_shown_and_of_those_that_wait_the_newest_goes_on(yard: Yard) -> None:
    count, before = len(yard.executions()), yard.runs()[3]
    yard.push("shown")
    shown = yard.started(count + 1)
    assert yard.stood(shown) == "waits", yard.log()
    yard.push("overtaken")
    overtaken = yard.started(count + 2)
    until(
        lambda: (
            ("Ask-prod", "Plan") in (found := yard.actions(overtaken))
            and found["Ask-prod", "Plan"]["status"] == "Succeeded"
        )
    )
    newest = yard.push("the newest")
    last = yard.started(count + 3)
    assert until(lambda: (status := yard.stood_now(overtaken)) != "InProgress" and status) == "Superseded"
    yard.answer(yard.grace())

    assert yard.stood(shown) == "Failed", yard.log()
    assert "nothing was deployed, since the plan is" in yard.log() and yard.runs()[3] == before
    assert yard.stood(last) == "waits", yard.log()
    yard.answer(yard.grace())
    assert yard.stood(last) == "Succeeded", yard.log()
    assert yard.runs() == [newest] * 4


def test_the_yes_of_somebody_whom_iam_does_not_know_writes_nothing(yard: Yard) -> None:
    count, kept = len(yard.executions()), yard.approvals()
    before = yard.runs()[3]
    yard.push("by nobody")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    yard.answer(yard.pipeline)

    assert yard.stood(execution) == "Failed"
    assert "and not by somebody in the role acme-approver" in why(yard, execution, "prod", "Witness")
    assert yard.approvals() == kept and yard.runs()[3] == before


@pytest.mark.parametrize("role", ["build", "plan", "dispatcher", "pipeline", "starter", "witness", "developer"])
def test_no_other_role_gives_the_yes(yard: Yard, role: str) -> None:
    if role == "developer" and not yard.has("acme-developer"):
        pytest.skip("nobody is a developer here")
    thief = yard.made.thief("devops", f"acme-{role}", "grace")
    said = {"status": "Approved", "summary": ""}
    token = "00000000-0000-0000-0000-000000000000"
    assert denied(
        thief.client("codepipeline"),
        "put_approval_result",
        pipelineName=NAME,
        stageName="prod",
        actionName=APPROVE,
        result=said,
        token=token,
    )
    assert role == "witness" or denied(
        thief.client("s3"), "put_object", Bucket=BUCKET, Key=forged("witness"), Body=b"{}"
    )
    assert denied(thief.client("s3"), "put_object", Bucket=BUCKET, Key=forged(thief.user_id), Body=b"{}")
    if role != "pipeline":
        assert denied(thief.client("lambda"), "invoke", FunctionName="acme-witness", Payload=b"{}")
    for call, more in (("update_pipeline", {"pipeline": yard.definition()}), ("delete_pipeline", {"name": NAME})):
        assert denied(thief.client("codepipeline"), call, **more)


def test_an_approver_writes_in_her_own_name_and_not_the_witness_s(yard: Yard) -> None:
    thief: Thief = yard.made.thief("devops", "acme-approver", "grace")

    assert denied(thief.client("s3"), "put_object", Bucket=BUCKET, Key=forged("witness"), Body=b"{}")
    assert not denied(thief.client("s3"), "put_object", Bucket=BUCKET, Key=forged(thief.user_id), Body=b"{}")


def test_an_old_yes_is_not_to_be_had_again(yard: Yard) -> None:
    """Who may call the witness gets the approval of a person out of it once, and at once."""
    execution = yard.last()
    witness = yard.made.root("devops", "lambda")
    told = {"environment": "prod", "execution": execution}
    event = {"id": "1", "data": {"actionConfiguration": {"configuration": {"UserParameters": json.dumps(told)}}}}
    kept = yard.approvals()
    answer = witness.invoke(FunctionName="acme-witness", Payload=json.dumps({"CodePipeline.job": event}).encode())

    assert "FunctionError" in answer, "no job of this name waits"
    assert yard.approvals() == kept


STRIPPED = {
    ("pipeline", "StartItsBuilds"): ("Plan", "Plan"),
    ("pipeline", "ReadTheSource"): ("Source", "Source"),
    ("pipeline", "KeepTheSource"): ("Source", "Source"),
    ("build", "ReadThePipelinesSource"): ("Plan", "Plan"),
    ("build", "ReadThePipelinesRepository"): ("Plan", "Plan"),
    ("build", "WriteThePipelinesLog"): ("Plan", "Plan"),
}
"""Which action fails without a statement; those about the yes are below, in one execution each."""

OF_THE_YES = (
    ("pipeline", "AskTheWitness"),
    ("witness", "LookAtApprovals"),
    ("witness", "ListTheBucket"),
    ("witness", "WriteApprovals"),
)


def without(yard: Yard, role: str, sid: str) -> list[dict[str, Any]]:
    kept = statements(yard.made, f"acme-{role}")
    assert sid in {one["Sid"] for one in kept}
    give(yard.made.root("devops", "iam"), f"acme-{role}", [one for one in kept if one["Sid"] != sid])
    return kept


@pytest.mark.parametrize(("role", "sid"), sorted(STRIPPED))
def test_each_statement_of_the_way_is_needed(yard: Yard, role: str, sid: str) -> None:
    kept = without(yard, role, sid)
    try:
        execution = yard.pipeline.start_pipeline_execution(name=NAME)["pipelineExecutionId"]
        assert yard.stood(execution) == "Failed"
        assert yard.actions(execution)[STRIPPED[role, sid]]["status"] == "Failed"
    finally:
        give(yard.made.root("devops", "iam"), f"acme-{role}", kept)


@pytest.mark.parametrize(("role", "sid"), OF_THE_YES)
def test_each_statement_of_the_yes_is_needed(yard: Yard, role: str, sid: str) -> None:
    count = len(yard.executions())
    yard.push(f"without {sid}")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    kept, before = without(yard, role, sid), yard.approvals()
    try:
        yard.answer(yard.grace())
        assert yard.stood(execution) == "Failed"
        assert yard.approvals() == before and why(yard, execution, "prod", "Witness")
    finally:
        give(yard.made.root("devops", "iam"), f"acme-{role}", kept)


def test_each_statement_of_the_approver_and_the_starter_is_needed(yard: Yard) -> None:
    count = len(yard.executions())
    yard.push("without a right to say yes")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    for sid in ("ApproveInThePipeline", "LookAtThePipeline"):
        kept = without(yard, "approver", sid)
        try:
            with pytest.raises(ClientError, match="not authorized|AccessDenied"):
                yard.grace().get_pipeline_state(name=NAME)
                yard.answer(yard.grace())
        finally:
            give(yard.made.root("devops", "iam"), "acme-approver", kept)
    yard.answer(yard.grace(), "Rejected")
    kept = without(yard, "starter", "StartThePipeline")
    try:
        yard.push("starts nothing")
        assert len(yard.executions()) == count + 1
    finally:
        give(yard.made.root("devops", "iam"), "acme-starter", kept)


def test_the_file_is_as_it_should_be_and_the_pipeline_changes_no_pipeline(yard: Yard) -> None:
    again = yard.made.stage.script("ci", "write", "codepipeline", "--plan", local=False)
    assert "nothing would change" in again.err
    assert yard.definition()["version"] == 1


def forged(end: str) -> str:
    return f"{approvals_folder('prod')}{'0' * 64}/{'0' * 16}/{end}.json"
