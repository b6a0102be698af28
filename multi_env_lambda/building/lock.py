"""Locked dependencies: a project's folder in, exact versions with hashes out; and the verb that writes the lock.

The first of ``pylock.toml``, ``uv.lock`` and ``requirements.txt`` that the folder has is the lock.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.lock_formats import read_pylock, read_requirements, read_uv_lock
from multi_env_lambda.building.locked import LOCK_NAMES, Lock, LockedFile, LockedPackage, LockName
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.select import SelectedWheel, Target, check_made_for, marker_holds, needed, select
from multi_env_lambda.building.taken_over import TakenOver
from multi_env_lambda.building.uv_settings import plain_lines, refuse_own_indexes, refuse_variables, versions_of_a_unit
from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.host.documents import read_bounded, read_toml
from multi_env_lambda.host.files import keeping_the_time
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.model.toml import LARGEST_LOCK

__all__ = [
    "Lock",
    "LockedFile",
    "LockedPackage",
    "SelectedWheel",
    "Target",
    "check_covers",
    "check_not_ours",
    "locked_by_another_tool",
    "read_lock",
    "select",
    "write_lock",
]

_HINTS = (
    (r"undeclared index", "declare the index by this name in [[tool.uv.index]] of the pyproject.toml at the root"),
    (
        r"Git operation failed|git\+",
        "what comes from Git has no hash and cannot be deployed: require a released version, or put the code into a "
        "folder of the repository and name it in `shared`",
    ),
    (
        r"Distribution not found at: file:|references a workspace|not a workspace member",
        "correct the path in [project].dependencies or [tool.uv.sources]; a folder of the repository belongs in "
        "`shared`, without being required by path",
    ),
    (r"Failed to download `[^`]+ @ ", "check the address of this dependency, and that its server can be reached"),
)
"""What helps if uv's message matches; the first one counts."""

_HEADER = "# Written by the verb `lock` of multi_env_lambda from pyproject.toml; do not edit.\n"


def read_lock(folder: Path, *, where: str, shared: Iterable[Path] = ()) -> Lock | None:
    """The lock of a project, or None if it has none.

    ``where`` is the folder's name for messages; ``shared`` are the folders whose code is part of the project's own.

    Raises:
        ConfigurationError: something in it is not pinned by version and SHA-256.
    """
    name = next((name for name in LOCK_NAMES if (folder / name).is_file()), None)
    if name is None or (name == "requirements.txt" and _is_a_list(folder / name)):
        return None
    path, where = folder / name, f"{where}/{name}"
    local_paths = frozenset({".", *(Path(os.path.relpath(one, folder)).as_posix() for one in shared)})
    match name:
        case "pylock.toml":
            return read_pylock(_toml(path, where), path=path, where=where, local_paths=local_paths)
        case "uv.lock":
            return _read_uv_lock(path, where, local_paths)
        case "requirements.txt":
            packages = read_requirements(_text(path, where), where=where, local_paths=local_paths)
            return Lock(path=path, where=where, packages=packages)
        case _:
            assert_never(name)


def _read_uv_lock(path: Path, where: str, local_paths: frozenset[str]) -> Lock:
    try:
        return read_uv_lock(_toml(path, where), path=path, where=where, local_paths=local_paths)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        what = f"is not a uv.lock as uv writes it: {error!r}"
        raise ConfigurationError(where, what, hint="run `uv lock` again") from error


def _text(path: Path, where: str) -> str:
    body = read_bounded(path, where, LARGEST_LOCK)
    if len(body) > LARGEST_LOCK:
        what = f"has more than the limit of {LARGEST_LOCK} bytes"
        raise ConfigurationError(where, what, hint="renew the lock")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(where, f"is not UTF-8 text: {error.reason}", hint="renew the lock") from error


def _toml(path: Path, where: str) -> dict[str, Any]:
    return read_toml(path, where, largest=LARGEST_LOCK, hint="renew the lock")


