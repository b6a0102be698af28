"""The layout of the bucket."""

from __future__ import annotations

import base64
import hashlib

import pytest
from packaging.utils import parse_wheel_filename

from multi_env_lambda.model.artifact import (
    LayerArtifact,
    RootArtifact,
    SourceArtifact,
    build_tag,
    distribution_name,
    root_wheel,
)

WHEEL = hashlib.sha256(b"wheel").hexdigest()
LAYER = LayerArtifact(project="data-import", number=1, digest="d", python="3.13", architecture="arm64")
SOURCE = SourceArtifact(project="data-import", version="0.1.1", digest="d", wheel_sha256=WHEEL)


def test_hyphens_are_underscores_in_file_names() -> None:
    assert distribution_name("data-import") == "data_import"


def test_layers_are_numbered_with_six_digits() -> None:
    assert LAYER.layer_key == "projects/data-import/lambda/layer/000001/layer.zip"
    assert LAYER.requirements_key == "projects/data-import/lambda/layer/000001/requirements.zip"


def test_sources_lie_under_their_version() -> None:
    folder = "projects/data-import/lambda/source/0.1.1"

    assert SOURCE.wheel_key == f"{folder}/data_import-0.1.1-py3-none-any.whl"
    assert SOURCE.sdist_key == f"{folder}/data_import-0.1.1.tar.gz"


def test_the_code_sha256_is_what_lambda_reports() -> None:
    assert SOURCE.code_sha256 == base64.b64encode(hashlib.sha256(b"wheel").digest()).decode()


@pytest.mark.parametrize("root", ["orders", "make-order", "send/mail", "a b", "ä/é", "v1.2", "x" * 200])
def test_the_wheel_of_a_root_lies_beside_the_source_under_a_name_of_its_own(root: str) -> None:
    roots = ("a", root)
    artifact = RootArtifact(
        project="data-import",
        root=root,
        version="0.1.1.post2",
        build=build_tag(roots, root),
        digest="d",
        wheel_sha256=WHEEL,
    )
    folder, _, name = artifact.wheel_key.rpartition("/")

    assert folder == "projects/data-import/lambda/source/0.1.1.post2"
    assert parse_wheel_filename(name)[:2] == ("data-import", parse_wheel_filename(SOURCE_2)[1])
    assert root_wheel(artifact.wheel_key) == (artifact.version, artifact.build)
    assert artifact.build != ""
    assert len(name) < 200


SOURCE_2 = "data_import-0.1.1.post2-py3-none-any.whl"


def test_roots_that_are_written_alike_have_different_names() -> None:
    roots = ("a-b", "a/b", "a_b")
    assert len({build_tag(roots, root) for root in roots}) == 3


def test_no_other_key_is_taken_for_the_wheel_of_a_root() -> None:
    keys = (SOURCE.wheel_key, SOURCE.sdist_key, LAYER.layer_key, "projects/a/lambda/source/1/a-1-x_b-py3-none-any.whl")
    assert [key for key in keys if root_wheel(key) is not None] == []
