"""Throttled, failing and lost calls to a real server: the result is the same, and nothing is done twice.

With one attempt botocore does not repeat anything, so that our own repetition is seen; with six it is botocore's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.host.retrying import Retries, Retrying
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.lease import FakeHeld
from tests.tools.faults import Fail, FaultProxy, LoseAnswer, Rule, Throttle

pytestmark = pytest.mark.local_cloud


@attrs.define(kw_only=True)
class Setting:
    proxy: FaultProxy
    stacks: Stacks
    bucket: Bucket
    retries: Retries


@pytest.fixture(params=[1, 6])
def it(
    request: pytest.FixtureRequest,
    local_environment: LocalCloud,
    local_config: WorkspaceConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Setting]:
    with FaultProxy(local_environment.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        sessions, devops, test = Sessions(attempts=request.param), local_config.devops, local_config.environment("test")
        client = sessions.client(test, "cloudformation")
        retrying = Retrying(retries=sessions.retries)
        bucket = Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id, retrying=retrying)
        stacks = Stacks(client, Poller(client), place="test", retrying=retrying)
        sessions.verify(test)
        bucket.now()
        yield Setting(proxy=proxy, stacks=stacks, bucket=bucket, retries=sessions.retries)


def template(name: str, value: str) -> str:
    properties = {"Type": "String", "Name": f"/{name}", "Value": value}
    return json.dumps({"Resources": {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": properties}}})


def named(prefix: str, request: pytest.FixtureRequest) -> str:
    """A name of this test's own; the cloud is shared."""
    return prefix + hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


def rules(operation: str) -> list[Rule]:
    return [Throttle(match=operation), Fail(match=operation, status=500), LoseAnswer(match=operation)]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["throttled", "failed", "lost"])
@pytest.mark.parametrize("operation", ["CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet"])
def test_a_deployment_survives(it: Setting, operation: str, kind: int, request: pytest.FixtureRequest) -> None:
    name = named("s", request)
    it.proxy.set_rules(rules(operation)[kind])
    created = it.stacks.deploy(name, template(name, "1"), held=FakeHeld(), token="run-1")
    it.proxy.set_rules(rules(operation)[kind])
    updated = it.stacks.deploy(name, template(name, "2"), held=FakeHeld(), token="run-2")
    assert (created.changed, updated.changed) == (True, True)
    begun = [event.status for event in it.stacks.events(name) if event.is_of_the_stack]
    assert begun == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["throttled", "failed", "lost"])
def test_a_deletion_survives(it: Setting, kind: int, request: pytest.FixtureRequest) -> None:
    name = named("d", request)
    it.stacks.deploy(name, template(name, "1"), held=FakeHeld(), token="run-1")
    it.proxy.set_rules(rules("DeleteStack")[kind])
    assert it.stacks.delete(name, held=FakeHeld(), token="run-2") is True
    assert it.stacks.describe(name) is None


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["throttled", "failed", "lost"])
def test_publishing_survives(it: Setting, kind: int, request: pytest.FixtureRequest) -> None:
    key = f"projects/{named('k', request)}/x"
    it.proxy.set_rules(rules("PutObject")[kind])
    first = it.bucket.put_new(key, b"one")
    assert first is not None and it.bucket.put_new(key, b"two") is None
    it.proxy.set_rules(rules("PutObject")[kind])
    replaced = it.bucket.replace(key, b"three", etag=first.etag)
    assert replaced is not None
    it.proxy.set_rules(rules("DeleteObject")[kind])
    assert it.bucket.delete(key, etag=replaced.etag, held=FakeHeld()) is True
    assert it.bucket.get(key) is None
    # Whether botocore has sent it again or we have: each is counted once.
    assert sum(it.retries.count().values()) == 3
