"""The difference between two environments, from records and releases alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.artifact import LayerArtifact, Package, SourceArtifact
from multi_env_lambda.model.release import Release
from multi_env_lambda.operations.difference import difference, package_changes

from .worlds import chain, deploy


def with_packages(**versions: str) -> Release:
    layer = LayerArtifact(
        project="orders",
        number=1,
        digest="d",
        python="3.13",
        architecture="arm64",
        packages=tuple(Package(name=name, version=version) for name, version in versions.items()),
    )
    source = SourceArtifact(project="orders", version="0.1.0", digest="d", wheel_sha256="00")
    return Release(project="orders", artifacts=(source, layer), stages=())


def test_two_environments_with_one_release_differ_only_in_what_is_theirs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")

    found = difference(fake.world, "orders", "sandbox", "test")

    assert (found.same, found.files, found.packages, found.template) == (True, (), (), ())
    assert found.deployed is not None
    assert [item.path for change in found.deployed for item in change.properties] == ["FunctionName"]


def test_templates_are_compared_as_rendered_for_the_same_environment(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.tree.content["orders"] = "o2"
    deploy(fake, "sandbox")

    found = difference(fake.world, "orders", "test", "sandbox")

    assert (found.left.version, found.right.version) == ("0.1.0", "0.1.0.post1")
    assert found.files == ("orders/main.py changed",)
    assert found.template is not None
    function = next(change for change in found.template if change.logical_id == "MainFunction")
    assert [item.path for item in function.properties] == ["Code.S3Key"]


def test_packages_are_added_removed_and_bumped() -> None:
    old = with_packages(attrs="25.1", idna="3.1", pydantic="2.1")
    new = with_packages(attrs="25.2", click="8.2", pydantic="2.1")

    found = [(item.action, item.name, item.old, item.new) for item in package_changes(old, new)]

    assert found == [
        ("bumped", "attrs", "25.1", "25.2"),
        ("added", "click", None, "8.2"),
        ("removed", "idna", "3.1", None),
    ]


def test_an_environment_in_which_nothing_runs_is_refused_with_a_hint(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")

    with pytest.raises(ConfigurationError, match="it does not run in prod"):
        difference(fake.world, "orders", "test", "prod")


def test_an_unknown_unit_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no unit `ordres`"):
        difference(chain(tmp_path).world, "ordres", "sandbox", "test")
