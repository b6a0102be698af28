"""Whether a change takes something back: what runs, and is in no commit that it is made from.

The folders of a unit are compared, not commits: whoever works on another unit, or somewhere else in the same history,
takes nothing back. A folder was changed *there* if it is not what it was at the last common commit. Such a change is
taken back unless the own history has that very content as well: by a merge, a squash, a cherry-pick, or because what
was deployed before it was committed has been committed since.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import attrs
from packaging.version import InvalidVersion, Version

from multi_env_lambda.model.ancestry import Past
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.label import label
from multi_env_lambda.model.plan import DeployStep, NewerStep, Origin, Question
from multi_env_lambda.model.record import Deployment, Record, RolledBack
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.request import Request
from multi_env_lambda.plan.affected import LIBRARY, RUNTIME, SETTINGS, Inputs

__all__ = [
    "TakenBack",
    "author_of",
    "again_questions",
    "folders_of",
    "going_back",
    "newer_step",
    "older_library",
    "older_questions",
    "taken_back",
]

_ROOT_TABLE = "pyproject.toml"
Kind = Literal["newer", "diverged", "unknown", "uncommitted", "restored", "library", "earlier"]

_NO_FOLDER = (SETTINGS, LIBRARY, RUNTIME)


@attrs.frozen(kw_only=True)
class TakenBack:
    """What would be taken back, and what is known of where it is from.

    Args:
        kind: ``newer``: from a commit that this one is an ancestor of; ``diverged``: from another branch; ``unknown``:
            from a commit that this clone does not have; ``uncommitted``: from somebody's work tree; ``restored``: this
            work tree has, uncommitted, what was there before; ``library``: by a newer version of this library;
            ``earlier``: the environment before this one went back, or got an older commit.
        paths: the folders that differ.
    """

    kind: Kind
    paths: tuple[str, ...] = ()
    detail: str = ""

    @property
    def certain(self) -> bool:
        """Whether what runs is newer, and not only other."""
        return self.kind == "newer"

    def where(self) -> str:
        """What to say of what runs."""
        match self.kind:
            case "newer":
                return "is newer, and not in this work tree"
            case "diverged":
                return "is from another branch, and not in this work tree"
            case "unknown":
                return "is of a commit that this clone does not have: newer, from another branch, or gone"
            case "uncommitted":
                return "is from somebody's uncommitted changes, and in no commit of this work tree"
            case "restored":
                return "is newer: this work tree has, uncommitted, what was there before"
            case "library" | "earlier":
                return self.detail


def folders_of(inputs: Inputs) -> dict[str, str]:
    """The git ids of a release's inputs by folder."""
    return {name: id_ for name, id_ in inputs if name not in _NO_FOLDER}


def author_of(step: DeployStep, running: Deployment | None, caller: str) -> str:
    """Who has brought the inputs of a step; empty where nobody noted it. Sending the same again brings nothing."""
    if step.action not in ("deploy", "promote"):
        return step.origin.author
    if running is not None and folders_of(running.inputs) == folders_of(step.inputs):
        return running.author
    return step.origin.author or caller


def older_library(running: Deployment, inputs: Inputs) -> TakenBack | None:
    """What was made by a newer version of this library; None: nothing was."""
    there, here = (dict(found).get(LIBRARY, "") for found in (running.inputs, inputs))
    try:
        newer = Version(there) > Version(here)
    except InvalidVersion:
        return None
    detail = f"was made by {LIBRARY} {there}, and this is {here}"
    return TakenBack(kind="library", detail=detail) if newer else None


def taken_back(running: Deployment, inputs: Inputs, past: Past, *, mine: bool) -> TakenBack | None:
    """What of a unit the work tree's ``inputs`` would take back from what runs; None: nothing.

    Args:
        past: the commit that runs, with the folders of both.
        mine: the caller has brought it herself.
    """
    theirs = folders_of(running.inputs)
    if past.kin == "unknown":
        lost = tuple(path for path, id_ in theirs.items() if not _is_left_behind(path, id_, running, past))
        return TakenBack(kind="unknown", paths=lost) if lost else None
    if past.kin != "ancestor" and dict(inputs).get(SETTINGS) != dict(running.inputs).get(SETTINGS):
        theirs[_ROOT_TABLE] = past.there.get(_ROOT_TABLE, "")
    lost = tuple(path for path, id_ in theirs.items() if not _has(path, id_, past))
    if past.kin == "rewritten" and mine:
        # One's own may lie on top of what others have committed, by a merge or a rebase.
        lost = tuple(path for path in lost if path in past.others)
    if not lost or (past.kin == "ancestor" and mine):
        return None
    kind: Kind = "newer" if past.kin == "newer" else "uncommitted" if past.kin == "ancestor" else "diverged"
    return TakenBack(kind=kind, paths=lost)


