"""The pipeline that `ci write codepipeline` writes, on the local cloud: a push walks to prod, by somebody's yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.model.codepipeline import APPROVE, digest_in
from multi_env_lambda.model.record import approvals_folder
from tests.tools.policies import give

from .bootstrapped import BUCKET, Thief, denied
from .host_page import aws
from .pipeline_yard import NAME, Yard, builds, pipeline_yard, until, why
from .test_stripped_roles import statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with pipeline_yard(tmp_path_factory.mktemp("codepipeline") / "workspace") as found:
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
    grace = yard.grace()
    assert aws(grace, yard.page.next("aws", "codepipeline", "get-pipeline-state"))["pipelineName"] == NAME
    aws(grace, yard.page.next("aws", "codepipeline", "put-approval-result"), TOKEN=yard.token())
    assert yard.page.left == [], "each command of the page was followed"
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


ELSEWHERE = {
    ("witness", "AnswerThePipeline"): "below: without it the approval is there, and the pipeline waits for an hour",
    ("witness", "WriteItsLog"): "nobody says that it is missing: docs/adr/0071",
    ("approver", "ApproveInThePipeline"): "below",
    ("approver", "LookAtThePipeline"): "below",
    ("starter", "StartThePipeline"): "below: EventBridge tells nobody",
}


def said(yard: Yard, execution: str, stage: str, action: str) -> str:
    """What a person can read of why an action has failed: in the pipeline, and at the build that it names."""
    result = yard.actions(execution)[stage, action]["output"]["executionResult"]
    texts, build = [str(result.get("externalExecutionSummary", ""))], str(result.get("externalExecutionId", ""))
    if ":" in build:
        (found,) = yard.made.root("devops", "codebuild").batch_get_builds(ids=[build])["builds"]
        texts += [one["message"] for phase in found.get("phases", ()) for one in phase.get("contexts", ())]
    return " ".join(texts)


def names(text: str, kept: list[dict[str, Any]], sid: str) -> bool:
    """Whether it says what the statement allows."""
    (actions,) = [one["Action"] for one in kept if one["Sid"] == sid]
    return any(action in text for action in ([actions] if isinstance(actions, str) else actions))


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
        text = said(yard, execution, *STRIPPED[role, sid])
        assert names(text, kept, sid), text
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
        text = said(yard, execution, "prod", "Witness")
        assert yard.approvals() == before and names(text, kept, sid), text
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
            with pytest.raises(ClientError) as caught:
                yard.grace().get_pipeline_state(name=NAME)
                yard.answer(yard.grace())
            assert names(str(caught.value), kept, sid), caught.value
        finally:
            give(yard.made.root("devops", "iam"), "acme-approver", kept)
    yard.answer(yard.grace(), "Rejected")
    kept = without(yard, "starter", "StartThePipeline")
    try:
        yard.push("starts nothing")
        assert len(yard.executions()) == count + 1
    finally:
        give(yard.made.root("devops", "iam"), "acme-starter", kept)


def test_a_witness_that_cannot_answer_has_written_and_its_log_says_what_is_missing(yard: Yard) -> None:
    count, before = len(yard.executions()), yard.approvals()
    yard.push("without an answer")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    kept, logs = without(yard, "witness", "AnswerThePipeline"), yard.made.root("devops", "logs")

    def log() -> str:
        found = logs.filter_log_events(logGroupName="/aws/lambda/acme-witness")["events"]
        return " ".join(event["message"] for event in found)

    try:
        yard.answer(yard.grace())
        until(lambda: names(log(), kept, "AnswerThePipeline"))
        assert yard.stood_now(execution) == "InProgress" and len(yard.approvals()) == len(before) + 1
    finally:
        give(yard.made.root("devops", "iam"), "acme-witness", kept)
        yard.pipeline.stop_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution, abandon=True)


def test_every_statement_of_the_pipeline_is_taken_away_somewhere(yard: Yard) -> None:
    tried = {*STRIPPED, *OF_THE_YES, *ELSEWHERE}
    there = {
        (role, one["Sid"])
        for role in ("approver", "build", "pipeline", "starter", "witness")
        for one in statements(yard.made, f"acme-{role}")
        if role not in ("approver", "build") or "Pipeline" in one["Sid"]
    }

    assert there == tried


def test_the_file_is_as_it_should_be_and_the_pipeline_changes_no_pipeline(yard: Yard) -> None:
    again = yard.made.stage.script("ci", "write", "codepipeline", "--plan", local=False)
    assert "nothing would change" in again.err
    assert yard.definition()["version"] == 1


def forged(end: str) -> str:
    return f"{approvals_folder('prod')}{'0' * 64}/{'0' * 16}/{end}.json"
