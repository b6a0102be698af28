"""Starts programs: always a list of arguments, never a shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.timing import timed
from multi_env_lambda.masking import masked, without

__all__ = ["run", "run_attached", "run_uv", "trusting", "uv_folder", "uv_program", "uv_version"]

_TAIL_LINES, _LONGEST_LINE = 15, 2000
_PATHS = frozenset({"UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_FIND_LINKS"})
_VERB = re.compile(r"[a-z][a-z-]*")
_SEARCH = threading.Lock()


def run(
    argv: Sequence[str | Path],
    *,
    where: str,
    hint: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> bytes:
    """Run a program to its end and return its standard output.

    Raises:
        ToolError: the program is missing, or failed; the text ends with the tail of its stderr.
    """
    words = [os.fspath(word) for word in argv]
    try:
        with timed("program", " ".join(_named(words))):
            done = subprocess.run(words, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise ToolError(where, f"`{words[0]}` could not be started: {error.strerror}", hint=hint) from error
    if done.returncode != 0:
        begin = [Path(words[0]).name, *words[1:2]]
        # Some programs, such as pytest, say what failed on the other stream.
        tail = _without_secrets(done.stderr.strip() or done.stdout, os.environ if env is None else env)
        raise ToolError(where, f"`{' '.join(begin)}` ended with status {done.returncode}: {tail}", hint=hint)
    return done.stdout


def _named(words: Sequence[str]) -> list[str]:
    """The program, and its verb if it has one; no path and no other argument."""
    return [Path(words[0]).name, *(word for word in words[1:2] if _VERB.fullmatch(word))]


def run_attached(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    where: str,
    hint: str,
    cwd: Path | None = None,
    streams: Mapping[str, Any] = {},  # noqa: B006 - never written
) -> int:
    """Run a program of the user's on this terminal; returns its exit status, or 128 and the signal that ended it.

    ``streams``: those of its three that are not this process's own, as ``subprocess.run`` takes them.

    Ctrl-C is the program's: a shell goes on after it, and only then does this process.

    Raises:
        ToolError: it could not be started.
    """
    mine = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, _leave_to_the_program) if mine else None
    try:
        status = subprocess.run([*argv], env=env, cwd=cwd, check=False, **streams).returncode
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ToolError(where, f"`{argv[0]}` could not be started: {why}", hint=hint) from error
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def _leave_to_the_program(*_: object) -> None:
    """A handler, since a signal that is ignored would be ignored by the program, too."""


def _without_secrets(said: bytes, environment: Mapping[str, str]) -> str:
    """The tail of a program's output, which may include its environment, or an address with a password."""
    from multi_env_lambda.model.plain_secrets import secrets_among

    secrets = secrets_among({**os.environ, **environment})
    return masked(last_lines(without(said.decode("utf-8", "replace"), secrets)))


def last_lines(said: str) -> str:
    """The end of a program's output, where it says why it failed; of a very long line its beginning."""
    return "\n".join(map(_shown, said.strip().splitlines()[-_TAIL_LINES:]))


def _shown(line: str) -> str:
    # Masked first: what is left of a secret that was cut would not look like one.
    return line if len(line) <= _LONGEST_LINE else f"{masked(line[: 2 * _LONGEST_LINE])[:_LONGEST_LINE]}…"


def run_uv(
    words: Sequence[str | Path],
    *,
    where: str,
    hint: str,
    settings: str = "",
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> bytes:
    """Like ``run``, for uv; certificates that this machine trusts count, as they do for pip and git.

    It runs in its own folder, so every path in ``words`` is absolute. ``settings`` are lines of its table
    ``[tool.uv]``: uv must not read a file of the current folder, which it would obey with the user's rights. The user's
    own files and variables apply.

    Raises:
        ToolError: uv is missing, or failed.
    """
    environment = {**trusting(os.environ), **_with_absolute_paths(os.environ if env is None else env)}
    with uv_folder(settings) as folder:
        return run([uv_program(), *words], where=where, hint=hint, cwd=folder, env=environment, stdin=stdin)


def trusting(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that let uv trust the certificates of this machine, where ``environment`` names no others."""
    # The second name is the one that uv used until 0.10.
    return {} if environment.get("SSL_CERT_FILE") else {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}


@contextmanager
def uv_folder(settings: str) -> Iterator[Path]:
    """A folder with these lines of ``[tool.uv]``: uv searches the folders above, and stops at the first."""
    from multi_env_lambda.host.private import private_folder

    with private_folder() as folder:
        (folder / "pyproject.toml").write_text(f"[tool.uv]\n{settings}", encoding="utf-8")
        yield folder


def _with_absolute_paths(environment: Mapping[str, str]) -> dict[str, str]:
    """Paths that the user wrote relative to the current folder."""
    found = dict(environment)
    for name in _PATHS.intersection(found):
        parts = found[name].split(",") if name == "UV_FIND_LINKS" else [found[name]]
        found[name] = ",".join(os.path.abspath(part) if os.path.exists(part) else part for part in parts)
    return found


def uv_program() -> str:
    """The path of uv: the one installed with this library, else the one on PATH.

    Raises:
        ToolError: there is none.
    """
    # The search reads `sysconfig`, whose first use is not thread-safe before Python 3.13.
    with _SEARCH:
        return _find_uv()


@cache
def _find_uv() -> str:
    try:
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise ToolError("uv", "the program is not installed", hint="run `pip install uv`") from None
        return found


@cache
def uv_version() -> str:
    """The version of that uv.

    Raises:
        ToolError: there is none.
    """
    said = run([uv_program(), "--version"], where="uv", hint="reinstall uv").decode("utf-8", "replace")
    return said.split()[1]
