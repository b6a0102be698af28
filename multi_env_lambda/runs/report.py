"""How one look of a run ended, as a value: what was done, what waits, what failed, and whether to look again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from multi_env_lambda.errors import Busy, PlanStale, Refused
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.stopped import stopped

__all__ = ["Report", "Wait", "of_results"]

_AGAIN = (PlanStale.__name__, Busy.__name__)


@attrs.frozen(kw_only=True)
class Wait:
    """What stopped in front of an environment: the digest to approve, and the one command that agrees."""

    environment: str
    digest: str
    what: str
    command: str


@attrs.frozen(kw_only=True)
class Report:
    """One look, or a part of one; two are added.

    Args:
        results: of each unit in each environment.
        waits: for somebody's approval.
        stops: what stays as it is for another reason that is no failure: held, superseded, not agreed to.
        failures: what went wrong, a line each.
        notes: what else people should know.
        again: why it has to look again; empty: it does not.
        handed: (cell, commit) that have builds of their own from then on.
        plan: what merging a pull request would do, if one was planned.
    """

    results: tuple[Result, ...] = ()
    waits: tuple[Wait, ...] = ()
    stops: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    again: str = ""
    plan: Plan | None = None
    handed: tuple[tuple[str, str], ...] = ()

    def told(self, say: Callable[[str], None]) -> Report:
        """The same, once its lines are said."""
        for line in self.lines():
            say(line)
        return self

    def __add__(self, other: Report) -> Report:
        return Report(
            results=(*self.results, *other.results),
            waits=(*self.waits, *other.waits),
            stops=(*self.stops, *other.stops),
            failures=(*self.failures, *other.failures),
            notes=(*self.notes, *other.notes),
            again=self.again or other.again,
            plan=other.plan or self.plan,
            handed=(*self.handed, *other.handed),
        )

    @property
    def outcome(self) -> str:
        """In one word, the one that matters most."""
        if self.failures:
            return "failed"
        if self.waits:
            return "waits"
        if self.handed:
            return "continues"
        changed = any(result.outcome in ("deployed", "destroyed") for result in self.results)
        return "done" if changed else "stopped" if self.stops else "nothing to do"

    @property
    def line(self) -> str:
        """In one line, for the object that says what is wanted."""
        waits = [f"{wait.environment} waits for {wait.digest[:12]}" for wait in self.waits]
        return "; ".join([self.outcome, *self.failures[:3], *waits])[:500]

    def lines(self) -> tuple[str, ...]:
        """For people, who read them in the log of a build."""
        changed = [one for one in self.results if one.outcome in ("deployed", "destroyed")]
        return (
            *(f"{one.environment} {one.project} {one.outcome}: {one.label or one.version or ''}" for one in changed),
            *self.stops,
            *self.notes,
            *(f"failed: {text}" for text in self.failures),
            *(f"{wait.environment} waits for somebody else: {wait.what}; `{wait.command}`" for wait in self.waits),
            *([f"looks again: {self.again}"] if self.again else []),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "results": [attrs.asdict(result) for result in self.results],
            "waits": [attrs.asdict(wait) for wait in self.waits],
            "stops": list(self.stops),
            "failures": list(self.failures),
            "notes": list(self.notes),
            **({"handed": [list(one) for one in self.handed]} if self.handed else {}),
            "units": [] if self.plan is None else list(dict.fromkeys(step.project for step in self.plan.deploys)),
        }


def of_results(results: tuple[Result, ...]) -> Report:
    """How the steps of one environment ended: a plan that was overtaken is looked at again, a refusal is no failure."""
    stops, failures, again = [], [], ""
    ended = stopped(results)
    if ended is not None:
        failures.append(f"{'; '.join(ended.what.splitlines())}; {ended.hint}")
    for one in results if ended is None else ended.others:
        said = f"{one.environment} {one.project}: {one.detail}"
        if one.error in _AGAIN:
            again = again or said
        elif one.outcome == "blocked" and one.error == Refused.__name__:
            stops.append(f"{said}; {one.hint}")
        elif not one.good and one.outcome != "skipped":
            failures.append(f"{said}; {one.hint}" if one.hint else said)
        elif one.outcome in ("newer", "removed"):
            stops.append(said)
    return Report(results=results, stops=tuple(stops), failures=tuple(failures), again=again)
