"""A version is published of the code that is asked for, or not at all, as by Lambda."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = {"ZipFile": "def handler(event, context): return 1"}
OTHER = r"CodeSHA256 \(b3RoZXI=\) is different from current CodeSHA256 in \$LATEST \("


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {service: client_of(local_cloud, place, service) for service in ("lambda", "cloudformation")}


def test_by_the_api_and_by_a_stack_other_code_is_not_published(clients: dict[str, Any]) -> None:
    cloudformation, name = clients["cloudformation"], "published"
    resources = function_resources(name, SOURCE, Runtime=RUNTIME)
    assert create_stack(cloudformation, name, resources)[0] == "CREATE_COMPLETE"
    code = clients["lambda"].get_function_configuration(FunctionName=name)["CodeSha256"]

    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{OTHER}"):
        clients["lambda"].publish_version(FunctionName=name, CodeSha256="b3RoZXI=")
    version = {"FunctionName": {"Ref": "Function"}, "CodeSha256": "b3RoZXI="}
    wanted = {**resources, "V": {"Type": "AWS::Lambda::Version", "Properties": version}}
    body = json.dumps({"Resources": wanted})
    cloudformation.update_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])

    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert len(clients["lambda"].list_versions_by_function(FunctionName=name)["Versions"]) == 1
    with pytest.raises(ClientError, match="PreconditionFailedException.*RevisionId provided does not match"):
        clients["lambda"].publish_version(FunctionName=name, RevisionId="another")
    assert clients["lambda"].publish_version(FunctionName=name, CodeSha256=code)["Version"] == "1"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (b"no zip", "Could not unzip uploaded file. Please check your file, then try to upload again."),
        (None, "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: "),
    ],
)
def test_code_that_lambda_refuses_is_told_in_its_words(
    clients: dict[str, Any], local_cloud: LocalCloud, local_config: WorkspaceConfig, code: bytes | None, said: str
) -> None:
    cloudformation, name = clients["cloudformation"], f"refused-{'no-zip' if code else 'no-object'}"
    s3 = client_of(local_cloud, local_config.environment("staging"), "s3")
    s3.create_bucket(Bucket=name)
    if code:
        s3.put_object(Bucket=name, Key="code", Body=code)
    assert create_stack(cloudformation, name, function_resources(name, SOURCE, Runtime=RUNTIME))[0] == "CREATE_COMPLETE"

    other = function_resources(name, {"S3Bucket": name, "S3Key": "code"}, Runtime=RUNTIME)
    body = json.dumps({"Resources": other})
    cloudformation.update_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])

    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "UPDATE_FAILED"]
    assert [reason.startswith(f'Resource handler returned message: "{said}') for reason in reasons] == [True], reasons
