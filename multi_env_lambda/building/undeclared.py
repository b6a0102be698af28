"""A unit whose file has our table alone: what the standard ``[project]`` would say comes from its folder.

Its name is the folder's, its version the first one, and its dependencies are in ``requirements.txt``: its own one,
those of the roots of its functions, and those of shared folders that are not packages. A folder without one may have a
``Pipfile``, and the unit's own file ``[tool.poetry]``, of whose packages ``poetry.lock`` has the versions. If it has a
build backend, that one is asked (``asked``), and only the name is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement

from multi_env_lambda.building.lock_formats import logical_lines
from multi_env_lambda.building.plain import has_no_backend
from multi_env_lambda.building.shared import is_package, older_name
from multi_env_lambda.building.taken_over import taken_over, text_of
from multi_env_lambda.building.tool_requirements import pipfile_requirements, poetry_requirements
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.model.name import PROJECT_NAME, normalised

__all__ = ["declared"]

_VERSION = "0.1.0"
_OF_A_BACKEND = ("dependencies", "requires-python", "version")
_REQUIREMENTS = "requirements.txt"
_MOST_FILES = 20
_HINT = "require a released version; a folder of the repository belongs in `shared`"


def declared(root: Path, folder: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the table ``[project]`` that its folder stands for.

    Raises:
        ConfigurationError: the folder's name cannot be a unit's, or a requirement names no package.
    """
    plain = has_no_backend(document, root / folder)
    told = "" if plain else older_name(root / folder)
    name = normalised(told or PurePosixPath(folder).name)
    if not PROJECT_NAME.accepts(name):
        what = f"without [project] it would be called `{name}`; expected {PROJECT_NAME.allowed}"
        hint = "rename the folder, or write [project] with a name"
        raise ConfigurationError(f"{folder}/pyproject.toml", what, hint=hint)
    if not plain:
        return {**document, "project": {"name": name, "dynamic": list(_OF_A_BACKEND)}}
    table = document["tool"]["multi_env_lambda"]
    shared = table.get("shared") if isinstance(table, dict) else None
    names = frozenset(filter(_is_text, shared if isinstance(shared, list) else ()))
    reader = _Reader(top=root.resolve(), unit=root.resolve() / folder, shared=names)
    others = (root.resolve() / one for one in sorted(names) if "\0" not in one and not is_package(root, one))
    places = (reader.unit, *(reader.unit / one for one in _roots(table)), *others)
    found = dict.fromkeys(text for place in places for text in _listed(reader, place, document))
    return {**document, "project": {"name": name, "version": _VERSION, "dependencies": list(found)}}


def _listed(reader: _Reader, place: Path, document: Mapping[str, Any]) -> Iterator[str]:
    """The first of these files counts."""
    where = f"{place.relative_to(reader.top).as_posix()}"
    if (place / _REQUIREMENTS).is_file():
        yield from reader.read(place)
    elif (place / "Pipfile").is_file():
        yield from pipfile_requirements(read_toml(place / "Pipfile", f"{where}/Pipfile"), f"{where}/Pipfile")
    elif place == reader.unit:
        locked = taken_over(place, place, where)
        versions = None if locked is None else locked.constraints
        yield from poetry_requirements(document, versions, f"{where}/pyproject.toml")


def _roots(table: Any) -> list[str]:
    """The roots of its functions, where a list of requirements may be, too; nothing of the table is checked yet."""
    functions = table.get("functions") if isinstance(table, dict) else None
    tables = functions.values() if isinstance(functions, dict) else ()
    found = {one["root"] for one in tables if isinstance(one, dict) and isinstance(one.get("root"), str)}
    return sorted(root for root in found if "\0" not in root and not PurePosixPath(root).is_absolute())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


@attrs.frozen(kw_only=True)
class _Reader:
    """Reads the lists of requirements of the folder ``unit``; ``shared`` are the folders whose code is its own."""

    top: Path
    unit: Path
    shared: frozenset[str]

    def read(self, folder: Path) -> Iterator[str]:
        """What the list in a folder requires, and those that it includes; options are for pip alone."""
        waiting, seen = [folder / _REQUIREMENTS], set[Path]()
        while waiting:
            path = waiting.pop(0).resolve()
            if path in seen or len(seen) >= _MOST_FILES or not path.is_relative_to(self.top):
                continue
            seen.add(path)
            if path.is_file():
                for number, line in logical_lines(text_of(path, self._shown(path))):
                    words = line.split()
                    if words[0] in ("-r", "--requirement") and len(words) == 2:
                        waiting.append(path.parent / words[1])
                    elif words[0] in ("-e", "--editable") or not words[0].startswith("-"):
                        yield from self._requirement(line.split(" --")[0], path, number)
            elif len(seen) > 1:
                where = self._shown(folder / _REQUIREMENTS)
                hint = "add the file, or remove the line"
                raise ConfigurationError(where, f"includes {self._shown(path)}, which is not there", hint=hint)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.top).as_posix()

    def _requirement(self, text: str, path: Path, number: int) -> Iterator[str]:
        where = f"{self._shown(path)} line {number}"
        try:
            found = Requirement(text)
        except (InvalidRequirement, RecursionError):
            folder = self._folder(text.split()[-1], path)
            own = self._shown(self.unit)
            if folder is not None and (folder in {own, *self.shared} or folder.startswith(f"{own}/")):
                return  # its code is the unit's, and what a shared folder requires is checked
            hint = _HINT if folder is None else f'add `shared = ["{folder}"]`: its code becomes part of the unit\'s'
            raise ConfigurationError(where, f"`{text:.80}` is not a package of an index", hint=hint) from None
        if found.url is not None:
            raise ConfigurationError(where, f"`{found.name}` is required by an address, which has no hash", hint=_HINT)
        yield str(found)

    def _folder(self, text: str, path: Path) -> str | None:
        """A folder of the repository that a line names, by its path from the top.

        For pip it is relative to the folder in which somebody calls pip.
        """
        for base in (path.parent, self.unit, self.top):
            found = (base / text).resolve()
            if found != self.top and found.is_relative_to(self.top) and found.is_dir():
                return self._shown(found)
        return None
