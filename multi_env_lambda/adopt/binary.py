"""Packages that an index has only as source, and the package with the same modules that it has as wheels."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.more_packages import with_requirements

__all__ = ["with_binary"]

_SOURCE, _WHEELS = "psycopg2", "psycopg2-binary"
_LINE = re.compile(rf"(?mi)^[ \t]*{_SOURCE}[ \t]*((?:[=<>!~]=?[ \t]*[^#;\s]+)?)[ \t]*(?:#.*)?\r?$")
_NEVER = f"{_SOURCE}; python_version < '3'"


def with_binary(adopted: Adopted, lists: Sequence[tuple[str, str]], folder: str, *, is_listed: bool) -> Adopted:
    """The unit with the wheels of psycopg2, which have the same versions; its source needs a compiler and a library.

    Source: https://www.psycopg.org/docs/install.html

    Args:
        lists: the lists of packages, by path and with their texts.
        folder: of the unit, relative to the root. is_listed: whether the top of the project has a list.
    """
    found = [(path, text, line) for path, text in lists if (line := _LINE.search(text)) is not None]
    if not found or "[tool.uv]" in dict(lists).get("pyproject.toml", ""):
        return adopted  # a file can have one such table only, and there it is a person's
    path, text, line = found[0]
    requirement = f"{_WHEELS}{line[1].replace(' ', '')}"
    reason = f"an index has no wheel of {_SOURCE}, and {_WHEELS} has the same modules"
    place = Place(path, text[: line.start(1)].count("\n") + 1)
    said = Changed(function="", what=_SOURCE, place=place, to=requirement, reason=reason)
    changed = attrs.evolve(adopted, overrides=(*adopted.overrides, _NEVER), findings=(*adopted.findings, said))
    is_there = any(_WHEELS in other.lower() for _, other in lists)
    return changed if is_there else with_requirements(changed, [requirement], folder, is_listed=is_listed)
