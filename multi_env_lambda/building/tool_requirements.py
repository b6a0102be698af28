"""The packages that a ``Pipfile`` or ``[tool.poetry]`` lists: tables in, requirements out.

Sources: https://pipenv.pypa.io/en/latest/pipfile.html and https://python-poetry.org/docs/pyproject/#dependencies
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from multi_env_lambda.errors import ConfigurationError

__all__ = ["pipfile_requirements", "poetry_requirements"]

_ADDRESSES = ("git", "hg", "svn", "file", "path")
_MARKERS = ("os_name", "platform_machine", "platform_system", "python_version", "python_full_version", "sys_platform")
_HINT = "require a released version; a folder of the repository belongs in `shared`"


def pipfile_requirements(document: Mapping[str, Any], where: str) -> Iterator[str]:
    """What ``[packages]`` requires, without the folder itself.

    >>> list(pipfile_requirements({"packages": {"a": "*", "b": {"version": "==1", "extras": ["x"]}}}, "Pipfile"))
    ['a', 'b[x]==1']
    >>> list(pipfile_requirements({"packages": {"a": "1.2"}}, "Pipfile"))
    ['a==1.2']

    Raises:
        ConfigurationError: a package is required by an address, or its entry cannot be read.
    """
    packages = document.get("packages")
    for name, said in packages.items() if isinstance(packages, dict) else ():
        table = said if isinstance(said, dict) else {"version": said}
        if table.get("path") == ".":
            continue
        if kind := next((key for key in _ADDRESSES if key in table), ""):
            what = f"`{name}` is required by `{kind}`, which has no hash"
            raise ConfigurationError(f"{where} [packages]", what, hint=_HINT)
        text = _text(name, table)
        try:
            yield str(Requirement(text))
        except (InvalidRequirement, RecursionError):
            what = f"`{text:.80}` is not a requirement"
            raise ConfigurationError(f"{where} [packages]", what, hint='write it like `name = ">=1.2"`') from None


def poetry_requirements(document: Mapping[str, Any], locked: Iterable[str] | None, where: str) -> Iterator[str]:
    """What ``[tool.poetry.dependencies]`` names, in the ``locked`` versions; in its own ranges where that is None.

    >>> list(poetry_requirements({"tool": {"poetry": {"dependencies": {"a": "^1.2"}}}}, None, "pyproject.toml"))
    ['a<2,>=1.2']

    Raises:
        ConfigurationError: a package is required by an address, or by a range that is none of Poetry's simple ones.
    """
    versions = {one.name: one for one in map(Requirement, locked or ())}
    table = document.get("tool", {}).get("poetry", {}).get("dependencies")
    for name, said in table.items() if isinstance(table, dict) else ():
        entry = said if isinstance(said, dict) else {}
        found = versions.get(canonicalize_name(name))
        if name == "python" or entry.get("optional") is True:
            continue
        if kind := next((key for key in (*_ADDRESSES, "url") if key in entry), ""):
            what = f"`{name}` is required by `{kind}`, which has no hash"
            raise ConfigurationError(f"{where} [tool.poetry.dependencies]", what, hint=_HINT)
        if locked is None:
            yield _in_range(name, said, where)
        elif found is not None:
            extras = entry.get("extras")
            found.extras = {*map(str, extras)} if isinstance(extras, list) else set()
            yield str(found)


def _in_range(name: str, said: Any, where: str) -> str:
    table = {"version": said} if isinstance(said, str) else said
    try:
        parts = [_specifier(part) for part in _AND.split(table["version"].strip())]
        kept = {key: table[key] for key in ("extras", "markers") if key in table}
        text = _text(name, {**kept, "version": ",".join(filter(None, parts)) or "*"})
        if table.keys() - {"version", "extras", "markers", "optional", "allow-prereleases"}:
            raise InvalidRequirement(text)
        return str(Requirement(text))
    except (AttributeError, IndexError, InvalidRequirement, KeyError, RecursionError, TypeError, ValueError):
        what = f"`{name}` has a range that only Poetry can read, and there is no poetry.lock that says its version"
        hint = "run `poetry lock`, then again"
        raise ConfigurationError(f"{where} [tool.poetry.dependencies]", what, hint=hint) from None


_AND = re.compile(r"\s*,\s*|(?<=[\w*.])\s+(?=[<>=!~^])")


def _specifier(part: str) -> str:
    """One condition: ``^1.2`` is up to the next version that may break something, ``~1.2`` up to the next minor one.

    Source: https://python-poetry.org/docs/dependency-specification/#version-constraints
    """
    if part == "*":
        return ""
    if part[0] not in "^~" or part.startswith("~="):
        return part if part[0] in "<>=!~" else f"=={part}"
    version = Version(part[1:].strip())
    first = next((at for at, number in enumerate(version.release) if number), len(version.release) - 1)
    at = first if part[0] == "^" else min(1, len(version.release) - 1)
    above = ".".join(map(str, (*version.release[:at], version.release[at] + 1)))
    return f">={version},<{above}"


def _text(name: str, table: Mapping[str, Any]) -> str:
    extras = table.get("extras")
    inside = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
    version = str(table.get("version", "*"))
    if version[:1].isdigit():
        version = f"=={version}"  # as Pipenv reads it
    markers = [f"({table['markers']})"] if "markers" in table else []
    markers += [f"{key} {table[key]}" for key in _MARKERS if key in table]
    marker = f"; {' and '.join(markers)}" if markers else ""
    return f"{name}{inside}{'' if version == '*' else version}{marker}"
