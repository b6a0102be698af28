"""What the patches add: where the emulator alone would be milder, or would pretend."""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.host.sandbox import landlock_version
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, eventually
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
Client = Callable[[str], Any]


def zip_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def prod(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Client:
    return lambda service: client_of(local_cloud, local_config.environment("prod"), service)


@pytest.fixture(scope="module")
def publish(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Callable[[str, bytes], dict[str, str]]:
    s3, bucket = client_of(local_cloud, local_config.devops, "s3"), local_config.devops.bucket

    def put(key: str, body: bytes) -> dict[str, str]:
        s3.put_object(Bucket=bucket, Key=f"projects/{key}", Body=body)
        return {"S3Bucket": bucket, "S3Key": f"projects/{key}"}

    return put


def make(prod: Client, name: str, source: str, **more: Any) -> tuple[str, str]:
    more.setdefault("Runtime", RUNTIME)
    return create_stack(prod("cloudformation"), name, function_resources(name, {"ZipFile": source}, **more))


def invoke(prod: Client, name: str, payload: object = None, **more: Any) -> Any:
    answer = prod("lambda").invoke(FunctionName=name, Payload=json.dumps(payload).encode(), **more)
    return json.loads(answer["Payload"].read())


def test_code_comes_from_the_bucket_of_the_devops_account(prod: Client, publish: Any) -> None:
    code = publish("emulator/code.whl", zip_of(pkg____init__="", pkg__mod="def handler(e, c): return e['n'] + 1"))
    resources = function_resources("emulator-foreign", code, "pkg.mod.handler", Runtime=RUNTIME)
    assert create_stack(prod("cloudformation"), "emulator-foreign", resources) == ("CREATE_COMPLETE", "")
    assert invoke(prod, "emulator-foreign", {"n": 41}) == 42


@pytest.mark.parametrize("kind", ["code", "layer"])
def test_a_missing_artifact_fails_the_stack_in_the_words_of_aws(prod: Client, publish: Any, kind: str) -> None:
    nothing = {**publish("emulator/there", b""), "S3Key": "projects/emulator/missing"}
    resources = {
        "code": function_resources("emulator-missing", nothing),
        "layer": {"Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": nothing}}},
    }[kind]
    status, reason = create_stack(prod("cloudformation"), f"emulator-missing-{kind}", resources)
    assert status == "ROLLBACK_COMPLETE"
    assert "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist." in reason


def test_an_artifact_that_the_bucket_does_not_share_fails_the_stack(prod: Client, publish: Any) -> None:
    secret = {**publish("emulator/there", b""), "S3Key": "elsewhere/code.whl"}
    status, reason = create_stack(
        prod("cloudformation"), "emulator-denied", function_resources("emulator-denied", secret)
    )
    assert status == "ROLLBACK_COMPLETE"
    assert "have permission to GetObject for" in reason and "S3 Error Code: AccessDenied" in reason


def test_a_function_sees_itself_its_layers_and_boto3_only(prod: Client, publish: Any) -> None:
    layer = publish("emulator/layer.zip", zip_of(python__dependency="V = 1", python__index="raise SystemExit"))
    source = """
import importlib.util, boto3, dependency
def handler(event, context):
    return [name for name in ("ministack", "yaml", "attrs", "pytest") if importlib.util.find_spec(name)]
"""
    resources = function_resources("emulator-clean", {"ZipFile": source}, Runtime=RUNTIME, Layers=[{"Ref": "Layer"}])
    resources["Layer"] = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": layer}}
    assert create_stack(prod("cloudformation"), "emulator-clean", resources)[0] == "CREATE_COMPLETE"
    assert invoke(prod, "emulator-clean") == []


def test_a_missing_dependency_reads_as_on_lambda(prod: Client) -> None:
    make(prod, "emulator-import", "import not_in_the_layer")
    answer = invoke(prod, "emulator-import")
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == "Unable to import module 'index': No module named 'not_in_the_layer'"


def test_an_error_of_a_handler_has_its_type_and_trace(prod: Client) -> None:
    make(prod, "emulator-error", "def handler(event, context):\n    return event['missing']")
    answer = invoke(prod, "emulator-error", {})
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'missing'")
    assert '"/var/task/index.py", line 2, in handler' in answer["stackTrace"][0]


@pytest.mark.parametrize("runtime", ["python3.7", "java21"])
def test_what_cannot_run_here_fails_instead_of_pretending(prod: Client, runtime: str) -> None:
    name = f"emulator-{runtime.replace('.', '-')}"
    make(prod, name, "def handler(event, context): pass", Runtime=runtime)
    assert "the local cloud" in invoke(prod, name)["errorMessage"]


def test_a_function_name_belongs_to_one_stack(prod: Client) -> None:
    make(prod, "emulator-taken", "def handler(event, context): return 1")
    again = function_resources("emulator-taken", {"ZipFile": "def handler(event, context): return 2"})
    status, reason = create_stack(prod("cloudformation"), "emulator-taken-again", again)
    assert status == "ROLLBACK_COMPLETE" and "Function already exist: emulator-taken" in reason
    assert invoke(prod, "emulator-taken") == 1


