"""The proxy forwards signed requests unharmed, and fails the way AWS fails."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import attrs
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from multi_env_lambda.host.parallel import together
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.faults import (
    WRITES,
    Call,
    Delay,
    Fail,
    FaultProxy,
    KillAfter,
    LoseAnswer,
    Throttle,
    longest_chain,
)

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def proxy(local_cloud: LocalCloud) -> Iterator[FaultProxy]:
    with FaultProxy(local_cloud.endpoint) as running:
        yield running


@pytest.fixture(scope="module")
def s3(local_cloud: LocalCloud, local_config: WorkspaceConfig, proxy: FaultProxy) -> Any:
    return client_of(local_cloud, local_config.devops, "s3", endpoint=proxy.endpoint, attempts=1)


@pytest.fixture
def bucket(local_config: WorkspaceConfig, proxy: FaultProxy) -> str:
    proxy.set_rules()
    proxy.forget_calls()
    return local_config.devops.bucket


def test_a_signed_request_passes_unharmed(s3: Any, bucket: str, proxy: FaultProxy) -> None:
    s3.put_object(Bucket=bucket, Key="faults/a b+c.txt", Body=b"body" * 1000, ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=bucket, Key="faults/a b+c.txt")["Body"].read() == b"body" * 1000
    assert s3.head_object(Bucket=bucket, Key="faults/a b+c.txt")["ContentLength"] == 4000
    assert [call.label for call in proxy.log] == [f"{n}Object faults/a b+c.txt" for n in ("Put", "Get", "Head")]


def test_a_throttled_call_is_answered_in_the_words_of_s3_and_not_applied(
    s3: Any, bucket: str, proxy: FaultProxy
) -> None:
    proxy.set_rules(Throttle(match="PutObject faults/*", times=1))
    with pytest.raises(ClientError, match="SlowDown") as caught:
        s3.put_object(Bucket=bucket, Key="faults/throttled", Body=b"")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="faults/throttled")


def test_a_lost_answer_was_applied(s3: Any, bucket: str, proxy: FaultProxy) -> None:
    proxy.set_rules(LoseAnswer(match="PutObject"))
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket=bucket, Key="faults/lost", Body=b"applied")
    assert s3.get_object(Bucket=bucket, Key="faults/lost")["Body"].read() == b"applied"


def test_a_kill_comes_after_the_nth_write_was_applied(s3: Any, bucket: str, proxy: FaultProxy) -> None:
    killed: list[str] = []
    proxy.set_rules(KillAfter(match=WRITES, nth=2, kill=lambda: killed.append(proxy.log[-1].subject)))
    s3.put_object(Bucket=bucket, Key="faults/first", Body=b"")
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket=bucket, Key="faults/second", Body=b"")
    assert killed == ["faults/second"]
    assert s3.get_object(Bucket=bucket, Key="faults/second")["Body"].read() == b""


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [("cloudformation", "describe_stacks", "Throttling"), ("ssm", "describe_parameters", "ThrottlingException")],
)
def test_throttling_has_the_code_of_each_protocol(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, proxy: FaultProxy, service: str, operation: str, code: str
) -> None:
    client = client_of(local_cloud, local_config.devops, service, endpoint=proxy.endpoint, attempts=1)
    proxy.set_rules(Throttle(match="Describe*"))
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert caught.value.response["Error"]["Code"] == code


def test_boto3_itself_overcomes_what_lasts_shortly(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, proxy: FaultProxy
) -> None:
    client = client_of(local_cloud, local_config.devops, "cloudformation", endpoint=proxy.endpoint, attempts=3)
    proxy.forget_calls()
    proxy.set_rules(Fail(match="DescribeStacks", status=500), Delay(match="DescribeStacks", seconds=0.01))
    assert client.describe_stacks()["Stacks"] is not None
    assert [call.fault for call in proxy.log] == ["Fail", "Delay"]


def test_calls_are_counted_per_operation_and_known_by_account(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, proxy: FaultProxy
) -> None:
    proxy.set_rules()
    through = attrs.evolve(local_cloud, endpoint=proxy.endpoint)
    prod = local_config.environment("prod")
    client = client_of(through, prod, "cloudformation")
    proxy.forget_calls()
    client.describe_stacks()
    client.list_stacks()
    assert dict(proxy.calls) == {"DescribeStacks": 1, "ListStacks": 1}
    assert {call.account for call in proxy.log} == {prod.account_id}


def test_calls_that_wait_for_each_other_are_told_from_those_that_overlap(
    s3: Any, bucket: str, proxy: FaultProxy
) -> None:
    proxy.set_rules(Delay(match="*", seconds=0.3))
    s3.list_objects_v2(Bucket=bucket)
    together(*(partial(s3.list_objects_v2, Bucket=bucket, Prefix=name) for name in ("a", "b", "c")))
    s3.head_bucket(Bucket=bucket)

    assert len(proxy.log) == 5
    assert [call.name for call in longest_chain(proxy.log)] == ["ListObjectsV2", "ListObjectsV2", "HeadBucket"]
    proxy.set_rules()


def test_the_longest_chain_is_not_that_of_the_first_call_alone() -> None:
    def call(name: str, began: float, ended: float) -> Call:
        return Call(name=name, subject="", account="", began=began, ended=ended)

    calls = [call("long", 0, 9), call("a", 1, 2), call("b", 2, 3), call("c", 2.5, 4), call("d", 3, 5)]

    assert [item.name for item in longest_chain(calls)] == ["a", "b", "d"]
