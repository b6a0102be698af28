"""What is wanted and not yet done: one value per subject, and the rules by which it changes.

::

                  ask                claim               begin ... finish
    (nothing) ──────────▶ wanted ──────────▶ running ─────────────────────▶ done
                            ▲ ▲                 │                             │
                            │ └── release, died ┘                             │
                            └──────────────────── ask ────────────────────────┘

``asked`` counts wishes, ``seen`` those that a run has taken up: each rule is a step from one stored value to the next,
written on condition that nobody wrote in between. So a process killed between two steps leaves a value from which any
other goes on, and a wish during a run makes the run look again. A message that comes twice is one wish: otherwise one
that comes again because no build could be started would wish for everything again that it has already.
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from multi_env_lambda.ci.state import Waiting
from multi_env_lambda.ci.subject import PullRequest, subject_of
from multi_env_lambda.model.ci_stack import OTHERS, REQUESTS
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document, structure

__all__ = [
    "FOLDER",
    "AskBuild",
    "Claim",
    "Rest",
    "Start",
    "Step",
    "Wait",
    "Wanted",
    "ask",
    "begin",
    "claim",
    "died",
    "finish",
    "go_on",
    "next_step",
    "place_of",
    "place_of_id",
    "release",
    "started",
]

FOLDER = "ci/wanted/"
_HASH, _RUN = 24, 8
_START_AGAIN_AFTER = 120.0
"""Seconds. A dispatcher that claimed a run and is silent for so long has died before it told which build it is."""

_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 86_400.0
_MOST_AGREED = 20
_MOST_HEARD = 20
_YOUNGER = frozenset({"handed", "only"})
"""Fields that older versions did not know: they are written only where they say something."""


@attrs.frozen(kw_only=True)
class Wanted:
    """One subject, and how far the work for it has come.

    Args:
        asked: how many wishes there were; ``seen``: how many of them the last run has taken up.
        run: the number of the last run, of which there is one at a time. build: what runs it; empty until it is known.
        since: when it came to this state, by the clock of the store.
        deaths: builds that ended without a word, in a row.
        result: how the last run ended, in words. waits: (environment, digest) that it stopped in front of.
        stranger: of a pull request, whether it comes from another repository.
        agreed: the commits of it that a maintainer has agreed to.
        heard: the messages that the last wishes came with.
        handed: (cell, commit) that the last run left to builds of their own; when all have ended, another run goes on.
        only: of a cell, the units that it may change.
    """

    key: str
    state: str = "wanted"
    asked: int = 1
    seen: int = 0
    run: int = 0
    build: str = ""
    since: float = 0.0
    deaths: int = 0
    result: str = ""
    waits: tuple[tuple[str, str], ...] = ()
    stranger: bool = True
    agreed: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    handed: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What the build of the last run is given, and all that it is given: 32 hexadecimal digits."""
        return f"{_hash(self.key)}{self.run:0{_RUN}x}"

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(Waiting(key=self.key, environment=place, digest=digest) for place, digest in self.waits)

    def to_bytes(self) -> bytes:
        fields = {name: value for name, value in attrs.asdict(self).items() if value or name not in _YOUNGER}
        return canonical_json({"format": FORMAT, **fields}).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> Wanted:
        """Read one; ``where`` is its key in the bucket.

        Raises:
            UpgradeNeeded: it was written by a newer version of this library.
            DocumentError: it is none, or not the one that its key names.
        """
        document: dict[str, Any] = read_document(body, where=where, kind="a wish")
        found = structure(cls, document, where=where, kind="a wish")
        if found.state not in ("wanted", "running", "done") or not 0 <= found.run < 16**_RUN:
            raise is_junk(where, "a wish", f"found the state {found.state!r:.40} of run {found.run!r:.40}")
        if place_of(found.key) != where or subject_of(found.key) is None:
            raise is_junk(where, "a wish", f"it is about {found.key!r:.80}")
        return found


def _hash(key: str) -> str:
    """Of a pull request it begins with a digit of its own: who plans what is not merged may write those alone."""
    found = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[: _HASH - 1]
    return f"{REQUESTS if isinstance(subject_of(key), PullRequest) else OTHERS}{found}"


def place_of(key: str) -> str:
    """Where the bucket has what is wanted of a subject: no text of Git is part of it."""
    return f"{FOLDER}{_hash(key)}.json"


def place_of_id(job: str) -> str:
    """The same for the id that a build was given."""
    return f"{FOLDER}{job[:_HASH]}.json"


# --- what a dispatcher does ---
@attrs.frozen
class Claim:
    """Claim the next run, then start a build for it."""


@attrs.frozen
class Start:
    """Start a build for the run that is claimed already: with the same id, so a second one finds nothing to do."""


