"""Which deployment is "the one before", and what a record remembers about those that were rolled back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.model.record import Deployment, Hold, Record, RolledBack

if TYPE_CHECKING:
    from multi_env_lambda.model.plan import DeployStep

__all__ = ["called", "candidate", "release_before", "rollback_choices", "succeeded", "went_back"]

_LEAST_OF_A_DIGEST = 7


def rollback_choices(running: Deployment | None, newest_first: Iterable[Deployment]) -> Iterator[Deployment]:
    """Every deployment that can be restored, in the given order: it succeeded, and is not what runs.

    ``newest_first`` is read no further than necessary, because each entry may be a call.
    """
    return (
        item
        for item in newest_first
        if item.outcome == "succeeded" and (running is None or item.release != running.release)
    )


def called(release: str, running: Deployment | None, newest_first: Iterable[Deployment]) -> tuple[Deployment, ...]:
    """The newest deployment of each release that a person may mean; first what runs, if it is one of them.

    Several releases may have the same version, so the whole past is searched; a digest is unique.

    Args:
        release: a version, or the beginning of a digest. Fewer characters than Git abbreviates to are a mistake, and an
            empty text is an unset variable of a script.
    """
    found: dict[str, Deployment] = {}
    for item in (*([] if running is None else [running]), *rollback_choices(running, newest_first)):
        if len(release) >= _LEAST_OF_A_DIGEST and item.release.startswith(release):
            return (item,)
        if item.version == release:
            found.setdefault(item.release, item)
    return tuple(found.values())


def candidate(item: Deployment) -> str:
    """A release among others with the same name: its digest, when it was deployed, and by whom."""
    return f"{item.release[:12]} deployed {item.when} by {item.who.rpartition(':')[2]}"


def went_back(running: Deployment, newest_first: Iterable[Deployment]) -> Deployment | None:
    """The rollback that brought what runs; None if something else did.

    A repair brings nothing, nor does a deploy of what already runs.
    """
    for item in chain((running,), newest_first):
        if item.outcome == "destroyed" or (item.outcome == "succeeded" and item.release != running.release):
            return None
        if item.outcome == "succeeded" and item.action == "rollback":
            return item
    return None


def release_before(
    running: Deployment | None, newest_first: Iterable[Deployment], *, away: Collection[str] = ()
) -> Deployment | None:
    """What a rollback restores if no release was named; None if nothing came before.

    Args:
        away: the releases that were rolled back since the last step forward. They return only by name.
    """
    seen = running is None
    for item in newest_first:
        if running is not None and not seen and attrs.evolve(item, sequence=running.sequence) == running:
            # A record that was deleted by hand restarted at 1, so the position in the history counts, not the number.
            seen = True
        elif item.release not in away and _comes_before(item, running, seen):
            return item
    return None


def _comes_before(item: Deployment, running: Deployment | None, seen: bool) -> bool:
    if item.outcome != "succeeded":
        return False
    return running is None or (item.release != running.release and (seen or item.sequence < running.sequence))


def succeeded(record: Record, entry: Deployment, step: DeployStep) -> Record:
    """What the record says after a success. A rollback remembers what it rolled back, and holds the unit."""
    marks = record.taken_away
    if step.action == "rollback":
        back_again = any(mark.release == step.release.digest for mark in marks)
        taken = None if back_again else _taken_away(record, step)
        kept = [mark for mark in marks if mark.release not in (step.release.digest, taken and taken.release)]
        marks = (*([_mark(taken, entry)] if taken else []), *kept)
    elif step.release.digest != record.release:
        marks = ()
    newest, earlier = (marks[0] if marks else None), marks[1:]
    done = attrs.evolve(record, running=entry, latest=entry, unsure=None, hold=_hold(record, entry, step))
    return attrs.evolve(done, rolled_back=newest, rolled_back_before=earlier, unreleased=None)


def _hold(record: Record, entry: Deployment, step: DeployStep) -> Hold | None:
    """A rollback holds the unit there against the CI, until somebody deploys or promotes it there."""
    if step.action == "rollback":
        return Hold(who=entry.who, when=entry.when, reason=entry.reason)
    return record.hold if step.action == "repair" else None


def _taken_away(record: Record, step: DeployStep) -> Deployment | None:
    """What a rollback removes: what ran, or what was only being deployed."""
    if record.release != step.release.digest:
        return record.running
    return record.latest if record.latest is not None and record.latest.outcome == "shifting" else None


def _mark(taken: Deployment, entry: Deployment) -> RolledBack:
    return RolledBack(release=taken.release, version=taken.version, who=entry.who, when=entry.when, reason=entry.reason)
