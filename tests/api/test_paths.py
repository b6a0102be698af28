"""Paths that people get, and what they may do with them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pathlib_mate
import pytest

from multi_env_lambda.api.outside import FilePath
from multi_env_lambda.api.paths import handed_out


def test_a_path_that_is_handed_out_leads_to_the_same_place(tmp_path: Path) -> None:
    found = handed_out(tmp_path)

    assert os.fspath(found) == os.fspath(tmp_path)
    assert Path(found) == tmp_path
    assert tmp_path / "a" / found == tmp_path


def test_what_is_below_it_is_of_its_kind_too(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"1")
    found = handed_out(tmp_path)

    assert isinstance(found / "file.txt", pathlib_mate.Path)
    assert [type(each) for each in found.select_file()] == [type(found)]
    assert (found / "file.txt").sha256 == hashlib.sha256(b"1").hexdigest()


def test_it_is_no_path_of_the_standard_library_and_equals_none(tmp_path: Path) -> None:
    found = handed_out(tmp_path)

    assert not isinstance(found, Path)
    assert found != tmp_path
    assert found == handed_out(str(tmp_path))


def test_the_library_is_imported_when_a_path_is_handed_out() -> None:
    code = (
        "import sys, multi_env_lambda, multi_env_lambda.api.paths as paths\n"
        "before = 'pathlib_mate' in sys.modules\npaths.handed_out('.')\nprint(before, 'pathlib_mate' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False True\n"


@pytest.mark.parametrize("name", sorted(set(dir(FilePath)) - set(dir(Protocol))))
def test_what_the_type_promises_is_there(tmp_path: Path, name: str) -> None:
    file = tmp_path / "file.txt"
    file.write_text("text")

    assert hasattr(handed_out(file), name)
