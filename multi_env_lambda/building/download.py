"""Locked files into the user's cache: verified by SHA-256, in parallel, and without a connection if all are cached."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import attrs

from multi_env_lambda.building.archive import LARGEST_ARCHIVE
from multi_env_lambda.building.index_access import Access
from multi_env_lambda.building.lock_formats import read_pylock
from multi_env_lambda.building.locked import Lock, LockedFile, LockedPackage
from multi_env_lambda.building.over_http import Patience, check_size, download
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.select import SelectedWheel, Target
from multi_env_lambda.building.uv_settings import plain_lines
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.host.files import has_sha256, read_sealed, write_atomically, write_sealed
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.digest import digest

__all__ = ["complete_lock", "fetch"]

_THREADS = 8


def fetch(
    selected: Iterable[SelectedWheel],
    *,
    lock: Lock,
    cache: Path | None = None,
    retrying: Retrying | None = None,
    patience: Patience | None = None,
    indexes: str = "",
) -> tuple[Path, ...]:
    """The selected files on this disk, in the same order; what is cached is not fetched again.

    ``indexes`` are those of the workspace, as lines of ``[tool.uv]``: the user's logins for them count.

    Raises:
        BuildError: a file is not available, or is not the one that was locked.
    """
    folder, ended = (cache or user_cache()) / "wheels", Event()
    with ThreadPoolExecutor(_THREADS) as pool:
        again = Retrying() if retrying is None else retrying
        allowed = attrs.evolve(patience or Patience(), is_over=ended.is_set)
        one = partial(
            _fetch_one,
            folder=folder,
            lock=lock,
            retrying=again,
            patience=allowed,
            access=Access.of_user(indexes),
        )
        try:
            return tuple(pool.map(one, selected))
        except BaseException:
            ended.set()  # nobody waits for what the others still download
            raise


def _fetch_one(
    wheel: SelectedWheel, *, folder: Path, lock: Lock, retrying: Retrying, patience: Patience, access: Access
) -> Path:
    path = folder / wheel.sha256 / wheel.filename
    if has_sha256(path, wheel.sha256):
        return path
    _check_locked_size(lock.where, wheel.file)
    if wheel.file.url is not None:
        body = download(lock.where, wheel.file, wheel.file.url, retrying, patience, access)
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


def _check_locked_size(where: str, file: LockedFile) -> None:
    """Other files of the package, for other machines, may be larger."""
    if file.size is not None and file.size > LARGEST_ARCHIVE:
        what = f"{file.filename} is locked with {file.size} bytes; the limit is {LARGEST_ARCHIVE}"
        raise BuildError(where, what, hint="Lambda accepts at most 250 MB unzipped; lock another version or package")


def _beside_the_lock(lock: Lock, file: LockedFile) -> bytes:
    path = lock.path.parent / (file.path or "")
    try:
        if file.size is not None and path.is_file():
            check_size(lock.where, file, path.stat().st_size)
        body = read_bounded(path, f"{lock.where}: {file.path}", LARGEST_ARCHIVE)
        check_size(lock.where, file, len(body))
        return body
    except OSError as error:
        what = f"{file.path} cannot be read: {error.strerror}"
        raise BuildError(lock.where, what, hint="paths are relative to the lock's folder") from error


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
