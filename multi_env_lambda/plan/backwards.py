"""Whether a change undoes something: content that runs, but is in no commit that the change is built from.

The folders of a unit are compared, not commits: work on another unit, or elsewhere in the same history, undoes nothing.
A folder was changed *there* if it is not what it was at the last common commit. Such a change is undone unless HEAD's
history has exactly that content as well: by a merge, a squash, a cherry-pick, or because what was deployed before it
was committed has been committed since.
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
from multi_env_lambda.model.visible import one_line
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
    """What would be undone, and what is known about its origin.

    Args:
        kind: ``newer``: from a commit that this one is an ancestor of; ``diverged``: from another branch; ``unknown``:
            from a commit that this clone does not have; ``uncommitted``: from somebody's work tree; ``restored``: this
            work tree has uncommitted changes that restore an older state; ``library``: by a newer version of this
            library; ``earlier``: the environment before this one was rolled back, or got an older commit.
        paths: the folders that differ.
    """

    kind: Kind
    paths: tuple[str, ...] = ()
    detail: str = ""

    @property
    def certain(self) -> bool:
        """Whether what runs is newer, and not just different."""
        return self.kind == "newer"

    def where(self) -> str:
        """What to say about what runs."""
        match self.kind:
            case "newer":
                return "is newer and not in this work tree"
            case "diverged":
                return "is from another branch and not in this work tree"
            case "unknown":
                return "is from a commit that this clone does not have: newer, from another branch, or deleted"
            case "uncommitted":
                return "is from somebody's uncommitted changes, which are in no commit of this work tree"
            case "restored":
                return "is newer: uncommitted changes of this work tree restore an older state"
            case "library" | "earlier":
                return self.detail


def folders_of(inputs: Inputs) -> dict[str, str]:
    """The git ids of a release's inputs, by folder."""
    return {name: id_ for name, id_ in inputs if name not in _NO_FOLDER}


def author_of(step: DeployStep, running: Deployment | None, caller: str) -> str:
    """Who brought the inputs of a step; empty if it was not recorded. A redeploy brings nothing."""
    if step.action not in ("deploy", "promote"):
        return step.origin.author
    if running is not None and folders_of(running.inputs) == folders_of(step.inputs):
        return running.author
    return step.origin.author or caller


def older_library(running: Deployment, inputs: Inputs) -> TakenBack | None:
    """What was made by a newer version of this library; None if nothing was."""
    there, here = (dict(found).get(LIBRARY, "") for found in (running.inputs, inputs))
    try:
        newer = Version(there) > Version(here)
    except InvalidVersion:
        return None
    detail = f"was made by {LIBRARY} {there}; this is {here}"
    return TakenBack(kind="library", detail=detail) if newer else None


def taken_back(running: Deployment, inputs: Inputs, past: Past, *, mine: bool) -> TakenBack | None:
    """What the work tree's ``inputs`` would undo in a unit that runs; None if nothing.

    Args:
        past: the commit that runs, with the folders of both sides.
        mine: the caller brought it.
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
    """Whether HEAD's history has this content: since the common commit, or at it."""
    return past.common.get(path, "") == id_ or any(state.ids.get(path, "") == id_ for state in past.since)


def _is_left_behind(path: str, id_: str, running: Deployment, past: Past) -> bool:
    """Whether HEAD's history has this content, and went on from it after the unknown commit was made.

    If the history had moved on from it earlier, that commit may have restored it deliberately.
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
    """What goes backwards in one environment; a rollback does so deliberately.

    Args:
        running: what runs there.
        own: what the work tree would undo, if it is what is deployed there.
        origin: of the release that is deployed there.
        marks: what was rolled back in the environment it comes from.
    """
    if running is None or request.is_of_one_place:
        return None
    if request.action_in(target) == "deploy":
        return own
    return _promoted_back(running, origin, marks)


def _promoted_back(running: Deployment, origin: Origin, marks: Iterable[RolledBack]) -> TakenBack | None:
    """Decided from the records alone, without Git."""
    mark = next((mark for mark in marks if mark.release == running.release), None)
    if mark is not None:
        by = mark.who.rpartition(":")[2]
        return TakenBack(kind="earlier", detail=f"was rolled back by {by} in the environment before, at {mark.when}")
    if origin.committed and running.committed and _is_later(running.committed, origin.committed):
        detail = f"is newer than commit {origin.commit[:10]}, which would replace it"
        return TakenBack(kind="earlier", detail=detail)
    return None


def newer_step(release: Release, environment: str, running: Deployment) -> NewerStep:
    """What happens to a unit that was not named."""
    words = _running_words(running, _label(release, running))
    return NewerStep(
        project=release.project,
        environment=environment,
        release=running.release,
        version=running.version,
        what=f"something newer runs here: {words}; it is not in your work tree",
    )


def older_questions(release: Release, running: Deployment | None, back: TakenBack | None) -> tuple[Question, ...]:
    """The question before something is undone."""
    if running is None or back is None:
        return ()
    words = _running_words(running, _label(release, running))
    lost = f"; this would undo {', '.join(back.paths)}" if back.paths else ""
    text = f"{release.project} {words}, {back.where()}{lost}"
    return (Question(kind="older", text=one_line(text), answer=f"older:{release.project}"),)


def again_questions(request: Request, release: Release, record: Record | None) -> tuple[Question, ...]:
    """The question before a release returns that somebody rolled back; a rollback that names it is the answer."""
    marks = () if record is None or (request.verb == "rollback" and request.release) else record.taken_away
    taken = next((mark for mark in marks if mark.release == release.digest), None)
    if record is None or taken is None:
        return ()
    running = [] if record.running is None else [(record.running.version, record.running.release)]
    called = label(taken.version, taken.release, running)
    text = f"{release.project} {called} was rolled back in {record.environment} by {taken.who} at {taken.when}"
    return (Question(kind="rolled back", text=one_line(text), answer=f"again:{release.project}"),)


def _label(release: Release, running: Deployment) -> str:
    return label(running.version, running.release, [(release.version, release.digest)])


def _running_words(running: Deployment, called: str) -> str:
    """What runs: its commit, who deployed it, and when."""
    dirty = " with uncommitted changes" if running.dirty else ""
    commit = f"from commit {running.commit[:10]}{dirty}" if running.commit else "from no commit"
    author = running.author if running.author != running.who else ""
    made = f", made by {author.rpartition(':')[2]}" if author else ""
    return f"{called} {commit}, deployed by {running.who.rpartition(':')[2]} at {running.when}{made}"
