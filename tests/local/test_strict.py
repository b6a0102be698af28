"""Rules that one asks for: who the organisation's role trusts, and when a metric is seen."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import multi_env_lambda.local
from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.local.server import _server_python, down, ensure_running
from multi_env_lambda.local.strict import RULES, VARIABLE, rules_of
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, eventually
from tests.rules import keeping

_LATE = """
import json, os, sys
sys.path.append(sys.argv.pop(1))
from emulator import late_metrics
from emulator.names import load
clock = [600.0]
late_metrics.patch(now=lambda: clock[0])
cloudwatch = load("ministack.services.cloudwatch")
cloudwatch.time.time = lambda: clock[0]
for namespace in ("AWS/Lambda", "Own"):
    cloudwatch.record_metric(namespace, "Errors", 1)
shown = []
for clock[0] in (600.0, 719.0, 720.0):
    seen = []
    for namespace in ("AWS/Lambda", "Own"):
        query = {"Namespace": namespace, "MetricName": "Errors", "StartTime": "1970-01-01T00:00:00Z",
            "EndTime": "1970-01-01T01:00:00Z", "Period": 60, "Statistics": ["Sum"]}
        body = cloudwatch._get_metric_statistics({}, query, False, True)[2]
        seen.append(len(json.loads(body)["Datapoints"]))
    shown.append(seen)
print(json.dumps(shown))
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with keeping():  # each test names its rule
        yield tmp_path
        down(tmp_path)


def test_rules_are_named_one_by_one_or_all() -> None:
    assert rules_of({}) == frozenset()
    assert rules_of({VARIABLE: " late-metrics ,glue-python"}) == {"late-metrics", "glue-python"}
    assert rules_of({VARIABLE: "all"}) == frozenset(RULES)
    with pytest.raises(LocalCloudError, match=r"there is no rule `late`\n.*choose from caller-rights"):
        rules_of({VARIABLE: "late"})


@pytest.mark.local_cloud
def test_what_lambda_measured_is_seen_when_its_minute_is_over_and_one_more() -> None:
    folder = Path(multi_env_lambda.local.__file__).parent
    argv = [_server_python(), "-I", "-c", _LATE, folder]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 1], [0, 1], [1, 1]]


QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "early"}}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/early"}}


@pytest.mark.local_cloud
def test_a_change_set_for_what_is_there_fails_and_only_its_events_say_why(
    root: Path, local_config: WorkspaceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, place = ensure_running(root, local_config), local_config.environment("test")
    client = client_of(cloud, place, "cloudformation")
    client_of(cloud, place, "logs").create_log_group(logGroupName="/early")

    def change_set(stack: str, **resources: object) -> Any:
        body = json.dumps({"Resources": resources})
        made = client.create_change_set(StackName=stack, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
        return client.describe_change_set(ChangeSetName=made["Id"])

    good = change_set("early-good", Queue=QUEUE)
    assert (good["Status"], good["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    bad = change_set("early-bad", Queue=QUEUE, Group=GROUP)
    assert (bad["Status"], bad["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in bad["StatusReason"] and "/early" not in bad["StatusReason"]
    events = client.describe_events(ChangeSetName=bad["ChangeSetId"], Filters={"FailedEvents": True})["OperationEvents"]
    assert [(event["LogicalResourceId"], event["ValidationStatusReason"]) for event in events] == [
        ("Group", "Resource of type 'AWS::Logs::LogGroup' with identifier '/early' already exists.")
    ]


@pytest.mark.local_cloud
@pytest.mark.parametrize("version", ["3.9", "3.11"])
def test_a_glue_job_runs_in_the_python_of_glue_or_not_at_all(
    root: Path, local_config: WorkspaceConfig, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv(VARIABLE, "glue-python")
    cloud, place = ensure_running(root, local_config), local_config.environment("test")
    bucket = local_config.devops.bucket
    client_of(cloud, local_config.devops, "s3").put_object(Bucket=bucket, Key="projects/job.py", Body=b"print(1)")
    glue = client_of(cloud, place, "glue")
    command = {"Name": "pythonshell", "PythonVersion": version, "ScriptLocation": f"s3://{bucket}/projects/job.py"}
    glue.create_job(Name="strict", Role="strict", Command=command)
    run = glue.start_job_run(JobName="strict")["JobRunId"]

    def state() -> Any:
        return glue.get_job_run(JobName="strict", RunId=run)["JobRun"]

    eventually(lambda: state()["JobRunState"] not in ("STARTING", "RUNNING"), seconds=30)
    assert state()["JobRunState"] == "FAILED"
    wanted = {"3.9": "has no Python 3.9", "3.11": "run in Python 3.9, this one asks for 3.11"}
    assert wanted[version] in state()["ErrorMessage"]


@pytest.mark.local_cloud
def test_a_glue_job_in_another_python_says_so_in_its_log_and_one_of_spark_is_not_called_successful(
    root: Path, local_config: WorkspaceConfig
) -> None:
    cloud, place = ensure_running(root, local_config), local_config.environment("test")
    bucket = local_config.devops.bucket
    client_of(cloud, local_config.devops, "s3").put_object(Bucket=bucket, Key="projects/job.py", Body=b"print(1)")
    glue = client_of(cloud, place, "glue")

    def ended(name: str, **command: str) -> Any:
        location = f"s3://{bucket}/projects/job.py"
        glue.create_job(Name=name, Role=name, Command={"ScriptLocation": location, **command})
        run = glue.start_job_run(JobName=name)["JobRunId"]
        look = partial(glue.get_job_run, JobName=name, RunId=run)
        eventually(lambda: look()["JobRun"]["JobRunState"] not in ("STARTING", "RUNNING"), seconds=30)
        return look()["JobRun"]

    shell = ended("shell", Name="pythonshell", PythonVersion="3.9")
    logs = client_of(cloud, place, "logs")
    said = logs.get_log_events(logGroupName="/aws-glue/python-jobs/error", logStreamName=shell["Id"])["events"]
    assert shell["JobRunState"] == "SUCCEEDED"
    assert "the local cloud has no Python 3.9, in which Glue runs the job; this run uses" in said[0]["message"]
    spark = ended("spark", Name="glueetl", PythonVersion="3")
    assert (spark["JobRunState"], spark["ErrorMessage"].partition(":")[0]) == ("FAILED", "the local cloud has no Spark")
    assert "\nhint: " in spark["ErrorMessage"]
