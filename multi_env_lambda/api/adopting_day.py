"""The versions that a project had when its list of packages was last changed, for all that the list leaves open.

A list that pins a few packages was resolved with what else there was on that day. Newer versions of the others often do
not work with the pinned ones, although nothing says so.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from datetime import date
from pathlib import Path

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.building.nearest import Moved, Pin
from multi_env_lambda.host.git import last_change

__all__ = ["LISTS", "day_of_lists", "moved_with", "with_versions"]

LISTS = re.compile(r"(^|/)(requirements[^/]*\.txt|poetry\.lock|Pipfile(\.lock)?|pyproject\.toml|setup\.(py|cfg))$")
"""The files in which pins stand, the ones that people write first."""


def day_of_lists(folder: Path, files: Iterable[str], others: Container[str]) -> date | None:
    """The day on which somebody last changed a list of packages; ``others`` are files of which the day says nothing."""
    return last_change(folder, [one for one in files if LISTS.search(one) and one not in others])


def with_versions(adopted: Adopted, found: Iterable[Pin], pins: Iterable[Pin], day: date, place: Place) -> Adopted:
    """With what was ``found`` for the day, for all that has no pin."""
    pinned = {one.name for one in pins}
    versions = tuple(one.exact for one in found if one.name not in pinned)
    if not versions:
        return adopted
    said = Changed(
        function="",
        what="versions that no list pins",
        place=place,
        to=f"those of {day.isoformat()}",
        reason="the list was last changed then; `lock --upgrade` takes the newest",
    )
    return attrs.evolve(adopted, versions=versions, findings=(*adopted.findings, said))


def moved_with(adopted: Adopted, direct: Iterable[str], moved: Iterable[Moved]) -> tuple[Adopted, tuple[Moved, ...]]:
    """What moves without any line of the project against it moves among the versions; the rest is returned."""
    own = {str(canonicalize_name(Requirement(text).name)): text for text in adopted.versions}
    asked = [Requirement(text) for text in direct]
    left = []
    for one in moved:
        allowed = (each.specifier for each in asked if canonicalize_name(each.name) == one.pin.name)
        if one.pin.name in own and all(each.contains(one.version, prereleases=True) for each in allowed):
            own[one.pin.name] = f"{one.pin.name}=={one.version}"
        else:
            left.append(one)
    return attrs.evolve(adopted, versions=tuple(own.values())), tuple(left)
