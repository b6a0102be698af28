"""Archives depend on nothing but their content, and hostile ones are refused."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.building.archive import Member, content, new_file, read_zip, write_tar_gz, write_zip
from multi_env_lambda.errors import BuildError


def stored_zip(path: Path, names: Iterable[str], *, mode: int = 0o644) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.external_attr = mode << 16
            archive.writestr(info, b"x")
    return path


FILES = [("b.py", b"b = 1\n" * 50, False), ("a/run.sh", b"#!/bin/sh\n", True), ("ä.txt", b"", False)]


def write_one_zip(path: Path) -> str:
    return write_zip(path, [content(name, data, executable=executable) for name, data, executable in FILES])


def write_one_tar(path: Path) -> str:
    return write_tar_gz(path, FILES)


@pytest.mark.parametrize("write", [write_one_zip, write_one_tar])
def test_two_folders_two_umasks_and_two_orders_give_equal_bytes(tmp_path: Path, write: Callable[[Path], str]) -> None:
    before = os.umask(0o077)
    try:
        first = write(tmp_path / "first" / "made.bin")
        os.umask(0o000)
        FILES.reverse()
        second = write(tmp_path / "second" / "made.bin")
    finally:
        os.umask(before)
    assert (tmp_path / "first" / "made.bin").read_bytes() == (tmp_path / "second" / "made.bin").read_bytes()
    assert first == second == hashlib.sha256((tmp_path / "first" / "made.bin").read_bytes()).hexdigest()


def test_a_zip_has_sorted_names_one_date_and_two_modes(tmp_path: Path) -> None:
    write_one_zip(tmp_path / "made.zip")
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert [info.filename for info in infos] == ["a/run.sh", "b.py", "ä.txt"]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert [info.external_attr >> 16 for info in infos] == [stat.S_IFREG | mode for mode in (0o755, 0o644, 0o644)]
    assert {info.create_system for info in infos} == {3}


def test_a_tar_names_no_user_and_no_time(tmp_path: Path) -> None:
    write_one_tar(tmp_path / "made.tar.gz")
    with tarfile.open(tmp_path / "made.tar.gz") as archive:
        infos = archive.getmembers()
    assert [(info.name, info.mode) for info in infos] == [("a/run.sh", 0o755), ("b.py", 0o644), ("ä.txt", 0o644)]
    assert {(info.mtime, info.uid, info.gid, info.uname, info.gname) for info in infos} == {(0, 0, 0, "", "")}
    assert (tmp_path / "made.tar.gz").read_bytes()[3:10] == bytes(5) + b"\x00\xff"


names = st.lists(st.text("abcxyz-_é", min_size=1, max_size=6), min_size=1, max_size=3).map("/".join)
files = st.dictionaries(names.map(lambda name: f"d/{name}.f"), st.binary(max_size=400), max_size=6)


class Stream(io.BytesIO):
    """Cannot seek, so that zipfile writes data descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


