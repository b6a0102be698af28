"""Unpacked layers are shared by units that are built at the same time."""

from __future__ import annotations

import zipfile
from pathlib import Path

from multi_env_lambda.building.unpacked import _renew, kept_folder


def archive(path: Path, body: str = "A = 1\n") -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("python/a.py", body)
    return path


def test_a_folder_from_which_another_unit_imports_is_not_moved_away(tmp_path: Path) -> None:
    layer, place = archive(tmp_path / "layer.zip"), tmp_path / "kept"
    with kept_folder(layer, place, "python/", where="orders"):
        before = place.stat().st_ino
        # As one that has looked before there was anything.
        _renew(layer, place, "python/", "billing")

        assert place.stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_not_right_is_replaced(tmp_path: Path) -> None:
    layer, place = archive(tmp_path / "layer.zip"), tmp_path / "kept"
    place.mkdir()
    (place / "a.py").write_text("A = 2\n")

    with kept_folder(layer, place, "python/", where="orders"):
        assert (place / "a.py").read_text() == "A = 1\n"
