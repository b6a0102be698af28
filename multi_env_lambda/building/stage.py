"""Copies what a unit is built from: (work tree, folders) -> the same layout elsewhere, with fixed modes and times."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import attrs

from multi_env_lambda.building.checkout import HEAD_BYTES, check_checked_out, check_is_content, committed_executables
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.git import clone_settings, run_git

__all__ = ["EPOCH", "check_no_link", "list_files", "set_version", "stage_folders", "staged_files"]

EPOCH = 315532800
"""1980-01-01 00:00:00 UTC, the first time that a zip can store; every staged file has this time."""

_MAX_LINKS = 40
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})


def list_files(root: Path, folder: str) -> tuple[str, ...]:
    """The files below ``folder`` that Git knows or would add, as paths relative to ``root``."""
    words = ("--literal-pathspecs", "ls-files", "-co", "--exclude-standard", "-z", "--", folder)
    found: set[str] = set()
    for name in run_git(root, *words).split(b"\0"):
        if name:
            found.add(_decoded(name, folder))
    return tuple(sorted(found))


def _decoded(name: bytes, folder: str) -> str:
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        what = f"the file name {name!r} is not UTF-8"
        raise BuildError(folder, what, hint="rename the file, or let Git ignore it") from None
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        what = f"the file name {text!r} has a control character"
        raise BuildError(folder, what, hint="rename the file, or let Git ignore it")
    return text


def stage_folders(root: Path, folders: Sequence[str], destination: Path) -> None:
    """Copy the listed files of each folder (relative to ``root``) to the same relative path below ``destination``."""
    clone = clone_settings(root)
    for folder in folders:
        _check_name(folder)
        check_checked_out(root, folder, clone)
        _check_folder(root, folder)
    for folder in folders:
        _Folder(
            root=Path(os.path.realpath(root)),
            name=folder,
            files=frozenset(list_files(root, folder)),
            executables=committed_executables(root, folder, clone),
        ).copy(destination)
    _fix_folder_times(destination)


def _check_name(folder: str) -> None:
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BuildError(folder, "is not a folder inside the workspace", hint="name it relative to the workspace")


def check_no_link(root: Path, folder: str) -> None:
    """Refuse a folder that is somewhere else, and so perhaps somebody else's.

    Raises:
        BuildError: it, or a folder above it, is a link.
    """
    here = root
    for part in PurePosixPath(folder).parts:
        here = here / part
        if here.is_symlink():
            what = f"{here.relative_to(root).as_posix()} is a symbolic link to {os.readlink(here)!r}"
            raise BuildError(folder, what, hint="move the folder itself here; Git does not follow links")


def _check_folder(root: Path, folder: str) -> None:
    check_no_link(root, folder)
    here = root / folder
    if not here.is_dir():
        what = "is not a folder" if here.exists() else "does not exist"
        raise BuildError(folder, what, hint="correct the name in `shared`, or add the folder")


@attrs.frozen(kw_only=True)
class _Folder:
    """One staged folder: its real root, its name relative to that, and its files."""

    root: Path
    name: str
    files: frozenset[str]
    executables: frozenset[str] | None

    def copy(self, destination: Path) -> None:
        for file in sorted(self.files):
            if self._is_really_there(file):
                self._copy(file, file, destination, depth=0)

    def _is_executable(self, file: str, mode: int) -> bool:
        return bool(mode & stat.S_IXUSR) if self.executables is None else file in self.executables

    def _is_really_there(self, file: str) -> bool:
        # Git lists what is in its index. If a folder was since deleted, or replaced by a link, that file is missing.
        path = self.root / file
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unreadable(file, error) from error
        return os.path.realpath(path.parent) == str(path.parent)

    def _unreadable(self, file: str, error: OSError) -> BuildError:
        what = f"{file} cannot be copied: {error.strerror}"
        return BuildError(self.name, what, hint="make it readable, or let Git ignore it")

    def _copy(self, file: str, name: str, destination: Path, *, depth: int) -> None:
        path = self.root / file
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                self._copy_link(file, name, destination, depth=depth)
            elif stat.S_ISREG(mode):
                _copy_file(path, destination / name, executable=self._is_executable(file, mode))
            else:
                what = f"{file} is a separate repository" if stat.S_ISDIR(mode) else f"{file} is not a regular file"
                raise BuildError(self.name, what, hint="let Git ignore it, or replace it with regular files")
        except OSError as error:
            raise self._unreadable(file, error) from error

    def _copy_link(self, link: str, name: str, destination: Path, *, depth: int) -> None:
        shown = os.readlink(self.root / link)
        target = Path(os.path.realpath(self.root / link))
        top = self.root / self.name
        if not target.is_relative_to(top):
            what = f"the symbolic link {link} leaves its folder: it points to {shown!r}"
            raise BuildError(self.name, what, hint="copy the file, or move it to a folder that is listed in `shared`")
        inside = target.relative_to(self.root).as_posix()
        members = [file for file in sorted(self.files) if file == inside or file.startswith(f"{inside}/")]
        if depth >= _MAX_LINKS or Path(link).is_relative_to(inside):
            what = f"the symbolic link {link} leads back to itself: it points to {shown!r}"
            raise BuildError(self.name, what, hint="remove the link")
        if not members or not target.exists():
            if "node_modules" in PurePosixPath(link).parts:
                return  # npm links its programs there, whose files Git often ignores; none of it is Python's
            what = f"the symbolic link {link} points to {shown!r}, which is missing or ignored by Git"
            raise BuildError(self.name, what, hint="remove the link, or add its target to Git")
        for file in members:
            if self._is_really_there(file):
                self._copy(file, name + file.removeprefix(inside), destination, depth=depth + 1)


def _copy_file(source: Path, target: Path, *, executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A file that becomes a link or a pipe between the check and the copy must not be followed or waited for.
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
    target.chmod(0o755 if executable else 0o644)
    os.utime(target, (EPOCH, EPOCH))


def _fix_folder_times(destination: Path) -> None:
    for folder, _, _ in os.walk(destination, topdown=False):
        os.chmod(folder, 0o755)
        os.utime(folder, (EPOCH, EPOCH))


def staged_files(tree: Path) -> tuple[tuple[str, bool, str], ...]:
    """The staged files, sorted, as (path, executable, hexadecimal SHA-256): everything that a backend can see of them.

    Raises:
        BuildError: a file is a placeholder for its content.
    """
    rows = []
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder, name)
            shown = path.relative_to(tree).as_posix()
            with path.open("rb") as stream:
                check_is_content(shown, stream.read(HEAD_BYTES))
                stream.seek(0)
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            rows.append((shown, bool(path.stat().st_mode & stat.S_IXUSR), sha256))
    return tuple(sorted(rows))


def set_version(pyproject: Path, version: str, *, where: str) -> None:
    """Replace the ``[project]`` version with ``version``; every other character of the file stays."""
    with pyproject.open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    document = tomllib.loads(text)
    table = document.get("project")
    old = table.get("version") if isinstance(table, dict) else None
    if not isinstance(old, str):
        raise BuildError(where, "has no `version` in its [project] table", hint='write it there: version = "0.1.0"')
    if old == version:
        return
    wanted = {**document, "project": {**document["project"], "version": version}}
    edited = _edited(text, old, version, wanted)
    if edited is None:
        what = f"the version {old!r} cannot be replaced with {version!r} in [project]"
        raise BuildError(where, what, hint=f'write it on a line of its own: version = "{old}"')
    with pyproject.open("w", encoding="utf-8", newline="") as stream:
        stream.write(edited)
    os.utime(pyproject, (EPOCH, EPOCH))


def _edited(text: str, old: str, new: str, wanted: Mapping[str, object]) -> str | None:
    # A key can be written in many ways, and other tables have a `version` too: parsing confirms the right one.
    for match in re.finditer(rf"version[\"']?\s*=\s*([\"']+){re.escape(old)}(?=\1)", text):
        start = match.end() - len(old)
        edited = text[:start] + new + text[start + len(old) :]
        try:
            if tomllib.loads(edited) == wanted:
                return edited
        except tomllib.TOMLDecodeError:
            continue
    return None
