"""The versions that other tools have written down, for a unit's first lock: their files in, constraints out.

None of these files fixes bytes as a lock here does, or is in the unit's folder. Their versions are kept; the package
index says which files a version has, and the new lock has the hashes.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.lock_formats import logical_lines
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml
from multi_env_lambda.model.toml import LARGEST_LOCK

__all__ = ["TakenOver", "taken_over", "text_of"]

_MOST_FILES = 20
_HINT = "renew the file with the tool that wrote it, or delete it"


@attrs.frozen(kw_only=True)
class TakenOver:
    """The versions that one file names.

    Args:
        file: as people write it, relative to the unit's folder.
        constraints: one requirement for each name that has a version, without extras.
        names: normal names of all packages in it that run in production, with or without a version.
    """

    file: str
    constraints: tuple[str, ...]
    names: frozenset[str]

    def without(self, names: Collection[str]) -> TakenOver:
        """What it says of other packages than these."""
        left = tuple(text for text in self.constraints if Requirement(text).name not in names)
        return TakenOver(file=self.file, constraints=left, names=self.names - {*names})

    def beside(self, versions: Iterable[str]) -> TakenOver:
        """With more constraints, which are not the file's."""
        return attrs.evolve(self, constraints=(*self.constraints, *versions))


def taken_over(folder: Path, root: Path, where: str) -> TakenOver | None:
    """What the first of these files says: ``poetry.lock``, ``Pipfile.lock``, ``requirements.txt``, and the ``uv.lock``
    of a workspace of uv's above the unit, in ``root`` or below it.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    for name, read in (("poetry.lock", _poetry), ("Pipfile.lock", _pipfile), ("requirements.txt", _requirements)):
        if (folder / name).is_file():
            return _found(name, read(folder / name, f"{where}/{name}"))
    for parent in folder.parents:
        if not parent.is_relative_to(root):
            break
        if (parent / "uv.lock").is_file():
            file = f"{'../' * len(folder.relative_to(parent).parts)}uv.lock"
            own = folder.relative_to(parent).as_posix()
            return _found(file, _workspace(parent / "uv.lock", f"{where}/{file}", own))
    return None


def _found(file: str, requirements: Iterable[Requirement]) -> TakenOver:
    listed = list(requirements)
    several = {name for name in (one.name for one in listed) if len({*_versions(name, listed)}) > 1}
    kept = (one for one in listed if one.specifier and (one.marker is not None or one.name not in several))
    lines = sorted({f"{one.name}{one.specifier}{f'; {one.marker}' if one.marker else ''}" for one in kept})
    return TakenOver(file=file, constraints=tuple(lines), names=frozenset(one.name for one in listed))


def _versions(name: str, listed: Iterable[Requirement]) -> Iterator[str]:
    return (str(one.specifier) for one in listed if one.name == name)


def _requirement(text: str) -> Requirement | None:
    """Without extras, which a constraint does not have; None if it is none, or names an address."""
    try:
        found = Requirement(text)
    except (InvalidMarker, InvalidRequirement, RecursionError):
        return None
    if found.url is not None:
        return None
    found.name, found.extras = canonicalize_name(found.name), set()
    return found


def _requirements(path: Path, where: str) -> Iterator[Requirement]:
    """Of a file and those that it includes from its folder; what is an address or a folder has no version to keep."""
    waiting, seen = [path], set[Path]()
    while waiting:
        file = waiting.pop().resolve()
        if file in seen or len(seen) >= _MOST_FILES or not file.is_relative_to(path.parent.resolve()):
            continue
        seen.add(file)
        if not file.is_file():
            raise ConfigurationError(where, f"includes {file.name}, which is not there", hint=_HINT)
        for _, line in logical_lines(text_of(file, where)):
            words = line.split()
            if words[0] in ("-r", "--requirement") and len(words) == 2:
                waiting.append(file.parent / words[1])
            elif found := _requirement(line.split(" --")[0]):
                yield found


def text_of(path: Path, where: str) -> str:
    """A text file of another tool; Windows PowerShell redirects in UTF-16.

    Raises:
        ConfigurationError: it is neither that nor UTF-8.
    """
    body = read_bounded(path, where, LARGEST_LOCK)
    wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return body.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(where, f"is neither UTF-8 nor UTF-16: {error.reason}", hint=_HINT) from error


def _poetry(path: Path, where: str) -> Iterator[Requirement]:
    """Source: https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py"""
    for table in _tables(read_toml(path, where, largest=LARGEST_LOCK, hint=_HINT).get("package")):
        groups = table.get("groups", ["main"])
        is_ours = isinstance(groups, list) and "main" in groups and table.get("category", "main") == "main"
        if is_ours and "source" not in table and (found := _pinned(table.get("name"), table.get("version"))):
            yield found


def _pipfile(path: Path, where: str) -> Iterator[Requirement]:
    """Source: https://pipenv.pypa.io/en/latest/pipfile.html"""
    try:
        document: Any = json.loads(text_of(path, where))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(where, f"is no JSON: {error}", hint=_HINT) from error
    packages = document.get("default") if isinstance(document, dict) else None
    for name, table in packages.items() if isinstance(packages, dict) else ():
        version = table.get("version") if isinstance(table, dict) else None
        if isinstance(version, str) and (found := _requirement(f"{name}{version}")):
            yield found


def _workspace(path: Path, where: str, own: str) -> Iterator[Requirement]:
    """The packages of a workspace's lock, if the unit is one of its members."""
    tables = list(_tables(read_toml(path, where, largest=LARGEST_LOCK, hint=_HINT).get("package")))
    sources = [table["source"] for table in tables if isinstance(table.get("source"), dict)]
    if own not in {str(one.get("editable", one.get("virtual", ""))) for one in sources}:
        return
    for table in tables:
        is_locked = "registry" in table.get("source", ())
        if is_locked and (found := _pinned(table.get("name"), table.get("version"), table.get("resolution-markers"))):
            yield found


def _pinned(name: Any, version: Any, markers: Any = None) -> Requirement | None:
    marker = " or ".join(f"({one})" for one in markers) if isinstance(markers, list) and markers else ""
    return _requirement(f"{name}=={version}{f'; {marker}' if marker else ''}")


def _tables(found: Any) -> Iterator[Mapping[str, Any]]:
    return (table for table in found if isinstance(table, dict)) if isinstance(found, list) else iter(())
