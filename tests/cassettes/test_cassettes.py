"""A cassette has nothing of anybody's account, is what botocore could have made, and plays as a client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.metrics import counts
from multi_env_lambda.testing.memory_store import MemoryStore
from tests.tools.cloudformation import InMemoryCloudFormation

from .cassette import FOLDER, Call, cassettes, read, written
from .difference import differences, heard, step_differences
from .player import Player, played, service_model
from .recorder import Recorder
from .scrub import leaks, scrubbed

ALL = pytest.mark.parametrize("path", cassettes(), ids=lambda path: path.stem)
DOCUMENTED = FOLDER / "documented"


@ALL
def test_nothing_of_an_account_is_in_a_cassette(path: Path) -> None:
    assert leaks(path.read_text(encoding="utf-8")) == []


@ALL
def test_a_line_says_where_it_is_from(path: Path) -> None:
    assert {call.origin for call in read(path)} == {path.parent.name}
    assert all(call.source.startswith("https://") for call in read(path) if call.origin == "documented")


@ALL
def test_an_answer_has_the_shape_that_botocore_knows(path: Path) -> None:
    for call in read(path):
        model = service_model(call.service).operation_model(call.operation)
        assert set(call.parameters) <= _members(model.input_shape), call.name
        assert set(call.answer) <= _members(model.output_shape), call.name
        assert heard(lambda call=call: played(call)).code == call.code


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::210987654321:role/deployer",
        "live-artifacts-210987654321-us-east-1",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "AROAIOSFODNN7EXAMPLE:ada",
        "X-Amz-Security-Token: IQoJb3JpZ2luX2VjE",
        "https://bucket.s3.amazonaws.com/code?X-Amz-Signature=abc&X-Amz-Credential=AKIA",
        "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin/ada@acme.io",
        "arn:aws:sts::111111111111:assumed-role/ci/ada",
        "arn:aws:iam::111111111111:user/ada",
    ],
)
def test_what_must_not_be_in_a_cassette_is_refused_and_the_scrubber_takes_it_out(text: str) -> None:
    assert leaks(text)
    assert leaks(json.dumps(scrubbed({"Text": [text]}, {}))) == []


def test_an_account_gets_its_stand_in_and_tokens_are_dropped() -> None:
    given = {
        "RoleArn": "arn:aws:iam::210987654321:role/x",
        "Owner": "310987654321",
        "ClientToken": "t",
        "Deep": {"Credentials": {"SecretAccessKey": "s"}, "When": datetime(2026, 1, 1, tzinfo=UTC), "Body": b"secret"},
        "Environment": {"Variables": {"PASSWORD": "hunter2"}},
    }

    found = scrubbed(given, {"210987654321": "2" * 12})

    assert (found["RoleArn"], found["Owner"]) == (f"arn:aws:iam::{'2' * 12}:role/x", "9" * 12)
    assert found["Deep"]["When"] == "2026-01-01T00:00:00+00:00"
    assert not {"hunter2", "secret", "ClientToken", "Credentials"} & set(json.dumps(found).replace('"', " ").split())


@mock_aws
def test_what_was_recorded_can_be_played(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "step.jsonl", {}, "a step, 2026-01-01, us-east-1")
    session = botocore.session.Session()
    recorder.listen(session)
    client = session.create_client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="live-bucket")
    made = client.put_object(Bucket="live-bucket", Key="one", Body=b"secret", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="live-bucket", Key="one", Body=b"secret", IfNoneMatch="*")

    calls = read(recorder.path)
    player = Player(calls)

    assert [(call.name, call.status) for call in calls] == [
        ("s3.CreateBucket", 200),
        ("s3.PutObject", 200),
        ("s3.PutObject", 412),
    ]
    assert "secret" not in recorder.path.read_text(encoding="utf-8")
    player.create_bucket(Bucket="live-bucket")
    assert player.put_object(Key="one")["ETag"] == made["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        player.put_object(Key="one")
    player.finish()


def test_a_player_fails_on_what_the_cassette_does_not_have() -> None:
    player = Player(read(DOCUMENTED / "change-set-of-a-taken-name.jsonl"))
    player.create_change_set()
    with pytest.raises(AssertionError, match="delete_stack was called, the cassette has cloudformation.Describe"):
        player.delete_stack()
    with pytest.raises(AssertionError, match=r"nobody called cloudformation\.DescribeEvents"):
        player.finish()


@pytest.mark.parametrize(
    "name, write",
    [
        ("object-that-is-there", lambda store: store.put_new("one", b"2")),
        ("object-that-was-changed", lambda store: store.replace("one", b"2", etag="of another time")),
        ("object-that-was-deleted", lambda store: store.replace("none", b"2", etag="of another time")),
    ],
)
def test_the_store_in_memory_says_what_the_bucket_makes_of_the_answer_of_aws(name: str, write: Any) -> None:
    memory = MemoryStore()
    memory.put_new("one", b"1")
    # Who lost looks at what is there: an object of another size.
    there = {"status": 200, "answer": {"ETag": '"other"', "ContentLength": 5}}
    look = Call(service="s3", operation="HeadObject", parameters={}, origin="documented", source="", **there)
    played = Bucket(Player([*read(DOCUMENTED / f"{name}.jsonl"), look]), "live-bucket", "1" * 12)

    assert (write(played), write(memory)) == (None, None)


@pytest.mark.parametrize(
    "name, prepare, call",
    [
        (
            "change-of-a-stack-that-failed",
            lambda cloud: cloud.put_stack("live-one", "ROLLBACK_COMPLETE"),
            lambda cloud: _change(cloud),
        ),
        (
            "change-of-a-stack-whose-rollback-failed",
            lambda cloud: cloud.put_stack("live-one", "UPDATE_ROLLBACK_FAILED"),
            lambda cloud: _change(cloud),
        ),
        (
            "change-set-without-changes",
            lambda cloud: (cloud.put_stack("live-one", "UPDATE_COMPLETE"), _change(cloud, "{}")),
            lambda cloud: cloud.describe_change_set(ChangeSetName="live-set", StackName="live-one"),
        ),
    ],
)
def test_cloudformation_in_memory_answers_as_aws_does(name: str, prepare: Any, call: Any) -> None:
    cloud = InMemoryCloudFormation()
    prepare(cloud)

    (recorded,) = read(DOCUMENTED / f"{name}.jsonl")
    found = differences(recorded, heard(lambda: call(cloud)))

    assert [line for line in found if line != "shape: here without StackName"] == []


def test_the_minutes_of_a_version_are_read_as_cloudwatch_gives_them() -> None:
    (call,) = read(DOCUMENTED / "what-a-version-did-in-a-minute.jsonl")
    found = counts(Player([call, call]), "live-one", "live", "2", 10**9)

    assert (found.invocations, found.errors) == (3, 3)


def test_two_recordings_of_one_step_are_compared_by_operation() -> None:
    def call(operation: str, **more: Any) -> Call:
        given = {"service": "lambda", "parameters": {}, "status": 200, "origin": "recorded", "source": "x", **more}
        return Call(operation=operation, **given)

    refusal = {"status": 400, "code": "InvalidParameterValueException"}
    aws = [
        call("GetAlias", answer={"Name": "live", "FunctionVersion": "1", "RoutingConfig": {}}),
        call("GetAlias", answer={"Name": "live", "FunctionVersion": "2"}),
        call("UpdateAlias", message="Invalid function version 7.", **refusal),
        call("CreateFunction", message="The role cannot be assumed.", **refusal),
        call("ListLayers", answer={"Layers": []}),
    ]
    here = [
        call("GetAlias", answer={"Name": "live", "FunctionVersion": "1", "More": 1}),
        call("UpdateAlias", message="Invalid function version 3.", **refusal),
        call("CreateFunction"),
    ]

    assert step_differences(aws, here) == (
        "lambda.CreateFunction: here never InvalidParameterValueException: The role cannot be assumed",
        "lambda.GetAlias: here without RoutingConfig",
        "lambda.ListLayers: never called here",
    )


def test_a_cassette_is_read_as_it_was_written(tmp_path: Path) -> None:
    calls = read(DOCUMENTED / "change-set-of-a-taken-name.jsonl")
    (tmp_path / "x.jsonl").write_text(written(calls), encoding="utf-8")

    assert read(tmp_path / "x.jsonl") == calls


def _change(cloud: InMemoryCloudFormation, body: str = '{"Resources": {}}') -> Any:
    return cloud.create_change_set(
        StackName="live-one", ChangeSetName="live-set", ChangeSetType="UPDATE", TemplateBody=body
    )


def _members(shape: Any) -> set[str]:
    return set(shape.members) if shape is not None else set()
