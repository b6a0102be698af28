"""The accounts and the bucket in memory are as strict as the real ones, and safe for threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from multi_env_lambda.aws.account import Platform, StackRequest
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore

PLACE = Environment(name="test", account_id="2" * 12, region="us-east-1", position=0)


def template(name: str, version: int = 1) -> str:
    reference = {"FunctionName": {"Ref": "F"}}
    resources = {
        "F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": name, "Code": {"S3Key": name}}},
        f"V{version}": {"Type": "AWS::Lambda::Version", "Properties": reference},
        "A": {"Type": "AWS::Lambda::Alias", "Properties": {**reference, "FunctionVersion": f"V{version}"}},
    }
    return json.dumps({"Resources": resources})


def deployed(platform: MemoryPlatform, name: str, version: int = 1, held: FakeHeld | None = None) -> None:
    request = StackRequest(name=name, template=template(name, version), address_of=lambda _: None, token="t", tags={})
    platform.deploy(PLACE, request, held or FakeHeld(), lambda _: None)


def filled() -> MemoryPlatform:
    platform = MemoryPlatform(lambda key: key)
    deployed(platform, "a")
    platform.layers["test", "a"] = [KeptLayer(name="a", number=1, arn="arn:1")]
    return platform


CHANGES: dict[str, Callable[[MemoryPlatform, FakeHeld], None]] = {
    "deploy": lambda platform, held: deployed(platform, "a", 2, held),
    "deploy without changes": lambda platform, held: deployed(platform, "a", 1, held),
    "delete": lambda platform, held: platform.delete(PLACE, "a", "t", held, lambda _: None, check=lambda _: None),
    "function version": lambda platform, held: platform.delete_function_version(PLACE, "a", "V1", held),
    "layer version": lambda platform, held: platform.delete_layer_version(PLACE, "a", 1, held),
}


@pytest.mark.parametrize("change", CHANGES)
def test_with_a_lost_lease_nothing_is_changed(change: str) -> None:
    platform = filled()
    before = json.dumps([str(platform.stacks), str(platform.versions), str(platform.layers)])

    with pytest.raises(PlanStale):
        CHANGES[change](platform, FakeHeld(lost=True))
    assert json.dumps([str(platform.stacks), str(platform.versions), str(platform.layers)]) == before


@pytest.mark.parametrize("change", CHANGES)
def test_with_a_held_lease_what_is_changed_is_told(change: str) -> None:
    platform = filled()
    told: list[str] = []
    platform.after_write = lambda kind, _: told.append(kind)

    CHANGES[change](platform, FakeHeld())

    assert len(told) == (change != "deploy without changes")


def test_what_is_gone_already_is_nobodys_error() -> None:
    platform: Platform = MemoryPlatform(lambda key: key)

    platform.delete(PLACE, "a", "t", FakeHeld(), lambda _: None, check=lambda _: None)
    platform.delete_function_version(PLACE, "a", "1", FakeHeld())
    platform.delete_layer_version(PLACE, "a", 1, FakeHeld())
    assert platform.look(PLACE, "a") is None


def test_a_look_gives_what_a_deploy_may_be_told() -> None:
    seen = filled().look(PLACE, "a")

    assert seen is not None and (seen.name, seen.status) == ("a", "UPDATE_COMPLETE")


def test_with_a_lost_lease_no_object_is_deleted() -> None:
    store: ObjectStore = MemoryStore()
    written = store.put_new("a/b", b"x")
    assert written is not None

    with pytest.raises(PlanStale):
        store.delete("a/b", etag=written.etag, held=FakeHeld(lost=True))
    assert store.delete("a/b", etag=written.etag, held=FakeHeld()) is True


def test_folders_are_the_names_right_below() -> None:
    store = MemoryStore()
    for key in ("e/prod/current/a", "e/prod/b", "e/test/c", "e/d", "f/x"):
        store.put_new(key, b"")

    assert store.folders("e/") == ("prod", "test")


@pytest.mark.slow
def test_many_threads_deploy_look_and_delete_at_once() -> None:
    platform, store = filled(), MemoryStore()
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        try:
            for turn in range(150):
                name = f"{number}-{turn}"
                deployed(platform, name)
                store.put_new(f"p/{name}", b"x")
                platform.alias(PLACE, "a", "live")
                platform.kept_function(PLACE, "a")
                platform.code(PLACE, "a")
                assert list(store.list("p/")) and store.folders("") == ("p",)
                platform.delete(PLACE, name, "t", FakeHeld(), lambda _: None, check=lambda _: None)
        except (MultiEnvLambdaError, RuntimeError, KeyError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert list(platform.stacks) == [("test", "a")]
