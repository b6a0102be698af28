"""Locked files come from the cache, from beside the lock, or over HTTP; never unverified, never twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from multi_env_lambda.building.download import _request, complete_lock, fetch
from multi_env_lambda.building.lock import Lock, LockedFile, LockedPackage, SelectedWheel, Target, read_lock
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.retrying import Retrying

BODY = b"the bytes of a wheel"
SHA256 = hashlib.sha256(BODY).hexdigest()
X86 = Target(python="3.13", architecture="x86_64")


class Index:
    """Answers on 127.0.0.1 with the given statuses, then with the wheel; remembers what was asked."""

    def __init__(self, *, body: bytes = BODY) -> None:
        self.statuses: list[int] = []
        self.asked: list[tuple[str, str | None]] = []
        self.body = body
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.path, handler.headers.get("Authorization")))
        status = self.statuses.pop(0) if self.statuses else 200
        handler.send_response(status)
        if status == 302:
            handler.send_header("Location", f"http://localhost:{self.server.server_port}/moved.whl")
        handler.send_header("Content-Length", str(len(self.body) + (1 if status == 206 else 0)))
        handler.end_headers()
        handler.wfile.write(self.body)


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index()
    yield index
    index.server.shutdown()
    index.server.server_close()


def wheel(**file: Any) -> SelectedWheel:
    locked = LockedFile(filename="a-1.0-py3-none-any.whl", sha256=SHA256, **file)
    return SelectedWheel(name="a", version="1.0", file=locked)


def get(folder: Path, selected: SelectedWheel, waited: list[float] | None = None) -> Path:
    lock = Lock(path=folder / "pylock.toml", where="projects/orders/pylock.toml", packages=())
    pause = (waited if waited is not None else []).append
    (path,) = fetch([selected], lock=lock, cache=folder / "cache", retrying=Retrying(sleep=pause))
    return path


def test_a_file_is_downloaded_once_under_its_hash(tmp_path: Path, index: Index) -> None:
    path = get(tmp_path, wheel(url=f"http://{index.host}/a.whl"))
    assert path == tmp_path / "cache" / "wheels" / SHA256 / "a-1.0-py3-none-any.whl"
    assert path.read_bytes() == BODY
    assert get(tmp_path, wheel(url=f"http://{index.host}/a.whl")) == path
    assert index.asked == [("/a.whl", None)]


@pytest.mark.parametrize("status", [500, 503, 429, 206])
def test_a_server_in_trouble_is_asked_again_later(tmp_path: Path, index: Index, status: int) -> None:
    index.statuses = [status, status]
    waited: list[float] = []
    assert get(tmp_path, wheel(url=f"http://{index.host}/a.whl"), waited).read_bytes() == BODY
    assert len(waited) == 2


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [([404], "answered with HTTP status 404"), ([500] * 6, "in 6 attempts: HTTP status 500")],
)
def test_a_server_that_does_not_have_it_is_named(
    tmp_path: Path, index: Index, statuses: list[int], reason: str
) -> None:
    index.statuses = statuses
    with pytest.raises(BuildError, match=reason) as caught:
        get(tmp_path, wheel(url=f"http://me:secret@{index.host}/a.whl"))
    assert "127.0.0.1" in str(caught.value) and "secret" not in str(caught.value)


def test_a_port_where_nobody_listens_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="could not be downloaded from 127.0.0.1 in 6 attempts: .*refused"):
        get(tmp_path, wheel(url="http://127.0.0.1:1/a.whl"))


def test_other_bytes_than_the_locked_ones_are_not_kept(tmp_path: Path, index: Index) -> None:
    index.body = b"other"
    with pytest.raises(BuildError, match=f"but {SHA256} is locked"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl"))
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_password_in_the_address_is_sent_to_its_host_alone(tmp_path: Path, index: Index) -> None:
    index.statuses = [302]
    get(tmp_path, wheel(url=f"http://me:p%40ss@{index.host}/a.whl"))
    assert index.asked == [("/a.whl", "Basic bWU6cEBzcw=="), ("/moved.whl", None)]


def test_netrc_gives_the_password(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password p@ss\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    get(tmp_path, wheel(url=f"http://{index.host}/a.whl"))
    assert index.asked == [("/a.whl", "Basic bWU6cEBzcw==")]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("default login me password p@ss\n", "https://elsewhere.example/a.whl"),
        ("machine index.example login me password p@ss\n", "http://index.example/a.whl"),
    ],
)
def test_a_password_goes_to_no_other_host_and_not_in_clear_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, url: str
) -> None:
    (tmp_path / "netrc").write_text(text)
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert not _request(url).has_header("Authorization")


def test_a_file_beside_the_lock_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(BODY)
    assert get(tmp_path, wheel(path="a.whl")).read_bytes() == BODY


def test_a_file_that_is_not_beside_the_lock_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="a.whl cannot be read: No such file"):
        get(tmp_path, wheel(path="a.whl"))


def test_files_are_given_in_the_order_of_the_wheels(tmp_path: Path) -> None:
    wheels = []
    for name in "cab":
        (tmp_path / name).write_bytes(name.encode())
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        file = LockedFile(filename=f"{name}-1.0-py3-none-any.whl", sha256=sha256, path=name)
        wheels.append(SelectedWheel(name=name, version="1.0", file=file))
    lock = Lock(path=tmp_path / "pylock.toml", where="x", packages=())
    assert [path.name[0] for path in fetch(wheels, lock=lock, cache=tmp_path / "cache")] == list("cab")


def test_a_complete_lock_asks_nobody(tmp_path: Path) -> None:
    package = LockedPackage(name="a", version="1.0", wheels=(wheel(url="https://x.org/a").file,))
    lock = Lock(path=tmp_path / "pylock.toml", where="x", packages=(package,))
    assert complete_lock(lock, X86, cache=tmp_path) is lock


def requirements(folder: Path, sha256: str) -> Lock:
    (folder / "requirements.txt").write_text(f"idna==3.10 --hash=sha256:{sha256}\n")
    lock = read_lock(folder, where="projects/orders")
    assert lock is not None
    return lock


@pytest.mark.network
def test_hashes_alone_are_completed_through_the_index_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = requirements(tmp_path, "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3")
    done = complete_lock(lock, X86, cache=tmp_path / "cache")
    assert [file.filename for file in done.packages[0].wheels] == ["idna-3.10-py3-none-any.whl"]
    assert done.packages[0].sdist is None
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    assert complete_lock(lock, X86, cache=tmp_path / "cache") == done


@pytest.mark.network
def test_a_hash_that_no_file_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no file of idna 3.10 on the package index has one of the locked"):
        complete_lock(requirements(tmp_path, "0" * 64), X86, cache=tmp_path / "cache")
