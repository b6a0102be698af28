"""A release is a value that survives being written and read."""

from __future__ import annotations

import json

import attrs
import pytest

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.artifact import LayerArtifact, Package, SourceArtifact
from multi_env_lambda.model.release import Release, ReleasedFunction, Stage
from multi_env_lambda.model.settings import Smoke

RELEASE = Release(
    project="orders",
    source=SourceArtifact(
        project="orders",
        version="0.1.1",
        digest="d" * 64,
        wheel_sha256="a" * 64,
        files=(("orders/create.py", "b" * 64),),
    ),
    layer=LayerArtifact(
        project="orders",
        number=2,
        digest="e" * 64,
        python="3.13",
        architecture="arm64",
        packages=(Package(name="pydantic", version="2.11.7"),),
    ),
    stages=(
        Stage(
            environment="prod",
            account_id="5" * 12,
            region="us-east-1",
            stack_name="orders-prod",
            template_sha256="f" * 64,
            functions=(
                ReleasedFunction(
                    key="create", name="orders-prod-create", smoke=Smoke(payload="{}"), traffic=("canary", 10, 5)
                ),
            ),
        ),
    ),
    needs=("customers",),
    scripts=("projects/orders/glue/1/run.py",),
)


def test_a_release_is_read_as_it_was_written() -> None:
    assert Release.from_document(json.loads(RELEASE.manifest), where="manifest.json") == RELEASE


def test_a_release_read_back_has_the_same_name() -> None:
    assert Release.from_document(json.loads(RELEASE.manifest), where="manifest.json").digest == RELEASE.digest


def test_a_changed_template_is_another_release() -> None:
    stage = attrs.evolve(RELEASE.stages[0], template_sha256="0" * 64)

    assert attrs.evolve(RELEASE, stages=(stage,)).digest != RELEASE.digest


def test_a_manifest_of_a_newer_library_is_refused() -> None:
    with pytest.raises(PublishError, match="has format 2, this version reads 1"):
        Release.from_document({**RELEASE.to_document(), "format": 2}, where="manifest.json")


def test_an_unknown_environment_has_no_stage() -> None:
    assert RELEASE.stage("staging") is None
