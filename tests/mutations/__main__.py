"""``bin/test --mutations [WORD …]``: every mutation, or those whose file, fact or tests contain one of the words."""

from __future__ import annotations

import sys
import time

from tests.house import ROOT
from tests.mutations.mutation import Mutation
from tests.mutations.runner import Verdict, control, judge_all
from tests.mutations.table import MUTATIONS

__all__ = ["main"]


def main(words: list[str]) -> int:
    """0: all were caught. 1: one survived or could not be made. 2: the tests are red without any change."""
    wanted = [mutation for mutation in MUTATIONS if not words or any(word in _text(mutation) for word in words)]
    started = time.monotonic()
    print(f"{len(wanted)} mutations; first their tests without any", file=sys.stderr, flush=True)
    red = control(wanted, ROOT)
    if red:
        print(f"the tests are red without any mutation:\n{red}", file=sys.stderr)
        return 2
    verdicts = judge_all(wanted, ROOT, _tell)
    print(_table(verdicts))
    bad = [verdict for verdict in verdicts if verdict.ending != "caught"]
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} caught in {time.monotonic() - started:.0f} s")
    return 1 if bad or not verdicts else 0


def _text(mutation: Mutation) -> str:
    return "\n".join((mutation.file, mutation.fact, *mutation.tests))


def _tell(verdict: Verdict) -> None:
    mutation = verdict.mutation
    line = f"{verdict.ending:<15}{verdict.seconds:5.1f} s  {mutation.file}: {mutation.fact}"
    print(f"{line}\n{verdict.why}" if verdict.why else line, file=sys.stderr, flush=True)


def _table(verdicts: list[Verdict]) -> str:
    rows = [(item.mutation.file, item.ending, item.noticed or item.mutation.fact) for item in verdicts]
    width = max((len(file) for file, _, _ in rows), default=0)
    return "\n".join(f"{file:<{width}}  {ending:<14}  {noticed}" for file, ending, noticed in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
