"""A pipeline that is started twice, stopped between two actions, or tried again; and thieves who do such things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.model.codepipeline import APPROVE, digest_in
from multi_env_lambda.model.record import approvals_folder

from .bootstrapped import BUCKET, denied
from .pipeline_yard import NAME, PLACES, PROJECT, Yard, pipeline_yard, until, why

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

ROLES = ("build", "plan", "dispatcher", "pipeline", "starter", "witness", "developer", "approver")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with pipeline_yard(tmp_path_factory.mktemp("interrupted") / "workspace") as found:
        yield found


def stop(yard: Yard, execution: str) -> None:
    yard.pipeline.stop_pipeline_execution(
        pipelineName=NAME, pipelineExecutionId=execution, abandon=True, reason="by hand"
    )
    until(lambda: yard.stood_now(execution) == "Stopped")


def again(yard: Yard, execution: str, stage: str, mode: str = "FAILED_ACTIONS") -> None:
    yard.pipeline.retry_stage_execution(
        pipelineName=NAME, stageName=stage, pipelineExecutionId=execution, retryMode=mode
    )


def runs_at(yard: Yard, execution: str, stage: str, action: str) -> None:
    """Wait until the action is at work."""
    until(lambda: yard.actions(execution).get((stage, action), {}).get("status") == "InProgress")


def deployed(yard: Yard) -> dict[str, int]:
    kept = yard.made.run("history", "customers", "--json").answer
    return {place: len(kept.get(place, ())) for place in PLACES}


def test_started_twice_at_once_each_environment_gets_it_once(yard: Yard) -> None:
    before = deployed(yard)
    count = len(yard.executions())
    pushed = yard.push("twice")
    other = yard.pipeline.start_pipeline_execution(name=NAME)["pipelineExecutionId"]
    yard.started(count + 2)
    both = {one["pipelineExecutionId"] for one in yard.executions()[:2]}
    assert other in both

    (waits,) = until(lambda: [one for one in both if yard.stood_now(one) == "InProgress"] if ended(yard, both) else [])
    yard.answer(yard.grace())
    assert yard.stood(waits) == "Succeeded", yard.log()
    assert yard.runs() == [pushed] * 4
    assert deployed(yard) == {place: number + 1 for place, number in before.items()}


def ended(yard: Yard, both: set[str]) -> bool:
    """Whether one of them asks, and the other has ended or waits behind it."""
    asks = [one for one in both if yard.actions(one).get(("prod", APPROVE), {}).get("status") == "InProgress"]
    if not asks:
        return False
    for one in both - set(asks):
        if yard.stood_now(one) == "InProgress" and ("Ask-prod", "Plan") in (found := yard.actions(one)):
            return found["Ask-prod", "Plan"]["status"] == "Succeeded" and stop_behind(yard, one)
    return all(yard.stood_now(one) != "InProgress" for one in both - set(asks))


def stop_behind(yard: Yard, execution: str) -> bool:
    stop(yard, execution)
    return True


def test_stopped_while_it_deploys_it_is_tried_again_and_goes_on(yard: Yard) -> None:
    count = len(yard.executions())
    pushed = yard.push("stopped in sandbox")
    execution = yard.started(count + 1)
    runs_at(yard, execution, "sandbox", "Deploy")
    stop(yard, execution)
    again(yard, execution, "sandbox")

    assert yard.stood(execution) == "waits", yard.log()
    assert yard.runs()[:3] == [pushed] * 3
    token = yard.token()
    stop(yard, execution)
    with pytest.raises(ClientError, match="ApprovalAlreadyCompleted|InvalidApprovalToken"):
        said = {"status": "Approved", "summary": "too late"}
        yard.grace().put_approval_result(
            pipelineName=NAME, stageName="prod", actionName=APPROVE, result=said, token=token
        )
    again(yard, execution, "prod")
    assert yard.stood(execution) == "waits", yard.log()
    yard.answer(yard.grace())
    runs_at(yard, execution, "prod", "Deploy")
    stop(yard, execution)
    again(yard, execution, "prod")
    assert yard.stood(execution) == "Succeeded", yard.log()
    assert yard.runs() == [pushed] * 4


def test_a_yes_that_was_refused_stays_refused_until_somebody_is_asked_again(yard: Yard) -> None:
    count, kept, before = len(yard.executions()), yard.approvals(), yard.runs()[3]
    pushed = yard.push("by nobody first")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    yard.answer(yard.pipeline)
    assert yard.stood(execution) == "Failed"
    again(yard, execution, "prod")
    assert yard.stood(execution) == "Failed"
    assert "and not by somebody in the role acme-approver" in why(yard, execution, "prod", "Witness")
    assert yard.approvals() == kept and yard.runs()[3] == before

    again(yard, execution, "prod", "ALL_ACTIONS")
    assert yard.stood(execution) == "waits", yard.log()
    yard.answer(yard.grace())
    assert yard.stood(execution) == "Succeeded", yard.log()
    assert yard.runs() == [pushed] * 4


def test_a_yes_is_written_once_however_often_the_witness_is_asked(yard: Yard) -> None:
    """Also by the pipeline's role, which may call it, and about every execution there was."""
    bucket = yard.made.root("devops", "s3")

    def there() -> list[tuple[str, Any]]:
        found = bucket.list_objects_v2(Bucket=BUCKET, Prefix=approvals_folder("prod"))
        return [(one["Key"], one["LastModified"]) for one in found["Contents"]]

    kept = there()
    thief = yard.made.thief("devops", "acme-pipeline").client("lambda")
    for one in yard.executions():
        for place in PLACES:
            told = json.dumps({"environment": place, "execution": one["pipelineExecutionId"]})
            data = {"actionConfiguration": {"configuration": {"UserParameters": told}}}
            event = {"CodePipeline.job": {"id": "1", "data": data}}
            thief.invoke(FunctionName="acme-witness", Payload=json.dumps(event).encode())
    assert there() == kept


