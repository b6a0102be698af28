"""The three lock formats: parsed TOML or text in, packages with their hashes out; whatever is not pinned is refused."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.pylock import Package as PylockPackage
from packaging.pylock import PackageArchive, PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, canonicalize_name
from packaging.version import Version

from multi_env_lambda.building.locked import Lock, LockedFile, LockedPackage, Need, parse_filename
from multi_env_lambda.errors import ConfigurationError

__all__ = ["logical_lines", "pins", "read_pylock", "read_requirements", "read_uv_lock"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INDEX_OPTION = re.compile(r"(-i|-f|--(extra-)?index-url|--find-links|--trusted-host|--pre|--prefer-binary)(\s|=|$)")
_LONGEST_REQUIREMENT = 4096
_LOCK_AGAIN = "run the verb `lock` again"
_ON_AN_INDEX = "lock a released version from a package index, or name the folder in `shared`"


def read_pylock(document: Mapping[str, Any], *, path: Path, where: str, local_paths: frozenset[str]) -> Lock:
    """A ``pylock.toml``; packages in ``local_paths`` belong to the unit itself.

    Source: https://packaging.python.org/en/latest/specifications/pylock-toml/
    """
    try:
        pylock = Pylock.from_dict(document)
        environments = tuple(filter(None, map(_said, pylock.environments or ())))
        for package in pylock.packages:
            _said(package.marker)
    except (InvalidMarker, PylockValidationError, RecursionError) as error:
        raise ConfigurationError(where, f"is not a valid pylock.toml: {error}", hint=_LOCK_AGAIN) from error
    local: set[str] = set()
    packages = []
    for package in pylock.packages:
        if package.directory is not None and posixpath.normpath(package.directory.path) in local_paths:
            local.add(package.name)
        else:
            packages.append(_pylock_package(package, where=where))
    return Lock(
        path=path,
        where=where,
        packages=tuple(packages),
        requires_python=None if pylock.requires_python is None else str(pylock.requires_python),
        environments=environments,
        local=frozenset(local),
        made_from=_made_from(document, where),
    )


def _made_from(document: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    tools = document.get("tool", {})
    table = tools.get("multi_env_lambda", {}) if isinstance(tools, dict) else {}
    found = table.get("made-from") if isinstance(table, dict) else None
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        what = "[tool.multi_env_lambda] `made-from` is not a list of texts"
        raise ConfigurationError(where, what, hint=_LOCK_AGAIN)
    return tuple(found)


def _said(marker: Marker | None) -> str | None:
    """As it is kept. With an escape in it (``"\\u0000"``), it can be one whose own text is none.

    Raises:
        InvalidMarker: nobody could read it again.
    """
    return None if marker is None else str(Marker(str(marker)))


def _pylock_package(package: PylockPackage, *, where: str) -> LockedPackage:
    if package.vcs is not None:
        raise _not_locked(where, package.name, f"comes from version control ({package.vcs.type})")
    if package.directory is not None:
        raise _not_locked(where, package.name, f"comes from the folder {package.directory.path!r}")
    files: list[PackageWheel | PackageSdist | PackageArchive] = list(package.wheels or ())
    files += [file for file in (package.sdist, package.archive) if file is not None]
    locked = [_pylock_file(where, package.name, file) for file in files]
    wheels = tuple(file for file in locked if file.filename.endswith(".whl"))
    sdists = [file for file in locked if not file.filename.endswith(".whl")]
    version = package.version or parse_filename(locked[0].filename)[1]
    return LockedPackage(
        name=package.name,
        version=str(version),
        marker=_said(package.marker),
        requires_python=None if package.requires_python is None else str(package.requires_python),
        wheels=wheels,
        sdist=sdists[0] if sdists else None,
    )


def _pylock_file(where: str, name: str, file: PackageWheel | PackageSdist | PackageArchive) -> LockedFile:
    # An archive has no separate name; its address ends with one.
    written = None if isinstance(file, PackageArchive) else file.name
    return _file(
        where,
        name,
        filename=written or _last_part(file.url or file.path or ""),
        sha256=file.hashes.get("sha256"),
        url=file.url,
        path=file.path,
        size=file.size,
    )


def _file(
    where: str, name: str, *, filename: str, sha256: str | None, url: str | None, path: str | None, size: int | None
) -> LockedFile:
    if sha256 is None or not _SHA256.fullmatch(sha256):
        raise ConfigurationError(where, f"{filename} of {name} has no SHA-256", hint=_LOCK_AGAIN)
    if url is not None and not _is_address(url):
        what = f"{filename} of {name} has an address that cannot be fetched from"
        raise ConfigurationError(where, what, hint="it needs a host, and characters that a URL may have (RFC 3986)")
    if url is not None and urlsplit(url).scheme not in ("https", "http"):
        what = f"{filename} of {name} has a {urlsplit(url).scheme!r} address; expected https or http"
        raise ConfigurationError(where, what, hint="lock against an index, or use a path relative to the lock")
    if path is not None and url is None and (posixpath.isabs(path) or "\\" in path or ":" in path):
        what = f"{filename} of {name} has the path {path!r}, which is not relative"
        raise ConfigurationError(where, what, hint="another machine could not find it; use a path relative to the lock")
    if size is not None and (type(size) is not int or size < 0):
        what = f"{filename} of {name} has the size {size!r}; expected a number of bytes"
        raise ConfigurationError(where, what, hint=_LOCK_AGAIN)
    try:
        found, _ = parse_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise ConfigurationError(where, f"{name} has a file named {filename!r}: {error}", hint=_LOCK_AGAIN) from error
    if found != name:
        raise ConfigurationError(where, f"{name} has the file {filename!r} of {found}", hint=_LOCK_AGAIN)
    return LockedFile(filename=filename, sha256=sha256, url=url, path=None if url else path, size=size)


def _is_address(url: str) -> bool:
    """It may have a password, so that no error shows it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return False
    is_written_well = url.isascii() and url.isprintable() and " " not in url
    return is_written_well and port != 0 and (bool(host) or parts.scheme == "file")


