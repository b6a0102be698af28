"""Locked files into the user's cache: verified by SHA-256, in parallel, and without a connection if all are cached."""

from __future__ import annotations

import base64
import hashlib
import http.client
import netrc
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import attrs

from multi_env_lambda.building.archive import LARGEST_ARCHIVE, too_large
from multi_env_lambda.building.lock_formats import read_pylock
from multi_env_lambda.building.locked import Lock, LockedFile, LockedPackage
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.select import SelectedWheel, Target
from multi_env_lambda.building.uv_settings import plain_lines
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.host.files import has_sha256, read_sealed, write_atomically, write_sealed
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.host.retrying import TRIES, Retrying
from multi_env_lambda.model.digest import digest

__all__ = ["complete_lock", "fetch"]

_THREADS = 8
_TIMEOUT_SECONDS = 60
_HINT_NETWORK = "check the connection and the proxy settings, then run again; finished downloads are kept"


def fetch(
    selected: Iterable[SelectedWheel],
    *,
    lock: Lock,
    cache: Path | None = None,
    retrying: Retrying | None = None,
) -> tuple[Path, ...]:
    """The selected files on this disk, in the same order; what is cached is not fetched again.

    Raises:
        BuildError: a file is not available, or is not the one that was locked.
    """
    folder = (cache or user_cache()) / "wheels"
    with ThreadPoolExecutor(_THREADS) as pool:
        again = Retrying() if retrying is None else retrying
        return tuple(pool.map(partial(_fetch_one, folder=folder, lock=lock, retrying=again), selected))


def _fetch_one(wheel: SelectedWheel, *, folder: Path, lock: Lock, retrying: Retrying) -> Path:
    path = folder / wheel.sha256 / wheel.filename
    if has_sha256(path, wheel.sha256):
        return path
    if wheel.file.url is not None:
        body = _download(wheel.filename, wheel.file.url, retrying)
    elif wheel.file.path is not None:
        body = _beside_the_lock(lock, wheel.file)
    else:
        what = f"{wheel.filename} has neither an address nor a path"
        raise BuildError(lock.where, what, hint="run the verb `lock` again")
    if (found := hashlib.sha256(body).hexdigest()) != wheel.sha256:
        what = f"{wheel.filename} has SHA-256 {found}, but {wheel.sha256} is locked"
        raise BuildError(
            lock.where, what, hint="the file was replaced at its source; find out why before you renew the lock"
        )
    write_atomically(path, body)
    return path


def _beside_the_lock(lock: Lock, file: LockedFile) -> bytes:
    try:
        return read_bounded(lock.path.parent / (file.path or ""), f"{lock.where}: {file.path}", LARGEST_ARCHIVE)
    except OSError as error:
        what = f"{file.path} cannot be read: {error.strerror}"
        raise BuildError(lock.where, what, hint="paths are relative to the lock's folder") from error


def _download(filename: str, url: str, retrying: Retrying) -> bytes:
    host = urlsplit(url).hostname or ""

    def once() -> bytes:
        with urlopen(_request(url), timeout=_TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read(LARGEST_ARCHIVE + 1)
            if len(body) > LARGEST_ARCHIVE:
                raise too_large(filename, LARGEST_ARCHIVE)
            if answer.length:  # a read with a limit does not report that the rest never came
                raise http.client.IncompleteRead(body, answer.length)
            return body

    errors = (OSError, http.client.HTTPException)
    try:
        return retrying.run(once, what=f"{filename} from {host}", errors=errors, passes=_may_pass, reason=_reason)
    except errors as error:
        if not _may_pass(error):
            hint = "if the file was removed, renew the lock; if a password is needed, put it into ~/.netrc"
            raise BuildError(filename, f"{host} answered with {_reason(error)}", hint=hint) from None
        what = f"could not be downloaded from {host} in {TRIES} attempts: {_reason(error)}"
        raise BuildError(filename, what, hint=_HINT_NETWORK) from None


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, HTTPError) or error.code >= 500 or error.code in (408, 429)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code}"
    return str(error.reason if isinstance(error, URLError) else error) or type(error).__name__