def check_covers(lock: Lock | None, dependencies: Iterable[str], where: str, *, target: Target | None = None) -> None:
    """Refuse dependencies that the lock does not have, or has in a version that they do not allow.

    With ``target``, dependencies whose marker is false there need not be locked, and the lock must be for its Python.

    Raises:
        ConfigurationError: naming the file, the dependency and what is locked instead.
    """
    if lock is not None and target is not None:
        check_made_for(lock, target)
    here = () if lock is None else lock.packages if target is None else tuple(needed(lock, target))
    for text in dependencies:
        try:
            wanted = Requirement(text)
        except (InvalidRequirement, RecursionError) as error:
            what = f"[project].dependencies: {text!r} is not a requirement"
            raise ConfigurationError(where, what, hint="write it like `name>=1.2`") from error
        marker = str(wanted.marker) if wanted.marker else None
        if target is not None and not marker_holds(marker, target, where):
            continue
        if lock is None:
            expected = f"{', '.join(LOCK_NAMES)} with hashes"
            what = f"[project].dependencies: {wanted} is not locked; expected one of {expected}"
            raise ConfigurationError(where, what, hint="run the verb `lock`")
        _check_one(lock, wanted, here)


def _check_one(lock: Lock, wanted: Requirement, here: Iterable[LockedPackage]) -> None:
    name = canonicalize_name(wanted.name)
    if name in lock.local:
        return
    locked = [package for package in here if package.name == name]
    if not locked:
        raise ConfigurationError(lock.where, f"{wanted} is not locked", hint=lock.how_to_renew)
    if not any(wanted.specifier.contains(package.version, prereleases=True) for package in locked):
        versions = ", ".join(package.version for package in locked)
        what = f"{name} is locked as {versions}, but the project requires {wanted}"
        raise ConfigurationError(lock.where, what, hint=lock.how_to_renew)


def check_not_ours(selected: Iterable[SelectedWheel], ours: Collection[str], where: str) -> None:
    """Refuse somebody else's package with the name of one of the unit's own folders.

    Raises:
        ConfigurationError: naming the lock, the package and its version.
    """
    for wheel in selected:
        if wheel.name in ours:
            what = f"{wheel.name} {wheel.version} is locked from a package index, but is a folder of this repository"
            raise ConfigurationError(where, what, hint="renew the lock; what is in `shared` needs no lock")


def write_lock(
    folder: Path,
    *,
    python: str,
    extra_requirements: tuple[str, ...] = (),
    ours: Collection[str] = (),
    upgrade: bool = False,
    made_from: Iterable[str] = (),
    indexes: str = "",
    keep: TakenOver | None = None,
    where: str | None = None,
    listed: bool = True,
) -> Path:
    """Lock the dependencies of ``pyproject.toml`` for all platforms and Pythons from this version on; returns the path.

    ``extra_requirements`` are those of shared folders, ``ours`` the names of these, which are never looked up on a
    package index. Locked versions stay unless ``upgrade``, so the same input gives the same file. ``made_from``
    is what the lock is made from, in normal form, and is written into it. ``indexes`` are those of the workspace, as
    lines of ``[tool.uv]``. ``keep`` are versions that another tool has chosen; they count as long as there is no lock.
    ``where`` is the folder's name for messages; ``listed``: the file lists the dependencies itself, if it has a table.

    Raises:
        ConfigurationError: there is nothing to lock, or the unit names its own package indexes.
    """
    folder = folder.resolve()
    path, pyproject = folder / "pylock.toml", folder / "pyproject.toml"
    unit = where or folder.name
    where = f"{unit}/{path.name}"
    if not path.exists():
        _refuse_other_lock(folder, where)
    if not pyproject.is_file():
        raise ConfigurationError(where, "there is no pyproject.toml to lock", hint="write a [project] table")
    refuse_own_indexes(folder, unit)
    refuse_variables(folder, unit)
    settings = indexes + versions_of_a_unit(folder, unit)
    extra = plain_lines(sorted(set(extra_requirements)), where)
    before = path.read_bytes() if path.exists() else None
    hint = "check the names and versions in [project].dependencies, and that the package index can be reached"
    listed = listed and "project" in _toml(pyproject, f"{unit}/pyproject.toml")
    argv = _compile_command(pyproject if listed else None, python=python, upgrade=upgrade, with_stdin=bool(extra))
    with keeping_the_time(path), private_folder() as scratch:
        if keep is not None and before is None and not upgrade:
            constraints = scratch / "constraints.txt"
            constraints.write_bytes(plain_lines(keep.constraints, where))
            argv += ["--constraints", os.fspath(constraints)]
            hint = f"its versions are those of {keep.file}: correct them there, or delete it to get new ones"
        if ours:
            excludes = scratch / "excludes.txt"
            excludes.write_text("".join(f"{name}\n" for name in sorted(ours)), encoding="utf-8")
            argv += ["--excludes", os.fspath(excludes)]
        try:
            resolve(argv, folder=folder, where=where, hint=hint, stdin=extra, settings=settings, output=path)
        except ToolError as error:
            raise ToolError(where, error.what, hint=_hint_for(error)) from error
        _write_clean(path, where, before, record=_record(made_from))
    return path


