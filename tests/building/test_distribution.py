"""What a backend made is read, checked and written again, so that its bytes depend on its content alone."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.building.backend import build_environment
from multi_env_lambda.building.distribution import (
    File,
    Wheel,
    content_digest,
    content_digest_of,
    merge,
    read_sdist,
    read_wheel,
    write_sdist,
    write_wheel,
)
from multi_env_lambda.errors import BuildError

METADATA = (
    "Metadata-Version: 2.1\nName: Orders.App\nVersion: 1.0\nRequires-Dist: Money_Lib>=1\nRequires-Dist: attrs\n\nText\n"
)
PURE = "Wheel-Version: 1.0\nGenerator: some 1.2\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
INFO = "Orders.App-1.0.dist-info"
NAME = "Orders.App-1.0-py3-none-any.whl"


def packed(folder: Path, files: Mapping[str, str | bytes] | None = None, *, name: str = NAME) -> Path:
    every = {
        "orders/a.py": "a",
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/WHEEL": PURE,
        f"{INFO}/RECORD": "",
        **(files or {}),
    }
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, text in every.items():
            archive.writestr(path, text)
    return folder / name


def refused(path: Path, **named: str) -> str:
    with pytest.raises(BuildError) as caught:
        read_wheel(path, where="projects/orders", **named)
    return str(caught.value)


def written(wheel: Wheel, folder: Path) -> dict[str, bytes]:
    write_wheel(wheel, folder / "out.whl")
    with zipfile.ZipFile(folder / "out.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_info_folder_is_named_in_normal_form(tmp_path: Path) -> None:
    inside = written(read_wheel(packed(tmp_path), where="x"), tmp_path)
    assert {name.partition("/")[0] for name in inside} == {"orders", "orders_app-1.0.dist-info"}


def test_the_record_fits_every_file(tmp_path: Path) -> None:
    inside = written(read_wheel(packed(tmp_path, {'orders/a "b", c.txt': "q"}), where="x"), tmp_path)
    rows = list(csv.reader(io.StringIO(inside["orders_app-1.0.dist-info/RECORD"].decode())))
    assert sorted(row[0] for row in rows) == sorted(inside)
    for path, checksum, size in rows[:-1]:
        packed_hash = base64.urlsafe_b64encode(hashlib.sha256(inside[path]).digest()).rstrip(b"=").decode()
        assert (checksum, int(size)) == (f"sha256={packed_hash}", len(inside[path]))


def test_the_version_of_the_builder_is_not_in_the_bytes(tmp_path: Path) -> None:
    one = read_wheel(packed(tmp_path), where="x")
    two = read_wheel(packed(tmp_path, {f"{INFO}/WHEEL": PURE.replace("1.2", "9.9")}), where="x")
    assert write_wheel(one, tmp_path / "one.whl") == write_wheel(two, tmp_path / "two.whl")


def test_a_wheel_for_python_2_and_3_becomes_one_for_3(tmp_path: Path) -> None:
    path = packed(tmp_path, name="orders_app-1.0-py2.py3-none-any.whl")
    assert b"Tag: py3-none-any\n" in written(read_wheel(path, where="x"), tmp_path)["orders_app-1.0.dist-info/WHEEL"]


@pytest.mark.parametrize(
    "tag", ["cp313-cp313-manylinux_2_28_x86_64", "py3-none-linux_x86_64", "cp313-none-any", "py2-none-any"]
)
def test_a_wheel_that_is_not_pure_is_refused_with_its_tag(tmp_path: Path, tag: str) -> None:
    assert tag in refused(packed(tmp_path, name=f"orders_app-1.0-{tag}.whl"))


def test_a_data_folder_is_refused(tmp_path: Path) -> None:
    assert "folder orders-1.0.data" in refused(packed(tmp_path, {"orders-1.0.data/scripts/run": "x"}))


def test_a_wheel_without_a_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{INFO}/METADATA", METADATA)
        archive.writestr(f"{INFO}/WHEEL", PURE)
    assert "the wheel is empty" in refused(path)


def test_a_platform_library_is_refused(tmp_path: Path) -> None:
    assert "Root-Is-Purelib" in refused(packed(tmp_path, {f"{INFO}/WHEEL": PURE.replace("true", "false")}))


def test_two_info_folders_are_refused(tmp_path: Path) -> None:
    assert "2 dist-info folders" in refused(packed(tmp_path, {"other-1.dist-info/METADATA": ""}))


@pytest.mark.parametrize("name", ["not-a-wheel.whl", "orders_app-x.y-py3-none-any.whl"])
def test_a_file_name_that_is_no_wheel_s_is_refused(tmp_path: Path, name: str) -> None:
    assert "without a valid name" in refused(packed(tmp_path, name=name))


def test_another_version_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    assert "the version '1.0', but '2.0'" in refused(packed(tmp_path), version="2.0")


@pytest.mark.parametrize("name", ["../evil.py", "/abs.py", "orders/A.py", "a\\b.py"])
def test_an_entry_that_escapes_or_collides_is_refused(tmp_path: Path, name: str) -> None:
    assert repr(name) in refused(packed(tmp_path, {name: "x"}))


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {"orders/b.py": "0123456789"})
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780"))
    assert "damaged" in refused(path)


# --- merging and digest ---
def wheel_of(*paths: str, name: str = "orders", metadata: str = METADATA, body: bytes = b"x") -> Wheel:
    info = (File(path="METADATA", body=metadata.encode()),)
    return Wheel(name=name, version="1.0", files=tuple(File(path=path, body=body) for path in paths), info=info)


def test_the_requirement_of_a_merged_wheel_goes_and_the_others_stay() -> None:
    merged = merge(wheel_of("a.py"), [("libs/money", wheel_of("m.py", name="money-lib"))], where="projects/orders")
    assert b"Money" not in merged.info[0].body
    assert merged.info[0].body.endswith(b"Requires-Dist: attrs\n\nText\n")


@pytest.mark.parametrize("path", ["a.py", "A.py"])
def test_a_collision_names_both_folders(path: str) -> None:
    shared = [("libs/one", wheel_of("b.py", name="one")), ("libs/two", wheel_of(path, name="two", body=b"y"))]
    with pytest.raises(BuildError, match=r"projects/orders and libs/two both put"):
        merge(wheel_of("a.py"), shared, where="projects/orders")


def test_a_file_that_both_folders_have_is_added_once() -> None:
    merged = merge(wheel_of("a.py", "b.py"), [("libs/two", wheel_of("a.py", "c.py", name="two"))], where="w")

    assert [file.path for file in merged.files] == ["a.py", "b.py", "c.py"]


def test_the_version_line_does_not_count_for_the_digest_and_the_text_does() -> None:
    post = METADATA.replace("Version: 1.0", "Version: 1.0.post3")
    text = METADATA.replace("Text", "Version: 2")
    one, two, three = (content_digest(wheel_of("a.py", metadata=m), base_version="1.0") for m in (METADATA, post, text))
    assert one == two != three


@settings(max_examples=50)
@given(st.dictionaries(st.text("ab/", min_size=1), st.binary(max_size=3), min_size=1), st.randoms())
def test_the_order_of_the_files_does_not_count(files: dict[str, bytes], chance: object) -> None:
    one = [File(path=path, body=body) for path, body in files.items()]
    two = list(one)
    chance.shuffle(two)  # type: ignore[attr-defined]
    digests = {
        content_digest(Wheel(name="a", version="1", files=tuple(f), info=()), base_version="1") for f in (one, two)
    }
    assert len(digests) == 1


# --- sdist ---
def sdist_of(path: Path, *, time: int, mode: int, kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("Orders.App-1.0/a.py")
        info.size, info.mtime, info.mode, info.uid, info.type = 1, time, mode, time, kind
        info.linkname = "/etc/passwd"
        archive.addfile(info, io.BytesIO(b"a"))
    return path


def test_times_owners_and_umasks_are_not_in_the_sdist(tmp_path: Path) -> None:
    target = tmp_path / "orders_app-1.0.tar.gz"
    one = write_sdist(read_sdist(sdist_of(tmp_path / "1.tar.gz", time=1, mode=0o600), where="x"), target)
    two = write_sdist(read_sdist(sdist_of(tmp_path / "2.tar.gz", time=9, mode=0o664), where="x"), target)
    assert one == two == hashlib.sha256(target.read_bytes()).hexdigest()
    with tarfile.open(target) as archive:
        assert archive.getnames() == ["orders_app-1.0/a.py"]


def test_a_link_in_the_sdist_is_refused(tmp_path: Path) -> None:
    source = sdist_of(tmp_path / "1.tar.gz", time=1, mode=0o644, kind=tarfile.SYMTYPE)
    with pytest.raises(BuildError, match="not a regular file"):
        read_sdist(source, where="x")


def test_an_sdist_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.tar.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(BuildError, match="cannot be read"):
        read_sdist(tmp_path / "1.tar.gz", where="x")


# --- the backend's environment ---
def test_a_backend_sees_no_credentials_and_nothing_that_changes_the_result() -> None:
    given_to_us = {
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONPATH": "x",
        "VIRTUAL_ENV": "x",
        "UV_PYTHON": "2.7",
        "TZ": "Asia/Tokyo",
    }
    found = build_environment({**given_to_us, "SOURCE_DATE_EPOCH": "9"})
    assert found == {"SOURCE_DATE_EPOCH": "315532800", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}


def test_a_backend_finds_programs_proxies_and_indexes() -> None:
    kept = {"PATH": "/bin", "https_proxy": "p", "UV_INDEX_COMPANY_PASSWORD": "s", "UV_CACHE_DIR": "c"}
    assert kept.items() <= build_environment(kept).items()


PUBLISHED = Wheel(
    name="orders-app",
    version="1.0.post3",
    files=(File(path="orders/a.py", body=b"a"), File(path="orders/run.sh", body=b"b", executable=True)),
    info=(File(path="METADATA", body=METADATA.replace("1.0\n", "1.0.post3\n").encode()),),
)


def test_the_digest_of_published_bytes_is_that_of_the_content_however_they_are_compressed(tmp_path: Path) -> None:
    write_wheel(PUBLISHED, tmp_path / "new.whl")
    stored = (tmp_path / "new.whl").read_bytes()
    deflated = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(stored)) as source, zipfile.ZipFile(deflated, "w") as archive:
        for info in source.infolist():
            archive.writestr(info, source.read(info), zipfile.ZIP_DEFLATED)
    for wheel in (stored, deflated.getvalue()):
        assert content_digest_of(wheel, "1.0.post3", "1.0") == content_digest(PUBLISHED, base_version="1.0")


def test_the_digest_of_a_content_is_the_one_that_release_0_1_1_looked_up() -> None:
    digest = "9b0e0765977f15bbad42e211a66aced9dd60c830077760be544ff0d4a55df52f"
    assert content_digest(PUBLISHED, base_version="1.0") == digest


@pytest.mark.parametrize("version", ["1.0", "1.0.post33", "0.post3"])
def test_the_bytes_of_another_version_have_no_digest(tmp_path: Path, version: str) -> None:
    write_wheel(PUBLISHED, tmp_path / "x.whl")
    with pytest.raises(BuildError, match=f"has no dist-info folder of {version}"):
        content_digest_of((tmp_path / "x.whl").read_bytes(), version, "1.0")


@pytest.mark.parametrize("cut", [0, 10, -30])
def test_published_bytes_that_are_damaged_have_no_digest(tmp_path: Path, cut: int) -> None:
    write_wheel(PUBLISHED, tmp_path / "x.whl")
    with pytest.raises(BuildError, match="is not a readable zip"):
        content_digest_of((tmp_path / "x.whl").read_bytes()[:cut], "1.0.post3", "1.0")


def test_an_sdist_that_says_more_than_it_has_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("u-1.0/big")
    sparse = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(2 << 30)}
    info.pax_headers = {**sparse, "GNU.sparse.map": "0,0", "GNU.sparse.name": info.name}
    with tarfile.open(tmp_path / "1.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)

    with pytest.raises(BuildError, match=r"entry 'u-1\.0/big' has gaps"):
        read_sdist(tmp_path / "1.tar.gz", where="x")


def test_an_sdist_is_inflated_to_its_bound_and_no_further(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"1\.tar\.gz: has more than the limit of 4096 bytes"):
        read_sdist(sdist_of(tmp_path / "1.tar.gz", time=1, mode=0o644), where="x", largest=4096)


@pytest.mark.parametrize("lie", [{"GNU.sparse.size": "5", "GNU.sparse.map": "a,b"}, {"GNU.sparse.size": "9" * 5000}])
def test_an_sdist_that_says_what_no_archive_can_say_is_told_in_words(tmp_path: Path, lie: dict[str, str]) -> None:
    info = tarfile.TarInfo("u-1.0/x")
    info.pax_headers = {"GNU.sparse.map": "0,0", **lie}
    with tarfile.open(tmp_path / "1.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)

    with pytest.raises(BuildError, match="made an sdist that cannot be read"):
        read_sdist(tmp_path / "1.tar.gz", where="x")


def test_a_wheel_that_would_be_too_large_is_not_inflated(tmp_path: Path) -> None:
    path = packed(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(f"{INFO}/big", "w") as member:
        for _ in range(251):
            member.write(bytes(1 << 20))

    assert "bytes unzipped; Lambda accepts up to 262144000" in refused(path)