@attrs.frozen
class AskBuild:
    """Ask whether the build still runs. If not, it died."""

    build: str


@attrs.frozen
class Wait:
    """Nothing before that time."""

    until: float


@attrs.frozen
class Rest:
    """Nothing."""


Step = Claim | Start | AskBuild | Wait | Rest


def next_step(wanted: Wanted, now: float) -> Step:
    """What the next process does about it: for an event, for the schedule or because another one was killed."""
    if wanted.state == "wanted":
        pause = _pause(wanted.deaths)
        # The clock of a store has seconds, so what was written just now may seem to be of the next one.
        return Claim() if not pause or now >= wanted.since + pause else Wait(wanted.since + pause)
    if wanted.state == "running":
        if wanted.build:
            return AskBuild(wanted.build)
        again = wanted.since + _START_AGAIN_AFTER
        return Start() if now >= again else Wait(again)
    return Rest()


def _pause(deaths: int) -> float:
    """One death is an accident and costs no time; what dies again and again is tried once a day in the end."""
    return 0.0 if deaths < 2 else min(_FIRST_PAUSE * 2.0 ** min(deaths - 2, 20), _LONGEST_PAUSE)


def ask(
    before: Wanted | None,
    key: str,
    now: float,
    *,
    message: str = "",
    stranger: bool | None = None,
    agreed: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> Wanted:
    """Somebody wants it looked at. A new wish is also a new chance for what died again and again.

    Args:
        message: the id of what the wish came with; empty where it has none.
        stranger: None if nothing new is known.
        only: of a cell, the units that it may change.
    """
    mark = (hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:16],) if message else ()
    if before is None:
        return Wanted(key=key, since=now, stranger=stranger is not False, agreed=agreed, heard=mark, only=only)
    if mark and mark[0] in before.heard:
        return before
    over = before.state == "done"
    return attrs.evolve(
        before,
        state="wanted" if over else before.state,
        asked=before.asked + 1,
        since=now if over else before.since,
        deaths=before.deaths if before.state == "running" else 0,
        stranger=before.stranger if stranger is None else stranger,
        agreed=tuple(dict.fromkeys((*before.agreed, *agreed)))[-_MOST_AGREED:],
        heard=(*before.heard, *mark)[-_MOST_HEARD:],
        handed=(),
        only=only,
    )


def go_on(wanted: Wanted, now: float) -> Wanted | None:
    """All cells of the last run have ended, and the next one takes up what they have left; None where none was left."""
    if wanted.state != "done" or not wanted.handed:
        return None
    return attrs.evolve(wanted, state="wanted", asked=wanted.asked + 1, since=now)


def claim(wanted: Wanted, now: float) -> Wanted:
    """The next run is mine to start."""
    return attrs.evolve(wanted, state="running", run=wanted.run + 1, seen=wanted.asked, build="", since=now)


def release(wanted: Wanted, job: str, now: float) -> Wanted | None:
    """No build could be started for the claimed run: it is wanted as before. None if a build has it already."""
    if wanted.id != job or wanted.state != "running" or wanted.build:
        return None
    return attrs.evolve(wanted, state="wanted", since=now)


def started(wanted: Wanted, job: str, build: str) -> Wanted | None:
    """This build was started for the run; None where that is known better already."""
    if wanted.id != job or wanted.state != "running" or wanted.build:
        return None
    return attrs.evolve(wanted, build=build)


def died(wanted: Wanted, build: str, now: float) -> Wanted | None:
    """The build ended and has not said how; None where it is no longer that build's."""
    if wanted.state != "running" or wanted.build != build:
        return None
    return attrs.evolve(wanted, state="wanted", build="", since=now, deaths=wanted.deaths + 1)


# --- what a build does ---
def begin(wanted: Wanted, job: str, build: str) -> Wanted | None:
    """The build takes its run; None where it is another build's, or over: then there is nothing to do for it."""
    if wanted.id != job or wanted.state != "running" or wanted.build not in ("", build):
        return None
    return attrs.evolve(wanted, build=build, seen=wanted.asked)


def finish(
    wanted: Wanted,
    job: str,
    build: str,
    result: str,
    now: float,
    waits: tuple[tuple[str, str], ...] = (),
    handed: tuple[tuple[str, str], ...] = (),
) -> Wanted | None:
    """The build has done what it took up; None where the run is no longer its own.

    The value is ``done``; or still ``running``, if somebody has asked in the meantime: then the build looks again.
    """
    if wanted.id != job or wanted.state != "running" or wanted.build != build:
        return None
    if wanted.asked > wanted.seen:
        return attrs.evolve(wanted, seen=wanted.asked)
    return attrs.evolve(wanted, state="done", since=now, deaths=0, result=result, waits=waits, handed=handed)
