"""The packages that a ``Pipfile`` or ``[tool.poetry]`` lists: tables in, requirements out.

Sources: https://pipenv.pypa.io/en/latest/pipfile.html and https://python-poetry.org/docs/pyproject/#dependencies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.errors import ConfigurationError

__all__ = ["pipfile_requirements", "poetry_requirements"]

_ADDRESSES = ("git", "hg", "svn", "file", "path")
_MARKERS = ("os_name", "platform_machine", "platform_system", "python_version", "python_full_version", "sys_platform")
_HINT = "require a released version; a folder of the repository belongs in `shared`"


def pipfile_requirements(document: Mapping[str, Any], where: str) -> Iterator[str]:
    """What ``[packages]`` requires, without the folder itself.

    >>> list(pipfile_requirements({"packages": {"a": "*", "b": {"version": "==1", "extras": ["x"]}}}, "Pipfile"))
    ['a', 'b[x]==1']

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
    """What ``[tool.poetry.dependencies]`` names, in the ``locked`` versions; its own ranges are Poetry's to explain.

    ``locked`` is None where there is no lock.

    Raises:
        ConfigurationError: a package is required by an address, or there is no lock that says its version.
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
            what = f"`{name}` has a range of Poetry, and there is no poetry.lock that says which version it is"
            raise ConfigurationError(f"{where} [tool.poetry.dependencies]", what, hint="run `poetry lock`, then again")
        if found is not None:
            extras = entry.get("extras")
            found.extras = {*map(str, extras)} if isinstance(extras, list) else set()
            yield str(found)


def _text(name: str, table: Mapping[str, Any]) -> str:
    extras = table.get("extras")
    inside = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
    version = table.get("version", "*")
    markers = [f"({table['markers']})"] if "markers" in table else []
    markers += [f"{key} {table[key]}" for key in _MARKERS if key in table]
    marker = f"; {' and '.join(markers)}" if markers else ""
    return f"{name}{inside}{'' if version == '*' else version}{marker}"
