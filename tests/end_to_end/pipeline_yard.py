"""A pipeline that `ci write codepipeline` wrote, on the local cloud, and what people do with it.

Real: the template in CloudFormation, the pipeline's stages and conditions, its builds with their build spec in a shell,
the witness as a function, and the roles of all of them. Played: what CodeCommit says of a push.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.local.host_events import tell
from multi_env_lambda.local.remote import push
from multi_env_lambda.model.codepipeline import APPROVE, TEMPLATE
from multi_env_lambda.model.record import approvals_folder
from multi_env_lambda.testing.local_cloud import eventually, sample_config

from .bootstrapped import BUCKET, Bootstrapped, bootstrapped
from .host_page import HostPage
from .stage import commit

__all__ = ["NAME", "Yard", "builds", "pipeline_yard", "until", "why"]

NAME, PROJECT = "acme-pipeline", "acme-pipeline"
PLACES = ("sandbox", "test", "staging", "prod")
ADDRESS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units"
MAIN = "main"


@attrs.frozen
class Yard:
    """A person's workspace, the repository beside the local cloud, and the pipeline; ``asks``: its stage that asks."""

    made: Bootstrapped
    page: HostPage
    asks: str = "prod"

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
        """The last try of each."""
        found = self.pipeline.list_action_executions(pipelineName=NAME, filter={"pipelineExecutionId": execution})
        return {(one["stageName"], one["actionName"]): one for one in reversed(found["actionExecutionDetails"])}

    def stood(self, execution: str) -> str:
        """``waits`` for somebody, or how it ended."""

        def look() -> str:
            found = self.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
            status = str(found["pipelineExecution"]["status"])
            if status != "InProgress":
                return status
            there = self.actions(execution).get((self.asks, APPROVE))
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
        (prod,) = [one for one in stages if one["stageName"] == self.asks]
        (action,) = [one for one in prod["actionStates"] if one["actionName"] == APPROVE]
        return str(action["latestExecution"]["token"])

    def answer(self, client: Any, status: str = "Approved") -> None:
        said = {"status": status, "summary": "I have looked at it"}
        client.put_approval_result(
            pipelineName=NAME, stageName=self.asks, actionName=APPROVE, result=said, token=self.token()
        )

    def grace(self) -> Any:
        return self.made.thief("devops", "acme-approver", "grace").client("codepipeline")

    def runs(self) -> list[str]:
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in PLACES]

    def approvals(self, place: str = "prod") -> list[str]:
        found = self.made.root("devops", "s3").list_objects_v2(Bucket=BUCKET, Prefix=approvals_folder(place))
        return [item["Key"] for item in found.get("Contents", ())]

    def log(self) -> str:
        """Of all builds, and why actions have failed, for a test that has failed."""
        logs = self.made.root("devops", "logs")
        group = f"/aws/codebuild/{PROJECT}"
        streams = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]]
        events = [logs.get_log_events(logGroupName=group, logStreamName=one)["events"] for one in streams]
        tried = self.pipeline.list_action_executions(pipelineName=NAME)["actionExecutionDetails"]
        failed = [_failed(one) for one in reversed(tried) if one["status"] == "Failed"]
        return "\n".join([*(event["message"] for some in events for event in some), *failed])


def _failed(action: dict[str, Any]) -> str:
    said = action["output"]["executionResult"].get("externalExecutionSummary", "")
    return f"{action['pipelineExecutionId']}: {action['stageName']}/{action['actionName']} failed: {said}"


def until(look: Callable[[], Any]) -> Any:
    """What is found in the end."""
    found: list[Any] = []

    def is_there() -> bool:
        found.append(look())
        return bool(found[-1])

    eventually(is_there, seconds=180)
    return found[-1]


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


@contextmanager
def pipeline_yard(folder: Path, *, beside: bool = False) -> Iterator[Yard]:
    """The pipeline, after its first execution, which somebody has rejected.

    Args:
        beside: staging and prod are one stage.
    """
    table = 'approval = true\nstage = "live"\n' if beside else "approval = true\n"
    staging = table if beside else ""
    page = HostPage.of("codepipeline")
    with bootstrapped(
        folder,
        units=("customers", "nightly"),
        table=table,
        staging=staging,
        roles="",
        more=page.tables,
        set_up=page.set_up,
    ) as made:
        commit(made.stage.root)
        cloud = made.stage.cloud
        push(made.stage.root, cloud.folder, address=ADDRESS, branch=MAIN, protected=MAIN)
        deploy = page.next("aws", "cloudformation", "deploy", "--stack-name")
        assert deploy[5:] == ["--template-file", TEMPLATE]
        apply(made, written(made), deploy[4])
        made.without_the_organisations_role()
        found = Yard(made, page, asks="live" if beside else "prod")
        assert found.stood(found.last()) == "waits", found.log()
        found.answer(found.grace(), "Rejected")
        assert found.stood(found.last()) == "Failed"
        yield found
