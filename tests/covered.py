"""Which part of each ring's lines and branches the fast tests run, and the floor below which no ring may fall."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import coverage

from tests.house import PACKAGE

__all__ = ["FLOORS", "Covered", "covered", "main"]

# In percent: lines, branches. What no test in memory can run (the emulator, a board in a browser) has a low one.
FLOORS: Mapping[str, tuple[int, int]] = {
    "__init__": (100, 100),
    "__main__": (100, 49),
    "_version": (100, 100),
    "api": (83, 52),
    "aws": (86, 76),
    "building": (87, 82),
    "ci": (98, 96),
    "adopt": (90, 85),
    "cli": (75, 51),
    "dispatcher": (95, 49),
    "witness": (0, 0),
    "errors": (100, 100),
    "flow": (97, 94),
    "host": (86, 77),
    "local": (6, 0),
    "make": (93, 83),
    "masking": (100, 100),
    "model": (98, 97),
    "operations": (79, 63),
    "pipeline": (97, 93),
    "plan": (97, 96),
    "receiver": (90, 49),
    "runs": (95, 85),
    "show": (85, 78),
    "testing": (93, 85),
    "wording": (100, 100),
    "world": (97, 49),
}


@attrs.frozen(kw_only=True)
class Covered:
    """How much of one ring was run, in percent."""

    ring: str
    lines: float
    branches: float

    @property
    def is_enough(self) -> bool:
        lines, branches = FLOORS.get(self.ring, (100, 100))
        return self.lines >= lines and self.branches >= branches

    def __str__(self) -> str:
        floor = " of at least {} and {}".format(*FLOORS[self.ring]) if self.ring in FLOORS else ": it has no floor yet"
        told = "" if self.is_enough else "  <- too few"
        return f"{self.ring:<10} {self.lines:6.1f} % of lines, {self.branches:6.1f} % of branches{floor}{told}"


def covered(report: Mapping[str, Any]) -> tuple[Covered, ...]:
    """The rings of a report of ``coverage json``, by name. A module at the top is a ring of its own."""
    found: dict[str, Counter[str]] = {}
    for name, one in report["files"].items():
        below = Path(name).parts[Path(name).parts.index(PACKAGE) + 1 :]
        counts = found.setdefault(below[0].removesuffix(".py"), Counter())
        counts.update({key: value for key, value in one["summary"].items() if key.startswith(("num_", "covered_"))})
    return tuple(
        Covered(
            ring=ring,
            lines=_percent(counts["covered_lines"], counts["num_statements"]),
            branches=_percent(counts["covered_branches"], counts["num_branches"]),
        )
        for ring, counts in sorted(found.items())
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def main() -> int:
    """Print every ring; gives 1 where one has fallen below its floor, or has none."""
    with tempfile.TemporaryDirectory() as folder:
        data = coverage.Coverage()
        data.load()
        data.json_report(outfile=f"{folder}/report.json")
        rings = covered(json.loads(Path(folder, "report.json").read_text(encoding="utf-8")))
    for ring in rings:
        print(ring)
    return 0 if all(ring.is_enough for ring in rings) else 1


if __name__ == "__main__":
    sys.exit(main())
