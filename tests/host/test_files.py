"""What is kept on this machine is what was written, or it is not there."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.files import (
    has_sha256,
    read_json,
    read_sealed,
    sha256_of,
    write_atomically,
    write_for_people,
    write_sealed,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain, st.data())
def test_sealed_data_is_read_as_it_was_written_or_not_at_all(value: Any, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kept.json"
        write_sealed(path, value)
        assert read_sealed(path) == value
        body = bytearray(path.read_bytes())
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.sampled_from([1, 2, 0x10, 0x20, 0x55, 0x80]))
        path.write_bytes(body)
        assert read_sealed(path) in (None, value)


def test_sealed_data_with_another_value_or_another_digest_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    write_sealed(path, {"runs": 1})
    whole = json.loads(path.read_bytes())
    for other in ({**whole, "value": {"runs": 2}}, {**whole, "sha256": "0" * 64}, {"value": whole["value"]}):
        path.write_text(json.dumps(other))
        assert read_sealed(path) is None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_junk_is_as_good_as_nothing(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.json").write_bytes(body)
    assert read_json(tmp_path / "x.json", {"a": 1}) == {"a": 1}
    assert read_sealed(tmp_path / "x.json") is None


def test_a_folder_in_place_of_a_file_is_as_good_as_nothing(tmp_path: Path) -> None:
    assert read_json(tmp_path, 5) == 5
    assert not has_sha256(tmp_path, "0" * 64)


def test_a_file_has_the_digest_of_its_content_only(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert sha256_of(tmp_path / "x") == digest
    assert has_sha256(tmp_path / "x", digest)
    assert not has_sha256(tmp_path / "x", digest[:-1])
    assert not has_sha256(tmp_path / "y", digest)


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"old")
    with path.open("rb") as stream:
        write_atomically(path, b"new and longer")
        assert stream.read() == b"old"

    assert path.read_bytes() == b"new and longer"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "no bytes")  # type: ignore[arg-type]

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_people_asked_for_is_written_through_a_link_and_keeps_its_mode(tmp_path: Path) -> None:
    page, link = tmp_path / "made" / "page", tmp_path / "link"
    link.symlink_to(page)

    write_for_people(link, "one")
    assert (page.read_text(), page.stat().st_mode & 0o777, link.is_symlink()) == ("one", 0o644, True)
    page.chmod(0o600)
    write_for_people(page, "two")
    assert (page.read_text(), page.stat().st_mode & 0o777) == ("two", 0o600)


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_for_people(pipe, "ä")

    assert (os.read(reader, 9).decode(), stat.S_ISFIFO(pipe.stat().st_mode)) == ("ä", True)
    os.close(reader)


@pytest.mark.parametrize("name", ["", ".", "a/b", "c" * 300, "d\0"])
def test_where_nothing_can_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("")

    with pytest.raises(ConfigurationError, match="it cannot be written: ") as caught:
        write_for_people(name, "text")
    assert caught.value.hint == "choose another file"


def test_a_text_that_is_no_unicode_is_written_with_an_escape(tmp_path: Path) -> None:
    write_for_people(tmp_path / "page", "a\ud800b")

    assert (tmp_path / "page").read_text(encoding="utf-8") == "a\\ud800b"
