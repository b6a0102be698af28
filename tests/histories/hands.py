"""The accounts in memory: looked at, changed past everything, as the console lets people, and made to fail."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping

import attrs

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore
from multi_env_lambda.testing.world import fake_config

from .promises import Place, Snapshot, Stack, Table

__all__ = ["FOREIGN", "cause", "change_by_hand", "look"]

_MEMORY = PropertyDifference(path="/MemorySize", expected="256", actual="1024", kind="NOT_EQUAL")
_DRIFT = ResourceDrift(
    logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="MODIFIED", differences=(_MEMORY,)
)
_PLACES = {place.name: place for place in fake_config().environments}
FOREIGN = json.dumps({"Resources": {"Other": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "other"}}}})


def _key(place: Place) -> tuple[str, str]:
    return place[0], f"{place[1]}-{place[0]}"


def look(store: MemoryStore, platform: MemoryPlatform) -> Snapshot:
    there = {(place, name.removesuffix(f"-{place}")): stack for (place, name), stack in platform.stacks.items()}
    stacks = {
        place: Stack(
            id=stack.stack_id,
            template=stack.template,
            tags=dict(stack.tags),
            calls=_calls(platform, place),
            sent=_sent(store, platform, place, stack.template),
            drifted=bool(platform.drifted.get(_key(place))),
        )
        for place, stack in there.items()
    }
    objects = {key: item.body for key, item in store.objects.items()}
    return Snapshot(objects=objects, stacks=stacks, tables=frozenset(_tables(stacks)))


def _tables(stacks: Mapping[Place, Stack]) -> Iterator[Table]:
    for (environment, unit), stack in stacks.items():
        for name, body in stack.resources.items():
            if body["Type"] == "AWS::DynamoDB::Table":
                yield environment, unit, name, body["Properties"]["TableName"]


def _calls(platform: MemoryPlatform, place: Place) -> str:
    """By the version that the alias leads to with all its weight; a version keeps the code that it was made with."""
    function = f"{place[1]}-{place[0]}-main"
    state = platform.alias(_PLACES[place[0]], function, "live")
    codes = {item.number: item.code_sha256 for item in platform.versions.get((place[0], function), ())}
    return "" if state is None or state.weights else codes.get(state.version, "")


def _sent(store: MemoryStore, platform: MemoryPlatform, place: Place, template: str) -> str:
    uploaded = platform.uploaded.get(f"{place[1]}-{place[0]}-main")
    function = json.loads(template)["Resources"].get("MainFunction")
    item = None if function is None else store.objects.get(function["Properties"]["Code"]["S3Key"])
    sent = "" if item is None else base64.b64encode(hashlib.sha256(item.body).digest()).decode()
    return sent if uploaded is None else uploaded


def change_by_hand(platform: MemoryPlatform, store: MemoryStore, place: Place, does: str) -> None:
    """Nothing where there is nothing that could be changed so."""
    stack = platform.stacks.get(_key(place))
    if does == "no record":
        store.objects.pop(f"environments/{place[0]}/current/{place[1]}.json", None)
    elif does == "foreign":
        if stack is None:
            platform.put_stack(*_key(place), FOREIGN, {"owner": "terraform"})
    elif stack is not None and stack.template != FOREIGN:
        HANDS[does](platform, _key(place), f"{place[1]}-{place[0]}-main")


def _first_version(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    platform.by_hand[function] = AliasState(version=platform.versions[key[0], function][0].number, weights=())


def _no_alias(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    platform.by_hand[function] = None


def _code(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    platform.uploaded[function] = "c29tZWJvZHkncw=="


def _no_stack(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    """With all that belongs to the function."""
    del platform.stacks[key]
    platform.by_hand.pop(function, None)
    platform.uploaded.pop(function, None)
    platform.versions.pop((key[0], function), None)
    platform.drifted.pop(key, None)


def _template(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    template = json.loads(platform.stacks[key].template)
    template["Resources"]["Ledger"] = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "ledger"}}
    platform.stacks[key] = attrs.evolve(platform.stacks[key], template=json.dumps(template))


def _property(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    platform.drifted[key] = (_DRIFT,)


def _no_tags(platform: MemoryPlatform, key: tuple[str, str], function: str) -> None:
    platform.stacks[key] = attrs.evolve(platform.stacks[key], tags={})


HANDS: dict[str, Callable[[MemoryPlatform, tuple[str, str], str], None]] = {
    "alias": _first_version,
    "no alias": _no_alias,
    "code": _code,
    "no stack": _no_stack,
    "template": _template,
    "property": _property,
    "no tags": _no_tags,
}


def _error(_: object) -> object:
    raise RuntimeError("it does not answer")


def cause(platform: MemoryPlatform, place: Place, kind: str) -> None:
    name, function = _key(place)[1], f"{place[1]}-{place[0]}-main"
    if kind == "refused":
        platform.failing[name] = "CloudFormation would not"
    elif kind == "errors":
        platform.answers[function] = _error
    else:
        platform.failing.pop(name, None)
        platform.answers.pop(function, None)
