"""The server process of a workspace's local cloud: started once, it outlives the command, and the next one finds it."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import LocalCloudError, ToolError
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.host.interpreter import private_venv, runtime_python
from multi_env_lambda.host.process import trusting
from multi_env_lambda.host.proxies import LOCAL_HOSTS
from multi_env_lambda.host.timing import timed
from multi_env_lambda.local.cloud import DEVELOPER, LOG, LocalCloud, ServerStatus, state_folder
from multi_env_lambda.local.config_file import write_config
from multi_env_lambda.local.programs import write_programs
from multi_env_lambda.local.seed import RootKey, seed
from multi_env_lambda.local.strict import rules_of
from multi_env_lambda.model import iam
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023, OF_EVERY_FUNCTION

if TYPE_CHECKING:
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["LOCK", "MINISTACK", "Progress", "down", "ensure_running", "reset", "root_key", "status"]

MINISTACK = "1.5.33"
"""The release that the patches in ``emulator/`` were written for."""

LOCK = Path(__file__).with_name("emulator.txt")
"""The environment of the local cloud, each file by its hash; ``bin/lock`` writes it."""

SECRET_HEADER = "x-local-cloud-secret"
"""The header that the emulator's own endpoints require; ``emulator/guard.py`` has the same name."""

CLOCK = "/_ministack/clock"
"""Where the time of the emulator is read and moved; ``emulator/clock.py`` has the same name."""

QUOTAS = "/_ministack/quotas"
"""Where the quotas of all accounts are changed; ``emulator/quotas.py`` has the same name."""

_LOCK_IS_HELD = 75
"""The exit code of the server process if there is already one; ``emulator/__main__.py`` has the same number."""

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_OF_INDEXES = ("NETRC", "HTTP_TIMEOUT", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "ALL_PROXY", "NO_PROXY", "no_proxy")
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE")
_BOOTSTRAP = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('emulator', run_name='__main__')"

_USER = re.compile(r"[a-z][a-z0-9-]{0,40}")

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def ensure_running(
    root: Path,
    config: WorkspaceConfig,
    *,
    runtimes: Iterable[str] = (),
    progress: Progress = _silent,
    patience_seconds: float = 10.0,
    user: str = DEVELOPER,
) -> LocalCloud:
    """The local cloud of the workspace at ``root``, started and seeded if necessary, as ``user`` sees it.

    ``runtimes`` ("python3.13") are those that functions may have, besides the Python of this process. A server that
    does not respond within ``patience_seconds`` is killed and replaced.

    Raises:
        LocalCloudError: the server does not start or does not respond.
        ToolError: its venv could not be created.
    """
    if not _USER.fullmatch(user):
        what = f"found the user `{user}`; expected lowercase letters, digits and dashes"
        raise LocalCloudError("the local cloud", what, hint="choose a name such as `grace`")
    strict = rules_of(os.environ)
    folder = _prepared(root)
    with _only_one(folder):
        _register_runtimes(folder, {f"python{sys.version_info[0]}.{sys.version_info[1]}", *runtimes}, progress)
        server = _running(folder)
        if server is not None and not _answers(server, patience_seconds):
            progress("the local cloud is not responding, restarting it")
            _stop(folder, server, grace_seconds=0.5)
            server = None
        if server is not None and server.strict != strict:
            progress("the local cloud needs different rules, restarting it")
            _stop(folder, server)
            server = None
        fresh = server is None
        if server is None:
            server = _start(folder, strict, progress)
        root_key = RootKey(endpoint=server.endpoint, secret=server.secret)
        cloud = seed(root_key, folder, config, fresh=fresh, progress=progress, user=user)
        write_config(cloud, config)
        return cloud


def status(root: Path) -> ServerStatus:
    """Whether it runs, without starting it."""
    folder = state_folder(root)
    server = _running(folder) if folder.is_dir() else None
    if server is None:
        return ServerStatus(running=False, folder=folder)
    return ServerStatus(running=True, folder=folder, pid=server.pid, endpoint=server.endpoint)


def root_key(folder: Path) -> RootKey:
    """The key of every account's root, for what only a service of AWS or a Git host may do.

    Raises:
        LocalCloudError: no server runs on this state.
    """
    server = _running(folder)
    if server is None:
        raise LocalCloudError("the local cloud", "it does not run", hint="`local up` starts it")
    return RootKey(endpoint=server.endpoint, secret=server.secret)


def down(root: Path) -> bool:
    """Stop the server and keep its state; False if it was not running."""
    folder = state_folder(root)
    if not folder.is_dir():
        return False
    with _only_one(folder):
        server = _running(folder)
        if server is None:
            return False
        _stop(folder, server)
        return True


def reset(root: Path) -> None:
    """Stop the server and delete everything: all accounts are empty at the next start."""
    down(root)
    folder = state_folder(root)
    if folder.is_dir():
        shutil.rmtree(folder)


