"""Step 14: what CodePipeline says of an approval, on which the witness relies."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from multi_env_lambda.model.codepipeline import APPROVE, digest_in, said_of

from .janitor import TAG
from .step import step
from .yard import Yard

_DIGEST = "0123456789abcdef" * 4
_SECONDS = 300.0


def _kind(category: str, provider: str) -> dict[str, str]:
    return {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}


def _approval(custom: str) -> dict[str, Any]:
    kind = _kind("Approval", "Manual")
    return {"ActionTypeId": kind, "Configuration": {"CustomData": custom}, "Name": APPROVE, "RunOrder": 1}


def _template(name: str, run: str) -> dict[str, Any]:
    tags = [{"Key": TAG, "Value": run}]
    store = {"Fn::GetAtt": ["Bucket", "Arn"]}
    keeps = ("s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    allowed = {"Effect": "Allow", "Action": list(keeps), "Resource": [store, {"Fn::Join": ["", [store, "/*"]]}]}
    who = {"Service": "codepipeline.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}], "Version": "2012-10-17"}
    source = {
        "ActionTypeId": _kind("Source", "S3"),
        "Configuration": {"PollForSourceChanges": "false", "S3Bucket": {"Ref": "Bucket"}, "S3ObjectKey": "source.zip"},
        "Name": "Source",
        "Namespace": "Said",
        "OutputArtifacts": [{"Name": "Source"}],
        "RunOrder": 1,
    }
    other = {"Operator": "NE", "Value": "source.zip", "Variable": "#{Said.ObjectKey}"}
    rule = {"Configuration": other, "Name": "Other", "RuleTypeId": _kind("Rule", "VariableCheck")}
    shown = said_of("prod", _DIGEST, "#{Said.ObjectKey}")
    stages = [
        {"Name": "Source", "Actions": [source]},
        {
            "Name": "skipped",
            "Actions": [_approval("never")],
            "BeforeEntry": {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]},
        },
        {"Name": "prod", "Actions": [_approval(shown)]},
    ]
    pipeline = {
        "ArtifactStore": {"Location": {"Ref": "Bucket"}, "Type": "S3"},
        "ExecutionMode": "SUPERSEDED",
        "Name": name,
        "PipelineType": "V2",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "Stages": stages,
    }
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]}}
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags}
    role = {"AssumeRolePolicyDocument": trust, "Policies": [policy], "RoleName": name, "Tags": tags}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": versioned},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": pipeline},
        }
    }


@step(14, cost="nothing: one pipeline for some minutes", needs=("bucket",))
def test_pipeline(yard: Yard) -> None:
    """CodePipeline says whose session approved, and which text it was, with its variables; a condition skips."""
    name = yard.name("pipeline")
    stacks, pipelines = yard.client("cloudformation"), yard.client("codepipeline")
    stacks.create_stack(
        StackName=name,
        TemplateBody=json.dumps(_template(name, yard.run)),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": TAG, "Value": yard.run}],
    )
    bucket = ""
    try:
        yard.eventually("the stack is there", lambda: _status(stacks, name) == "CREATE_COMPLETE", seconds=_SECONDS)
        bucket = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Bucket")["StackResourceDetail"][
            "PhysicalResourceId"
        ]
        yard.client("s3").put_object(Bucket=bucket, Key="source.zip", Body=_zip())
        execution = pipelines.start_pipeline_execution(name=name)["pipelineExecutionId"]
        yard.eventually("somebody is asked", lambda: bool(_token(pipelines, name)), seconds=_SECONDS)
        said = {"status": "Approved", "summary": "by the live suite"}
        pipelines.put_approval_result(
            pipelineName=name, stageName="prod", actionName=APPROVE, result=said, token=_token(pipelines, name)
        )
        approval = _approved(pipelines, name, execution)

        assert approval["status"] == "Succeeded"
        assert approval["updatedBy"] == yard.client("sts").get_caller_identity()["Arn"]
        shown = approval["input"]["resolvedConfiguration"]["CustomData"]
        assert digest_in(shown, "prod") == _DIGEST and shown.endswith(": source.zip")
        states = pipelines.get_pipeline_state(name=name)["stageStates"]
        assert [one["latestExecution"]["status"] for one in states if one["stageName"] == "skipped"] == ["Skipped"]
    finally:
        if bucket:
            _empty(yard.client("s3"), bucket)
        stacks.delete_stack(StackName=name)


def _status(stacks: Any, name: str) -> str:
    return str(stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def _token(pipelines: Any, name: str) -> str:
    for stage in pipelines.get_pipeline_state(name=name)["stageStates"]:
        for action in stage["actionStates"]:
            if stage["stageName"] == "prod" and (found := action.get("latestExecution", {}).get("token")):
                return str(found)
    return ""


def _approved(pipelines: Any, name: str, execution: str) -> dict[str, Any]:
    found = pipelines.list_action_executions(pipelineName=name, filter={"pipelineExecutionId": execution})
    (one,) = [one for one in found["actionExecutionDetails"] if one["actionName"] == APPROVE]
    return dict(one)


def _zip() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        file.writestr("empty", "")
    return body.getvalue()


def _empty(s3: Any, bucket: str) -> None:
    found = s3.list_object_versions(Bucket=bucket)
    for one in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
