"""What takes time at AWS takes effect when the local cloud's clock is moved, and nobody waits."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.functions import invoke
from multi_env_lambda.aws.ledger import LEASE_SECONDS, Ledger
from multi_env_lambda.aws.metrics import counts
from multi_env_lambda.errors import Busy
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.local import emulator
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.server import _server_python, down, ensure_running
from multi_env_lambda.local.strict import RULES
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import CloudTime, client_of
from tests.rules import cloud_keeping
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

EMULATOR = Path(emulator.__file__).parent
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
READS = """
import boto3, os
def handler(event, context):
    client = boto3.client("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    return client.list_tables()["TableNames"]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.fixture(scope="module")
def cloud(root: Path, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One of its own, since the clock of all tests stays where it is."""
    with cloud_keeping(root, local_config, *RULES) as found:
        yield found


@pytest.fixture(scope="module")
def clock(cloud: LocalCloud) -> CloudTime:
    return CloudTime(cloud)


@pytest.fixture(scope="module")
def clients(cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("test")
    return {name: client_of(cloud, place, name) for name in ("lambda", "cloudwatch", "cloudformation", "sts")}


def test_the_clock_is_moved_forward_and_by_whoever_has_the_secret_only(cloud: LocalCloud, clock: CloudTime) -> None:
    before = clock.seconds()
    clock.sleep(600)
    assert 600 <= clock.seconds() - before < 660
    for wrong in (-1, float("nan"), 1e9):
        with pytest.raises(ValueError, match="seconds must be a number from 0 to 604800"):
            clock.sleep(wrong)
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc)
    connection.request("POST", "/_ministack/clock", b'{"seconds": 60}')
    assert connection.getresponse().status == 403


def test_a_silent_holder_is_taken_over_when_the_clock_says_so(
    cloud: LocalCloud, local_config: WorkspaceConfig, clock: CloudTime, tmp_path: Path
) -> None:
    devops = local_config.devops
    ledger = Ledger(Bucket(client_of(cloud, devops, "s3"), devops.bucket, devops.account_id), tmp_path)

    def take(who: str) -> int:
        holder = Holder(nonce=who, who=who, host="laptop", process="1 1", since="2026-01-01T10:00:00Z", fencing=0)
        return ledger.acquire("test", "silent", holder, running=None, is_dead=lambda _: False).fencing

    first = take("ada")
    with pytest.raises(Busy):
        take("grace")
    clock.sleep(LEASE_SECONDS + 3)
    for _ in range(3):
        ledger.store.list("environments/")  # the earliest of the last three answers counts
    assert take("grace") == first + 1


def test_what_lambda_measured_and_an_old_version_are_gone_or_there_after_the_move(
    clients: dict[str, Any], clock: CloudTime
) -> None:
    function, code = clients["lambda"], {"ZipFile": "def handler(event, context): return 1"}
    create_stack(clients["cloudformation"], "moved", function_resources("moved", code, Runtime=RUNTIME))
    function.publish_version(FunctionName="moved")
    function.create_alias(FunctionName="moved", Name="live", FunctionVersion="1")
    function.update_function_configuration(FunctionName="moved", Description="second")
    function.publish_version(FunctionName="moved")
    function.update_alias(FunctionName="moved", Name="live", FunctionVersion="2")

    assert invoke(function, "moved", "live", b"{}", Retrying()).version == "1"
    clock.sleep(1)
    assert invoke(function, "moved", "live", b"{}", Retrying()).version == "2"
    assert counts(clients["cloudwatch"], "moved", "live", "2", 300).invocations == 0
    clock.sleep(120)
    assert counts(clients["cloudwatch"], "moved", "live", "2", 300).invocations == 1


def test_what_a_template_grants_counts_five_seconds_later(clients: dict[str, Any], clock: CloudTime) -> None:
    resources = function_resources("granted", {"ZipFile": READS}, Runtime=RUNTIME)
    statement = {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    resources["Role"]["Properties"]["Policies"] = [{"PolicyName": "reads", "PolicyDocument": document}]
    assert create_stack(clients["cloudformation"], "granted", resources)[0] == "CREATE_COMPLETE"

    def answer() -> Any:
        return json.loads(clients["lambda"].invoke(FunctionName="granted")["Payload"].read())

    assert "AccessDeniedException" in answer()["errorMessage"]
    clock.sleep(5)
    assert answer() == []


def test_a_lifecycle_rule_removes_an_object_at_the_midnight_after_its_days(
    cloud: LocalCloud, local_config: WorkspaceConfig, clock: CloudTime
) -> None:
    s3, bucket = client_of(cloud, local_config.devops, "s3"), "lifecycle-of-a-bucket"
    s3.create_bucket(Bucket=bucket)
    ends = {"ID": "a", "Filter": {"Prefix": "short/"}, "Status": "Enabled", "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [ends]})
    for key in ("long/a", "short/a"):
        s3.put_object(Bucket=bucket, Key=key)

    def there() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]

    assert there() == ["long/a", "short/a"]
    clock.sleep(2 * 86_400)
    assert there() == ["long/a"]


def test_lambda_takes_so_many_requests_a_second(cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    client = client_of(cloud, local_config.environment("staging"), "lambda", attempts=1)
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate exceeded"):
        for _ in range(40):
            client.list_functions()
    CloudTime(cloud).sleep(1)
    for _ in range(15):
        client.list_functions()


def test_cloudwatch_takes_so_many_requests_a_second(cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    client = client_of(cloud, local_config.environment("staging"), "cloudwatch", attempts=1)
    with pytest.raises(ClientError, match="Throttling.*Rate exceeded"):
        for _ in range(40):
            client.describe_alarms()
    CloudTime(cloud).sleep(1)
    for _ in range(9):
        client.describe_alarms()


_IN_ONE_SECOND = """
import asyncio, importlib, sys
sys.path.insert(0, sys.argv[1])
from emulator import throttling
throttling.patch(lambda: 1e9)
def taken(module, action):
    handle = importlib.import_module(f"ministack.services.{module}").handle_request
    async def asked():
        answers = [await handle("POST", "/", {}, b"Action=" + action.encode(), {}) for _ in range(700)]
        return sum(b"Rate exceeded" not in answer[2] for answer in answers)
    return asyncio.run(asked())
asked = ("sts", "GetCallerIdentity"), ("cloudwatch", "GetMetricStatistics"), ("cloudwatch", "DescribeAlarms")
print(*(taken(*one) for one in asked))
"""


def test_so_many_are_taken_as_aws_publishes() -> None:
    argv = [_server_python(), "-I", "-c", _IN_ONE_SECOND, EMULATOR.parent]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["600", "400", "9"]


def test_a_new_start_is_not_earlier_and_lets_in_who_signs_by_the_clock_of_this_machine(
    tmp_path: Path, local_config: WorkspaceConfig
) -> None:
    try:
        clock = CloudTime(ensure_running(tmp_path, local_config))
        clock.sleep(24 * 3600)
        before = clock.seconds()
        down(tmp_path)
        again = ensure_running(tmp_path, local_config)
        assert CloudTime(again).seconds() >= before
        assert client_of(again, local_config.devops, "sts").get_caller_identity()["Account"] == "111111111111"
    finally:
        down(tmp_path)
