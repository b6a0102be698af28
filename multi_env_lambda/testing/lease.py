"""A held lease for tests: lost when the test decides."""

from __future__ import annotations

from multi_env_lambda.errors import PlanStale

__all__ = ["FakeHeld"]


class FakeHeld:
    """Implements ``multi_env_lambda.model.lease.Held`` without a record; ``looks`` counts how often it was checked."""

    def __init__(self, *, lost: bool = False) -> None:
        self.lost = lost
        self.looks: list[str] = []

    def make_sure(self) -> None:
        self._look("make_sure")

    def begin(self) -> None:
        self._look("begin")

    def _look(self, kind: str) -> None:
        self.looks.append(kind)
        if self.lost:
            raise PlanStale("the lease", "somebody else took over", hint="run the same command again")
