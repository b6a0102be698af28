"""Whether the work tree would take back what runs. Git is asked of units that change, and of other commits only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import attrs

from multi_env_lambda.host.git import ROOT_TABLE, Snapshot
from multi_env_lambda.model.ancestry import Past
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.plan.backwards import folders_of, taken_back
from multi_env_lambda.plan.planner import Desired, Wanted
from multi_env_lambda.world import World

__all__ = ["with_lineage"]


def with_lineage(
    world: World, snapshot: Snapshot, running: Mapping[str, Deployment | None], desired: Mapping[str, Desired]
) -> dict[str, Desired]:
    """The same wishes, each with what it would take back from what runs of the unit."""
    caller = cache(world.platform.caller)

    def mine(there: Deployment) -> bool:
        """Only what was not committed is asked for its owner: the rest is somebody's no more than the team's."""
        return (there.dirty or not there.commit) and there.who == caller()

    doubtful = {name: there for name, there in _changed(running, desired) if _may_be_lost(there, snapshot, mine)}
    pasts = world.maker.pasts(_asked(doubtful.values())) if doubtful and snapshot.commit else {}
    found = dict(desired)
    for name, there in doubtful.items():
        wanted, past = desired[name], pasts.get(there.commit, Past(kin="unknown" if there.commit else "ancestor"))
        if isinstance(wanted, Wanted):
            found[name] = attrs.evolve(wanted, back=taken_back(there, wanted.inputs, past, mine=mine(there)))
    return found


def _changed(
    running: Mapping[str, Deployment | None], desired: Mapping[str, Desired]
) -> Iterable[tuple[str, Deployment]]:
    """The units that get another release than the one that runs."""
    for name, wanted in desired.items():
        there = running.get(name)
        if isinstance(wanted, Wanted) and there is not None and there.release != wanted.release.digest:
            yield name, there


def _may_be_lost(there: Deployment, snapshot: Snapshot, mine: Callable[[Deployment], bool]) -> bool:
    """Not what is of the commit that is checked out, and not one's own changes on top of it."""
    return there.commit != snapshot.commit or ((there.dirty or not there.commit) and not mine(there))


def _asked(deployments: Iterable[Deployment]) -> dict[str, dict[str, set[str]]]:
    asked: dict[str, dict[str, set[str]]] = {}
    for there in deployments:
        paths = asked.setdefault(there.commit, {ROOT_TABLE: set()})
        for path, id_ in folders_of(there.inputs).items():
            paths.setdefault(path, set()).add(id_)
    return asked
