"""The floors of ``bin/test --coverage`` are compared ring by ring."""

from __future__ import annotations

from typing import Any

import pytest

from tests.covered import FLOORS, Covered, covered
from tests.house import module_name, module_paths
from tests.test_architecture import ring


def summary(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    names = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    return {"summary": {**dict(zip(names, (*lines, *branches), strict=True)), "percent_covered": 50.0}}


def test_a_ring_is_the_sum_of_its_files_and_a_module_at_the_top_is_one() -> None:
    report = {
        "files": {
            "multi_env_lambda/plan/template/roles.py": summary((1, 2), (0, 1)),
            "multi_env_lambda/plan/prune.py": summary((2, 2), (3, 3)),
            "multi_env_lambda/errors.py": summary((4, 4), (0, 0)),
        }
    }

    assert covered(report) == (
        Covered(ring="errors", lines=100.0, branches=100.0),
        Covered(ring="plan", lines=75.0, branches=75.0),
    )


@pytest.mark.parametrize("below", [(1, 0), (0, 1)])
def test_a_ring_below_one_of_its_floors_is_too_little(below: tuple[int, int]) -> None:
    lines, branches = FLOORS["plan"]

    assert Covered(ring="plan", lines=lines, branches=branches).is_enough
    assert not Covered(ring="plan", lines=lines - below[0], branches=branches - below[1]).is_enough


def test_every_ring_has_a_floor() -> None:
    rings = {ring(module_name(path)) or "__init__" for path in module_paths()}

    assert rings - set(FLOORS) == set()
    assert set(FLOORS) - rings == set()
