"""Runs the units' own tests as the CI does before it deploys."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from multi_env_lambda.api.failed import UnitsFailed, listed
from multi_env_lambda.model.result import Result

if TYPE_CHECKING:
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.model.project import Project

__all__ = ["run_tests"]

COLUMN = "tests"
"""Where the results stand, since tests belong to no environment."""

_HINT = "`pytest` in the folder of the unit shows more; the versions of its dependencies are in pylock.toml"


def run_tests(opened: Opened, names: Iterable[str]) -> Listing[Result]:
    """One unit after the other: the named ones, or all.

    Raises:
        ConfigurationError: there is no unit of that name, or it is broken.
        UnitsFailed: tests of at least one unit failed; ``results`` has all outcomes.
    """
    units = [opened.project(name) for name in names] or list(opened.projects)
    found = listed(_tested(opened, unit) for unit in units)
    bad = [result for result in found if not result.good]
    if bad:
        raise UnitsFailed.of(f"{len(bad)} of {len(found)}", found, named=lambda result: f"tests of {result.project}")
    return found


def _tested(opened: Opened, unit: Project) -> Result:
    from multi_env_lambda.building.own_tests import has_tests, own_tests

    if not has_tests(opened.root, unit):
        return Result(project=unit.name, environment=COLUMN, outcome="without tests")
    opened.progress(f"{unit.name}: running its tests")
    began = time.monotonic()
    said = own_tests(opened.root, unit, is_new=True)
    seconds = round(time.monotonic() - began, 1)
    if not said:
        return Result(project=unit.name, environment=COLUMN, outcome="tested", seconds=seconds)
    return Result(
        project=unit.name,
        environment=COLUMN,
        outcome="failed",
        detail=said,
        hint=_HINT,
        error="CheckFailed",
        seconds=seconds,
    )
