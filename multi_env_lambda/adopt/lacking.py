"""The packages that a function cannot be imported without and that the project's lists have forgotten.

Somebody had them in a layer of the account, or on her own machine. Only packages whose names are well known are added.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs
from packaging.utils import canonicalize_name

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.modules import modules_of, required_by
from multi_env_lambda.adopt.more_packages import with_requirements
from multi_env_lambda.adopt.plain_packages import KNOWN, is_offered
from multi_env_lambda.adopt.variables import called_there

__all__ = ["with_lacking"]

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OF_SEVERAL = frozenset({"discord"})
"""Modules that packages with quite other names have, too, which may come with what the list names."""


def with_lacking(
    adopted: Adopted, texts: Mapping[str, str], lists: Iterable[str], folder: str, *, is_listed: bool
) -> Adopted:
    """The unit with what its functions import and no list names, each of them said.

    Args:
        texts: the project's Python files, by path. lists: the texts of its lists of packages.
        folder: of the unit, relative to the root. is_listed: whether the top of the project has a list.
    """
    named = frozenset(_names((*lists, *(text for path, text in adopted.files.items() if path.endswith(".txt")))))
    called = called_there(adopted.findings)
    found: dict[str, Changed] = {}
    for key, table in adopted.table.get("functions", {}).items():
        if _has_layers(adopted.table, key):
            continue
        tops = {str(table.get("root", "")), *_shared(adopted.table, folder)}
        for path, name, line in _required(table, texts, tops):
            package = KNOWN.get(name)
            if package is not None and not _is_named(name, package, named):
                found.setdefault(package, _said(called.get(key, key), name, package, Place(path, line)))
    added = attrs.evolve(adopted, findings=(*adopted.findings, *found.values()))
    return with_requirements(added, list(found), folder, is_listed=is_listed)


def _names(texts: Iterable[str]) -> Iterator[str]:
    return (canonicalize_name(word) for text in texts for word in _WORD.findall(text))


def _has_layers(table: Mapping[str, Any], key: str) -> bool:
    """In some environment; a layer of others may have any module."""
    everywhere = (table, *table.get("environments", {}).values())
    return any(one.get("functions", {}).get(key, {}).get("layers") for one in everywhere)


def _shared(table: Mapping[str, Any], folder: str) -> Iterator[str]:
    """The shared folders of the project itself, relative to it: their modules lie at the top of every function."""
    for one in table.get("shared", ()):
        if one.startswith(f"{folder}/"):
            yield one.removeprefix(f"{folder}/")


def _required(
    table: Mapping[str, Any], texts: Mapping[str, str], tops: Collection[str]
) -> Iterator[tuple[str, str, int]]:
    for path in modules_of(table, texts):
        for name, line in required_by(texts[path]).items():
            if not is_offered(name) and not any(_is_in(name, top, texts) for top in tops):
                yield path, name, line


def _is_in(name: str, top: str, texts: Mapping[str, str]) -> bool:
    inside = f"{top}/{name}" if top else name
    return any(path == f"{inside}.py" or path.startswith(f"{inside}/") for path in texts)


def _is_named(module: str, package: str, named: frozenset[str]) -> bool:
    """A package that is called almost like a module may have it: ``aws-psycopg2``."""
    if module in _OF_SEVERAL or canonicalize_name(package) in named:
        return True
    return any(canonicalize_name(module) in one for one in named)


def _said(function: str, name: str, package: str, place: Place) -> Changed:
    reason = "no list names the package that has it: it is the newest one that can be installed"
    return Changed(function=function, what=f"import {name}", place=place, to=f"requirements: {package}", reason=reason)
