"""What code of others left is an ordinary file of a bounded size, or an error; nothing is waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.left import copy_left, read_left


def bound(path: Path) -> None:
    place = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(f"/proc/self/fd/{place}/{path.name}")  # a short name: the usual one has too many letters for a socket
    os.close(place)


BAD: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "a socket": bound,
    "too much": lambda path: path.write_bytes(b"12345"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_ordinary_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path, into = tmp_path / "left", tmp_path / "into"
    into.mkdir()
    BAD[kind](path)

    for take in (lambda: read_left(path, 4, where="u"), lambda: copy_left(path, into, 4, where="u")):
        with pytest.raises(BuildError, match=r"u: it left left, (which is not a regular file|of 5 bytes, 4 are)"):
            take()
    assert list(into.iterdir()) == []


def test_a_file_is_read_or_copied(tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"1234")
    (tmp_path / "into").mkdir()

    assert read_left(tmp_path / "left", 4, where="u") == b"1234"
    assert copy_left(tmp_path / "left", tmp_path / "into", 4, where="u").read_bytes() == b"1234"
    with pytest.raises(FileNotFoundError):
        read_left(tmp_path / "other", 4, where="u")
