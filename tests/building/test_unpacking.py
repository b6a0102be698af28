"""Archives that cannot be unpacked are errors in words, with the unit or the lock that they belong to."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.building.archive import check_names, of_unit
from multi_env_lambda.building.wheel import _unpacked
from multi_env_lambda.errors import BuildError

LONG = "x" * 300
DEEP = "/".join("d" * 1500)


def tar_gz(path: Path, *names: str, link: str = "") -> Path:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    path.write_bytes(body.getvalue())
    return path


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([f"a-1.0/{LONG}"], f"entry {f'a-1.0/{LONG}'[:80]!r} has a part of 300 bytes in its path; the limit is 255"),
        ([f"a-1.0/{DEEP}/f"], f"entry {f'a-1.0/{DEEP}'[:80]!r} is in 1501 nested folders; the limit is 99"),
        (["../x"], "cannot be unpacked: entry '../x' would be outside of its folder"),
        (["a-1.0/x", "b-1.0/x"], "has 2 folders at its root; expected one"),
    ],
)
def test_an_sdist_that_cannot_be_unpacked_is_told_in_words(tmp_path: Path, names: list[str], what: str) -> None:
    sdist = tar_gz(tmp_path / "a-1.0.tar.gz", *names)

    with pytest.raises(BuildError) as caught:
        _unpacked(sdist, tmp_path / "place", "projects/orders/pylock.toml")

    assert (caught.value.where, caught.value.what) == ("projects/orders/pylock.toml", what)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("link", ["/etc/passwd", "../../etc/passwd"])
def test_a_link_out_of_an_sdist_is_told_without_a_folder_of_this_machine(tmp_path: Path, link: str) -> None:
    sdist = tar_gz(tmp_path / "a-1.0.tar.gz", "a-1.0/x", link=link)

    with pytest.raises(BuildError, match="entry 'a-1.0/x' is a link to something outside of its folder") as caught:
        _unpacked(sdist, tmp_path / "place", "u")

    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"hello", "it is not a gzip file, or is damaged"),
        (gzip.compress(b"hello" * 1000, mtime=0), "it is not a readable archive"),
        (gzip.compress(random.Random(1).randbytes(4000), mtime=0)[:100], "it is damaged, or was cut off"),
    ],
    ids=["no gzip", "no tar", "cut off"],
)
def test_a_broken_sdist_is_told_in_one_line(tmp_path: Path, body: bytes, what: str) -> None:
    (tmp_path / "a-1.0.tar.gz").write_bytes(body)

    with pytest.raises(BuildError, match=f"cannot be unpacked: {what}") as caught:
        _unpacked(tmp_path / "a-1.0.tar.gz", tmp_path / "place", "u")

    assert "\n" not in caught.value.what


def member(name: str = "a-1.0/x", body: bytes = b"x", **what: Any) -> bytes:
    """A tar.gz with one file of which the archive says something."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        for key, value in {"size": len(body), **what}.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(body))
    return packed.getvalue()


SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
LIES = {
    "sparse": member(pax_headers={"GNU.sparse.size": "5", "GNU.sparse.map": "a,b"}),
    "digits": member(pax_headers={"GNU.sparse.size": "9" * 5000, "GNU.sparse.map": "0,1"}),
    "sparse map": member(body=b"zz\n" * 300, pax_headers=SPARSE),
    "no time": member(pax_headers={"mtime": "nan"}),
    "never": member(pax_headers={"mtime": "1e300"}),
    "nul": member(pax_headers={"path": "a-1.0/\0x"}),
    "link to nothing": member(type=tarfile.LNKTYPE, linkname="a-1.0/missing", size=0),
}


@pytest.mark.parametrize("body", LIES.values(), ids=LIES)
def test_an_sdist_that_says_what_no_archive_can_say_is_told_in_words(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a-1.0.tar.gz").write_bytes(body)

    with pytest.raises(BuildError, match=r"cannot be unpacked: it is not a readable archive \("):
        _unpacked(tmp_path / "a-1.0.tar.gz", tmp_path / "place", "u")


@pytest.mark.parametrize("link", ["missing", "x"])
def test_a_link_to_nothing_inside_of_an_sdist_is_its_own_business(tmp_path: Path, link: str) -> None:
    (tmp_path / "a-1.0.tar.gz").write_bytes(member(type=tarfile.SYMTYPE, linkname=link, size=0))

    folder = _unpacked(tmp_path / "a-1.0.tar.gz", tmp_path / "place", "u")

    assert (folder / "x").readlink() == Path(link)


@pytest.mark.parametrize(
    ("at", "value"), [((6, 8), 1), ((8, 10), 99), ((4, 6), 99)], ids=["locked", "method", "version"]
)
def test_an_sdist_of_a_zip_that_this_python_cannot_read_is_told_in_words(
    tmp_path: Path, at: tuple[int, int], value: int
) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("a-1.0/x", "x")
    changed = bytearray(body.getvalue())
    for place in (at[0], changed.rfind(b"PK\1\2") + at[1]):
        changed[place] = value
    (tmp_path / "a-1.0.zip").write_bytes(changed)

    with pytest.raises(BuildError, match="cannot be unpacked: it is not a readable archive"):
        _unpacked(tmp_path / "a-1.0.zip", tmp_path / "place", "u")


def test_an_sdist_of_a_zip_with_a_long_name_is_told_in_words(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a-1.0.zip", "w") as archive:
        archive.writestr(f"a-1.0/{LONG}", "")

    with pytest.raises(BuildError, match="has a part of 300 bytes in its path; the limit is 255"):
        _unpacked(tmp_path / "a-1.0.zip", tmp_path / "place", "u")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a/" + "x" * 5000, "has a part of 5000 bytes in its path; the limit is 255"),
        ("a/" + DEEP, "is in 1500 nested folders; the limit is 99"),
        ("/".join(["x" * 200] * 6), "has a path of 1205 bytes; the limit is 1024"),
        ("é" * 200, "has a part of 400 bytes in its path; the limit is 255"),
    ],
)
def test_a_name_that_cannot_be_unpacked_everywhere_is_refused_with_its_beginning(name: str, what: str) -> None:
    with pytest.raises(BuildError) as caught:
        check_names([name], where="a-1.0-py3-none-any.whl")

    assert caught.value.what == f"entry {name[:80]!r}… {what}"
    assert caught.value.hint.startswith("not every machine could unpack it")


def test_a_name_as_long_as_it_may_be_is_accepted() -> None:
    check_names(["/".join("d" * 100), "x" * 255, "/".join(["x" * 204] * 5)], where="a")


def test_an_error_about_an_archive_names_the_unit_once() -> None:
    for where in ("projects/orders", "a.whl"):
        with pytest.raises(BuildError) as caught, of_unit("projects/orders"):
            raise BuildError(where, "is broken", hint="mend it")
        assert caught.value.where == "projects/orders"
        assert caught.value.what == ("is broken" if where == "projects/orders" else "a.whl: is broken")
