"""What the text of a commit can do: less than the default, never more.

Texts of commits are written by all who may push anywhere, and merges carry those of others along. So the words that
skip a commit count in its first line only, and the others as trailers, in the last paragraph::

    Count invoices twice as fast

    Only: invoices
    Up-To: test
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from multi_env_lambda.ci.decision import Bring, Decision, Job, Own, Plan, Release, Remove, Upkeep
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.state import State

__all__ = ["narrowed", "newest_that_counts"]

_SKIP = re.compile(r"\[(skip ci|ci skip|no ci)\]", re.IGNORECASE | re.ASCII)
_TRAILER = re.compile(r"(only|up-to)[ \t]*:[ \t]*([^\n]*)", re.IGNORECASE | re.ASCII)
_LONGEST = 64 * 1024


def newest_that_counts(log: Iterable[tuple[str, str]]) -> str | None:
    """The newest commit that does not say ``[skip ci]`` in its first line; None where each does.

    A commit is passed over, and what came before it is not: else a typo that is corrected with ``[skip ci]`` would
    take along the change before it, if nobody had looked in between.

    Args:
        log: (commit, message) of the branch, first parents only, newest first.
    """
    return next((commit for commit, message in log if not _SKIP.search(_first_line(message))), None)


def narrowed(decision: Decision, state: State) -> Decision:
    """The decision with what the text of the commit leaves out of it."""
    jobs: list[Job] = []
    notes: list[str] = []
    for job in decision.jobs:
        kept, said = _narrow(job, state)
        jobs += [] if kept is None else [kept]
        notes += said
    return attrs.evolve(decision, jobs=tuple(jobs), notes=(*decision.notes, *notes))


def _narrow(job: Job, state: State) -> tuple[Job | None, list[str]]:
    match job:
        case Bring():
            found, notes = _fewer_units(job, job.only, state)
            return (None, notes) if found is None else _less_far(attrs.evolve(job, only=found), state, notes)
        case Own():
            found, notes = _fewer_units(job, job.only, state)
            return (None, notes) if found is None else (attrs.evolve(job, only=found), notes)
        case Release() | Remove() | Plan() | Upkeep():
            # A tag is about one unit already, and nobody takes a removal back by the text of a commit.
            return job, []


def _fewer_units(job: Bring | Own, before: tuple[str, ...], state: State) -> tuple[tuple[str, ...] | None, list[str]]:
    """The units that are left; None: no unit is."""
    said = _said(state.message, "only")
    if not said:
        return before, []
    named = [name for text in said for name in re.split(r"[,\s]+", text) if name]
    allowed = before or tuple(state.units or ())
    if not allowed:
        # The units have not been looked up yet; the caller that does so narrows it.
        return before, []
    found = tuple(name for name in allowed if name in named)
    unknown = [
        f"the commit says `Only: …` of {quoted(name)}, which is not a unit" for name in named if name not in allowed
    ]
    if found:
        return found, unknown
    return None, [*unknown, "no unit is left that the commit says `Only: …` of"]


def _less_far(job: Bring, state: State, notes: list[str]) -> tuple[Job | None, list[str]]:
    for text in _said(state.message, "up-to"):
        name = text.strip()
        if name not in state.environments:
            # It wanted less than everything, but it is unknown how much.
            return None, [*notes, f"the commit says `Up-To: …` of {quoted(name)}, which is not an environment"]
        if state.environments.index(name) < state.environments.index(job.to):
            job = attrs.evolve(job, to=name)
    return job, notes


def _first_line(message: str) -> str:
    return message[:_LONGEST].lstrip().partition("\n")[0]


def _said(message: str, word: str) -> list[str]:
    """What the trailers of this name say. A subject line alone has no trailers."""
    paragraphs = re.split(r"\n[ \t]*\n", message[:_LONGEST].replace("\r\n", "\n").strip())
    lines = paragraphs[-1].split("\n") if len(paragraphs) > 1 else []
    found = (_TRAILER.fullmatch(line.strip()) for line in lines)
    return [one[2] for one in found if one is not None and one[1].lower() == word]