def _has(path: str, id_: str, past: Past) -> bool:
    """Whether the own history has this content: since the common commit, or there."""
    return past.common.get(path, "") == id_ or any(state.ids.get(path, "") == id_ for state in past.since)


def _is_left_behind(path: str, id_: str, running: Deployment, past: Past) -> bool:
    """Whether the own history has this content, and went on from it after the unknown commit was made.

    A history that had left it earlier may have been taken back to it, on purpose, by that commit.
    """
    ids = [state.ids.get(path, "") for state in past.since]
    if id_ not in ids:
        return False
    place = ids.index(id_)
    return place == 0 or not running.committed or not _is_later(running.committed, past.since[place - 1].committed)


def _is_later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def going_back(
    request: Request,
    target: Environment,
    running: Deployment | None,
    own: TakenBack | None,
    origin: Origin,
    marks: Iterable[RolledBack],
) -> TakenBack | None:
    """What goes backwards in one environment; a rollback is meant to.

    Args:
        running: what runs there.
        own: what the work tree would take back, where it is what goes there.
        origin: of the release that goes there.
        marks: what was rolled back in the environment that it comes from.
    """
    if running is None or request.is_of_one_place:
        return None
    if request.action_in(target) == "deploy":
        return own
    return _promoted_back(running, origin, marks)


def _promoted_back(running: Deployment, origin: Origin, marks: Iterable[RolledBack]) -> TakenBack | None:
    """Told by the records alone, without Git."""
    mark = next((mark for mark in marks if mark.release == running.release), None)
    if mark is not None:
        by = mark.who.rpartition(":")[2]
        return TakenBack(
            kind="earlier", detail=f"is what {by} has rolled back in the environment before, at {mark.when}"
        )
    if origin.committed and running.committed and _is_later(running.committed, origin.committed):
        detail = f"is newer than commit {origin.commit[:10]}, which would take its place"
        return TakenBack(kind="earlier", detail=detail)
    return None


def newer_step(release: Release, environment: str, running: Deployment) -> NewerStep:
    """What becomes of a unit that nobody has named."""
    words = _running_words(running, _label(release, running))
    return NewerStep(
        project=release.project,
        environment=environment,
        release=running.release,
        version=running.version,
        what=f"newer runs here: {words}, is not in your work tree",
    )


def older_questions(release: Release, running: Deployment | None, back: TakenBack | None) -> tuple[Question, ...]:
    """What is asked before something is taken back."""
    if running is None or back is None:
        return ()
    words = _running_words(running, _label(release, running))
    lost = f"; taken back would be {', '.join(back.paths)}" if back.paths else ""
    text = f"{release.project} {words}, {back.where()}{lost}"
    return (Question(kind="older", text=text, answer=f"older:{release.project}"),)


def again_questions(request: Request, release: Release, record: Record | None) -> tuple[Question, ...]:
    """What is asked before a release comes back that somebody has taken away; a rollback that names it says so."""
    marks = () if record is None or (request.verb == "rollback" and request.release) else record.taken_away
    taken = next((mark for mark in marks if mark.release == release.digest), None)
    if record is None or taken is None:
        return ()
    running = [] if record.running is None else [(record.running.version, record.running.release)]
    called = label(taken.version, taken.release, running)
    text = f"{release.project} {called} was rolled back in {record.environment} by {taken.who} at {taken.when}"
    return (Question(kind="rolled back", text=text, answer=f"again:{release.project}"),)


def _label(release: Release, running: Deployment) -> str:
    return label(running.version, running.release, [(release.version, release.digest)])


def _running_words(running: Deployment, called: str) -> str:
    """What runs, of which commit, whose, and since when."""
    dirty = " with uncommitted changes" if running.dirty else ""
    commit = f"of commit {running.commit[:10]}{dirty}" if running.commit else "of no commit"
    author = running.author if running.author != running.who else ""
    made = f", made by {author.rpartition(':')[2]}" if author else ""
    return f"{called} {commit}, deployed by {running.who.rpartition(':')[2]} at {running.when}{made}"
