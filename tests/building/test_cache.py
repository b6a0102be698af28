"""One flipped byte, in any file that a cache holds, and everything comes out as if the cache were empty."""

from __future__ import annotations

import functools
import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from multi_env_lambda.building.download import complete_lock
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.layer import BuiltLayer, build_layer
from multi_env_lambda.building.lock import Target, read_lock, select
from multi_env_lambda.building.preflight import check_handlers
from multi_env_lambda.building.source import BuiltSource, build_source, stage_source
from multi_env_lambda.model.project import Project
from tests.building.test_layer import BACKEND, wheel_bytes

PYPROJECT = """[project]
name = "orders"
version = "0.1.1"
dependencies = ["b"]
[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
[tool.uv.build-backend]
module-root = ""
"""
CODE = "import a, b\nassert a.value == 'right'\n\ndef handler(event, context): ...\n"
TARGET = Target(python="3.13", architecture="x86_64")


@attrs.frozen
class Bench:
    """A unit with two dependencies from an index, one of them an sdist, of which only the hashes are locked."""

    folder: Path

    def outcome(self) -> tuple[BuiltSource, BuiltLayer, dict[str, str]]:
        """What is built, proved by an import; the last are the SHA-256s of what really lies there."""
        cache, downloads = self.folder / "cache", self.folder / "downloads"
        project = Project(name="orders", folder="projects/orders", version="0.1.1")
        unit = self.folder / "projects/orders"
        with stage_source(self.folder, project) as staged:
            source = build_source(staged, version="0.1.1", cache=cache)
        lock = read_lock(unit, where="projects/orders")
        assert lock is not None
        lock = complete_lock(lock, TARGET, cache=downloads)
        layer = build_layer(select(lock, TARGET), TARGET, cache=cache, lock=lock, downloads=downloads)
        check_handlers(
            source.wheel,
            layer.layer,
            [Handler(key="main", text="orders.main.handler")],
            interpreter=Path(sys.executable),
            where="x",
            cache=cache,
        )
        files = (source.wheel, source.sdist, layer.layer, layer.requirements)
        return source, layer, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def kept(self) -> list[Path]:
        folders = (self.folder / "cache", self.folder / "downloads")
        return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())

    def forget_results(self, *, layers: bool) -> None:
        """Drop what would spare the look at what lies behind it."""
        for path in self.kept():
            if "preflight" in path.parts and not path.stat().st_size and path.parent.name == "preflight":
                path.unlink()
            if layers and path.name == "layer.zip":
                path.unlink()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    files = {"a-1.0-py3-none-any.whl": wheel_bytes("a", {"a.py": "value = 'right'\n"}), "b-1.0.tar.gz": sdist()}
    links = {name[0]: f'<a href="/{name}#sha256={sha256(body)}">{name}</a>' for name, body in files.items()}
    for name, body in files.items():
        write(tmp_path / "index" / name, body)
    for name, link in links.items():
        write(tmp_path / "index" / "simple" / name / "index.html", link.encode())
    locked = "".join(f"{name[0]}==1.0 --hash=sha256:{sha256(body)}\n" for name, body in files.items())
    unit = tmp_path / "projects/orders"
    for name, text in (("pyproject.toml", PYPROJECT), ("requirements.txt", locked), ("orders/main.py", CODE)):
        write(unit / name, text.encode())
    write(unit / "orders/__init__.py", b"")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "index")))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))  # which remembers what another server said on this port
    yield Bench(tmp_path)
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def sdist() -> bytes:
    body = io.BytesIO()
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    backend = BACKEND.format(tag="py3-none-any").replace("a-1.0", "b-1.0").replace("a.py", "b.py")
    metadata = "Metadata-Version: 2.2\nName: b\nVersion: 1.0\n"
    files = {"pyproject.toml": project, "backend.py": backend.replace("Name: a", "Name: b"), "PKG-INFO": metadata}
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"b-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return body.getvalue()


def kinds(bench: Bench) -> set[str]:
    return {path.relative_to(bench.folder).parts[1] for path in bench.kept()}


@pytest.mark.parametrize(
    "place",
    ["last", *(pytest.param(place, marks=(pytest.mark.slow, pytest.mark.long)) for place in ("first", "middle"))],
)
def test_a_flipped_byte_in_any_kept_file_changes_nothing_of_the_outcome(bench: Bench, place: str) -> None:
    clean = bench.outcome()
    assert kinds(bench) == {"source", "layer", "preflight", "wheels", "built", "resolved"}
    for path in bench.kept():
        body = bytearray(path.read_bytes() if path.exists() else b"")
        if body:
            position = {"first": 0, "middle": len(body) // 2, "last": len(body) - 1}[place]
            body[position] ^= 0x55
            path.write_bytes(body)
        bench.forget_results(layers="downloads" in path.parts)
        assert bench.outcome() == clean, path


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        *(
            pytest.param(junk, marks=(pytest.mark.slow, pytest.mark.long))
            for junk in (b"null", b"[]", b'{"sha256": 1, "value": 2}', b"\xff\xfe")
        ),
    ],
)
def test_junk_in_a_json_file_of_the_cache_is_as_good_as_nothing(bench: Bench, junk: bytes) -> None:
    clean = bench.outcome()
    for path in bench.kept():
        if path.suffix == ".json":
            path.write_bytes(junk)
    bench.forget_results(layers=False)
    assert bench.outcome() == clean


def test_a_file_that_somebody_put_beside_an_unpacked_layer_is_not_imported(bench: Bench) -> None:
    clean = bench.outcome()
    (unpacked,) = (path for path in (bench.folder / "cache/preflight").iterdir() if path.is_dir())
    write(unpacked / "a" / "__init__.py", b"value = 'wrong'\n")
    bench.forget_results(layers=False)
    assert bench.outcome() == clean
    assert not (unpacked / "a").exists()


def test_bytecode_of_another_source_is_not_imported(bench: Bench) -> None:
    clean = bench.outcome()
    (bytecode,) = (bench.folder / "cache/preflight").rglob("a.cpython-*.pyc")
    bytecode.write_bytes(bytecode.read_bytes().replace(b"right", b"wrong"))
    bench.forget_results(layers=False)
    assert bench.outcome() == clean
