"""A template that names versions of objects gets exactly these bytes, and CloudFormation sees when one changes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.strict import STALE_READS
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.rules import EVERY_RULE, cloud_keeping
from tests.tools.stacks import function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
NO_SUCH_VERSION = "S3 Error Code: NoSuchVersion. S3 Error Message: The specified version does not exist."
Client = Callable[[str], Any]


def zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


CODE = {n: zipped("index.py", f"import number\ndef handler(e, c): return [{n}, number.N]\n") for n in (1, 2)}
LAYER = {n: zipped("python/number.py", f"N = {n}\n") for n in (1, 2)}


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One that describes a stack as it is."""
    rules = [rule for rule in EVERY_RULE if rule != STALE_READS]
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config, *rules) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def prod(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Client:
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = client_of(local_cloud, local_config.environment("prod"), service)
        return clients[service]

    return client


@pytest.fixture(scope="module")
def versions(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Mapping[str, str]:
    """Two versions of a code and of a layer, the second over the first: ``{"code1": version id, ...}``."""
    s3, bucket = client_of(local_cloud, local_config.devops, "s3"), local_config.devops.bucket
    made = {}
    for number in (1, 2):
        for kind, bodies in (("code", CODE), ("layer", LAYER)):
            written = s3.put_object(Bucket=bucket, Key=f"projects/pinned/{kind}.zip", Body=bodies[number])
            made[f"{kind}{number}"] = written["VersionId"]
    return made


def template(bucket: str, name: str) -> str:
    """One function with one layer, whose versions in S3 are parameters."""
    code = {"S3Bucket": bucket, "S3Key": "projects/pinned/code.zip", "S3ObjectVersion": {"Ref": "Code"}}
    content = {"S3Bucket": bucket, "S3Key": "projects/pinned/layer.zip", "S3ObjectVersion": {"Ref": "Layer"}}
    resources = function_resources(name, code, Runtime=RUNTIME, Layers=[{"Ref": "Libraries"}])
    resources["Libraries"] = {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {"LayerName": name, "Content": content},
    }
    parameters = {"Code": {"Type": "String"}, "Layer": {"Type": "String"}}
    return json.dumps({"Parameters": parameters, "Resources": resources})


def change(prod: Client, stack: str, kind: str, body: Mapping[str, Any], **parameters: str | None) -> Any:
    """A change set, executed where it can be; None as a parameter's value is the one of before. The change set."""
    cloudformation = prod("cloudformation")
    given = [
        {"ParameterKey": key, "UsePreviousValue": True}
        if value is None
        else {"ParameterKey": key, "ParameterValue": value}
        for key, value in parameters.items()
    ]
    made = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"c{len(cloudformation.list_change_sets(StackName=stack)['Summaries'])}x{kind.lower()}",
        ChangeSetType=kind,
        Parameters=given,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        **body,
    )
    found = cloudformation.describe_change_set(ChangeSetName=made["Id"])
    if found["ExecutionStatus"] == "AVAILABLE":
        cloudformation.execute_change_set(ChangeSetName=made["Id"])
    return found


def ended(prod: Client, stack: str) -> tuple[str, str]:
    cloudformation = prod("cloudformation")
    status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return status, "\n".join(e.get("ResourceStatusReason", "") for e in events)


def answer(prod: Client, name: str) -> Any:
    return json.loads(prod("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read())


def make(prod: Client, config: WorkspaceConfig, name: str, **parameters: str) -> tuple[str, str]:
    change(prod, name, "CREATE", {"TemplateBody": template(config.devops.bucket, name)}, **parameters)
    return ended(prod, name)


def test_an_older_version_than_the_last_one_is_what_runs(
    prod: Client, local_config: WorkspaceConfig, versions: Mapping[str, str]
) -> None:
    status, reason = make(prod, local_config, "pinned-old", Code=versions["code1"], Layer=versions["layer1"])
    assert status == "CREATE_COMPLETE", reason
    assert answer(prod, "pinned-old") == [1, 1]
    configuration = prod("lambda").get_function_configuration(FunctionName="pinned-old")
    assert configuration["CodeSha256"] == sha256(CODE[1])


def test_lambda_tells_which_layer_a_function_has_and_its_bytes(
    prod: Client, local_config: WorkspaceConfig, versions: Mapping[str, str]
) -> None:
    make(prod, local_config, "pinned-told", Code=versions["code2"], Layer=versions["layer1"])
    functions = prod("lambda")
    described = functions.get_function_configuration(FunctionName="pinned-told")
    assert functions.get_function(FunctionName="pinned-told")["Configuration"]["Layers"] == described["Layers"]
    arn = described["Layers"][0]["Arn"]
    assert functions.get_layer_version_by_arn(Arn=arn)["Content"]["CodeSha256"] == sha256(LAYER[1])
    name, number = arn.rsplit(":", 1)
    found = functions.get_layer_version(LayerName=name, VersionNumber=int(number))
    assert (found["Content"]["CodeSha256"], found["LayerVersionArn"]) == (sha256(LAYER[1]), arn)


def test_another_version_alone_is_a_change(
    prod: Client, local_config: WorkspaceConfig, versions: Mapping[str, str]
) -> None:
    make(prod, local_config, "pinned-changed", Code=versions["code1"], Layer=versions["layer1"])

    same = change(prod, "pinned-changed", "UPDATE", {"UsePreviousTemplate": True}, Code=None, Layer=None)
    assert same["Status"] == "FAILED" and "didn't contain changes" in same["StatusReason"]
    assert answer(prod, "pinned-changed") == [1, 1]

    code = change(prod, "pinned-changed", "UPDATE", {"UsePreviousTemplate": True}, Code=versions["code2"], Layer=None)
    assert [c["ResourceChange"]["LogicalResourceId"] for c in code["Changes"]] == ["Function"]
    assert ended(prod, "pinned-changed")[0] == "UPDATE_COMPLETE"
    assert answer(prod, "pinned-changed") == [2, 1]

    layer = change(prod, "pinned-changed", "UPDATE", {"UsePreviousTemplate": True}, Code=None, Layer=versions["layer2"])
    changed = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in layer["Changes"]}
    assert changed["Libraries"]["Replacement"] == "True"
    assert answer(prod, "pinned-changed") == [2, 2]


@pytest.mark.parametrize("kind", ["Code", "Layer"])
def test_a_version_that_does_not_exist_fails_the_stack_in_the_words_of_aws(
    prod: Client, local_config: WorkspaceConfig, versions: Mapping[str, str], kind: str
) -> None:
    given = {"Code": versions["code1"], "Layer": versions["layer1"], kind: "0" * 32}
    status, reason = make(prod, local_config, f"pinned-missing-{kind}", **given)
    assert status == "ROLLBACK_COMPLETE"
    assert NO_SUCH_VERSION in reason


def test_the_api_of_lambda_refuses_a_version_that_does_not_exist(
    prod: Client, local_config: WorkspaceConfig, versions: Mapping[str, str]
) -> None:
    make(prod, local_config, "pinned-api", Code=versions["code1"], Layer=versions["layer1"])
    where = {"S3Bucket": local_config.devops.bucket, "S3Key": "projects/pinned/code.zip", "S3ObjectVersion": "0" * 32}
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchVersion"):
        prod("lambda").update_function_code(FunctionName="pinned-api", **where)
    assert answer(prod, "pinned-api") == [1, 1]


def test_a_template_is_read_in_the_version_of_its_url(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, prod: Client, versions: Mapping[str, str]
) -> None:
    s3, bucket = client_of(local_cloud, local_config.devops, "s3"), local_config.devops.bucket
    key = "projects/pinned/template.json"
    first = s3.put_object(Bucket=bucket, Key=key, Body=template(bucket, "pinned-url").encode())["VersionId"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    url = f"https://s3.us-east-1.amazonaws.com/{bucket}/{key}?versionId={first}"
    parameters = {"Code": versions["code1"], "Layer": versions["layer2"]}
    change(prod, "pinned-url", "CREATE", {"TemplateURL": url}, **parameters)
    assert answer(prod, "pinned-url") == [1, 2]
    with pytest.raises(ClientError, match="ValidationError"):
        change(prod, "pinned-url-2", "CREATE", {"TemplateURL": url[:-2] + "zz"}, **parameters)
