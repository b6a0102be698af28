"""How a run ended, for people and as an exit code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api.failed import UnitsFailed, stopped_of
from multi_env_lambda.cli.output import note, out, print_json
from multi_env_lambda.errors import MultiEnvLambdaError, SessionEnded

if TYPE_CHECKING:
    from multi_env_lambda import Result
    from multi_env_lambda.api.listing import Listing

__all__ = ["THERE", "UNCHANGED", "ended", "exit_code", "finish", "not_done", "show_results"]

UNCHANGED = "nothing has changed since the last deploy; `drift` checks the live stacks"
THERE = "every stack exists; `drift` compares what is in it"


def finish(change: Callable[[], Listing[Result]], as_json: bool) -> int:
    """Change something and show how every step ended; returns the exit code."""
    results, code = ended(change)
    show_results(results, as_json)
    return code


def ended(change: Callable[[], Listing[Result]]) -> tuple[Listing[Result], int]:
    """Change something; how every step ended, and the exit code."""
    try:
        return change(), 0
    except UnitsFailed as failed:
        return failed.results, exit_code(failed.kinds)


def show_results(results: Listing[Result], as_json: bool, *, still: str = UNCHANGED, missing: str = "") -> None:
    """The table to stdout, and what went wrong to stderr.

    ``still``: why there is nothing to do. ``missing``: what to do if there is nothing because nothing runs.
    """
    from multi_env_lambda.show.text import results_table

    if as_json:
        print_json([attrs.asdict(result) for result in results])
    elif all(result.outcome == "unchanged" for result in results):
        _tell_nothing_to_do(results, still, missing)
    else:
        out(results_table(results))
    _tell_what_went_wrong(results)
    for line in results.notes:
        note(line)


def not_done(failed: UnitsFailed) -> int:
    """Every failure with its own hint to stderr; returns the exit code."""
    name = f"failed[{next(iter(failed.kinds))}]: " if len(failed.kinds) == 1 else ""
    for fault in failed.faults:
        note(f"{name}{fault.where}: {fault.what}")
        if fault.hint:
            note(f"hint: {fault.hint}")
    return exit_code(failed.kinds)


def _tell_what_went_wrong(results: Iterable[Result]) -> None:
    """What is the same for many units, a closed environment for example, is said once; the end of a session last."""
    found = tuple(results)
    ended = stopped_of(found)
    units: dict[tuple[str, str, str, str, str], list[str]] = {}
    for result in found if ended is None else ended.others:
        if result.good:
            continue
        same = (result.environment, result.outcome, result.error, result.detail, result.hint)
        units.setdefault(same, []).append(result.project)
    for (environment, outcome, error, detail, hint), names in units.items():
        note(f"{environment} {', '.join(names)} {outcome}{f'[{error}]' if error else ''}: {detail}")
        if hint:
            note(f"hint: {hint}")
    if ended is not None:
        note(f"error[{SessionEnded.__name__}]: {ended.what}\nhint: {ended.hint}")


def _tell_nothing_to_do(results: Listing[Result], still: str, hint: str) -> None:
    """That nothing happens is fine only where something runs; elsewhere, say what is missing."""
    missing: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.version is None:
            missing.setdefault((result.environment, result.detail), []).append(result.project)
    for (environment, why), units in missing.items():
        note(f"no release of {', '.join(units)} runs in {environment}: {why}")
    if missing and hint:
        note(f"hint: {hint}")
    for result in results if len(results) == 1 and not missing else ():
        note(f"{result.environment} {result.project}: {result.detail}")
    out("nothing to do" if missing else f"up to date: {still}")


def exit_code(kinds: Collection[str]) -> int:
    """The code of the error where all failures are of one kind, else that of "some units failed".

    After the end of a session the same command goes on, which a script has to know whatever else failed.
    """
    if SessionEnded.__name__ in kinds:
        return SessionEnded.exit_code
    codes = {kind.__name__: kind.exit_code for kind in _kinds(MultiEnvLambdaError)}
    return codes.get(next(iter(kinds)), UnitsFailed.exit_code) if len(kinds) == 1 else UnitsFailed.exit_code


def _kinds(kind: type[MultiEnvLambdaError]) -> list[type[MultiEnvLambdaError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _kinds(child))]
