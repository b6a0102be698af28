"""Layers are spliced from wheels: equal inputs give equal bytes, and what would not work in Lambda is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda.building.layer import BUILDER_VERSION, BuiltLayer, _digest, _opened, build_layer, check_together
from multi_env_lambda.building.lock import Lock, LockedFile, SelectedWheel, Target, read_lock, select, write_lock
from multi_env_lambda.building.shared_objects import Missing
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.artifact import Package
from tests.building.test_shared_objects import elf

X86 = Target(python="3.13", architecture="x86_64")


@attrs.frozen
class Bench:
    """A folder with wheels and a cache, and the lock that names them."""

    folder: Path

    @property
    def lock(self) -> Lock:
        return Lock(path=self.folder / "pylock.toml", where="projects/orders/pylock.toml", packages=())

    def selected(self, name: str, body: bytes, *, suffix: str = "-py3-none-any.whl") -> SelectedWheel:
        filename = f"{name}-1.0{suffix}"
        (self.folder / filename).write_bytes(body)
        file = LockedFile(filename=filename, sha256=hashlib.sha256(body).hexdigest(), path=filename)
        return SelectedWheel(name=name, version="1.0", file=file)

    def wheel(self, name: str, files: Mapping[str, bytes | str]) -> SelectedWheel:
        return self.selected(name, wheel_bytes(name, files))

    def build(
        self, *selected: SelectedWheel, cache: str = "cache", target: Target = X86, alone: bool = True
    ) -> BuiltLayer:
        downloads = self.folder / "downloads"
        return build_layer(
            selected, target, cache=self.folder / cache, lock=self.lock, downloads=downloads, alone=alone
        )


def wheel_bytes(name: str, files: Mapping[str, bytes | str]) -> bytes:
    info = f"{name}-1.0.dist-info"
    members = {**files, f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n", f"{info}/WHEEL": "Wheel-Version: 1.0\n"}
    record = "".join(f"{member},,\n" for member in (*members, f"{info}/RECORD"))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in {**members, f"{info}/RECORD": record}.items():
            archive.writestr(member, data)
    return body.getvalue()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def named(selected: tuple[SelectedWheel, ...], target: Target) -> str:
    return _digest(selected, target, BUILDER_VERSION)


def names(built: BuiltLayer) -> list[str]:
    with zipfile.ZipFile(built.layer) as archive:
        assert archive.testzip() is None
        return [name for name in archive.namelist() if ".dist-info" not in name]


def record_of(built: BuiltLayer, name: str) -> list[str]:
    with zipfile.ZipFile(built.layer) as archive:
        text = archive.read(f"python/{name}-1.0.dist-info/RECORD").decode()
    return [row[0] for row in csv.reader(io.StringIO(text)) if ".dist-info" not in row[0]]


def test_wheels_are_put_below_python_with_their_metadata(bench: Bench) -> None:
    built = bench.build(bench.wheel("b", {"b.py": "b = 1"}), bench.wheel("a", {"a/__init__.py": "a = 1"}))
    assert names(built) == ["python/a/__init__.py", "python/b.py"]
    assert built.packages == (Package(name="b", version="1.0"), Package(name="a", version="1.0"))
    with zipfile.ZipFile(built.layer) as archive:
        assert archive.read("python/b-1.0.dist-info/METADATA") == b"Name: b\nVersion: 1.0\n"
        assert built.unzipped_size == sum(info.file_size for info in archive.infolist())


def test_two_folders_two_umasks_and_two_orders_give_equal_bytes(tmp_path: Path) -> None:
    found = set()
    for umask, order in ((0o077, 1), (0o022, -1)):
        before = os.umask(umask)
        try:
            (tmp_path / str(umask)).mkdir()
            bench = Bench(tmp_path / str(umask))
            wheels = [bench.wheel("a", {"a.py": "1", "a.data/purelib/x.py": "2"}), bench.wheel("b", {"b.py": "2"})]
            built = bench.build(*wheels[::order])
        finally:
            os.umask(before)
        found.add((built.digest, built.layer_sha256, built.requirements_sha256))
        assert hashlib.sha256(built.layer.read_bytes()).hexdigest() == built.layer_sha256
        assert hashlib.sha256(built.requirements.read_bytes()).hexdigest() == built.requirements_sha256
        sizes = (built.layer_size, built.requirements_size)
        assert sizes == (built.layer.stat().st_size, built.requirements.stat().st_size)
    assert len(found) == 1


def test_the_requirements_hold_what_the_digest_is_over_and_nothing_else(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    moved = attrs.evolve(wheel, file=attrs.evolve(wheel.file, url="https://user:secret@x.org/a.whl", size=7))
    first, second = bench.build(wheel), bench.build(moved, cache="other")
    assert first.requirements.read_bytes() == second.requirements.read_bytes()
    with zipfile.ZipFile(first.requirements) as archive:
        assert archive.namelist() == ["manifest.json", "requirements.txt"]
        assert archive.read("requirements.txt").decode() == f"a==1.0 --hash=sha256:{wheel.sha256}\n"
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["digest"], manifest["python"], manifest["architecture"]) == (first.digest, "3.13", "x86_64")
    assert manifest["packages"] == [{"name": "a", "version": "1.0", "filename": wheel.filename, "sha256": wheel.sha256}]


def test_the_digest_is_over_files_and_target(bench: Bench) -> None:
    a, b = bench.wheel("a", {"a.py": "1"}), bench.wheel("b", {"b.py": "1"})
    other = bench.wheel("a", {"a.py": "2"})
    targets = [X86, *(attrs.evolve(X86, **one) for one in ({"python": "3.12"}, {"architecture": "arm64"}))]
    targets.append(attrs.evolve(X86, glibc=(2, 28)))
    digests = {named((a, b), target) for target in targets} | {named((other, b), X86)}
    assert len(digests) == 5
    assert named((b, a), X86) == named((a, b), X86)


def test_a_second_call_needs_neither_wheels_nor_downloads(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    first = bench.build(wheel)
    (bench.folder / wheel.filename).unlink()
    (bench.folder / "downloads" / "wheels" / wheel.sha256 / wheel.filename).unlink()
    assert bench.build(wheel) == first


def test_a_cut_file_in_the_cache_is_made_again(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    first = bench.build(wheel)
    whole = first.layer.read_bytes()
    first.layer.write_bytes(whole[:10])
    assert bench.build(wheel).layer.read_bytes() == whole


def test_many_builders_at_once_agree(bench: Bench) -> None:
    wheels = [bench.wheel(name, {f"{name}.py": name * 1000}) for name in "abcdef"]
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: bench.build(*wheels), range(8)))
    assert all(one == built[0] for one in built)
    assert list((bench.folder / "cache" / "layer").iterdir()) == [built[0].layer.parent]


def test_data_folders_are_installed_where_they_belong_and_the_record_agrees(bench: Bench) -> None:
    files = {
        "a.py": "1",
        "a-1.0.data/purelib/pure.py": "2",
        "a-1.0.data/platlib/sub/plat.py": "3",
        "a-1.0.data/scripts/run": "#!python",
        "a-1.0.data/headers/a.h": "h",
        "a-1.0.data/data/share/a.txt": "t",
        "__pycache__/a.cpython-313.pyc": "c",
        "b.pyc": "c",
    }
    wheel = bench.wheel("a", files)
    built = bench.build(wheel)
    assert names(built) == [f"python/{one}" for one in ("a.py", "b.pyc", "pure.py", "share/a.txt", "sub/plat.py")]
    assert sorted(record_of(built, "a")) == ["a.py", "b.pyc", "pure.py", "share/a.txt", "sub/plat.py"]
    assert built.notes == snapshot(
        (
            "a-1.0-py3-none-any.whl: its scripts and headers are not in the layer "
            "(a-1.0.data/headers/a.h, a-1.0.data/scripts/run)",
            "a-1.0-py3-none-any.whl: its data files are in /opt/python, not in sys.prefix (share/a.txt)",
            "a-1.0-py3-none-any.whl: has compiled modules without source (b.pyc)",
        )
    )


def test_compiled_modules_with_a_source_are_left_out(bench: Bench) -> None:
    assert names(bench.build(bench.wheel("a", {"a.py": "1", "a.pyc": "c", "a/b.pyc": "c"}))) == [
        "python/a.py",
        "python/a/b.pyc",
    ]


def test_a_layer_of_plain_wheels_keeps_the_digest_that_it_had_before_data_files_were_kept(bench: Bench) -> None:
    plain, more = bench.wheel("a", {"a.py": "1"}), bench.wheel("b", {"b.py": "1", "b-1.0.data/data/share/b": "1"})
    assert bench.build(plain).digest == _digest([plain], X86, 1)
    assert bench.build(plain, more).digest == _digest([plain, more], X86, BUILDER_VERSION)


def test_what_a_layer_cannot_load_is_remembered_with_it(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a/_a.abi3.so": elf(), "a/_b.abi3.so": elf(needed=("libgone.so.1",))})
    first, second = bench.build(wheel), bench.build(wheel)
    assert first == second
    assert first.unloadable == {
        "python/a/_b.abi3.so": (Missing(library="libgone.so.1", needed_by="python/a/_b.abi3.so"),)
    }
    assert first.notes == snapshot(
        ("python/a/_b.abi3.so cannot be loaded: neither the layer nor Lambda has libgone.so.1",)
    )


def test_a_wheel_that_needs_a_display_is_refused_with_the_one_that_does_not(bench: Bench) -> None:
    wheel = attrs.evolve(
        bench.wheel("opencv_python", {"cv2/cv2.abi3.so": elf(needed=("libGL.so.1",))}), name="opencv-python"
    )
    with pytest.raises(BuildError) as caught:
        bench.build(wheel)
    with pytest.raises(BuildError, match="libGL"):
        bench.build(wheel)
    assert bench.build(wheel, alone=False).unloadable
    assert str(caught.value).splitlines() == [
        "projects/orders/pylock.toml: Lambda (Python 3.13, x86_64) could not load:",
        "  opencv_python-1.0-py3-none-any.whl: python/cv2/cv2.abi3.so needs libGL.so.1, "
        "which neither the layer nor Lambda (Amazon Linux 2023) has",
        "hint: `opencv-python-headless` is the same module without windows, and needs none of them",
    ]


def test_a_record_without_a_reason_to_change_stays_as_it_is(bench: Bench) -> None:
    built = bench.build(bench.wheel("a", {"a.py": "1"}))
    assert record_of(built, "a") == ["a.py"]


BAD_WHEELS: dict[str, tuple[dict[str, bytes | str], str]] = {
    "unknown data": ({"a-1.0.data/stuff/x": "1"}, "unknown place 'stuff'"),
    "library outside": ({"a-1.0.data/data/lib/liba.so.1": "1"}, "outside site-packages"),
    "two infos": ({"b-2.0.dist-info/METADATA": "1"}, "must have one .dist-info folder, that of a; found: a-1.0"),
    "double after the move": ({"x.py": "1", "a-1.0.data/purelib/x.py": "2"}, "'x.py'"),
    "not a library": ({"a/_x.cpython-313-x86_64-linux-gnu.so": "text"}, "does not start with the ELF signature"),
    "climbing": ({"../a.py": "1"}, "climbs out"),
}


@pytest.mark.parametrize("mistake", BAD_WHEELS)
def test_a_strange_wheel_is_refused_and_nothing_is_kept(bench: Bench, mistake: str) -> None:
    files, reason = BAD_WHEELS[mistake]
    with pytest.raises(BuildError) as caught:
        bench.build(bench.wheel("a", files))
    assert reason in caught.value.what
    assert not list((bench.folder / "cache").rglob("*.zip"))


def test_wheels_that_disagree_about_a_file_are_both_named(bench: Bench) -> None:
    one, two = bench.wheel("a", {"shared.py": "1"}), bench.wheel("b", {"shared.py": "2"})
    with pytest.raises(BuildError, match=r"a-1\.0-py3.* and b-1\.0-py3.* both have a file 'shared\.py'"):
        bench.build(one, two)


@pytest.mark.parametrize(
    ("path", "one", "two", "taken"),
    [
        ("LICENSE", "MIT", "BSD", "MIT"),
        ("tests/__init__.py", "a", "b", "a"),
        ("tests/data/x.py", "a", "b", "a"),
        ("space/__init__.py", "", "value = 1", "value = 1"),
        ("space/__init__.py", "value = 1", " \n", "value = 1"),
    ],
)
def test_a_file_that_takes_nothing_from_the_other_package_is_taken_with_a_note(
    bench: Bench, path: str, one: str, two: str, taken: str
) -> None:
    built = bench.build(bench.wheel("a", {path: one, "a.py": "1"}), bench.wheel("b", {path: two, "b.py": "1"}))

    with zipfile.ZipFile(built.layer) as archive:
        assert archive.read(f"python/{path}").decode() == taken
    winner = "a" if taken == one else "b"
    assert built.notes == (f"{winner}-1.0-py3-none-any.whl: its {path} is taken, others have one too",)


@pytest.mark.parametrize("path", ["space/__init__.py", "space/data.json", "top.py", "top.so"])
def test_what_the_other_package_would_lose_is_refused(bench: Bench, path: str) -> None:
    one, two = bench.wheel("a", {path: "1"}), bench.wheel("b", {path: "2"})

    with pytest.raises(BuildError, match="both have a file"):
        bench.build(one, two)


def test_names_that_differ_in_case_are_two_files_in_a_layer(bench: Bench) -> None:
    built = bench.build(bench.wheel("a", {"a/Data.txt": "1", "a/data.txt": "2"}))

    assert names(built) == ["python/a/Data.txt", "python/a/data.txt"]


def test_wheels_that_agree_about_a_file_share_it(bench: Bench) -> None:
    init = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    one = bench.wheel("a", {"google/__init__.py": init, "google/a.py": "1"})
    two = bench.wheel("b", {"google/__init__.py": init, "google/b.py": "1"})
    assert names(bench.build(one, two)) == [f"python/google/{name}.py" for name in ("__init__", "a", "b")]


@pytest.mark.slow
@pytest.mark.long
def test_a_layer_over_the_limit_lists_the_biggest(bench: Bench) -> None:
    big = bench.wheel("big", {f"big/{n}.bin": bytes(66_000_000) for n in range(4)})
    with pytest.raises(BuildError, match=r"Lambda allows 262144000; .*\n *264\.0 MB  big-1\.0.*\n *0\.0 MB  a-1\.0"):
        bench.build(bench.wheel("a", {"a.py": "1"}), big)


def test_code_and_layer_are_held_against_the_limit_together(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    code = bench.folder / wheel.filename
    built = attrs.evolve(bench.build(wheel), unzipped_size=262_143_000)

    check_together(code, attrs.evolve(built, unzipped_size=262_143_000 - 1000), where="projects/a")
    (bench.folder / "big.whl").write_bytes(wheel_bytes("a", {"a.py": "1" * 2000}))
    with pytest.raises(BuildError) as caught:
        check_together(bench.folder / "big.whl", built, where="projects/a")
    assert str(caught.value).splitlines() == [
        "projects/a: code (2123 bytes) and layer (262143000 bytes) have 262145123 bytes unzipped; "
        "Lambda allows 262144000 for both",
        "hint: remove large files and read them from S3, or drop a dependency",
    ]


def test_a_wheel_that_was_changed_in_the_cache_is_fetched_again(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    first = bench.build(wheel)
    kept = bench.folder / "downloads" / "wheels" / wheel.sha256 / wheel.filename
    kept.write_bytes(wheel_bytes("a", {"a.py": "2"}))
    assert bench.build(wheel, cache="other").layer_sha256 == first.layer_sha256
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == wheel.sha256


def test_the_bytes_that_are_packed_are_compared_although_the_file_was_right_a_moment_ago(bench: Bench) -> None:
    wheel = bench.wheel("a", {"a.py": "1"})
    path = bench.folder / wheel.filename
    path.write_bytes(wheel_bytes("a", {"a.py": "EVIL"}))

    with pytest.raises(BuildError, match=f"but {wheel.sha256} is locked"):
        _opened(wheel, path, X86, where="pylock.toml")


def test_a_library_that_its_own_wheel_holds_damaged_is_named(bench: Bench) -> None:
    body = bytearray(wheel_bytes("a", {"a/_x.so": b"\x7fELF" + bytes(range(256)) * 40}))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        info = archive.getinfo("a/_x.so")
    body[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0x55
    with pytest.raises(BuildError, match=r"a-1.0-py3-none-any.whl: is damaged: a/_x\.so: "):
        bench.build(bench.selected("a", bytes(body)))


def test_a_unit_without_dependencies_gets_an_empty_layer(bench: Bench) -> None:
    assert names(bench.build()) == []


def sdist(bench: Bench, name: str, setup: str) -> SelectedWheel:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        for member, text in (("pyproject.toml", project), ("backend.py", setup), ("PKG-INFO", metadata)):
            info = tarfile.TarInfo(f"{name}-1.0/{member}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return bench.selected(name, body.getvalue(), suffix=".tar.gz")


BACKEND = """
import random, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "a-1.0-{tag}.whl"
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as archive:
        archive.writestr("a.py", "1")
        archive.writestr("a-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: a\\nVersion: 1.0\\n")
        wheel = f"Wheel-Version: 1.0\\nGenerator: x {{random.random()}}\\nRoot-Is-Purelib: true\\nTag: {tag}\\n"
        archive.writestr("a-1.0.dist-info/WHEEL", wheel)
        archive.writestr("a-1.0.dist-info/RECORD", f"a.py,,{{random.random()}}\\n")
    return name