def test_a_failed_creation_has_to_be_deleted_first(prod: Client, publish: Any) -> None:
    nothing = {**publish("emulator/there", b""), "S3Key": "projects/emulator/missing"}
    cloudformation = prod("cloudformation")
    create_stack(cloudformation, "emulator-failed", function_resources("emulator-failed", nothing))
    with pytest.raises(ClientError, match="already exists"):
        make(prod, "emulator-failed", "")
    cloudformation.delete_stack(StackName="emulator-failed")
    assert make(prod, "emulator-failed", "def handler(e, c): pass")[0] == "CREATE_COMPLETE"


def test_an_alias_divides_its_calls_by_weight(prod: Client) -> None:
    make(prod, "emulator-canary", "def handler(event, context): return context.function_version")
    functions, name = prod("lambda"), {"FunctionName": "emulator-canary"}
    functions.publish_version(**name)
    functions.update_function_configuration(**name, Description="second")
    functions.publish_version(**name)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    functions.create_alias(**name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    drawn = [functions.invoke(**name, Qualifier="live")["ExecutedVersion"] for _ in range(24)]
    assert set(drawn) == {"1", "2"}  # one in 2^23 runs sees only one of them


def test_logs_of_a_call_are_in_its_answer(prod: Client) -> None:
    make(prod, "emulator-logs", "def handler(event, context): print('said', event)")
    answer = prod("lambda").invoke(FunctionName="emulator-logs", Payload=b"7", LogType="Tail")
    assert "said 7" in base64.b64decode(answer["LogResult"]).decode()


def run_job(prod: Client, name: str, **arguments: str) -> tuple[str, str]:
    glue = prod("glue")
    run = glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]

    def state() -> str:
        return str(glue.get_job_run(JobName=name, RunId=run)["JobRun"]["JobRunState"])

    eventually(lambda: state() not in ("STARTING", "RUNNING"), seconds=30)
    return state(), run


@pytest.fixture(scope="module")
def job(prod: Client, publish: Any) -> str:
    wheel = publish("emulator/job-1-py3-none-any.whl", zip_of(jobs="def run(table): return f'table {table}'"))
    script = """
import sys
from awsglue.utils import getResolvedOptions
from jobs import run
table = getResolvedOptions(sys.argv, ["TABLE"])["TABLE"]
print(run(table))
raise SystemExit(table == "bad")
"""
    location = publish("emulator/job.py", script.encode())
    uri = "s3://{S3Bucket}/{S3Key}"
    command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": uri.format(**location)}
    arguments = {"--TABLE": "t1", "--extra-py-files": uri.format(**wheel)}
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    prod("iam").create_role(RoleName="emulator-job", AssumeRolePolicyDocument=policy)
    prod("iam").attach_role_policy(RoleName="emulator-job", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    properties = {"Name": "emulator-job", "Role": "emulator-job", "Command": command, "DefaultArguments": arguments}
    resources = {"Job": {"Type": "AWS::Glue::Job", "Properties": properties}}
    assert create_stack(prod("cloudformation"), "emulator-job", resources)[0] == "CREATE_COMPLETE"
    return "emulator-job"


def test_a_glue_job_runs_with_its_wheel_and_arguments(prod: Client, job: str) -> None:
    state, run = run_job(prod, job)
    assert state == "SUCCEEDED"
    events = prod("logs").get_log_events(logGroupName="/aws-glue/python-jobs/output", logStreamName=run)["events"]
    assert [event["message"] for event in events] == ["table t1"]


def test_a_glue_job_reads_the_files_beside_its_modules_as_where_its_wheel_is_installed(
    prod: Client, publish: Any, job: str
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        query = 'pathlib.Path(__file__).with_name("query.sql").read_text()'
        archive.writestr("jobs/__init__.py", f"import pathlib\ndef run(table): return {query}")
        archive.writestr("jobs/query.sql", "select 1")
    wheel = "s3://{S3Bucket}/{S3Key}".format(**publish("emulator/files-1-py3-none-any.whl", buffer.getvalue()))

    state, run = run_job(prod, job, **{"--extra-py-files": wheel})

    assert state == "SUCCEEDED"
    events = prod("logs").get_log_events(logGroupName="/aws-glue/python-jobs/output", logStreamName=run)["events"]
    assert [event["message"] for event in events] == ["select 1"]


def test_a_glue_job_finds_the_standard_library_and_what_glue_has_before_its_wheels(
    prod: Client, publish: Any, job: str
) -> None:
    """Glue installs them after its own: https://github.com/boto/boto3/issues/2566."""
    run = "import boto3, wave\nfrom awsglue import utils\ndef run(table): return boto3.__name__"
    brought = zip_of(jobs=run, boto3="0 / 0", wave="0 / 0", awsglue="0 / 0")
    wheel = "s3://{S3Bucket}/{S3Key}".format(**publish("emulator/order-1-py3-none-any.whl", brought))

    assert run_job(prod, job, **{"--extra-py-files": wheel})[0] == "SUCCEEDED"


def test_python_shell_takes_no_wheel_of_a_bucket_as_an_additional_module(prod: Client, job: str) -> None:
    """https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html (Using PIP)."""
    wheel = "s3://artifacts/emulator/job-1-py3-none-any.whl"

    assert run_job(prod, job, **{"--additional-python-modules": wheel})[0] == "FAILED"


def test_a_glue_job_that_fails_is_not_called_successful(prod: Client, job: str) -> None:
    assert run_job(prod, job, **{"--TABLE": "bad"})[0] == "FAILED"


def test_a_glue_job_whose_wheel_is_gone_fails(prod: Client, job: str) -> None:
    assert run_job(prod, job, **{"--extra-py-files": "s3://nowhere/x.whl"})[0] == "FAILED"


@pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock that allows renames")
def test_a_glue_job_reads_and_changes_nothing_of_the_developers(prod: Client, publish: Any, job: str) -> None:
    script = """
import os, subprocess, sys, tempfile
from pathlib import Path
def said(do):
    try:
        return str(do())
    except OSError as error:
        return type(error).__name__
secret = Path(sys.argv[sys.argv.index("--SECRET") + 1])
print(said(secret.read_text), said(lambda: secret.write_text("changed")))
print(subprocess.run(["cat", secret], capture_output=True).returncode)
print(said(lambda: (Path(tempfile.gettempdir()) / "scratch").write_text("own")))
print(said(lambda: Path("/tmp/of-a-job").write_text("own")))
"""
    location = "s3://{S3Bucket}/{S3Key}".format(**publish("emulator/tries.py", script.encode()))
    command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": location}
    prod("glue").create_job(Name="emulator-tries", Role=job, Command=command)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as desk:
        secret = Path(desk) / "secret"
        secret.write_text("canary")
        state, run = run_job(prod, "emulator-tries", **{"--SECRET": str(secret)})
        assert secret.read_text() == "canary"

    assert state == "SUCCEEDED"
    events = prod("logs").get_log_events(logGroupName="/aws-glue/python-jobs/output", logStreamName=run)["events"]
    assert [event["message"] for event in events] == ["PermissionError PermissionError", "1", "3", "3"]


def run_build(prod: Client, buildspec: str, **overrides: Any) -> tuple[str, list[str]]:
    codebuild = prod("codebuild")
    build = codebuild.start_build(projectName="emulator-build", buildspecOverride=buildspec, **overrides)["build"]

    def status() -> str:
        return str(codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]["buildStatus"])

    eventually(lambda: status() != "IN_PROGRESS", seconds=30)
    where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    return status(), [event["message"] for event in prod("logs").get_log_events(**where)["events"]]


@pytest.fixture(scope="module")
def build_project(prod: Client, local_config: WorkspaceConfig) -> None:
    variables = [{"name": "STAGE", "value": "project", "type": "PLAINTEXT"}]
    prod("codebuild").create_project(
        name="emulator-build",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2\n"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "none",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": variables,
        },
        serviceRole=f"arn:aws:iam::{local_config.environment('prod').account_id}:role/emulator-build",
    )


