"""Steps 0 to 3: who one is, the bucket, the first deploy, one changed line."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import attrs
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import AccountError
from multi_env_lambda.local.cloud import places
from multi_env_lambda.model.artifact import PublishedObject

from .janitor import TAG
from .step import step
from .yard import Yard


@step(0, cost="nothing")
def test_access(yard: Yard) -> None:
    """Each account is reached by its role, and no other account by mistake.

    The refusals are recorded: their texts are what `hint:` lines build on.
    """
    for place in places(yard.config):
        assert yard.client("sts", place).get_caller_identity()["Account"] == place.account_id
    kind = yard.sessions.caller().rpartition(":")[2].partition("/")[0]
    yard.notes.append(f"the caller is of the kind {kind}")

    nobody = attrs.evolve(yard.first, role_name=yard.name("nobody"))
    with pytest.raises(AccountError, match="may not assume"):
        Sessions().verify(nobody)
    mistaken = attrs.evolve(yard.first, account_id="000000000000", role_name="")
    with pytest.raises(AccountError, match="but the configuration says 000000000000"):
        Sessions().verify(mistaken)


@step(1, cost="under 0.01 USD: some 400 requests to S3", needs=("access",))
def test_bucket(yard: Yard) -> None:
    """The bucket is made once, keeps what others set, and one of many writers wins.

    Proves also how conditional writes answer: 412 for a taken key and a changed one, 404 for one that is gone; and that
    the checksum of a copied part proves that of the copy.
    """
    s3, name = yard.client("s3", yard.config.devops), yard.config.devops.bucket
    first = yard.verb("bootstrap")
    assert first.code == 0, first.err
    foreign = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketWebsite"}
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    policy["Statement"].append({**foreign, "Resource": f"arn:aws:s3:::{name}"})
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": TAG, "Value": yard.run}]})

    again = yard.verb("bootstrap")

    assert "no changes needed" in again.err
    kept = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert "Others" in {statement.get("Sid") for statement in kept}
    assert _conditions(s3, name, f"live/{yard.run}") == [412, 412, 404]
    bucket = Bucket(s3, name, yard.config.devops.account_id)
    _race(yard, bucket)
    _copy(yard, bucket)
    doctor = yard.verb("doctor")
    assert doctor.code == 0, doctor.out + doctor.err


@step(2, cost="under 0.01 USD", needs=("bucket",))
def test_first_deploy(yard: Yard) -> None:
    """Code and layer of the devops account run in the others, and the same command again does nothing.

    Needs iam:PassRole, and a role that Lambda can assume some seconds after it was made.
    """
    unit = yard.unit("first-deploy")
    unit.change("dependencies = []", 'dependencies = ["six==1.17.0"]')
    unit.handler('import six\n\nreturn {"greeting": f"hello {event[\'name\']}", "six": six.__version__}')
    assert yard.verb("lock", unit.name).code == 0

    done = yard.verb("deploy", "--to", yard.last.name, "--only", unit.name, "--yes")
    assert done.code == 0, done.err
    before = len(yard.calls())
    again = yard.verb("deploy", "--to", yard.last.name, "--only", unit.name, "--yes")

    assert (again.code, "up to date" in again.out) == (0, True), again.err
    assert {call.operation for call in yard.calls(before)}.isdisjoint({"CreateChangeSet", "ExecuteChangeSet"})
    for place in yard.config.environments:
        answer = yard.verb("invoke", unit.name, "main", place.name, "--payload", '{"name": "aws"}').answer
        assert answer == {"greeting": "hello aws", "six": "1.17.0"}


@step(3, cost="under 0.01 USD", needs=("bucket",))
def test_one_line(yard: Yard) -> None:
    """One changed line is one version more of one function, with the bytes that were published."""
    unit, other = yard.unit("one-line"), yard.unit("one-line-other")
    for one in (unit, other):
        yard.deploy(one)
    events, version = _events(yard, other.name), yard.version(unit)
    unit.handler('return {"greeting": f"hello {event[\'name\']}", "changed": True}')

    done = yard.verb("deploy", yard.first.name, "--yes", "--json")

    outcomes = {name: outcome for (_, name), outcome in done.outcomes().items()}
    assert (outcomes[unit.name], outcomes.get(other.name, "unchanged")) == ("deployed", "unchanged")
    assert (int(yard.version(unit)), _events(yard, other.name)) == (int(version) + 1, events)
    key = f"projects/{unit.name}/lambda/source/0.1.0.post1/{unit.package.name}-0.1.0.post1-py3-none-any.whl"
    wheel = yard.client("s3", yard.config.devops).get_object(Bucket=yard.config.devops.bucket, Key=key)["Body"].read()
    found = yard.client("lambda").get_function_configuration(FunctionName=yard.function(unit), Qualifier="live")
    assert found["CodeSha256"] == base64.b64encode(hashlib.sha256(wheel).digest()).decode()


def _conditions(s3: Any, bucket: str, prefix: str) -> list[int]:
    """The status of a write to a taken key, to one that was changed, and to one that was deleted."""
    one, gone = f"{prefix}/one", f"{prefix}/gone"
    etag = s3.put_object(Bucket=bucket, Key=gone, Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key=one, Body=b"1")
    s3.delete_object(Bucket=bucket, Key=gone)
    found = []
    for condition in (
        {"Key": one, "IfNoneMatch": "*"},
        {"Key": one, "IfMatch": '"00000000000000000000000000000000"'},
        {"Key": gone, "IfMatch": etag},
    ):
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Body=b"2", **condition)
        found.append(caught.value.response["ResponseMetadata"]["HTTPStatusCode"])
    return found


def _copy(yard: Yard, bucket: Bucket) -> None:
    folder, body = f"live/{yard.run}/copies", b"a layer"
    wanted = PublishedObject(key=f"{folder}/two", sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    bucket.put_new(f"{folder}/one", body)

    written, there = bucket.copy_new(wanted, f"{folder}/one"), bucket.head(wanted.key)

    assert written is not None and there is not None
    assert (there.sha256, there.version_id) == (wanted.sha256, written.version_id)
    assert bucket.copy_new(wanted, f"{folder}/one") == written
    assert bucket.copy_new(attrs.evolve(wanted, key=f"{folder}/three", sha256="0" * 64), f"{folder}/one") is None
    assert bucket.head(f"{folder}/three") is None


def _race(yard: Yard, bucket: Bucket) -> None:
    """16 writers, 20 keys: one of them wins each, and the store's clock is measured by the way."""
    keys = [f"live/{yard.run}/race/{number}" for number in range(20)]

    def write(pair: tuple[str, int]) -> tuple[str, bool]:
        return pair[0], bucket.put_new(pair[0], str(pair[1]).encode()) is not None

    with ThreadPoolExecutor(16) as pool:
        won = [key for key, wins in pool.map(write, product(keys, range(16))) if wins]
    assert sorted(won) == sorted(keys)
    written = max(item.modified for item in bucket.list(f"live/{yard.run}/race/"))
    yard.notes.append(f"the answers' Date is {bucket.now() - written:.1f} s after the youngest LastModified")


def _events(yard: Yard, unit: str) -> int:
    stack = f"{unit}-{yard.first.name}"
    pages = yard.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    return sum(len(page["StackEvents"]) for page in pages)