"""


def test_an_sdist_that_builds_a_pure_wheel_is_built_and_normalised(tmp_path: Path) -> None:
    found = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name)
        found.append(bench.build(sdist_once(tmp_path, bench)))
    assert names(found[0]) == ["python/a.py"]
    assert found[0].layer_sha256 == found[1].layer_sha256


def sdist_once(folder: Path, bench: Bench) -> SelectedWheel:
    """The same bytes for every bench: tar files carry the time of their making."""
    kept = folder / "a-1.0.tar.gz"
    if not kept.exists():
        made = sdist(bench, "a", BACKEND.format(tag="py3-none-any"))
        kept.write_bytes((bench.folder / made.filename).read_bytes())
    return bench.selected("a", kept.read_bytes(), suffix=".tar.gz")


def test_the_environment_of_the_user_reaches_no_wheel_of_an_sdist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = 'archive.writestr("a.py", repr(sorted(__import__("os").environ)))'
    package = sdist(
        Bench(tmp_path), "a", BACKEND.format(tag="py3-none-any").replace('archive.writestr("a.py", "1")', told)
    )
    found = []
    for name in ("first", "second"):
        monkeypatch.setenv(f"AWS_SECRET_OF_{name.upper()}", "x")
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name)
        found.append(bench.build(bench.selected("a", (tmp_path / package.filename).read_bytes(), suffix=".tar.gz")))
    assert found[0].layer_sha256 == found[1].layer_sha256
    with zipfile.ZipFile(found[1].layer) as archive:
        assert b"AWS_SECRET" not in archive.read("python/a.py")


def test_an_sdist_that_builds_for_this_machine_is_refused(bench: Bench) -> None:
    with pytest.raises(BuildError, match=r"builds a-1\.0-cp313-cp313-linux_x86_64\.whl, which is not pure"):
        bench.build(sdist(bench, "a", BACKEND.format(tag="cp313-cp313-linux_x86_64")))


def test_an_sdist_that_cannot_be_built_is_named(bench: Bench) -> None:
    with pytest.raises(BuildError, match=r"(?s)a-1.0.tar.gz.*no wheel at all"):
        bench.build(sdist(bench, "a", "raise SystemExit(1)"))


@pytest.mark.network
@pytest.mark.long
def test_pandas_runs_from_the_extracted_layer(tmp_path: Path) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "r"\nversion = "1"\ndependencies = ["pandas"]\n')
    write_lock(tmp_path, python=python)
    lock = read_lock(tmp_path, where="projects/r")
    assert lock is not None
    # With the glibc of a newer Lambda: current releases of numpy no longer support the one of Python 3.11.
    machine = "arm64" if os.uname().machine == "aarch64" else "x86_64"
    target = Target(python=python, architecture=machine, glibc=(2, 34))
    built = build_layer(select(lock, target), target, cache=tmp_path / "cache", lock=lock)
    with zipfile.ZipFile(built.layer) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "opt")
    code = "import pandas; print(pandas.DataFrame({'a': [1, 2]}).a.sum(), pandas.__file__)"
    path = {"PYTHONPATH": str(tmp_path / "opt" / "python")}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", str(tmp_path / "opt" / "python" / "pandas" / "__init__.py")]


# --- the library of Glue jobs ---
GLUE = Target(python="3.9", architecture="x86_64", place="Glue")


def test_a_library_has_its_packages_at_the_top_and_another_digest_than_a_layer(bench: Bench) -> None:
    wheel = bench.wheel("small", {"small.py": "x = 1\n"})
    library, layer = bench.build(wheel, target=GLUE), bench.build(wheel, target=attrs.evolve(GLUE, place="Lambda"))

    assert "small.py" in names(library)
    assert "python/small.py" in names(layer)
    assert library.digest != layer.digest


def test_the_limits_and_the_libraries_of_lambda_are_not_those_of_glue(bench: Bench) -> None:
    module = "fast.cpython-39-x86_64-linux-gnu.so"
    body = wheel_bytes("fast", {module: elf(needed=("libGL.so.1",)), "huge.bin": bytes(263_000_000)})
    selected = bench.selected("fast", body, suffix="-cp39-cp39-manylinux_2_17_x86_64.whl")

    assert bench.build(selected, target=GLUE).notes == ()


def test_a_module_for_another_python_than_glues_is_refused(bench: Bench) -> None:
    body = wheel_bytes("fast", {"fast.cpython-313-x86_64-linux-gnu.so": elf()})
    selected = bench.selected("fast", body, suffix="-cp39-cp39-manylinux_2_17_x86_64.whl")

    with pytest.raises(BuildError, match=r"Glue \(Python 3.9, x86_64\) could not load:"):
        bench.build(selected, target=GLUE)