@attrs.frozen(kw_only=True)
class _Server:
    pid: int
    port: int
    secret: str = attrs.field(repr=False)
    """The secret of this start; empty for a server of a release that had none."""

    strict: frozenset[str] = frozenset()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _prepared(root: Path) -> Path:
    folder = state_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # it holds a secret key
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
    return folder


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One process at a time starts, seeds or stops. The kernel frees the lock of a process that was killed."""
    with open(folder / "command.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _running(folder: Path) -> _Server | None:
    """The live server of this state.

    It holds a lock while it is alive, so that neither a crashed machine nor another process that got the same pid can
    be mistaken for it.
    """
    with open(folder / "server.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        except OSError:
            return _announced(folder)


def _announced(folder: Path) -> _Server | None:
    said = read_json(folder / "listening.json", None)
    if not said:
        return None
    strict = frozenset(said.get("strict", ()))
    return _Server(pid=said["pid"], port=said["port"], secret=said.get("secret", ""), strict=strict)


def _answers(server: _Server, seconds: float) -> bool:
    """Whether it responds and knows its secret. Without a secret it lets everybody in, so it is not one of ours."""
    if not server.secret:
        return False
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)
    try:
        connection.request("GET", "/_ministack/health", headers={SECRET_HEADER: server.secret})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _register_runtimes(folder: Path, wanted: set[str], progress: Progress) -> None:
    table = folder / "runtimes.json"
    known = read_json(table, {})
    missing = sorted(name for name in wanted if not os.access(known.get(name, ""), os.X_OK))
    if missing:
        progress(f"preparing the local runtimes {', '.join(missing)}")
    for name in missing:
        try:
            known[name] = os.fspath(runtime_python(name.removeprefix("python")))
        except ToolError as error:
            # Units that need it say so when they are made; the others work without it.
            progress(f"the local cloud has no {name}: {error.what}")
    if missing:
        write_atomically(table, canonical_json(known).encode("ascii"))


@timed("step", "start the local cloud")
def _start(folder: Path, strict: frozenset[str], progress: Progress) -> _Server:
    progress("preparing the local cloud's environment")
    python = _server_python()
    progress("starting the local cloud")
    before = _announced(folder)
    write_programs(folder / "programs")
    settings = {
        "folder": os.fspath(folder),
        "port": before.port if before else 0,
        "ministack": MINISTACK,
        "build_environment": _build_environment(),
        "strict": sorted(strict),
        "programs": sorted(AMAZON_LINUX_2023.programs),
        "variables": OF_EVERY_FUNCTION,
        "iam": {
            "service_of": iam.SERVICE_OF,
            "unscoped": sorted(iam.UNSCOPED),
            "only_with": iam.ONLY_WITH,
            "longest_names": iam.LONGEST_NAMES,
        },
    }
    argv: list[str | Path] = [python, "-I", "-c", _BOOTSTRAP, Path(__file__).parent]
    with open(folder / LOG, "ab") as log:
        process = subprocess.Popen(
            [os.fspath(word) for word in argv],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if process.stdin is not None:
        # Not a file: package index URLs may contain a password.
        with process.stdin, contextlib.suppress(BrokenPipeError):
            process.stdin.write(canonical_json(settings).encode("ascii"))
    return _started(folder, process)


def _server_python() -> Path:
    name = f"ministack-{MINISTACK}-python{sys.version_info[0]}.{sys.version_info[1]}"
    parent = user_cache() / "local-cloud"
    return private_venv(Path(sys.executable), LOCK, parent, name=name, where="local cloud")


def _build_environment() -> Mapping[str, str]:
    """Builds get their packages the way this user does, from the same cache."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_")) or name in _OF_INDEXES
    }
    return {**trusting(os.environ), **kept, "XDG_CACHE_HOME": os.fspath(user_cache().parent)}


def _environment(folder: Path) -> Mapping[str, str]:
    """Only what a process needs of the user's environment: functions inherit it, and AWS_* would become a root key."""
    shutil.rmtree(folder / "tmp", ignore_errors=True)  # what a killed server left behind
    for name in ("tmp", "home", "state", "objects"):
        (folder / name).mkdir(exist_ok=True)
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "NO_PROXY": LOCAL_HOSTS,
        "HOME": os.fspath(folder / "home"),
        "TMPDIR": os.fspath(folder / "tmp"),
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": os.fspath(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": os.fspath(folder / "objects"),
        # ministack removes containers that it considers its own; it must not touch the user's.
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }


def _started(folder: Path, process: subprocess.Popen[bytes]) -> _Server:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        status, server = process.poll(), _announced(folder)
        # Another command may have been killed while its server was starting: then wait for that one.
        is_it = server is not None and (server.pid == process.pid or status == _LOCK_IS_HELD)
        if server is not None and is_it and _answers(server, _ANSWER_SECONDS):
            return server
        if status not in (None, _LOCK_IS_HELD):
            raise LocalCloudError(
                "local cloud",
                f"the server ended with status {process.returncode}: {_tail(folder)}",
                hint=f"read {folder / LOG}; `local reset` starts from scratch",
            )
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    raise LocalCloudError(
        "local cloud",
        f"the server did not respond within {_START_SECONDS:.0f} s: {_tail(folder)}",
        hint=f"read {folder / LOG}",
    )


def _tail(folder: Path) -> str:
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-5:])


def _stop(folder: Path, server: _Server, *, grace_seconds: float = _STOP_SECONDS) -> None:
    """End the server, and with it the functions' processes, which are in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while _running(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    # The pid is the group's id (start_new_session). Members keep the id in use, so it cannot be somebody else's.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    while _running(folder) is not None:
        time.sleep(0.02)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
