"""Finding the workspace, and reading its documents, whatever lies where they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.repository import find_root, read_repository

WORKSPACE = b"[tool.multi_env_lambda.devops]\n"


def repository(root: Path, files: dict[str, bytes]) -> Path:
    for name, body in {"pyproject.toml": WORKSPACE, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root


@pytest.mark.parametrize(
    "other", [b"", b"tool = 1\n", b"[tool]\nmulti_env_lambda = 3\n", b"[[tool]]\n", b"[project]\n"]
)
def test_documents_of_others_on_the_way_up_are_passed_by(tmp_path: Path, other: bytes) -> None:
    root = repository(tmp_path, {"deep/down/pyproject.toml": other})

    assert find_root(root / "deep" / "down") == root.resolve()


def test_outside_of_a_workspace_the_hint_is_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_root(repository(tmp_path, {"pyproject.toml": b"tool = 1\n"}))
    assert "init" in caught.value.hint


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"x =\n", "Invalid value"), (b"\xef\xbb\xbfx = 1\n", "byte order mark"), (b"# \xe9\n", "can't decode")],
)
def test_what_is_no_toml_is_named_with_its_file(tmp_path: Path, body: bytes, reason: str) -> None:
    assert "projects/orders/pyproject.toml: not a TOML document: " in (said := broken(tmp_path, body))
    assert reason in said


def broken(root: Path, body: bytes) -> str:
    """What is said of the document of a unit."""
    found = read_repository(repository(root, {"projects/orders/pyproject.toml": body})).units["projects/orders"]
    assert isinstance(found, ConfigurationError)
    return str(found)


def test_a_folder_in_the_place_of_a_document_is_named(tmp_path: Path) -> None:
    repository(tmp_path, {"projects/orders/pyproject.toml/x": b""})

    found = read_repository(tmp_path).units["projects/orders"]

    assert "projects/orders/pyproject.toml: it is not a regular file" in str(found)


def linked(root: Path, where: str, to: str) -> None:
    (root / where).parent.mkdir(parents=True, exist_ok=True)
    (root / where).symlink_to(to)


@pytest.mark.parametrize(
    ("to", "reason"),
    [("pyproject.toml", "cannot be read: Too many levels of symbolic links"), ("nowhere", "it is a broken link")],
)
def test_a_unit_whose_document_is_a_broken_link_is_one_that_is_broken(tmp_path: Path, to: str, reason: str) -> None:
    root = repository(tmp_path, {"projects/fine/pyproject.toml": b"x = 1\n"})
    linked(root, "projects/orders/pyproject.toml", to)

    found = read_repository(root).units

    assert found["projects/fine"] == {"x": 1}
    assert f"projects/orders/pyproject.toml: {reason}" in str(found["projects/orders"])


def test_a_unit_whose_folder_is_a_link_to_itself_is_broken(tmp_path: Path) -> None:
    root = repository(tmp_path, {})
    linked(root, "projects/orders", "orders")

    assert "Too many levels of symbolic links" in str(read_repository(root).units["projects/orders"])


def test_what_is_no_unit_is_passed_by(tmp_path: Path) -> None:
    root = repository(tmp_path, {"projects/notes/README": b"", "projects/README": b""})

    assert read_repository(root).units == {}


def test_without_the_folder_of_the_units_there_are_none(tmp_path: Path) -> None:
    assert read_repository(repository(tmp_path, {})).units == {}


def test_the_root_is_found_past_the_broken_document_of_a_unit(tmp_path: Path) -> None:
    root = repository(tmp_path, {"projects/orders/pyproject.toml": b"<<<<<<< HEAD\n"})

    assert find_root(root / "projects" / "orders") == root.resolve()


def test_without_a_root_the_broken_document_on_the_way_up_is_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a TOML document"):
        find_root(repository(tmp_path, {"pyproject.toml": b"<<<<<<< HEAD\n"}))
