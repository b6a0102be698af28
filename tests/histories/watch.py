"""A model that knows only what is promised, and is told of the world after each command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from multi_env_lambda.model.result import Result

from .people import KEEP
from .promises import Place, Snapshot, broken_references, changed_objects, lost, past_of, wrong

__all__ = ["Told", "Watch"]

BY_HAND = ["properties were changed by hand"]
"""A deploy sends a template; of what it says nothing new of, only a repair finds out."""


@attrs.define
class Told:
    """What a command said: its results, its errors, what it was given leave to lose, and whether it came to its end.

    Args:
        errors: of the whole command; ``unexpected``: those that nobody has foreseen.
        agreed: ``UNIT/LOGICAL ID``.
        tables: the environments in the work trees of whoever did it.
        destroyed: where something was to be destroyed.
        muddled: another command ran in the middle of it.
        drifted: what drift said of each place that it looked at, and whether that is something.
    """

    results: list[Result] = attrs.field(factory=list)
    errors: list[str] = attrs.field(factory=list)
    unexpected: list[str] = attrs.field(factory=list)
    agreed: set[str] = attrs.field(factory=set)
    verbs: set[str] = attrs.field(factory=set)
    everything: bool = False
    tables: list[tuple[str, ...]] = attrs.field(factory=list)
    destroyed: set[Place] = attrs.field(factory=set)
    killed: bool = False
    muddled: bool = False
    drifted: dict[Place, tuple[bool, str]] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Watch:
    """``ran``: the releases that were ever recorded as a success of a place; ``disturbed``: places that somebody has
    changed by hand since; ``unsettled``: those where an attempt was seen to end badly.
    """

    environments: tuple[str, ...]
    units: tuple[str, ...]
    now: Snapshot
    published: dict[str, bytes] = attrs.field(factory=dict)
    ran: dict[Place, set[str]] = attrs.field(factory=dict)
    entries: dict[Place, dict[str, dict[str, Any]]] = attrs.field(factory=dict)
    disturbed: set[Place] = attrs.field(factory=set)
    unsettled: set[Place] = attrs.field(factory=set)

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple((environment, unit) for environment in self.environments for unit in self.units)

    def by_hand(self, now: Snapshot) -> None:
        """Somebody has changed the world past everything; whose record is gone has lost what only that knew."""
        self.now = now
        for place in self.places:
            if wrong(now, place):
                self.disturbed.add(place)
            there = self._past(place)
            self.entries[place] = {text: item for text, item in self._known(place).items() if text in there}

    def after(self, told: Told, now: Snapshot) -> list[str]:
        """What is not as promised after a command; nothing, if all is well."""
        before, self.now = self.now, now
        found = [f"published anew with other bytes: {key}" for key in changed_objects(self.published, now.objects)]
        found += [f"is referred to, and is not there: {what}" for what in broken_references(now, keep=KEEP)]
        found += [f"data went without a word: {what}" for what in lost(before.tables, now.tables, told.agreed)]
        found += [f"unexpected: {what}" for what in told.unexpected]
        found += self._in_order(told)
        found += self._as_recorded(told)
        if not told.muddled:
            found += [line for result in told.results for line in self._is_true(before, result, told)]
        return [*found, *self._found_all(told)]

    def _known(self, place: Place) -> dict[str, dict[str, Any]]:
        return self.entries.setdefault(place, {})

    def _past(self, place: Place) -> dict[str, dict[str, Any]]:
        return {json.dumps(item, sort_keys=True): item for item in past_of(self.now.objects, *place)}

    def _in_order(self, told: Told) -> Iterator[str]:
        """What came to a place ran in the one before; whoever may not do that alone was not alone; no entry is lost."""
        for place in self.places:
            known, past = self._known(place), self._past(place)
            for text, item in known.items():
                if text not in past and item["outcome"] != "shifting":
                    yield f"the history of {place} has lost: {item['outcome']} {item['version']}"
            for text, item in past.items():
                if text not in known:
                    yield from self._came(place, item, told)
                    known[text] = item
                if item["outcome"] == "succeeded":
                    self.ran.setdefault(place, set()).add(item["release"])

    def _came(self, place: Place, item: dict[str, Any], told: Told) -> Iterator[str]:
        environment, unit = place
        what = f"{item['action']} of {unit} {item['version']} {item['release'][:12]} to {environment} by {item['who']}"
        if environment == "prod" and (not item["approved"] or item["approved"] == item["who"]):
            yield f"{what}: approved by {item['approved'] or 'nobody'}"
        before = self._before(environment, item, told) if item["outcome"] == "succeeded" else None
        if before is not None and not any(item["release"] in self.ran.get((name, unit), ()) for name in before):
            yield f"{what}: it never ran in {before}"

    def _before(self, environment: str, item: dict[str, Any], told: Told) -> list[str] | None:
        """Where a release has to have run before it comes; None where it may be new."""
        match item["action"]:
            case "deploy":
                return None if environment == self.environments[0] else []
            case "promote" if item["reason"].startswith("order skipped, from sandbox: "):
                return ["sandbox"]
            case "promote":
                return [names[names.index(environment) - 1] for names in told.tables if environment in names[1:]]
            case _:
                return [environment]

    def _as_recorded(self, told: Told) -> Iterator[str]:
        """Only where an attempt has ended badly may a record say that it does not know."""
        failed = {(item.environment, item.project) for item in told.results if item.outcome == "failed"}
        failed |= told.destroyed if told.errors else set()
        self.unsettled |= set(self.places) if told.killed or told.muddled else failed
        for place in self.places:
            is_wrong, is_open = wrong(self.now, place), self.now.is_open(place)
            if not is_open and not self.now.is_held(place):
                self.unsettled.discard(place)
            elif place not in self.unsettled:
                record = self.now.records[place]
                yield f"{place} is open, and nothing has gone wrong there: {record['holder']} {record['unsure']}"
            if is_wrong and not is_open and place not in self.disturbed:
                yield f"{place}: {'; '.join(is_wrong)}"
            if not is_wrong and not is_open:
                self.disturbed.discard(place)

    def _is_true(self, before: Snapshot, result: Result, told: Told) -> Iterator[str]:
        place = (result.environment, result.project)
        running, is_wrong = self.now.running(place), wrong(self.now, place)
        said = f"{place} was called {result.outcome} with {result.release} ({result.detail}), and "
        there = f"{running} runs: {'; '.join(is_wrong) or 'as recorded'}"
        if result.error == "MultiEnvLambdaError":
            yield f"{place} ended unexpectedly: {result.detail}"
        if result.outcome == "destroyed" or (result.outcome == "unchanged" and place in told.destroyed):
            if running is not None or (place in self.now.stacks and place not in self.disturbed):
                yield said + there
            return
        if result.outcome in ("deployed", "unchanged") and result.release is not None:
            by_hand = is_wrong if result.outcome == "unchanged" else [what for what in is_wrong if what not in BY_HAND]
            looked = is_wrong if told.verbs == {"repair"} else by_hand if result.outcome == "deployed" else []
            if running != result.release or looked or self.now.records[place]["unsure"]:
                yield said + there
        if result.outcome == "deployed" or told.killed:
            return
        if running != before.running(place):
            yield f"{said}{running} runs instead of {before.running(place)}"
        if result.outcome != "failed" and self.now.stacks.get(place) != before.stacks.get(place):
            yield f"{said}its stack is another"
        if result.outcome == "unchanged" and result.release and told.everything and place not in self.now.stacks:
            yield f"{said}there is no stack"

    def _found_all(self, told: Told) -> Iterator[str]:
        """Drift names what is wrong, wherever it looks, and nothing else."""
        for place, (found, said) in told.drifted.items():
            is_wrong = wrong(self.now, place)
            if not self.now.is_open(place) and self.now.running(place) and bool(is_wrong) != found:
                yield f"drift says of {place}: {said or 'nothing'}; there is: {is_wrong or 'nothing'}"
