"""Another zlib, another Python: the same bytes are published, or two people cannot deploy each other's units."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.host.process import run_uv

REPOSITORY = Path(__file__).parents[2]

# A deflate of another make: its output inflates to the same content and is never what this machine's zlib gives.
STAND_IN = """
import zlib
real = zlib.compressobj
def compressobj(level=-1, method=zlib.DEFLATED, wbits=zlib.MAX_WBITS, *more, **named):
    return real(1, method, wbits, 1, zlib.Z_HUFFMAN_ONLY)
zlib.compressobj = compressobj
"""
ZLIB_NG = """
import sys
sys.path.append(sys.argv[2])
import zlib
from zlib_ng import zlib_ng
zlib.compressobj, zlib.compress, zlib.decompress = zlib_ng.compressobj, zlib_ng.compress, zlib_ng.decompress
"""
OTHER_UV = """
import os, subprocess, sys
sys.modules["uv"] = None  # the one beside the library, so that the one on PATH is found
os.environ["PATH"] = sys.argv[2] + "/bin" + os.pathsep + os.environ["PATH"]
from multi_env_lambda.host.process import uv_program
"""
BUILD = """
import hashlib, io, json, pathlib, subprocess, sys, zipfile, zlib
from multi_env_lambda.building.layer import build_layer
from multi_env_lambda.building.lock import Lock, LockedFile, SelectedWheel, Target
from multi_env_lambda.building.source import build_source, stage_source
from multi_env_lambda.model.project import Project

folder = pathlib.Path(sys.argv[1])
root = folder / "repository"
unit = root / "projects" / "orders"
(unit / "orders").mkdir(parents=True)
(unit / "orders" / "__init__.py").write_text("".join(f"def f{n}(x):\\n    return x * {n}\\n" for n in range(500)))
(unit / "pyproject.toml").write_text('''[project]
name = "orders"
version = "0.1.1"
[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
[tool.uv.build-backend]
module-root = ""
''')
subprocess.run(["git", "init", "-q", str(root)], check=True)
with stage_source(root, Project(name="orders", folder="projects/orders", version="0.1.1")) as staged:
    source = build_source(staged, version="0.1.1", cache=folder / "cache")

# Made in advance, as a package index gives it: its bytes are an input.
body = pathlib.Path(sys.argv[3]).read_bytes()
file = LockedFile(filename="a-1.0-py3-none-any.whl", sha256=hashlib.sha256(body).hexdigest(), path=sys.argv[3])
selected = (SelectedWheel(name="a", version="1.0", file=file),)
lock = Lock(path=folder / "pylock.toml", where="pylock.toml", packages=())
target = Target(python="3.13", architecture="x86_64")
layer = build_layer(selected, target, cache=folder / "cache", lock=lock, downloads=folder / "downloads")
files = [source.wheel, source.sdist, layer.layer, layer.requirements]
print(json.dumps({
    "deflated": hashlib.sha256(zlib.compress(b"abc" * 999) + _deflated()).hexdigest(),
    "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    "said": [source.wheel_sha256, source.sdist_sha256, layer.layer_sha256, layer.requirements_sha256],
    "digest": source.digest,
}))
"""
DEFLATED = """
def _deflated():
    import zlib
    one = zlib.compressobj(6, zlib.DEFLATED, -15)
    return one.compress(b"".join(b"%d" % (n * n) for n in range(5000))) + one.flush()
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with a folder that an installer moves, so that its RECORD is written anew."""
    path = tmp_path / "a-1.0-py3-none-any.whl"
    record = "a.py,,\na-1.0.data/purelib/b.py,,\na-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("a.py", "a = 1\n" * 99), ("a-1.0.data/purelib/b.py", "b = 1\n" * 99)):
            archive.writestr(name, text)
        archive.writestr("a-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n")
        archive.writestr("a-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("a-1.0.dist-info/RECORD", record)
    return path


def built(
    folder: Path, wheel: Path, *, python: Path, prelude: str = "", packages: Path | None = None
) -> dict[str, str]:
    folder.mkdir()
    paths = [str(REPOSITORY), *(path for path in sys.path if path.endswith("site-packages"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "UV_OFFLINE": "1"}
    words = [str(python), "-c", prelude + DEFLATED + BUILD, str(folder), str(packages), str(wheel)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found["files"].values()) == sorted(found["said"])
    return {"deflated": found["deflated"], "digest": found["digest"], **found["files"]}


def check(here: dict[str, str], there: dict[str, str]) -> None:
    """Equal in all but the proof that the other deflate was really another one."""
    assert here.pop("deflated") != there.pop("deflated")
    assert here == there
    assert sorted(here) == [
        "digest",
        "layer.zip",
        "orders-0.1.1-py3-none-any.whl",
        "orders-0.1.1.tar.gz",
        "requirements.zip",
    ]


def test_another_deflate_gives_the_same_wheel_sdist_layer_and_requirements(tmp_path: Path, wheel: Path) -> None:
    here = built(tmp_path / "here", wheel, python=Path(sys.executable))
    check(here, built(tmp_path / "there", wheel, python=Path(sys.executable), prelude=STAND_IN))


@pytest.mark.network
def test_the_library_zlib_ng_gives_the_same_wheel_sdist_layer_and_requirements(tmp_path: Path, wheel: Path) -> None:
    words = ["pip", "install", "--quiet", "--python", sys.executable, "--target", tmp_path / "packages", "zlib-ng"]
    run_uv(words, where="zlib-ng", hint="")
    here = built(tmp_path / "here", wheel, python=Path(sys.executable))
    there = built(
        tmp_path / "there", wheel, python=Path(sys.executable), prelude=ZLIB_NG, packages=tmp_path / "packages"
    )
    check(here, there)


@pytest.mark.network
@pytest.mark.parametrize("version", ["0.9.30", "0.11.20"])
def test_another_uv_gives_the_same_wheel_sdist_layer_and_requirements(
    tmp_path: Path, wheel: Path, version: str
) -> None:
    words = ["pip", "install", "--quiet", "--python", sys.executable, "--target", tmp_path / "packages"]
    run_uv([*words, f"uv=={version}"], where="uv", hint="")
    here = built(tmp_path / "here", wheel, python=Path(sys.executable))
    prelude = (
        f"{STAND_IN}{OTHER_UV}assert {version!r} in subprocess.check_output([uv_program(), '--version'], text=True)\n"
    )
    there = built(
        tmp_path / "there", wheel, python=Path(sys.executable), prelude=prelude, packages=tmp_path / "packages"
    )
    check(here, there)


OTHERS = [f"3.{minor}" for minor in range(11, 15) if (3, minor) != sys.version_info[:2]]


@pytest.mark.slow
@pytest.mark.parametrize("version", OTHERS)
def test_another_python_gives_the_same_wheel_sdist_layer_and_requirements(
    tmp_path: Path, wheel: Path, version: str
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    here = built(tmp_path / "here", wheel, python=Path(sys.executable))
    there = built(tmp_path / "there", wheel, python=python, prelude=STAND_IN)
    check(here, there)