def _last_part(address: str) -> str:
    try:
        return unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        return ""


def _not_locked(where: str, name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(where, f"{name} {reason}, so its bytes are not fixed by a hash", hint=_ON_AN_INDEX)


def read_uv_lock(document: Mapping[str, Any], *, path: Path, where: str, local_paths: frozenset[str]) -> Lock:
    """A ``uv.lock``, with only the packages that the project reaches.

    Development groups and the project's own extras are not followed: they do not run in Lambda.
    """
    if document.get("version") != 1:
        what = f"has the format version {document.get('version')!r}; expected 1"
        raise ConfigurationError(where, what, hint="update this library, or use `uv export --format pylock.toml`")
    tables: list[Mapping[str, Any]] = list(document.get("package", ()))
    python = str(SpecifierSet(_text(document, "requires-python"))) if "requires-python" in document else None
    own = next((table for table in tables if _local_path(table) == "."), None)
    if own is None:
        raise ConfigurationError(where, "does not contain the project of its own folder", hint="run `uv lock` in it")
    roots = tuple(_need(edge) for edge in own.get("dependencies", ()))
    local: set[str] = {_text(own, "name")}
    packages: list[LockedPackage] = []
    for table in _closure(tables, roots):
        if _local_path(table) in local_paths:
            local.add(table["name"])
            packages.append(_uv_package(table, where=where, files=False))
        else:
            packages.append(_uv_package(table, where=where, files=True))
    return Lock(
        path=path,
        where=where,
        packages=tuple(packages),
        requires_python=python,
        environments=tuple(filter(None, (_said(Marker(one)) for one in document.get("supported-markers", ())))),
        roots=roots,
        local=frozenset(local),
    )


def _local_path(table: Mapping[str, Any]) -> str | None:
    source = table.get("source", {})
    path = source.get("editable") or source.get("virtual") or source.get("directory")
    return None if path is None else posixpath.normpath(path)


def _text(table: Mapping[str, Any], key: str) -> str:
    if not isinstance(table[key], str):
        raise TypeError(f"`{key}` is {table[key]!r}, not a text")
    return str(table[key])


def _version(table: Mapping[str, Any]) -> str:
    """As written, because other tables refer to it that way; local packages may have none."""
    if "version" not in table:
        return "0"
    Version(_text(table, "version"))
    return _text(table, "version")


def _need(edge: Mapping[str, Any]) -> Need:
    extras = tuple(map(str, edge.get("extra", ())))
    # Parsed here, so that an invalid marker is an error of this file and not of what uses it.
    marker = _said(Marker(edge["marker"])) if "marker" in edge else None
    version = _text(edge, "version") if "version" in edge else None
    return Need(name=_text(edge, "name"), version=version, extras=extras, marker=marker)


def _closure(tables: list[Mapping[str, Any]], roots: Iterable[Need]) -> Iterator[Mapping[str, Any]]:
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for table in tables:
        by_name.setdefault(table["name"], []).append(table)
    waiting, seen = [need.name for need in roots], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for table in by_name.get(name, ()):
            yield table
            optional = table.get("optional-dependencies", {}).values()
            waiting.extend(edge["name"] for edges in (table.get("dependencies", ()), *optional) for edge in edges)


def _uv_package(table: Mapping[str, Any], *, where: str, files: bool) -> LockedPackage:
    name, source = _text(table, "name"), table.get("source", {})
    if files and not source.keys() & {"registry", "url"}:
        kind = next(iter(source), "nowhere")
        raise _not_locked(where, name, f"comes from {kind} ({source.get(kind)})")
    optional = table.get("optional-dependencies", {})
    wheels = [_uv_file(where, table, file) for file in table.get("wheels", ())] if files else []
    sdist = _uv_file(where, table, table["sdist"]) if files and "sdist" in table else None
    if files and not wheels and sdist is None:
        raise ConfigurationError(where, f"{name} has neither a wheel nor an sdist", hint="run `uv lock` again")
    return LockedPackage(
        name=name,
        version=_version(table),
        wheels=tuple(wheels),
        sdist=sdist,
        needs=tuple(_need(edge) for edge in table.get("dependencies", ())),
        extras={extra: tuple(_need(edge) for edge in edges) for extra, edges in optional.items()},
    )


def _uv_file(where: str, table: Mapping[str, Any], file: Mapping[str, Any]) -> LockedFile:
    source = table["source"]
    url = file.get("url") or source.get("url")
    path = file.get("path")
    if path is not None and not posixpath.isabs(path):
        # A flat index is a folder; its files are written relative to it.
        path = posixpath.join(source.get("registry", ""), path)
    return _file(
        where,
        table["name"],
        filename=file.get("filename") or _last_part(url or path or ""),
        sha256=str(file.get("hash", "")).removeprefix("sha256:"),
        url=url,
        path=path,
        size=file.get("size"),
    )


def read_requirements(text: str, *, where: str, local_paths: frozenset[str] = frozenset()) -> tuple[LockedPackage, ...]:
    """The packages of a ``requirements.txt`` in which every line is ``name==version --hash=sha256:…``.

    ``uv export`` and ``pip-compile`` write two more kinds of lines, which are skipped: the folders in ``local_paths``,
    and where to look for files. That is up to uv's own settings; the hashes decide what is accepted.
    """
    lines = [(number, line) for number, line in logical_lines(text) if not _passed_over(line, local_paths)]
    return tuple(_pinned(f"{where} line {number}", line) for number, line in lines)


def pins(text: str) -> dict[str, str]:
    """The versions that such a file allows and has hashes of, by the normal name of the package.

    What else stands in it allows nothing, and is nobody's mistake as long as nothing needs it.
    """
    found: dict[str, str] = {}
    for number, line in logical_lines(text):
        with suppress(ConfigurationError):
            package = _pinned(f"line {number}", line)
            found[package.name] = package.version
    return found


def _passed_over(line: str, local_paths: frozenset[str]) -> bool:
    if _INDEX_OPTION.match(line):
        return True
    folder = re.fullmatch(r"(?:-e\s+|--editable[ =])?(\.[^;\s]*)(\s*;.*)?", line)
    return folder is not None and posixpath.normpath(folder[1]) in local_paths


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, line) without comments; a backslash at the end joins lines."""
    start, gathered = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        plain = re.sub(r"(^|\s)#.*$", "", line).strip()
        start = start if gathered else number
        gathered += plain.removesuffix("\\").split()
        if plain.endswith("\\"):
            continue
        if gathered:
            yield start, " ".join(gathered)
        gathered = []
    if gathered:
        yield start, " ".join(gathered)


def _pinned(where: str, line: str) -> LockedPackage:
    hint = "run the verb `lock`: it keeps the versions of this file, and writes a lock with hashes"
    words, *options = line.split(" --")
    options = [f"--{option}" for option in options]
    if len(words) > _LONGEST_REQUIREMENT:
        raise ConfigurationError(where, f"{words[:40]!r}… is not a pinned requirement", hint=hint)
    try:
        requirement = Requirement(words)
        marker = _said(requirement.marker)
    except (InvalidMarker, InvalidRequirement, RecursionError) as error:
        raise ConfigurationError(where, f"{words!r} is not a pinned requirement", hint=hint) from error
    specifiers = list(requirement.specifier)
    if requirement.url or len(specifiers) != 1 or specifiers[0].operator != "==" or "*" in specifiers[0].version:
        raise ConfigurationError(where, f"{words!r} does not name one version with ==", hint=hint)
    hashes = [option.removeprefix("--hash=sha256:") for option in options]
    if wrong := [one for one in hashes if not _SHA256.fullmatch(one)]:
        raise ConfigurationError(where, f"{wrong[0]!r} is not a SHA-256 option", hint=hint)
    if not hashes:
        raise ConfigurationError(where, f"{words!r} has no hash", hint=hint)
    return LockedPackage(
        name=canonicalize_name(requirement.name),
        version=specifiers[0].version,
        marker=marker,
        hashes=tuple(sorted(hashes)),
    )
