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

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.building.nearest import Pin
from multi_env_lambda.host.git import last_change

__all__ = ["LISTS", "day_of_lists", "with_versions"]

LISTS = re.compile(r"(^|/)(requirements[^/]*\.txt|poetry\.lock|Pipfile(\.lock)?|pyproject\.toml|setup\.(py|cfg))$")
"""The files in which pins stand, the ones that people write first."""


def day_of_lists(folder: Path, files: Iterable[str], others: Container[str]) -> date | None:
    """The day on which somebody last changed a list of packages; ``others`` are files of which the day says nothing."""
    return last_change(folder, [one for one in files if LISTS.search(one) and one not in others])


def with_versions(adopted: Adopted, found: Iterable[Pin], day: date, place: Place) -> Adopted:
    """With what was ``found`` for the day."""
    versions = tuple(one.exact for one in found)
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