@settings(max_examples=60)
@given(files=files, method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]), streamed=st.booleans())
def test_splicing_keeps_every_byte(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], method: int, streamed: bool
) -> None:
    folder = tmp_path_factory.mktemp("splice")
    buffer = Stream() if streamed else io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.mkdir("d") if hasattr(archive, "mkdir") else archive.writestr("d/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    (folder / "source.zip").write_bytes(buffer.getvalue())
    members = read_zip(folder / "source.zip").members
    assert {member.name: member.read() for member in members} == files
    write_zip(folder / "made.zip", [member.renamed(f"python/{member.name}") for member in members])
    with zipfile.ZipFile(folder / "made.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {f"python/{n}": d for n, d in files.items()}


HOSTILE = {
    "/etc/passwd": "is an absolute path",
    "C:/windows/system.ini": "is an absolute path",
    "../../evil.py": "climbs out of its folder",
    "a/../../evil.py": "climbs out of its folder",
    "a\\b.py": "has a backslash",
    "a.py\0.txt": "has a NUL",
    "a//b.py": "has an empty or '.' part",
    "./a.py": "has an empty or '.' part",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_by_reader_and_writer(tmp_path: Path, name: str) -> None:
    path = stored_zip(tmp_path / "hostile.zip", [name])
    with pytest.raises(BuildError, match="hostile.zip") as read:
        read_zip(path)
    with pytest.raises(BuildError, match="made.zip") as written:
        write_zip(tmp_path / "made.zip", [content(name, b"x")])
    assert HOSTILE[name] in read.value.what and HOSTILE[name] in written.value.what
    assert repr(name) in read.value.what


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (["a.py", "a.py"], "is listed twice"),
        (["Readme.txt", "README.txt"], "only in upper and lower case"),
        (["a", "a/b.py"], "is a file, but also the folder of"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_for_one_place_are_refused(tmp_path: Path, entries: list[str], reason: str) -> None:
    with pytest.raises(BuildError, match=reason):
        read_zip(stored_zip(tmp_path / "double.zip", entries))


def test_names_that_differ_in_case_are_two_where_only_linux_unpacks_them(tmp_path: Path) -> None:
    found = read_zip(stored_zip(tmp_path / "case.zip", ["Readme.txt", "README.txt"]), exact=True)

    assert [member.name for member in found.members] == ["Readme.txt", "README.txt"]
    write_zip(tmp_path / "again.zip", found.members, exact=True)
    with pytest.raises(BuildError, match="only in upper and lower case"):
        write_zip(tmp_path / "again.zip", found.members)


@pytest.mark.parametrize(("kind", "reason"), [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFIFO, "not a regular")])
def test_only_ordinary_files_are_read(tmp_path: Path, kind: int, reason: str) -> None:
    with pytest.raises(BuildError, match=reason):
        read_zip(stored_zip(tmp_path / "link.zip", ["link"], mode=kind | 0o777))


def test_a_method_that_lambda_cannot_read_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.py", b"x" * 100)
    with pytest.raises(BuildError, match="compressed by method 14"):
        read_zip(tmp_path / "lzma.zip")


@pytest.mark.parametrize("cut", [10, 40, 60])
def test_a_truncated_zip_is_refused(tmp_path: Path, cut: int) -> None:
    whole = stored_zip(tmp_path / "whole.zip", ["a.py"]).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-cut])
    with pytest.raises(BuildError, match="not a readable zip"):
        read_zip(tmp_path / "cut.zip")


def test_a_name_that_differs_between_directory_and_header_is_refused(tmp_path: Path) -> None:
    whole = stored_zip(tmp_path / "whole.zip", ["a.py"]).read_bytes()
    (tmp_path / "two.zip").write_bytes(whole.replace(b"a.py", b"b.py", 1))
    with pytest.raises(BuildError, match="another name in its own header"):
        read_zip(tmp_path / "two.zip")


def test_other_bytes_than_the_locked_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="is locked"):
        read_zip(stored_zip(tmp_path / "a.zip", ["a.py"]), sha256="0" * 64)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    members = [Member(name=f"{n}", data=b"", method=0, crc=0, size=0) for n in range(0x10000)]
    with pytest.raises(BuildError, match="65536 entries do not fit"):
        write_zip(tmp_path / "many.zip", members)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "kept.zip").write_bytes(b"old")
    with pytest.raises(KeyError), new_file(tmp_path / "kept.zip") as stream:
        stream.write(b"half")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["kept.zip"]
    assert (tmp_path / "kept.zip").read_bytes() == b"old"


def test_nothing_is_compressed_because_another_zlib_would_give_other_bytes(tmp_path: Path) -> None:
    text = b"the same line\n" * 1000
    write_zip(tmp_path / "a.zip", [content("a.txt", text)])
    write_tar_gz(tmp_path / "a.tar.gz", [("a.txt", text, False)])

    assert text in (tmp_path / "a.zip").read_bytes()
    assert text in (tmp_path / "a.tar.gz").read_bytes()


@given(body=st.binary(max_size=300), times=st.integers(1, 2000), method=st.sampled_from([0, 8]))
def test_a_digest_is_that_of_the_content_however_it_is_stored(body: bytes, times: int, method: int) -> None:
    packed = zlib.compressobj(wbits=-15)
    whole = body * times
    data = whole if method == 0 else packed.compress(whole) + packed.flush()
    member = Member(name="a", data=data, method=method, crc=zlib.crc32(whole), size=len(whole))

    assert member.sha256() == hashlib.sha256(whole).digest()
    for wrong in ({"size": len(whole) + 1}, {"size": max(0, len(whole) - 1)}, {"crc": member.crc ^ 1}):
        changed = attrs.evolve(member, **wrong)
        if changed != member:
            with pytest.raises(zlib.error, match="a does not have the length and checksum that its archive promises"):
                changed.sha256()
