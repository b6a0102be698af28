"""Which deployment is "the one before", and what a record remembers about those that were rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Deployment, Record, RolledBack

__all__ = ["called", "candidate", "release_before", "rollback_choices", "succeeded"]

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


def release_before(running: Deployment | None, newest_first: Iterable[Deployment]) -> Deployment | None:
    """What a rollback restores if no release was named; None if nothing came before."""
    seen = running is None
    for item in newest_first:
        if running is not None and not seen and attrs.evolve(item, sequence=running.sequence) == running:
            # A record that was deleted by hand restarted at 1, so the position in the history counts, not the number.
            seen = True
        elif _comes_before(item, running, seen):
            return item
    return None


def _comes_before(item: Deployment, running: Deployment | None, seen: bool) -> bool:
    if item.outcome != "succeeded":
        return False
    return running is None or (item.release != running.release and (seen or item.sequence < running.sequence))


def succeeded(record: Record, entry: Deployment, step: DeployStep) -> Record:
    """What the record says after a success. A rollback remembers what it rolled back."""
    marks = record.taken_away
    if step.action == "rollback":
        back_again = any(mark.release == step.release.digest for mark in marks)
        taken = None if back_again else _taken_away(record, step)
        kept = [mark for mark in marks if mark.release not in (step.release.digest, taken and taken.release)]
        marks = (*([_mark(taken, entry)] if taken else []), *kept)
    elif step.release.digest != record.release:
        marks = ()
    newest, earlier = (marks[0] if marks else None), marks[1:]
    return attrs.evolve(
        record, running=entry, latest=entry, rolled_back=newest, rolled_back_before=earlier, unsure=None
    )


def _taken_away(record: Record, step: DeployStep) -> Deployment | None:
    """What a rollback removes: what ran, or what was only being deployed."""
    if record.release != step.release.digest:
        return record.running
    return record.latest if record.latest is not None and record.latest.outcome == "shifting" else None


def _mark(taken: Deployment, entry: Deployment) -> RolledBack:
    return RolledBack(release=taken.release, version=taken.version, who=entry.who, when=entry.when, reason=entry.reason)
