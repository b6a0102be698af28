"""A wheel that says other things of itself than its name, or than the lock, is refused as pip refuses it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from multi_env_lambda.building.lock import LockedFile, SelectedWheel, Target
from multi_env_lambda.errors import BuildError
from tests.building.test_layer import Bench

X86 = Target(python="3.13", architecture="x86_64")
WHERE = "projects/orders/pylock.toml"
METADATA = "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n"
TAGS = ".".join(["py3"] * 30)
WHEEL = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def selected(bench: Bench, files: Mapping[str, str], suffix: str = "-py3-none-any.whl") -> SelectedWheel:
    info = {"METADATA": METADATA, "WHEEL": WHEEL, "RECORD": "", **files}
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/__init__.py", "")
        for name, text in info.items():
            if text != "none":
                archive.writestr(f"a-1.0.dist-info/{name}", text)
    return bench.selected("a", body.getvalue(), suffix=suffix)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"WHEEL": WHEEL.replace("1.0", "99.0")}, "has the Wheel-Version '99.0'; only versions up to 1.x can"),
        ({"WHEEL": WHEEL.replace("1.0", "2")}, "has the Wheel-Version '2'; only"),
        ({"WHEEL": WHEEL.replace("1.0", "²")}, "has the Wheel-Version"),
        ({"WHEEL": "Tag: py3-none-any\n"}, "has the Wheel-Version ''"),
        ({"WHEEL": "none"}, "has no WHEEL in its .dist-info folder"),
        ({"METADATA": "none"}, "has no METADATA in its .dist-info folder"),
        ({"WHEEL": WHEEL.replace("py3-none-any", "cp399-none-any")}, "is made for cp399-none-any as its WHEEL says"),
        ({"WHEEL": WHEEL.replace("any", "win_amd64")}, "is made for py3-none-win_amd64 as its WHEEL says"),
        ({"METADATA": METADATA.replace("a\n", "other\n")}, "its METADATA is that of 'other' '1.0', but a 1.0 is"),
        ({"METADATA": METADATA.replace("1.0", "2.0")}, "its METADATA is that of 'a' '2.0', but a 1.0 is locked"),
        ({"METADATA": "Metadata-Version: 2.1\n"}, "its METADATA is that of '' '', but a 1.0 is locked"),
        (
            {"METADATA": f"{METADATA}Requires-Python: <3\n"},
            "its METADATA requires Python <3, but the runtime is Python",
        ),
        ({"METADATA": METADATA.replace("1.0", "9" * 5000)}, "its METADATA is that of 'a' '9999"),
        ({"METADATA": f"{METADATA}Requires-Python: >={'9' * 5000}\n"}, "its METADATA requires Python >=9999"),
        ({"WHEEL": f"{WHEEL}Tag: {TAGS}-{TAGS}-{TAGS}\n"}, "its WHEEL has 27001 tags; the limit is 10000"),
        ({"RECORD": "\0" * (33 << 20)}, "its RECORD has 34603008 bytes; the limit is 33554432"),
        ({"RECORD": "a\n" * 131_071}, "its RECORD cannot be read: it has more than 131070 lines"),
        ({"METADATA": METADATA + "X: " + "y" * (4 << 20)}, "its METADATA has 4194350 bytes; the limit is 4194304"),
    ],
)
def test_a_wheel_that_lies_is_refused_with_the_lock_and_its_name(
    tmp_path: Path, files: Mapping[str, str], what: str
) -> None:
    bench = Bench(tmp_path)

    with pytest.raises(BuildError) as caught:
        bench.build(selected(bench, files))

    assert caught.value.where == WHERE
    assert caught.value.what.startswith(f"a-1.0-py3-none-any.whl: {what}")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("files", "suffix"),
    [
        ({"WHEEL": WHEEL.replace("1.0", "1.9")}, "-py3-none-any.whl"),
        ({"WHEEL": WHEEL.replace("any", "linux_x86_64")}, "-py3-none-manylinux_2_28_x86_64.whl"),
        ({"WHEEL": WHEEL}, "-py3-none-manylinux1_x86_64.whl"),
        ({"WHEEL": WHEEL}, "-py2.py3-none-any.whl"),
        ({"WHEEL": f"{WHEEL}Tag: --\n"}, "-py3-none-any.whl"),
        ({"METADATA": METADATA.replace("Name: a", "Name: A").replace("1.0", "v1.0")}, "-py3-none-any.whl"),
        ({"METADATA": f"{METADATA}Requires-Python: >=3.6.*\n"}, "-py3-none-any.whl"),
        ({"METADATA": f"{METADATA}Requires-Python: >=3.9\n"}, "-py3-none-any.whl"),
    ],
)
def test_what_is_usual_is_accepted(tmp_path: Path, files: Mapping[str, str], suffix: str) -> None:
    bench = Bench(tmp_path)

    assert [package.name for package in bench.build(selected(bench, files, suffix)).packages] == ["a"]


BACKEND = """
import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(os.path.join(folder, "b-1.0-py3-none-any.whl"), "w") as archive:
        archive.writestr("b/__init__.py", "")
        archive.writestr("b-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: b\\nVersion: 1.0\\n")
        archive.writestr("b-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr("b-1.0.dist-info/RECORD", "")
    return "b-1.0-py3-none-any.whl"
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "bk"\nbackend-path = ["."]\n'


def test_an_sdist_that_builds_another_package_is_refused(tmp_path: Path) -> None:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, text in (("PKG-INFO", METADATA), ("pyproject.toml", PYPROJECT), ("bk.py", BACKEND)):
            info = tarfile.TarInfo(f"a-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    (tmp_path / "a-1.0.tar.gz").write_bytes(body.getvalue())
    file = LockedFile(filename="a-1.0.tar.gz", sha256=hashlib.sha256(body.getvalue()).hexdigest(), path="a-1.0.tar.gz")

    with pytest.raises(BuildError) as caught:
        Bench(tmp_path).build(SelectedWheel(name="a", version="1.0", file=file))

    assert (caught.value.where, caught.value.what) == (
        WHERE,
        "a-1.0.tar.gz: b-1.0-py3-none-any.whl: is the wheel of b 1.0, but a 1.0 is locked",
    )
