"""The error raised when at least one unit failed; it carries the results of all units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.api import tables
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.result import Result

if TYPE_CHECKING:
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.outside import FilePath

__all__ = ["UnitsFailed", "listed"]


def listed(results: Iterable[Result], *notes: str) -> Listing[Result]:
    """The outcome of every step, displayed as a matrix of units and environments, with all non-empty notes."""
    return Listing(tuple(results), tables.results, Result.to_dict, tables.results_html, tuple(filter(None, notes)))


class UnitsFailed(MultiEnvLambdaError):
    """At least one unit failed; the others were completed.

    Attributes:
        results: the outcome of each step; for ``build`` and ``lock``, only the failures.
        kinds: the names of the error classes involved.
        built: the units that ``build`` completed.
        changes: what ``bootstrap`` changed in the places that it completed, one line each.
        locked: the lock file of each unit that ``lock`` completed; None if it has no dependencies.
    """

    exit_code = 1
    results: Listing[Result] = listed(())
    kinds: frozenset[str] = frozenset()
    built: Listing[Build] = Listing((), tables.builds, lambda build: build.to_dict())
    changes: tuple[str, ...] = ()
    locked: Mapping[str, FilePath | None] = {}

    @classmethod
    def of(cls, where: str, what: str, results: Listing[Result]) -> UnitsFailed:
        """The error for these results, with the hint of the first failure."""
        bad = [result for result in results if not result.good]
        error = cls(where, what, hint=bad[0].hint or "correct it and run again")
        error.results, error.kinds = results, frozenset(result.error for result in bad if result.error)
        return error