def _hint_for(error: ToolError) -> str:
    # uv breaks its lines where a path is long.
    said = " ".join(error.what.split())
    return next((hint for pattern, hint in _HINTS if re.search(pattern, said)), error.hint)


def locked_by_another_tool(folder: Path) -> LockName | None:
    """The lock that another tool keeps. A list without hashes is none."""
    name = next((name for name in LOCK_NAMES[1:] if (folder / name).is_file()), None)
    return None if name == "requirements.txt" and not _is_lock(folder / name) else name


def _refuse_other_lock(folder: Path, where: str) -> None:
    """A lock that another tool keeps is not doubled.

    Raises:
        ConfigurationError: there is one.
    """
    name = locked_by_another_tool(folder)
    if name is None:
        return
    what = f"would replace {name}, which locks this project now"
    raise ConfigurationError(where, what, hint=f"renew {name} with the tool that wrote it, or delete it first")


def _is_lock(requirements: Path) -> bool:
    """Whether some tool has fixed its bytes."""
    return b"--hash=" in read_bounded(requirements, requirements.name, LARGEST_LOCK)


def _is_a_list(requirements: Path) -> bool:
    """Whether it names packages and fixes the bytes of none: what a lock is made from, if anything."""
    return not _is_lock(requirements) and requirements.read_bytes().strip() != b""


def _record(made_from: Iterable[str]) -> str:
    """The table that PEP 751 leaves to tools; a JSON string is also a TOML string."""
    lines = "".join(f"    {json.dumps(text)},\n" for text in sorted(set(made_from)))
    return f"\n[tool.multi_env_lambda]\nmade-from = [\n{lines}]\n"


def _compile_command(pyproject: Path | None, *, python: str, upgrade: bool, with_stdin: bool) -> list[str]:
    argv = ["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    argv += ["--python", sys.executable, "--python-version", python, "--format", "pylock.toml"]
    argv += ["--no-emit-index-url", *(["--upgrade"] if upgrade else [])]
    return [*argv, *([] if pyproject is None else [os.fspath(pyproject)]), *(["-"] if with_stdin else [])]


def _write_clean(path: Path, where: str, before: bytes | None, *, record: str) -> None:
    """Add our header, and refuse a lock that would show a password or a folder of this machine to others."""
    here = re.escape(f"{path.parent.resolve().as_uri()}/")
    body = path.read_text(encoding="utf-8") + record
    # Wheels inside the project stay findable on other machines by their relative path.
    body = re.sub(rf'url = "{here}([^"]+)"', lambda match: f'path = "{unquote(match[1])}"', body)
    found = re.search(r'"(file:|/|[A-Za-z]:\\)|://[^/"\s]*@', body)
    if found is None:
        path.write_text(_HEADER + body, encoding="utf-8", newline="\n")
        return
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)
    kind = "a password" if "@" in found[0] else "a path on this machine"
    hint = "configure the index without it: passwords from the environment or a keyring, files relative to the project"
    raise ConfigurationError(where, f"the lock would contain {kind}; it was not written", hint=hint)
