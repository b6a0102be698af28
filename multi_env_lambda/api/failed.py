"""The error of a run in which a unit did not get where it was to go: it has what came of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api import tables
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.result import Result

if TYPE_CHECKING:
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.outside import FilePath

__all__ = ["UnitsFailed", "listed"]


def listed(results: Iterable[Result], *notes: str) -> Listing[Result]:
    """How every step ended, as a table units × environments; the notes that say something."""
    return Listing(tuple(results), tables.results, attrs.asdict, tables.results_html, tuple(filter(None, notes)))


class UnitsFailed(MultiEnvLambdaError):
    """At least one unit did not reach its goal; the others were finished.

    Attributes:
        results: how each step ended; of ``build`` and ``lock`` those that failed.
        kinds: the names of the kinds of their errors.
        built: what ``build`` has built all the same.
        locked: the file of each unit that ``lock`` has locked all the same; None without dependencies.
    """

    exit_code = 1
    results: Listing[Result] = listed(())
    kinds: frozenset[str] = frozenset()
    built: Listing[Build] = Listing((), tables.builds, lambda build: build.to_dict())
    locked: Mapping[str, FilePath | None] = {}

    @classmethod
    def of(cls, where: str, what: str, results: Listing[Result]) -> UnitsFailed:
        """With the hint of the first one that failed, and the kinds of all."""
        bad = [result for result in results if not result.good]
        error = cls(where, what, hint=bad[0].hint or "correct it and run again")
        error.results, error.kinds = results, frozenset(result.error for result in bad if result.error)
        return error
