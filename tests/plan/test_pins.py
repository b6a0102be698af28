"""A stack takes the versions of the objects that were compared, and no others."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.record import ObjectReceipt
from multi_env_lambda.model.release import Release
from multi_env_lambda.plan.pins import LAYER_PIN, SOURCE_PIN, code_of, pins
from tests.plan.template_values import maximal, text

SOURCE = SourceArtifact(
    project="orders",
    version="0.1.0",
    digest="d" * 64,
    wheel_sha256="a" * 64,
    wheel_size=1,
    sdist_sha256="1" * 64,
    sdist_size=1,
    files=(),
)
LAYER = LayerArtifact(
    project="orders",
    number=7,
    digest="e" * 64,
    python="3.13",
    architecture="arm64",
    packages=(),
    layer_sha256="2" * 64,
    layer_size=1,
    requirements_sha256="3" * 64,
    requirements_size=1,
)
RELEASE = Release(project="orders", artifacts=(SOURCE, LAYER), stages=())
BOTH = json.dumps({"Parameters": {SOURCE_PIN: {"Type": "String"}, LAYER_PIN: {"Type": "String"}}})


def receipts(**versions: str) -> dict[str, ObjectReceipt]:
    """Of all objects of the release; ``wheel`` and ``layer`` with a version of their own."""
    names = {SOURCE.wheel_key: "wheel", LAYER.layer_key: "layer"}
    return {
        item.key: ObjectReceipt(
            key=item.key, sha256=item.sha256, version_id=versions.get(names.get(item.key, ""), "another")
        )
        for item in RELEASE.objects
    }


def test_each_parameter_gets_the_version_of_its_own_object() -> None:
    assert pins(BOTH, RELEASE, receipts(wheel="v-wheel", layer="v-layer")) == {
        SOURCE_PIN: "v-wheel",
        LAYER_PIN: "v-layer",
    }


def test_a_template_without_parameters_gets_none() -> None:
    assert pins('{"Resources": {}}', RELEASE, receipts()) == {}


@pytest.mark.parametrize("version", ["", "null"])
@pytest.mark.parametrize("name", ["wheel", "layer"])
def test_an_object_without_a_version_is_refused_because_nobody_could_say_what_runs(name: str, version: str) -> None:
    with pytest.raises(PublishError, match="keeps no version") as caught:
        pins(BOTH, RELEASE, receipts(**{name: version}))
    assert caught.value.where == {"wheel": SOURCE.wheel_key, "layer": LAYER.layer_key}[name]


def test_a_rendered_template_has_a_parameter_for_each_object_that_a_function_takes() -> None:
    assert set(pins(text(maximal()), RELEASE, receipts())) <= {SOURCE_PIN, LAYER_PIN}
    assert SOURCE_PIN in pins(text(maximal()), RELEASE, receipts())


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ({"S3Bucket": "b", "S3Key": SOURCE.wheel_key, "S3ObjectVersion": {"Ref": SOURCE_PIN}}, True),
        ({"S3Bucket": "b", "S3Key": SOURCE.wheel_key}, True),
        ({"S3Bucket": "b", "S3Key": "somebody/elses.zip"}, False),
        ({"ZipFile": "x = 1"}, False),
        (None, False),
    ],
)
def test_only_a_wheel_out_of_the_bucket_is_compared_with_the_release(code: object, ours: bool) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "orders-prod-main", "Code": code}}
    found = code_of(json.dumps({"Resources": {"Main": function}}))

    assert found["orders-prod-main"].ours is ours
