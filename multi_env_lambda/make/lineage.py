"""Whether the work tree would undo what runs. Git is only asked about units that change, and about other commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.host.git import ROOT_TABLE, Snapshot
from multi_env_lambda.model.ancestry import Past
from multi_env_lambda.plan.backwards import TakenBack, folders_of, older_library, taken_back
from multi_env_lambda.plan.desired import Desired, ReleaseToRun

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Deployment
    from multi_env_lambda.world import World

__all__ = ["with_lineage"]


def with_lineage(
    world: World, snapshot: Snapshot, running: Mapping[str, Deployment | None], desired: Mapping[str, Desired]
) -> dict[str, Desired]:
    """The same desired states, each with what it would undo of what runs of the unit."""
    caller = cache(world.platform.caller)

    def mine(there: Deployment) -> bool:
        return there.author == caller()

    changed = list(_changed(running, desired))
    doubtful = [there for there, _ in changed if _may_be_lost(there, snapshot, mine)]
    pasts = world.maker.pasts(_asked(doubtful)) if doubtful and snapshot.commit else {}
    gone_back = _gone_back(world, snapshot, pasts, changed, mine)

    def back(there: Deployment, wanted: ReleaseToRun) -> TakenBack | None:
        lost = None
        if _may_be_lost(there, snapshot, mine):
            past = pasts.get(there.commit, Past(kin="unknown" if there.commit else "ancestor"))
            lost = taken_back(there, wanted.inputs, past, mine=mine(there))
        return lost or gone_back.get(wanted.project) or older_library(there, wanted.inputs)

    return {**desired, **{wanted.project: attrs.evolve(wanted, back=back(there, wanted)) for there, wanted in changed}}


def _gone_back(
    world: World,
    snapshot: Snapshot,
    pasts: Mapping[str, Past],
    changed: Iterable[tuple[Deployment, ReleaseToRun]],
    mine: Callable[[Deployment], bool],
) -> dict[str, TakenBack]:
    """By unit, the folders in which uncommitted changes restore a state from before what runs."""
    known = {snapshot.commit, *(commit for commit, past in pasts.items() if past.kin == "ancestor")} - {""}
    loose = {
        wanted.project: (there.commit, paths)
        for there, wanted in changed
        if there.commit in known and (paths := _uncommitted(there, wanted, snapshot)) and not mine(there)
    }
    asked: dict[str, dict[str, str]] = {}
    for commit, paths in loose.values():
        asked.setdefault(commit, {}).update(paths)
    restored = world.maker.restored(asked) if asked else {}
    lost = {name: restored.get(commit, frozenset()) & paths.keys() for name, (commit, paths) in loose.items()}
    return {name: TakenBack(kind="restored", paths=tuple(sorted(paths))) for name, paths in lost.items() if paths}


def _changed(
    running: Mapping[str, Deployment | None], desired: Mapping[str, Desired]
) -> Iterable[tuple[Deployment, ReleaseToRun]]:
    """What runs, and the other release that the unit gets."""
    for name, wanted in desired.items():
        there = running.get(name)
        if isinstance(wanted, ReleaseToRun) and there is not None and there.release != wanted.release.digest:
            yield there, wanted


def _uncommitted(there: Deployment, wanted: ReleaseToRun, snapshot: Snapshot) -> dict[str, str]:
    """The folders that are neither as committed nor as they run, with their ids."""
    runs, here = folders_of(there.inputs), folders_of(wanted.inputs)
    return {path: id_ for path, id_ in here.items() if id_ != runs.get(path) and snapshot.is_dirty((path,))}


def _may_be_lost(there: Deployment, snapshot: Snapshot, mine: Callable[[Deployment], bool]) -> bool:
    """Whether it is from neither the checked-out commit nor the caller's own changes on top of it."""
    return there.commit != snapshot.commit or ((there.dirty or not there.commit) and not mine(there))


def _asked(deployments: Iterable[Deployment]) -> dict[str, dict[str, set[str]]]:
    asked: dict[str, dict[str, set[str]]] = {}
    for there in deployments:
        paths = asked.setdefault(there.commit, {ROOT_TABLE: set()})
        for path, id_ in folders_of(there.inputs).items():
            paths.setdefault(path, set()).add(id_)
    return asked
