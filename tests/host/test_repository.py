"""Finding the workspace, and reading its documents, whatever lies where they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.repository import find_root, read_repository, unit_at

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


@pytest.mark.parametrize("units", ["functions", "services/lambdas", "my-lambdas", ".units"])
def test_the_folder_of_the_units_has_the_name_that_the_table_gives_it(tmp_path: Path, units: str) -> None:
    table = WORKSPACE + f'[tool.multi_env_lambda]\nunits = "{units}"\n'.encode()
    body = b"x = 1\n"
    root = repository(tmp_path, {f"{units}/a/pyproject.toml": body, "projects/b/pyproject.toml": body})
    (root / "pyproject.toml").write_bytes(table)

    assert read_repository(root).units == {f"{units}/a": {"x": 1}}
    assert unit_at(root / units / "a") == "a"
    assert [unit_at(root / other) for other in ("projects/b", units, ".", f"{units}/a/b")] == [None] * 4


def test_units_at_the_top_are_the_folders_that_have_our_table(tmp_path: Path) -> None:
    unit = b"[tool.multi_env_lambda]\n"
    root = repository(tmp_path, {"a/pyproject.toml": unit, "b/pyproject.toml": b"[project]\n", "c/x": b""})
    (root / "pyproject.toml").write_bytes(WORKSPACE + b'[tool.multi_env_lambda]\nunits = "."\n')
    (root / "d").mkdir()
    (root / "d" / "pyproject.toml").write_bytes(b"x =\n")

    found = read_repository(root).units

    assert list(found) == ["a", "d"]
    assert isinstance(found["d"], ConfigurationError)
    assert (unit_at(root / "a"), unit_at(root)) == ("a", None)


def test_a_folder_outside_of_every_workspace_is_no_unit(tmp_path: Path) -> None:
    assert unit_at(tmp_path) is None
