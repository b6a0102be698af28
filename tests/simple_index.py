"""A package index on 127.0.0.1 with wheels and sources that a test makes up."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from multi_env_lambda.building.archive import write_tar_gz

BACKEND = """
import os, zipfile
METADATA = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
INFO = "{name}-{version}.dist-info"
def prepare_metadata_for_build_wheel(folder, settings=None):
    os.makedirs(f"{{folder}}/{{INFO}}")
    with open(f"{{folder}}/{{INFO}}/METADATA", "w") as file:
        file.write(METADATA)
    return INFO
def build_wheel(folder, settings=None, metadata=None):
    name = "{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as archive:
        archive.writestr("{name}.py", "")
        archive.writestr(f"{{INFO}}/METADATA", METADATA)
        archive.writestr(f"{{INFO}}/WHEEL", "Wheel-Version: 1.0\\nTag: {tag}\\n")
        archive.writestr(f"{{INFO}}/RECORD", "")
    return name
"""
BUILD = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'


class SimpleIndex:
    """Serves the files that are in it, by PEP 503; those of a package that has a day in ``days`` by PEP 700."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.files: dict[str, dict[str, bytes]] = {}
        self.days: dict[tuple[str, str], str] = {}
        """When a version of a package was uploaded."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def do_HEAD(self) -> None:
                index.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/simple"

    def wheel(self, name: str, version: str, tag: str = "py3-none-any", *needs: str) -> None:
        """Add one; ``tag`` such as ``cp39`` is a compiled one for Linux on x86_64."""
        tag = tag if "-" in tag else f"{tag}-{tag}{'m' if tag in ('cp36', 'cp37') else ''}-manylinux2014_x86_64"
        body, info = io.BytesIO(), f"{name}-{version}.dist-info"
        required = "".join(f"Requires-Dist: {one}\n" for one in needs)
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr(f"{name}.py", "")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
            archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            archive.writestr(f"{info}/RECORD", "")
        self.files.setdefault(name, {})[f"{name}-{version}-{tag}.whl"] = body.getvalue()

    def source(self, name: str, version: str, tag: str = "py3-none-any") -> None:
        """Add one that builds a wheel with this tag."""
        texts = {
            "pyproject.toml": BUILD,
            "own.py": BACKEND.format(name=name, version=version, tag=tag),
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        }
        path = self.scratch / f"{name}-{version}.tar.gz"
        write_tar_gz(path, [(f"{name}-{version}/{one}", text.encode(), False) for one, text in texts.items()])
        self.files.setdefault(name, {})[path.name] = path.read_bytes()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        *_, folder, name = handler.path.rstrip("/").split("/")
        body, kind = self.files.get(folder, {}).get(name), "text/html"
        if folder == "simple" and any(package == name for package, _ in self.days):
            body, kind = self._with_days(name), "application/vnd.pypi.simple.v1+json"
        elif body is None and folder == "simple" and name in self.files:
            links = (
                f'<a href="/files/{name}/{file}#sha256={hashlib.sha256(there).hexdigest()}">{file}</a>'
                for file, there in self.files[name].items()
            )
            body = "".join(links).encode()
        handler.send_response(200 if body is not None else 404)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body or b"")))
        handler.end_headers()
        handler.wfile.write(body or b"" if handler.command == "GET" else b"")

    def _with_days(self, name: str) -> bytes:
        files = [
            {
                "filename": file,
                "url": f"/files/{name}/{file}",
                "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
                "upload-time": f"{self.days[name, file.split('-')[1]]}T00:00:00.000000Z",
            }
            for file, body in self.files[name].items()
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()


@contextmanager
def simple_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleIndex]:
    """One that uv asks instead of any other, with caches of its own."""
    scratch = folder / "sources"
    scratch.mkdir(parents=True)
    index = SimpleIndex(scratch)
    for name, value in {
        "UV_DEFAULT_INDEX": index.address,
        "UV_CACHE_DIR": f"{folder}/uv",
        "XDG_CACHE_HOME": f"{folder}/cache",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        yield index
    finally:
        index.server.shutdown()
        index.server.server_close()