@pytest.mark.parametrize("role", ROLES)
def test_no_role_stops_tries_again_or_builds_as_the_pipeline(yard: Yard, role: str) -> None:
    thief, execution = yard.made.thief("devops", f"acme-{role}", "grace"), yard.last()
    client, here = thief.client("codepipeline"), {"pipelineName": NAME, "pipelineExecutionId": execution}
    assert denied(client, "stop_pipeline_execution", **here, abandon=True)
    assert denied(client, "retry_stage_execution", **here, stageName="prod", retryMode="ALL_ACTIONS")
    assert denied(client, "rollback_stage", pipelineName=NAME, stageName="prod", targetPipelineExecutionId=execution)
    for call, more in (
        ("disable_stage_transition", {"reason": "x", "transitionType": "Inbound"}),
        ("enable_stage_transition", {"transitionType": "Inbound"}),
    ):
        assert denied(client, call, pipelineName=NAME, stageName="prod", **more)
    if role != "starter":
        assert denied(client, "start_pipeline_execution", name=NAME, variables=[{"name": "x", "value": "y"}])
    if role != "pipeline":
        over = [{"name": "MULTI_ENV_LAMBDA_STEP", "value": "prod+approved"}]
        assert denied(thief.client("codebuild"), "start_build", projectName=PROJECT, environmentVariablesOverride=over)
    for call, more in (
        ("update_function_code", {"ZipFile": b"x"}),
        ("update_function_configuration", {"Handler": "x.y"}),
    ):
        assert denied(thief.client("lambda"), call, FunctionName="acme-witness", **more)


def test_a_build_that_the_thief_starts_deploys_nothing_without_a_yes(yard: Yard) -> None:
    """The pipeline's role may start builds with variables of its choice, the source of its choice included."""
    count, before = len(yard.executions()), yard.runs()[3]
    yard.push("$(touch /tmp/owned) #{Plan.MULTI_ENV_LAMBDA_DIGEST} \"';`id`")
    execution = yard.started(count + 1)
    assert yard.stood(execution) == "waits", yard.log()
    said = yard.actions(execution)["prod", APPROVE]["input"]["resolvedConfiguration"]["CustomData"]
    assert digest_in(said, "prod") and "owned" not in said
    thief = yard.made.thief("devops", "acme-pipeline").client("codebuild")
    over = [
        {"name": "MULTI_ENV_LAMBDA_STEP", "value": "prod+approved"},
        {"name": "MULTI_ENV_LAMBDA_EXECUTION", "value": execution},
    ]
    build = thief.start_build(
        projectName=PROJECT,
        sourceTypeOverride="CODECOMMIT",
        sourceLocationOverride="https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units",
        environmentVariablesOverride=over,
    )["build"]["id"]
    until(lambda: thief.batch_get_builds(ids=[build])["builds"][0]["buildStatus"] != "IN_PROGRESS")
    assert yard.runs()[3] == before
    yard.answer(yard.grace(), "Rejected")
    assert yard.stood(execution) == "Failed"