def _request(url: str) -> Request:
    parts = urlsplit(url)
    request = Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    request.add_header("User-Agent", "multi_env_lambda")
    login = (
        (unquote(parts.username), unquote(parts.password or ""))
        if parts.username
        else _netrc(parts.scheme, parts.hostname or "")
    )
    if login is not None:
        basic = base64.b64encode(":".join(login).encode()).decode("ascii")
        # Never sent when the server redirects to another host.
        request.add_unredirected_header("Authorization", f"Basic {basic}")
    return request


def _netrc(scheme: str, host: str) -> tuple[str, str] | None:
    """The user's credentials for this host.

    Its address comes from a lock, so nothing is sent that is for any host, or in clear text to another machine.
    """
    if scheme != "https" and host not in ("localhost", "127.0.0.1", "::1"):
        return None
    try:
        found = netrc.netrc(os.environ.get("NETRC")).hosts.get(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return None if found is None else (found[0], found[2] or "")


def complete_lock(lock: Lock, target: Target, *, indexes: str = "", cache: Path | None = None) -> Lock:
    """Find the names and addresses of files for which only hashes are locked (``requirements.txt``), through uv.

    ``indexes`` are those of the workspace, as lines of ``[tool.uv]``. Only files with a locked hash are taken.
    The answer is cached, so a warm cache opens no connection.

    Raises:
        ConfigurationError: no file on the index has one of the locked hashes.
    """
    if lock.complete:
        return lock
    wanted = sorted((package.name, package.version, list(package.hashes)) for package in lock.packages)
    kept = (cache or user_cache()) / "resolved" / f"{digest([target.python, wanted])}.json"
    answer: Mapping[str, Any] | None = read_sealed(kept)
    packages = None if answer is None else _with_files(lock, answer)
    if packages is None:
        answer = _ask_uv(lock, target, indexes)
        packages = _with_files(lock, answer)
        write_sealed(kept, answer)
    return attrs.evolve(lock, packages=packages)


def _ask_uv(lock: Lock, target: Target, indexes: str) -> dict[str, Any]:
    lines = sorted(f"{one.name}=={one.version}{f' ; {one.marker}' if one.marker else ''}" for one in lock.packages)
    argv = ["pip", "compile", "--quiet", "--universal", "--no-deps", "--generate-hashes", "--no-header"]
    argv += ["--python", sys.executable, "--python-version", target.python, "--format", "pylock.toml", "-"]
    hint = "check that the package index can be reached and has these versions"
    output = resolve(argv, where=lock.where, hint=hint, stdin=plain_lines(lines, lock.where), settings=indexes)
    document = tomllib.loads(output.decode("utf-8"))
    for package in document.get("packages", ()):
        for file in (*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])):
            file.pop("upload-time", None)
    return document


def _with_files(lock: Lock, answer: Mapping[str, Any]) -> tuple[LockedPackage, ...]:
    found = read_pylock(answer, path=lock.path, where=lock.where, local_paths=frozenset())
    there = {(package.name, package.version): package for package in found.packages}
    return tuple(
        _one_with_files(lock, package, there.get((package.name, package.version))) for package in lock.packages
    )


def _one_with_files(lock: Lock, package: LockedPackage, found: LockedPackage | None) -> LockedPackage:
    wheels = tuple(file for file in (found.wheels if found else ()) if file.sha256 in package.hashes)
    sdist = found.sdist if found and found.sdist and found.sdist.sha256 in package.hashes else None
    if not wheels and sdist is None:
        what = f"no file of {package.name} {package.version} on the package index has one of the locked hashes"
        raise ConfigurationError(lock.where, what, hint="renew the lock, or check which package index uv is set to use")
    return attrs.evolve(package, wheels=wheels, sdist=sdist, requires_python=found.requires_python if found else None)
