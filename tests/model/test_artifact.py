"""The layout of the bucket."""

from __future__ import annotations

import base64
import hashlib

from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact, distribution_name

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
