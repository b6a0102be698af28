"""The error raised when at least one unit failed; it carries the results of all units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.api import tables
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.result import Result
from multi_env_lambda.wording import in_python

if TYPE_CHECKING:
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.outside import FilePath
    from multi_env_lambda.model.stopped import Stopped

__all__ = ["UnitsFailed", "listed", "stopped_of"]

_EACH = "correct each of them, then run again"


def listed(results: Iterable[Result], *notes: str) -> Listing[Result]:
    """The outcome of every step, displayed as a matrix of units and environments, with all non-empty notes."""
    return Listing(tuple(results), tables.results, Result.to_dict, tables.results_html, tuple(filter(None, notes)))


def stopped_of(results: Iterable[Result]) -> Stopped | None:
    """What is said once of all steps that the end of the session kept from being done; None if there are none."""
    from multi_env_lambda.model.stopped import stopped

    return stopped(results)


class UnitsFailed(MultiEnvLambdaError):
    """At least one unit failed; the others were completed.

    Every failure is listed with its own hint. Correct them, and run the same command again: what is done is not done
    twice.

    Attributes:
        results: the outcome of each step; for ``build`` and ``lock``, only the failures.
        faults: every failure with its own hint; what is the same for several units is in it once.
        kinds: the names of the error classes involved.
        built: the units that ``build`` completed.
        changes: what ``bootstrap`` changed in the places that it completed, one line each.
        locked: the lock file of each unit that ``lock`` completed; None if it has no dependencies.
    """

    exit_code = 1
    results: Listing[Result] = listed(())
    faults: tuple[MultiEnvLambdaError, ...] = ()
    kinds: frozenset[str] = frozenset()
    built: Listing[Build] = Listing((), tables.builds, lambda build: build.to_dict())
    changes: tuple[str, ...] = ()
    locked: Mapping[str, FilePath | None] = {}

    @classmethod
    def of(cls, where: str, results: Listing[Result], *, named: Callable[[Result], str]) -> UnitsFailed:
        """The error for these results; ``named``: what each of them is about, such as the unit."""
        from multi_env_lambda.model.session import ONE_SESSION

        ended = stopped_of(results)
        bad = [result for result in results if not result.good]
        own = bad if ended is None else [result for result in ended.others if not result.good]
        faults = [(named(result), _without_its_place(result), result.hint) for result in own]
        # The credentials are the place, as in the detail of each of these results.
        faults += [] if ended is None else [(ONE_SESSION, ended.what.removeprefix(f"{ONE_SESSION}: "), ended.hint)]
        error = cls.among(where, faults)
        error.results, error.kinds = results, frozenset(result.error for result in bad if result.error)
        return error

    @classmethod
    def among(cls, where: str, faults: Iterable[tuple[str, str, str]]) -> UnitsFailed:
        """The error for these failures: what each is about, what is wrong, and its hint.

        Args:
            where: how many failed; used only if there are several.
        """
        same: dict[tuple[str, str], list[str]] = {}
        for name, what, hint in faults:
            same.setdefault((what, hint), []).append(name)
        own = tuple(
            MultiEnvLambdaError(", ".join(dict.fromkeys(names)), what, hint=hint)
            for (what, hint), names in same.items()
        )
        hints = list(dict.fromkeys(fault.hint for fault in own if fault.hint))
        hint = hints[0] if len(hints) == 1 else _EACH if hints else "correct it and run again"
        if sum(map(len, same.values())) == 1:
            error = cls(own[0].where, own[0].what, hint=hint)
        else:
            error = cls(where, "\n".join(f"{fault.where}: {fault.what}" for fault in own), hint=hint)
        error.faults = own
        return error

    def __str__(self) -> str:
        if self.hint != _EACH:
            return super().__str__()
        return "\n".join([f"{self.where}:", *(_told(fault) for fault in self.faults)])


def _without_its_place(result: Result) -> str:
    """What went wrong, for a line that begins with unit and environment anyway."""
    return result.detail.removeprefix(f"{result.project} in {result.environment}: ")


def _told(fault: MultiEnvLambdaError) -> str:
    return f"{fault.where}: {fault.what}" + (f"\nhint: {in_python(fault.hint)}" if fault.hint else "")
