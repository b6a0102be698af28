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
    with pytest.raises(ConfigurationError, match=f"projects/orders/pyproject.toml: not a TOML document: .*{reason}"):
        read_repository(repository(tmp_path, {"projects/orders/pyproject.toml": body}))


def test_a_folder_in_the_place_of_a_document_is_named(tmp_path: Path) -> None:
    repository(tmp_path, {"projects/orders/pyproject.toml/x": b""})
    with pytest.raises(ConfigurationError, match="projects/orders/pyproject.toml: cannot be read: Is a directory"):
        read_repository(tmp_path)
