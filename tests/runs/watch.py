"""Somebody who looks over the shoulders of all builds: at each write, whether it may be at all.

She knows the bucket's objects and the accounts' stacks by what stands in them, and no rule of the code that wrote them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import attrs

from multi_env_lambda.testing.memory_store import MemoryStore

__all__ = ["Watch", "text_of"]

_RECORD = re.compile(r"environments/([^/]+)/current/([^/]+)\.json")
_WANTED = "ci/wanted/"


@attrs.define
class Watch:
    """What was wrong is listed in ``wrong``.

    Args:
        builder: who the builds are. past: the commits of the protected branch, as the build
            that writes has last asked for them.
        parents: the commits before one, itself included. frozen: the environments in which nothing may change.
        working: the builds that are alive. approved: (unit, release) that somebody agreed to in ``closed``.
    """

    store: MemoryStore
    builder: str
    past: Callable[[], set[str]]
    parents: Callable[[str], set[str]]
    frozen: set[str]
    working: set[str]
    closed: str
    places: tuple[str, ...] = ()
    approved: set[tuple[str, str]] = attrs.field(factory=set)
    wrong: list[str] = attrs.field(factory=list)
    _records: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    _wanted: dict[str, dict[str, Any]] = attrs.field(factory=dict)

    def wrote(self, kind: str, key: str) -> None:
        if key.startswith(_WANTED):
            now = json.loads(self.store.objects[key].body)
            self._of_work(self._wanted.get(key, {}), now)
            self._wanted[key] = now
        elif found := _RECORD.fullmatch(key):
            now = json.loads(self.store.objects[key].body)
            self._of_a_unit(found[1], found[2], self._records.get(key, {}), now)
            self._records[key] = now

    def _of_work(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        """Of one subject there is one living build at a time."""
        took = now["build"]
        had = before.get("build", "") if before.get("state") == "running" else ""
        if took != had and had in self.working:
            self.wrong.append(f"{now['key']}: {took or 'nobody'} took it from {had}, which lives")
        if now["asked"] < before.get("asked", 0):
            self.wrong.append(f"{now['key']}: a wish was forgotten")

    def _of_a_unit(self, place: str, unit: str, before: dict[str, Any], now: dict[str, Any]) -> None:
        mine, theirs = now.get("running"), before.get("running")
        last, former = now.get("latest"), before.get("latest")
        if last is None or last["who"] != self.builder or (former and last["sequence"] == former["sequence"]):
            return
        where = f"{unit} in {place}"
        if former and last["sequence"] != former["sequence"] + 1:
            self.wrong.append(f"{where}: number {last['sequence']} after {former['sequence']}")
        if place not in self.places or mine is None:
            return
        if theirs and mine["release"] == theirs["release"] and not before.get("unsure"):
            self.wrong.append(f"{where}: {mine['release'][:8]} was deployed twice")
        if theirs and self._set_back(place, theirs["commit"], mine["commit"]):
            self.wrong.append(f"{where}: set back from {theirs['commit'][:8]} to {mine['commit'][:8]}")
        if place in self.frozen or before.get("hold"):
            self.wrong.append(f"{where}: changed although it stays")
        if place == self.closed and (unit, mine["release"]) not in self.approved:
            self.wrong.append(f"{where}: nobody agreed to {mine['release'][:8]}")
        if mine["commit"] not in self.parents(mine["commit"]):
            self.wrong.append(f"{where}: from a commit that nobody made")

    def _set_back(self, place: str, there: str, mine: str) -> bool:
        """An older commit of the branch, or in the first environment one that it has not, over one that it has."""
        past = self.past()
        older = mine in self.parents(there) or (place == self.places[0] and mine not in past)
        return there != mine and there in past and older


def text_of(store: MemoryStore, template: str) -> str:
    """What the function of a stack answers: the text that the wheel was made of."""
    key = json.loads(template)["Resources"]["MainFunction"]["Properties"]["Code"]["S3Key"]
    (text,) = json.loads(store.objects[key].body)
    return str(text)
