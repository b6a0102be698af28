"""Locked files come from the cache, from beside the lock, or over HTTP; never unverified, never twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import attrs
import pytest

from multi_env_lambda.building.download import complete_lock, fetch
from multi_env_lambda.building.index_access import Access
from multi_env_lambda.building.lock import Lock, LockedFile, LockedPackage, SelectedWheel, Target, read_lock
from multi_env_lambda.building.over_http import Patience, request_of
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
        self.location = ""
        self.parts: list[bytes] = []
        self.raw: bytes | None = None
        self.says_its_size = True
        self.begun, self.hung_up = Event(), Event()
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
        if self.raw is not None or handler.path == "/slow.whl":
            self.answer_raw(handler)
            return
        if handler.path == "/b.whl":
            self.begun.wait(20)  # a download that has not begun is not given up
        status = self.statuses.pop(0) if self.statuses else 200
        handler.send_response(status)
        if status == 302:
            moved = f"http://localhost:{self.server.server_port}/moved.whl"
            handler.send_header("Location", self.location or moved)
        if self.says_its_size:
            handler.send_header("Content-Length", str(len(self.body) + (1 if status in (206, 302) else 0)))
        handler.end_headers()
        handler.wfile.write(self.parts.pop(0) if self.parts else self.body)

    def answer_raw(self, handler: BaseHTTPRequestHandler) -> None:
        """Bytes as they are; a slow file a little at a time, for some seconds at most."""
        try:
            if self.raw is not None:
                handler.wfile.write(self.raw)
                return
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            self.begun.set()
            for _ in range(2000):
                handler.wfile.write(b"x")
                self.hung_up.wait(0.01)
        except OSError:
            self.hung_up.set()


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index()
    yield index
    index.server.shutdown()
    index.server.server_close()


def wheel(**file: Any) -> SelectedWheel:
    locked = LockedFile(filename="a-1.0-py3-none-any.whl", sha256=SHA256, **file)
    return SelectedWheel(name="a", version="1.0", file=locked)


def get(
    folder: Path, selected: SelectedWheel, waited: list[float] | None = None, patience: Patience | None = None
) -> Path:
    lock = Lock(path=folder / "pylock.toml", where="projects/orders/pylock.toml", packages=())
    pause = (waited if waited is not None else []).append
    retrying = Retrying(sleep=pause)
    (path,) = fetch([selected], lock=lock, cache=folder / "cache", retrying=retrying, patience=patience)
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
    with pytest.raises(BuildError) as caught:
        get(tmp_path, wheel(url="http://127.0.0.1:1/a.whl"))

    assert caught.value.where == "projects/orders/pylock.toml"
    assert caught.value.what == (
        "a-1.0-py3-none-any.whl could not be downloaded from 127.0.0.1 in 6 attempts: the connection was refused"
    )
    assert "check the address in the lock" in caught.value.hint


def test_a_host_that_does_not_exist_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="nosuch.invalid in 6 attempts: no host of this name was found") as caught:
        get(tmp_path, wheel(url="http://nosuch.invalid/a.whl"))
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://localhost/a.whl", "http://{host}/a.whl"])
def test_a_redirect_that_cannot_be_followed_is_told_as_one(tmp_path: Path, index: Index, location: str) -> None:
    index.statuses, index.location = [302] * 30, location.format(host=index.host)

    with pytest.raises(BuildError, match="127.0.0.1 redirects again and again, or to an address") as caught:
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl"))

    assert caught.value.where == "projects/orders/pylock.toml"
    assert caught.value.hint == "lock the address of the file itself"


def test_the_body_of_a_redirect_is_not_waited_for(tmp_path: Path, index: Index) -> None:
    index.statuses = [302]

    assert get(tmp_path, wheel(url=f"http://{index.host}/a.whl")).read_bytes() == BODY

    assert [path for path, _ in index.asked] == ["/a.whl", "/moved.whl"]


class Clock:
    """Every look at it is ``step`` seconds later."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize("says_its_size", [True, False])
def test_a_server_that_sends_hardly_anything_is_given_up_after_the_usual_attempts(
    tmp_path: Path, index: Index, says_its_size: bool
) -> None:
    index.says_its_size = says_its_size
    slow = Patience(seconds=1, bytes_per_second=1 << 20, clock=Clock(10))

    with pytest.raises(BuildError, match=r"in 6 attempts: it sent \d+ bytes in 10 seconds; at least 1048576") as caught:
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl"), patience=slow)

    assert caught.value.where == "projects/orders/pylock.toml" and len(index.asked) == 6


