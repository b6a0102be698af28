"""Lists that are too long, numbers out of range and characters that AWS does not take are refused by the plan."""

from __future__ import annotations

from typing import Any

import attrs
import botocore.loaders
import botocore.model
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import Alarms, Cors, FunctionUrl, Vpc
from multi_env_lambda.plan.template.property_limits import (
    LAYER_NAME,
    MOST_ENTRIES,
    RANGES,
    check_property_limits,
)
from tests.plan.template_values import SMALL, project, text

CALLS = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::LayerVersion": ("lambda", "PublishLayerVersion"),
    "AWS::Lambda::Url": ("lambda", "CreateFunctionUrlConfig"),
}
MAPPING, ROLE = "AWS::Lambda::EventSourceMapping", "AWS::IAM::Role"


def described(kind: str, path: str) -> dict[str, Any]:
    """What botocore's description of the call says of a property."""
    service, operation = CALLS[kind]
    description = botocore.loaders.Loader().load_service_model(service, "service-2")
    shape = botocore.model.ServiceModel(description).operation_model(operation).input_shape
    for name in path.split("."):
        shape = shape.members[name]  # type: ignore[union-attr]
    return shape.metadata  # type: ignore[union-attr, no-any-return]


def refused(kind: str, properties: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_property_limits({"Thing": {"Type": kind, "Properties": properties}}, "unit in prod")
    return str(caught.value)


def taken(kind: str, properties: dict[str, Any]) -> None:
    check_property_limits({"Thing": {"Type": kind, "Properties": properties}}, "unit in prod")


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value  # type: ignore[no-any-return]


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in MOST_ENTRIES.items() for path in paths])
def test_a_list_has_as_many_entries_as_the_call_takes(kind: str, path: str) -> None:
    most = MOST_ENTRIES[kind][path]

    assert described(kind, path)["max"] == most
    taken(kind, nested(path, ["x"] * most))
    assert f"Resources.Thing.{path} has {most + 1} entries; AWS accepts {most}" in refused(
        kind, nested(path, ["x"] * (most + 1))
    )


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in RANGES.items() for path in paths])
def test_a_number_is_in_the_range_of_the_call(kind: str, path: str) -> None:
    least, most = RANGES[kind][path]

    assert (described(kind, path)["min"], described(kind, path)["max"]) == (least, most)
    for good in (least, str(most)):
        taken(kind, nested(path, good))
    for bad in (least - 1, str(most + 1)):
        assert f"Resources.Thing.{path} is {int(bad):,}; expected" in refused(kind, nested(path, bad))


def test_the_name_of_a_layer_is_that_of_the_call() -> None:
    described_name = described("AWS::Lambda::LayerVersion", "LayerName")

    assert described_name["pattern"].endswith("|[a-zA-Z0-9-_]{1,140})") and LAYER_NAME == "[a-zA-Z0-9_-]{1,140}"
    taken("AWS::Lambda::LayerVersion", {"LayerName": "good-name_1"})
    assert '"bad name!"' in refused("AWS::Lambda::LayerVersion", {"LayerName": "bad name!"})


@pytest.mark.parametrize(
    "value", [{"Ref": "Groups"}, [*["sg-1"] * 5, {"Ref": "AWS::NoValue"}, {"Fn::If": ["A", "b", "c"]}]]
)
def test_what_is_computed_is_left_to_aws(value: Any) -> None:
    taken("AWS::Lambda::Function", {"VpcConfig": {"SecurityGroupIds": value}})
    taken(MAPPING, {"BatchSize": {"Ref": "Size"}, "ScalingConfig": {"Ref": "AWS::NoValue"}})
    taken(ROLE, {"Tags": [{"Key": {"Ref": "Key"}, "Value": {"Ref": "Value"}}]})


@pytest.mark.parametrize("kind", [ROLE, "AWS::Lambda::Function"])
@pytest.mark.parametrize("tag", [("a;b", "x"), ("a", "x;#y"), ("a", "two\nlines")])
def test_a_tag_has_letters_numbers_spaces_and_few_signs(kind: str, tag: tuple[str, str]) -> None:
    taken(kind, {"Tags": [{"Key": "Größe 1", "Value": "a_b.c:d/e=f+g-h@i\u3000日本"}]})
    assert "expected letters, digits, spaces" in refused(kind, {"Tags": [{"Key": tag[0], "Value": tag[1]}]})


def test_keys_of_a_roles_tags_differ_by_more_than_their_case() -> None:
    tags = [{"Key": "Owner", "Value": "a"}, {"Key": "owner", "Value": "b"}]

    taken("AWS::Lambda::Function", {"Tags": tags})
    assert 'the keys "Owner" and "owner", which are the same to IAM' in refused(ROLE, {"Tags": tags})


@pytest.mark.parametrize(
    ("change", "tags", "what"),
    [
        ({"vpc": Vpc(subnet_ids=("subnet-1",), security_group_ids=tuple(f"sg-{n}" for n in range(6)))}, (), "6 ent"),
        ({"alarms": Alarms(notify=tuple(f"arn:aws:sns:us-east-1:2:t{n}" for n in range(6)))}, (), "6 entries"),
        ({"events": (FunctionUrl(cors=Cors(allow_origins=tuple(f"https://{n}" for n in range(101)))),)}, (), "101"),
        ({}, (("a;b", "x"),), '"a;b"'),
    ],
    ids=["vpc", "alarms", "cors", "tags"],
)
def test_settings_are_refused_as_a_whole(change: dict[str, Any], tags: tuple[tuple[str, str], ...], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        text(project(attrs.evolve(SMALL, **change), tags=tags))
