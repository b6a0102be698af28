"""Wheels, locks and answers of others that are meant to take all memory or time, or that lie about themselves."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.building.archive import parse_zip
from multi_env_lambda.building.lock import read_lock
from multi_env_lambda.building.lock_formats import read_requirements
from multi_env_lambda.building.preflight_answers import read_answers
from multi_env_lambda.building.wheel import _unpacked, installed
from multi_env_lambda.errors import BuildError, ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.documents import read_bounded

INFO = "a-1.0.dist-info"
MEGABYTE = 1 << 20


def hash_of(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def wheel(files: dict[str, bytes], record: str | None = None) -> bytes:
    lines = "".join(f"{name},{hash_of(data)},{len(data)}\n" for name, data in files.items())
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{INFO}/RECORD", f"{lines}{INFO}/RECORD,,\n" if record is None else record)
    return body.getvalue()


def opened(body: bytes) -> tuple[str, ...]:
    """What the RECORD of a wheel says and is not so."""
    return installed(parse_zip(body, name="a-1.0-py3-none-any.whl"), name="a").untrue


def refusal(run: Callable[[], object]) -> str:
    """What is said; in less than a second and with less than 64 MB."""
    tracemalloc.start()
    before = time.process_time()
    try:
        with pytest.raises(MultiEnvLambdaError) as caught:
            run()
        assert time.process_time() - before < 2
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()
    return caught.value.what


# --- zips ---
def lying(body: bytes, *, size: int, member: str = "a.py") -> bytes:
    """The same zip, with another length of one member in both of its headers."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        info = archive.getinfo(member)
    changed = bytearray(body)
    central = body.rfind(b"PK\x01\x02", 0, body.rfind(member.encode()))
    for at in (info.header_offset + 22, central + 24):
        struct.pack_into("<L", changed, at, size)
    return bytes(changed)


def test_a_member_that_inflates_further_than_it_says_is_stopped_there() -> None:
    bomb = lying(wheel({"a.py": bytes(200 * MEGABYTE)}), size=10)

    assert "a.py does not have the length and checksum" in refusal(lambda: opened(bomb))


def test_a_zip_that_says_that_it_becomes_huge_is_not_inflated_at_all() -> None:
    bomb = wheel({f"{number}.bin": bytes(MEGABYTE) for number in range(3)})
    for number in range(3):
        bomb = lying(bomb, size=(1 << 32) - 2, member=f"{number}.bin")

    assert "bytes unzipped" in refusal(lambda: parse_zip(bomb, name="bomb.whl"))


def test_a_directory_of_a_zip_that_is_too_large_is_not_read() -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 33 * MEGABYTE, 0, 0)
    small = bytes(100) + end

    assert "its directory has 34603008 bytes" in refusal(lambda: parse_zip(small, name="bomb.whl"))


def test_the_size_of_a_directory_is_that_which_python_would_read() -> None:
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 9, 9, 1 << 40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 10, 0, 0)

    assert f"its directory has {1 << 40} bytes" in refusal(lambda: parse_zip(end_64 + locator + end, name="bomb.whl"))


def test_a_zip_of_many_members_is_read_as_before() -> None:
    body = wheel({f"a/{number}.py": b"" for number in range(3000)})

    assert opened(body) == ()


# --- RECORD ---
def test_a_record_that_says_the_truth_is_no_word_worth() -> None:
    assert opened(wheel({"a.py": b"1", "b.py": b"2"})) == ()


def test_what_a_record_says_and_is_not_so_is_noted() -> None:
    record = f"a.py,{hash_of(b'other')},1\ngone.py,,\n{INFO}/RECORD,,\n"

    assert opened(wheel({"a.py": b"1", "b.py": b"2"}, record)) == (
        "gone.py is missing",
        "a.py has other bytes",
        "b.py is not listed",
    )


@pytest.mark.parametrize("record", ["x" * 200_000, '"', "a\0b,,\n", "\r", ",,\n", "a.py\n"])
def test_a_record_that_is_none_is_read_or_refused(record: str) -> None:
    try:
        opened(wheel({"a.py": b"1"}, record))
    except BuildError as error:
        assert "RECORD" in error.what


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_whatever_stands_in_a_record_nothing_else_is_raised(record: str) -> None:
    read_or_refused(wheel({"a.py": b"1"}, record.encode("utf-8", "ignore").decode()))


def read_or_refused(body: bytes) -> None:
    try:
        opened(body)
    except BuildError:
        return


@pytest.mark.long
@settings(max_examples=20_000)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8), st.binary(max_size=400))
def test_whatever_happens_to_a_wheel_nothing_else_is_raised(at: int, change: bytes, record: bytes) -> None:
    body = bytearray(wheel({"a.py": b"1" * 100, "b/c.so": b"\x7fELF"}, record.decode("latin-1")))
    at %= len(body)
    body[at : at + len(change)] = change
    read_or_refused(bytes(body))


# --- locks and other files ---
def test_a_lock_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    with (tmp_path / "uv.lock").open("wb") as stream:
        stream.truncate(17 * MEGABYTE)

    assert "more than the limit of 16777216 bytes" in refusal(lambda: read_lock(tmp_path, where="projects/a"))


@pytest.mark.parametrize("name", ["pylock.toml", "uv.lock"])
@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "[" + "a." * 20_000 + "a]"])
def test_a_lock_that_no_parser_survives_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert "not a TOML document" in refusal(lambda: read_lock(tmp_path, where="projects/a"))


@pytest.mark.parametrize(
    "text", ["a==1 \\\n" * 30_000, "a==1" + " " * 300_000 + "x", "(" * 100_000, "a" * 100_000, "a==1; " + "(" * 3000]
)
def test_requirements_that_go_on_and_on_are_refused_at_once(text: str) -> None:
    before = time.process_time()
    with pytest.raises(ConfigurationError):
        read_requirements(text, where="requirements.txt")

    assert time.process_time() - before < 2


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pylock.toml")

    with pytest.raises(ConfigurationError, match="it is not a regular file"):
        read_bounded(tmp_path / "pylock.toml", "pylock.toml", 10)


@pytest.mark.parametrize("more", [b"no json\n", b"[" * 100_000, b"9" * 5000, b"1\n", b"\xff\n", b""])
def test_what_a_handler_writes_among_the_answers_of_its_proof_is_none(tmp_path: Path, more: bytes) -> None:
    (tmp_path / "answers.jsonl").write_bytes(b'{"number": 0, "kind": "ok"}\n' + more)

    assert read_answers(tmp_path / "answers.jsonl", 2) == ({"number": 0, "kind": "ok"},)


def test_the_checksum_counts_for_what_is_stored_as_well() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.py", b"good")
        archive.writestr(f"{INFO}/RECORD", b"")
    changed = body.getvalue().replace(b"good", b"evil", 1)

    assert zlib.crc32(b"good") != zlib.crc32(b"evil")
    assert "is damaged: a.py" in refusal(lambda: opened(changed))


def test_an_sdist_of_a_dependency_is_unpacked_to_its_bound(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a-1.0/big")
    sparse = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(2 << 30)}
    info.pax_headers = {**sparse, "GNU.sparse.map": "0,0", "GNU.sparse.name": info.name}
    with tarfile.open(tmp_path / "a-1.0.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)

    with pytest.raises(BuildError, match="u: has more than the limit of 1073741824 bytes"):
        _unpacked(tmp_path / "a-1.0.tar.gz", tmp_path / "place", "u")
    assert not (tmp_path / "place/a-1.0/big").exists()
