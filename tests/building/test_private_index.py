"""An index that demands a password: whatever tells `lock` how to reach it tells the downloads, too, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import io
import ssl
import stat
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from multi_env_lambda.building.backend import build_environment, fetching_environment, run_backend
from multi_env_lambda.building.download import complete_lock
from multi_env_lambda.building.index_access import Access
from multi_env_lambda.building.index_logins import Logins, named_indexes
from multi_env_lambda.building.layer import build_layer
from multi_env_lambda.building.lock import Target, read_lock, select, write_lock
from multi_env_lambda.building.locked import LockedFile
from multi_env_lambda.building.over_http import Patience, download, request_of
from multi_env_lambda.errors import BuildError, ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.process import run_uv
from multi_env_lambda.host.retrying import Retrying

TARGET = Target(python="3.13", architecture="x86_64")
USER, PASSWORD = "aws", "canary-p@ss"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
IN_A_URL = f"{USER}:canary-p%40ss"
BACKEND = """
import zipfile
def build_wheel(out, settings=None, folder=None):
    with zipfile.ZipFile(out + "/a-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("a.py", "")
    return "a-1.0-py3-none-any.whl"
"""


def wheel_of(name: str, body: str = "") -> bytes:
    file, info = io.BytesIO(), f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", body)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return file.getvalue()


class Company:
    """Two packages behind a password; remembers what was asked and with which login. Other hosts reach it by proxy."""

    def __init__(self) -> None:
        self.files = {name: wheel_of(name, BACKEND if name == "builder" else "") for name in ("privlib", "builder")}
        self.asked: list[tuple[str, str | None]] = []
        self.moved: dict[str, str] = {}
        self.silent, self.done = False, Event()
        company = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                company.answer(self)

            def do_HEAD(self) -> None:
                company.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        login = handler.headers.get("Authorization")
        self.asked.append((handler.path, login))
        if self.silent:
            self.done.wait(20)
            return
        if handler.path in self.moved:
            self.send(handler, 302, b"", Location=self.moved[handler.path])
        elif handler.path.startswith("/moved/") or login == LOGIN:
            self.send(handler, 200, self.body(handler.path))
        else:
            self.send(handler, 401, b"", **{"WWW-Authenticate": 'Basic realm="company"'})

    def body(self, path: str) -> bytes:
        name = path.rstrip("/").rpartition("/")[2].partition("-")[0]
        if not path.endswith(".whl"):
            file, sha256 = f"{name}-1.0-py3-none-any.whl", hashlib.sha256(self.files[name]).hexdigest()
            return f'<a href="/team/files/{file}#sha256={sha256}">{file}</a>'.encode()
        return self.files[name]

    def send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    for name, value in {
        "HOME": tmp_path / "home",
        "XDG_CONFIG_HOME": tmp_path / "home/config",
        "XDG_DATA_HOME": tmp_path / "home/data",
        "XDG_CACHE_HOME": tmp_path / "home/cache",
        "UV_CACHE_DIR": tmp_path / "uv",
        "NETRC": tmp_path / "netrc",
    }.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / "home").mkdir()
    company = Company()
    yield company
    company.done.set()
    company.server.shutdown()
    company.server.server_close()


def keyring(folder: Path) -> None:
    """A program of this name, which knows one password and remembers what it was asked."""
    program = folder / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\necho {PASSWORD}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def told(how: str, company: Company, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The index and its password, said in one of the ways that uv documents; returns the lines of ``[tool.uv]``."""
    index = f"http://{company.host}/team/simple"
    table = f'[[index]]\nname = "com-pany"\nurl = "{index}"\ndefault = true\n'
    match how:
        case "UV_DEFAULT_INDEX" | "UV_INDEX_URL":
            monkeypatch.setenv(how, index.replace("://", f"://{IN_A_URL}@"))
        case "UV_INDEX" | "UV_EXTRA_INDEX_URL":
            monkeypatch.setenv(how, f"{'extra=' if how == 'UV_INDEX' else ''}{index.replace('://', f'://{IN_A_URL}@')}")
            monkeypatch.setenv("UV_DEFAULT_INDEX", index)
        case "named index":
            monkeypatch.setenv("UV_INDEX_COM_PANY_USERNAME", USER)
            monkeypatch.setenv("UV_INDEX_COM_PANY_PASSWORD", PASSWORD)
            return f'index = [{{ name = "com-pany", url = "{index}", default = true }}]\n'
        case "uv.toml":
            (folder / "home/config/uv").mkdir(parents=True)
            (folder / "home/config/uv/uv.toml").write_text(table.replace("://", f"://{IN_A_URL}@"))
        case "netrc":
            (folder / "netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
            (folder / "netrc").chmod(0o600)
            monkeypatch.setenv("UV_DEFAULT_INDEX", index)
        case "keyring":
            keyring(folder)
            monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
            monkeypatch.setenv("UV_KEYRING_PROVIDER", "subprocess")
            monkeypatch.setenv("UV_DEFAULT_INDEX", index.replace("://", f"://{USER}@"))
        case "uv auth":
            words = ["auth", "login", index, "--username", USER, "--password", PASSWORD]
            run_uv(words, where="uv", hint="")
            monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    return ""


WAYS = (
    *("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"),
    *("named index", "uv.toml", "netrc", "keyring", "uv auth"),
)


@pytest.mark.parametrize("how", WAYS)
def test_each_way_of_uv_gives_the_login_for_downloads(
    tmp_path: Path, company: Company, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    access = Access.of_user(told(how, company, tmp_path, monkeypatch))

    assert got(company, "/team/files/privlib-1.0.whl", access) == company.files["privlib"]
    assert company.asked == [("/team/files/privlib-1.0.whl", LOGIN)]
    assert "canary" not in repr(access)


@pytest.mark.parametrize(
    "how", ["named index", *(pytest.param(way, marks=pytest.mark.long) for way in WAYS[:4] + WAYS[5:])]
)
def test_what_can_be_locked_can_be_fetched_and_built(
    tmp_path: Path, company: Company, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    settings = told(how, company, tmp_path, monkeypatch)
    unit = tmp_path / "unit"
    unit.mkdir()
    table = '[project]\nname = "unit"\nversion = "1.0"\ndependencies = ["privlib"]\n'
    (unit / "pyproject.toml").write_text(f'{table}[build-system]\nrequires = ["builder"]\nbuild-backend = "builder"\n')

    write_lock(unit, python="3.13", indexes=settings)
    lock = read_lock(unit, where="unit")
    assert lock is not None
    wheels = select(lock, TARGET)
    build_layer(wheels, TARGET, cache=tmp_path / "cache", lock=lock, downloads=tmp_path / "wheels", indexes=settings)
    (tmp_path / "out").mkdir()
    run_backend(unit, tmp_path / "out", where="unit", sdist=False, indexes=settings)

    hashed = f"privlib==1.0 --hash=sha256:{wheels[0].sha256}\n"
    (unit / "pylock.toml").unlink()
    (unit / "requirements.txt").write_text(hashed)
    other = read_lock(unit, where="unit")
    assert other is not None
    done = complete_lock(other, TARGET, indexes=settings, cache=tmp_path / "cache")
    assert done.packages[0].wheels[0].sha256 == wheels[0].sha256

    made = [path for place in ("unit", "cache", "wheels", "out") for path in (tmp_path / place).rglob("*")]
    assert [path for path in made if path.is_file() and b"canary" in path.read_bytes()] == []
    assert ("/team/files/privlib-1.0-py3-none-any.whl", LOGIN) in company.asked


def test_a_login_follows_to_the_same_server_and_to_no_other(company: Company) -> None:
    logins = Logins(named_indexes("", {"UV_INDEX_URL": f"http://{IN_A_URL}@{company.host}/team/simple"}))
    port = company.server.server_port
    company.moved["/a/privlib-1.0.whl"] = f"http://127.0.0.1:{port}/b/privlib-1.0.whl"
    company.moved["/b/privlib-1.0.whl"] = f"http://localhost:{port}/moved/privlib-1.0.whl"

    assert got(company, "/a/privlib-1.0.whl", Access(logins=logins)) == company.files["privlib"]

    assert company.asked == [
        ("/a/privlib-1.0.whl", LOGIN),
        ("/b/privlib-1.0.whl", LOGIN),
        ("/moved/privlib-1.0.whl", None),
    ]


def got(company: Company, path: str, access: Access, host: str = "", patience: Patience | None = None) -> bytes:
    file = LockedFile(filename="privlib-1.0-py3-none-any.whl", sha256="0" * 64)
    url = f"http://{host or company.host}{path}"
    return download("unit/pylock.toml", file, url, Retrying(), patience, access)


@pytest.mark.parametrize(
    "url",
    [
        "http://index.example:81/team/files/a.whl",
        "https://index.example/team/files/a.whl",
        "http://other.example/team/simple/a.whl",
        "http://index.example.evil.example/team/simple/a.whl",
        "http://index.example:x/a.whl",
    ],
)
def test_a_login_is_for_the_scheme_host_and_port_of_its_index(url: str) -> None:
    logins = Logins(named_indexes("", {"UV_INDEX_URL": f"http://{IN_A_URL}@index.example/team/simple"}))
    assert logins.header("http://index.example/elsewhere/a.whl") == LOGIN
    assert logins.header(url) is None


def test_of_two_indexes_of_one_server_each_has_its_own_login() -> None:
    env = {"UV_INDEX": "https://one:1@h.example/pypi/one/simple/ https://two:2@h.example/pypi/two/simple/"}
    logins = Logins(named_indexes("", env))

    def user(path: str) -> str:
        return base64.b64decode((logins.header(f"https://h.example{path}") or "").removeprefix("Basic ")).decode()

    assert [user("/pypi/one/a.whl"), user("/pypi/two/x/a.whl"), user("/pypi/three/a.whl")] == [
        "one:1",
        "two:2",
        "one:1",
    ]


def test_an_index_that_never_wants_a_login_gets_none() -> None:
    settings = 'index = [{ name = "c", url = "https://h.example/simple", authenticate = "never" }]\n'
    env = {"UV_INDEX_C_USERNAME": USER, "UV_INDEX_C_PASSWORD": PASSWORD}
    assert Logins(named_indexes(settings, env), env).header("https://h.example/a.whl") is None
    always = settings.replace("never", "always")
    assert Logins(named_indexes(always, env), env).header("https://h.example/a.whl") == LOGIN


def test_what_no_header_can_carry_and_what_cannot_be_read_is_no_login(tmp_path: Path) -> None:
    """The index then says that it wants one; nothing says that its answer is not HTTP."""
    (tmp_path / "netrc").write_bytes(b"machine pypi.acme.example login aws password \xff\n")
    stored = '[[credential]]\nservice = "https://pypi.acme.example"\nscheme = "bearer"\ntoken = "a\\nb"\n'
    (tmp_path / "credentials.toml").write_text(stored)
    env = {"NETRC": str(tmp_path / "netrc"), "UV_CREDENTIALS_DIR": str(tmp_path), "HOME": str(tmp_path)}

    assert Logins((), env).header("https://pypi.acme.example/simple/priva/") is None
    (tmp_path / "credentials.toml").write_text(stored.replace("a\\nb", "ab"))
    assert Logins((), env).header("https://pypi.acme.example/simple/priva/") == "Bearer ab"


def test_the_keyring_is_asked_once_and_only_for_an_index(
    tmp_path: Path, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("keyring", company, tmp_path, monkeypatch)
    logins = Access.of_user().logins

    urls = [f"http://{company.host}/team/files/{number}.whl" for number in range(3)]
    assert [logins.header(url) for url in (*urls, "http://h.example/a.whl")] == [LOGIN] * 3 + [None]
    assert (tmp_path / "asked").read_text() == f"get http://{company.host}/team/simple {USER}\n"


def test_without_a_login_the_answer_says_where_to_put_one(company: Company) -> None:
    with pytest.raises(BuildError, match="127.0.0.1 answered with HTTP status 401") as caught:
        got(company, "/team/files/privlib-1.0.whl", Access.of_user())
    assert "UV_INDEX_<NAME>_PASSWORD" in caught.value.hint and "canary" not in str(caught.value)


def test_a_proxy_for_everything_is_used_and_its_password_stays_there(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://me:canary@{company.host}")
    company.moved["http://index.example/a.whl"] = f"http://{company.host}/moved/privlib-1.0.whl"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sent: list[str | None] = []
    answer = company.answer

    def look(handler: BaseHTTPRequestHandler) -> None:
        sent.append(handler.headers.get("Proxy-Authorization"))
        answer(handler)

    company.answer = look  # type: ignore[method-assign]

    assert got(company, "/a.whl", Access.of_user(), "index.example") == company.files["privlib"]

    assert [path for path, _ in company.asked] == ["http://index.example/a.whl", "/moved/privlib-1.0.whl"]
    assert sent[0] is not None and sent[1] is None


def test_a_proxy_of_another_kind_is_left_out(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    company.moved["/a.whl"] = f"http://{company.host}/moved/privlib-1.0.whl"
    assert got(company, "/a.whl", Access.of_user()) == company.files["privlib"]


@pytest.mark.parametrize("name", ["UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT"])
def test_a_time_out_of_uv_is_one_of_downloads(company: Company, name: str) -> None:
    company.silent = True
    access = Access.of_user("", {name: "1"})
    assert access.seconds == 1
    if name == "UV_HTTP_TIMEOUT":
        with pytest.raises(BuildError, match="there was no answer within 1 seconds"):
            got(company, "/a.whl", access, patience=Patience(is_over=lambda: True))
    with pytest.raises(ConfigurationError, match=f"{name}: found 'soon'; expected seconds"):
        Access.of_user("", {name: "soon"})


@pytest.mark.parametrize(("env", "told"), [({"UV_OFFLINE": "1"}, ""), ({}, "offline = true\n")])
def test_offline_nothing_is_asked(tmp_path: Path, company: Company, env: Mapping[str, str], told: str) -> None:
    (tmp_path / "uv.toml").write_text(told)
    access = Access.of_user("", {"UV_CONFIG_FILE": str(tmp_path / "uv.toml"), **env})
    with pytest.raises(BuildError, match="is not in the cache, and nothing is downloaded while UV_OFFLINE is set"):
        got(company, "/a.whl", access)
    assert company.asked == []


def test_whose_certificate_is_checked_is_as_uv_is_told(tmp_path: Path) -> None:
    access = Access.of_user("", {"UV_INSECURE_HOST": "https://h.example:8443 other.example"})
    urls = ("https://h.example:8443/a", "https://h.example/a", "https://other.example/a")
    assert [access.context(url).verify_mode == ssl.CERT_NONE for url in urls] == [True, False, True]
    (tmp_path / "own.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match="SSL_CLIENT_CERT: .*own.pem is not a certificate with its key"):
        Access.of_user("", {"SSL_CLIENT_CERT": str(tmp_path / "own.pem")}).context(urls[0])


@pytest.mark.parametrize(
    "settings",
    ['index = [3, { url = 3 }, { name = 3, url = "http://[x/simple" }]\n', 'index-url = 3\nfind-links = [3, "/x"]\n'],
)
def test_what_is_no_index_is_nobodys_login(settings: str) -> None:
    logins = Logins(named_indexes(settings, {"UV_INDEX": "=x x= http://[ a=b=c"}))
    assert logins.header("https://h.example/a.whl") is None
    assert not request_of("https://h.example/a.whl", logins).has_header("Authorization")


def test_a_file_of_uv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text("[")
    with pytest.raises(MultiEnvLambdaError, match="uv.toml"):
        Access.of_user("", {"UV_CONFIG_FILE": str(tmp_path / "uv.toml")})


def test_only_a_keyring_gets_the_whole_environment(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text('keyring-provider = "subprocess"\n')
    keys = {"AWS_PROFILE": "ci", "UV_CONSTRAINT": "c.txt", "UV_INDEX_COMPANY_PASSWORD": "pw"}
    asked = {**keys, "UV_CONFIG_FILE": str(tmp_path / "uv.toml")}

    def seen(environment: Mapping[str, str]) -> set[str]:
        return set(environment) & set(keys)

    assert seen(fetching_environment({**keys, "HOME": str(tmp_path)})) == {"UV_INDEX_COMPANY_PASSWORD"}
    assert seen(fetching_environment(asked)) == {"AWS_PROFILE", "UV_INDEX_COMPANY_PASSWORD"}
    assert seen(build_environment(asked)) == {"UV_INDEX_COMPANY_PASSWORD"}
