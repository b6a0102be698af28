"""Each kind of artifact can be read from a manifest, and is found by whoever clears the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from multi_env_lambda.model.artifact import (
    Artifact,
    LayerArtifact,
    LibraryArtifact,
    RootArtifact,
    ScriptArtifact,
    SourceArtifact,
)
from multi_env_lambda.model.release import _ARTIFACTS
from multi_env_lambda.plan.prune import _kind_of

DIGEST = "ab" * 32
EXAMPLES: Mapping[str, Artifact] = {
    "source": SourceArtifact(project="orders", version="0.1.0", digest=DIGEST, wheel_sha256=DIGEST),
    "root": RootArtifact(project="orders", root="a", version="0.1.0", build="1_a", digest=DIGEST, wheel_sha256=DIGEST),
    "layer": LayerArtifact(project="orders", number=1, digest=DIGEST, python="3.13", architecture="arm64"),
    "library": LibraryArtifact(project="orders", digest=DIGEST, python="3.9", architecture="x86_64"),
    "script": ScriptArtifact(project="orders", key=f"projects/orders/glue/{DIGEST[:16]}/run.py"),
}
"""The word in a manifest -> an artifact of that kind."""


def test_every_kind_has_a_word_in_the_manifest_and_an_example() -> None:
    assert set(_ARTIFACTS.values()) == set(get_args(Artifact))
    assert {word: type(example) for word, example in EXAMPLES.items()} == _ARTIFACTS


@pytest.mark.parametrize("word", _ARTIFACTS)
def test_what_clears_the_bucket_knows_its_keys(word: str) -> None:
    found = {_kind_of(item.key)[0] for item in EXAMPLES[word].objects}

    # The wheel of a root lies with the source, and is pruned with it.
    assert found - {None} == {"source" if word == "root" else word}