def test_a_build_runs_its_commands_with_overrides(prod: Client, build_project: None) -> None:
    spec = "version: 0.2\nenv: {variables: {STAGE: spec, OWN: spec}}\nphases: {build: {commands: [echo $STAGE $OWN]}}\n"
    stage = [{"name": "STAGE", "value": "started", "type": "PLAINTEXT"}]
    assert run_build(prod, spec, environmentVariablesOverride=stage) == ("SUCCEEDED", ["started spec"])
    assert run_build(prod, spec) == ("SUCCEEDED", ["project spec"])


def test_a_build_that_fails_says_so_and_still_cleans_up(prod: Client, build_project: None) -> None:
    spec = "version: 0.2\nphases: {build: {commands: ['false', echo no]}, post_build: {commands: [echo cleaned]}}\n"
    status, lines = run_build(prod, spec)
    assert status == "FAILED"
    assert lines == ["[Container] Command did not exit successfully, exit status 1", "cleaned"]


def test_a_build_has_the_project_s_role(prod: Client, build_project: None) -> None:
    spec = (
        "version: 0.2\nphases: {build: {commands: ['env | grep -c ^AWS_SESSION_TOKEN=', 'echo $AWS_ENDPOINT_URL']}}\n"
    )
    status, lines = run_build(prod, spec)
    assert (status, lines[0]) == ("SUCCEEDED", "1")
    assert lines[1].startswith("http://127.0.0.1:")


_LOOK_AT_BOTOCORE = """
import sys
there = "botocore" in sys.modules
import botocore.handlers

def handler(event, context):
    hooks = [getattr(hook[1], "__name__", "") for hook in botocore.handlers.BUILTIN_HANDLERS]
    return [there, hooks.count("_ms_add_invoke_depth")]
"""


def test_a_function_that_needs_no_botocore_starts_without_it_and_one_that_does_is_still_traced(prod: Client) -> None:
    make(prod, "emulator-botocore", _LOOK_AT_BOTOCORE)
    assert invoke(prod, "emulator-botocore") == [False, 1]
