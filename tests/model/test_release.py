"""A release is a value that survives being written and read."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import DocumentError, UpgradeNeeded
from multi_env_lambda.model.artifact import LayerArtifact, LibraryArtifact, Package, ScriptArtifact, SourceArtifact
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.settings import Smoke

SOURCE = SourceArtifact(
    project="orders",
    version="0.1.1",
    digest="d" * 64,
    wheel_sha256="a" * 64,
    wheel_size=100,
    sdist_sha256="1" * 64,
    sdist_size=90,
    files=(("orders/create.py", "b" * 64),),
)
LAYER = LayerArtifact(
    project="orders",
    number=2,
    digest="e" * 64,
    python="3.13",
    architecture="arm64",
    packages=(Package(name="pydantic", version="2.11.7"),),
    layer_sha256="2" * 64,
    layer_size=1000,
    requirements_sha256="3" * 64,
    requirements_size=10,
)
LIBRARY = LibraryArtifact(
    project="orders",
    digest="6" * 64,
    python="3.9",
    architecture="x86_64",
    packages=(Package(name="pydantic", version="2.10.0"),),
    library_sha256="7" * 64,
    library_size=1000,
    requirements_sha256="8" * 64,
    requirements_size=10,
)
SCRIPT = ScriptArtifact(project="orders", key="projects/orders/glue/1/run.py", sha256="4" * 64, size=5)
RELEASE = Release(
    project="orders",
    artifacts=(SOURCE, LAYER, LIBRARY, SCRIPT),
    stages=(
        ReleaseTemplate(
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
)
KEY = RELEASE.manifest_key


def document(**changed: Any) -> bytes:
    """The manifest with other values in it."""
    return json.dumps({**json.loads(RELEASE.manifest), **changed}).encode()


def test_a_release_is_read_as_it_was_written() -> None:
    assert Release.from_bytes(RELEASE.manifest, where=KEY) == RELEASE


def test_the_name_of_a_release_is_the_digest_of_its_bytes_whatever_they_say() -> None:
    body = document(unheard_of=1)

    assert Release.from_bytes(body, where=KEY).digest == hashlib.sha256(body).hexdigest()


def test_what_a_later_version_of_this_format_adds_is_no_obstacle() -> None:
    body = document(artifacts=[{**item, "weight": 3} for item in json.loads(RELEASE.manifest)["artifacts"]], signed="x")

    assert Release.from_bytes(body, where=KEY) == RELEASE


def test_every_object_of_a_release_has_its_sha256() -> None:
    assert [(item.key.rpartition("/")[2], item.sha256[0]) for item in RELEASE.objects] == [
        ("orders-0.1.1-py3-none-any.whl", "a"),
        ("orders-0.1.1.tar.gz", "1"),
        ("requirements.zip", "3"),
        ("layer.zip", "2"),
        ("requirements.zip", "8"),
        ("library.zip", "7"),
        ("run.py", "4"),
    ]


def test_packages_of_jobs_are_told_from_those_of_functions() -> None:
    assert RELEASE.packages == {"pydantic": "2.11.7", "pydantic (jobs, Python 3.9)": "2.10.0"}


def test_a_changed_template_is_another_release() -> None:
    stage = attrs.evolve(RELEASE.stages[0], template_sha256="0" * 64)

    assert attrs.evolve(RELEASE, stages=(stage,)).digest != RELEASE.digest


def test_a_manifest_of_a_newer_library_says_upgrade() -> None:
    with pytest.raises(UpgradeNeeded, match="found format 3; .* reads formats up to 2\nhint: upgrade"):
        Release.from_bytes(document(format=3), where=KEY)


def test_an_artifact_of_a_kind_that_a_newer_library_knows_says_upgrade() -> None:
    with pytest.raises(
        UpgradeNeeded, match="kind 'image'; .* knows source, root, layer, library, script\nhint: upgrade"
    ):
        Release.from_bytes(document(artifacts=[{"kind": "image"}]), where=KEY)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"artifacts": []}, "it has no source"),
        ({"artifacts": "x"}, "it has no list of artifacts"),
        ({"artifacts": [{"kind": 7}]}, "found an artifact of kind 7; expected source, root, layer, library, script"),
        ({"stages": [{}]}, r"stages\[0\]: environment is missing"),
        ({"project": 7}, "project: found 7, expected str"),
        ({"needs": ["a", None]}, r"needs\[1\]: found None, expected str"),
    ],
)
def test_a_manifest_that_is_none_is_named_with_what_is_wrong(changed: dict[str, Any], what: str) -> None:
    with pytest.raises(DocumentError, match=what) as caught:
        Release.from_bytes(document(**changed), where=KEY)
    assert caught.value.where == KEY


def test_an_unknown_environment_has_no_stage() -> None:
    assert RELEASE.stage("staging") is None