def test_a_slow_beginning_is_no_slow_server(tmp_path: Path, index: Index) -> None:
    slow = Patience(seconds=1000, bytes_per_second=1 << 20, clock=Clock(10))
    assert get(tmp_path, wheel(url=f"http://{index.host}/a.whl"), patience=slow).read_bytes() == BODY


def test_no_attempt_begins_after_the_last_moment(tmp_path: Path, index: Index) -> None:
    late = Patience(seconds=1000, most_seconds=15, clock=Clock(10))

    with pytest.raises(BuildError, match="in 1 attempt: it was not complete after 15 seconds"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl"), patience=late)


@pytest.mark.parametrize(("size", "says_its_size"), [(3, True), (3, False), (99, True)])
def test_a_file_of_another_size_than_the_locked_one_is_refused_at_once(
    tmp_path: Path, index: Index, size: int, says_its_size: bool
) -> None:
    index.says_its_size = says_its_size

    with pytest.raises(BuildError, match=f"{size}.* locked") as caught:
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=size))

    assert caught.value.where == "projects/orders/pylock.toml" and len(index.asked) == 1
    if says_its_size:
        assert caught.value.what == f"a-1.0-py3-none-any.whl has {len(BODY)} bytes, but {size} are locked"


def test_a_file_that_ends_too_early_is_asked_for_again(tmp_path: Path, index: Index) -> None:
    index.says_its_size, index.parts = False, [BODY[:number] for number in range(1, 7)]

    with pytest.raises(BuildError, match="in 6 attempts: the connection ended after 6 of 99 bytes"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=99))


def test_a_file_that_is_twice_as_short_is_another_file(tmp_path: Path, index: Index) -> None:
    index.says_its_size, index.parts = False, [BODY[:3]]

    with pytest.raises(BuildError, match=f"has {len(BODY)} bytes, but 99 are locked"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=99))

    assert len(index.asked) == 3


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_short_file_whose_end_is_said_is_another_file(tmp_path: Path, index: Index) -> None:
    index.raw = CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"

    with pytest.raises(BuildError, match="has 3 bytes, but 99 are locked"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=99))

    assert len(index.asked) == 1


def moved(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"-5\r\nabcde\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 400_000,
        *map(moved, ("http://[x/", "http://a..b/", f"http://{'a' * 70}.com/", "http://\xe4.\xfc/", "http://a:b/")),
    ],
)
def test_an_answer_that_is_none_is_an_error_in_words_at_once(tmp_path: Path, index: Index, answer: bytes) -> None:
    index.raw = answer

    with pytest.raises(
        BuildError, match=r"127\.0\.0\.1 answers with what is not HTTP, or redirects to what is not"
    ) as it:
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=99))

    assert it.value.where == "projects/orders/pylock.toml" and len(index.asked) == 1


def test_what_others_still_download_is_given_up_when_one_fails(tmp_path: Path, index: Index) -> None:
    slow = wheel(url=f"http://{index.host}/slow.whl", size=1_000_000)
    file = attrs.evolve(slow.file, sha256="0" * 64, url=f"http://{index.host}/b.whl", size=None)
    wrong = SelectedWheel(name="b", version="1.0", file=file)
    lock = Lock(path=tmp_path / "pylock.toml", where="projects/orders/pylock.toml", packages=())

    with pytest.raises(BuildError, match="is locked"):
        fetch([wrong, slow], lock=lock, cache=tmp_path / "cache", retrying=Retrying(sleep=lambda _: None))

    assert index.hung_up.wait(20)


def test_a_file_of_the_locked_size_is_taken(tmp_path: Path, index: Index) -> None:
    assert get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=len(BODY))).read_bytes() == BODY


@pytest.mark.parametrize("size", [3, 99])
def test_a_file_of_another_size_beside_the_lock_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.whl").write_bytes(BODY)
    with pytest.raises(BuildError, match=f"has {len(BODY)} bytes, but {size} are locked"):
        get(tmp_path, wheel(path="a.whl", size=size))


def test_a_locked_size_that_is_too_large_opens_no_connection(tmp_path: Path, index: Index) -> None:
    with pytest.raises(BuildError, match="is locked with 99999999999999 bytes; the limit is 1073741824"):
        get(tmp_path, wheel(url=f"http://{index.host}/a.whl", size=99_999_999_999_999))
    assert index.asked == []


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

    assert not request_of(url, Access.of_user().logins).has_header("Authorization")


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
