"""What the bucket says about every unit, in every environment ever deployed to: the basis for pruning.

The table of this work tree does not decide what exists: another branch may have environments that this one lacks.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.aws.index import read_release
from multi_env_lambda.aws.lease import holder_lives
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.record import Deployment, Record, current_key
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import Listed
from multi_env_lambda.plan.prune import in_flight
from multi_env_lambda.world import World

__all__ = ["Unit", "everywhere", "read_record", "read_unit", "read_units"]

_ALL = 1_000_000


@attrs.frozen(kw_only=True)
class Unit:
    """What the bucket says about one unit; ``records`` and ``histories`` by environment, without dead holders.

    ``broken``: something of it cannot be read. ``abandoned``: a dead holder never released its lease.
    """

    project: str
    objects: tuple[Listed, ...]
    records: Mapping[str, Record]
    histories: Mapping[str, tuple[Deployment, ...]]
    releases: Mapping[str, Release]
    broken: str = ""
    abandoned: bool = False

    @property
    def why_untouched(self) -> str:
        """Why nothing of it may be removed now; None if it may."""
        return self.broken or in_flight(self.records.values()) or ""


@attrs.define
class _Place:
    """What is stored below one environment's name, by unit; ``broken``: what cannot be read of a unit."""

    records: dict[str, Record] = attrs.field(factory=dict)
    histories: dict[str, tuple[Deployment, ...]] = attrs.field(factory=dict)
    broken: dict[str, str] = attrs.field(factory=dict)

    @property
    def units(self) -> set[str]:
        return {*self.records, *self.histories, *self.broken}


def everywhere(world: World) -> tuple[str, ...]:
    """The names of all environments: those of the table, and those that only the bucket knows."""
    known = tuple(environment.name for environment in world.config.environments)
    return tuple(dict.fromkeys((*known, *world.store.folders("environments/"))))


def read_units(world: World) -> list[Unit]:
    """Every unit that is in the bucket or has a record or a history in any environment, by name."""
    objects: dict[str, list[Listed]] = {}
    for item in world.store.list("projects/"):
        objects.setdefault(item.key.split("/")[1], []).append(item)
    names = everywhere(world)
    places = dict(zip(names, in_parallel(lambda name: _read_place(world, name), names), strict=True))
    projects = sorted(set(objects).union(*(place.units for place in places.values())))
    return in_parallel(lambda project: _unit(world, project, tuple(objects.get(project, ())), places), projects)


def read_unit(world: World, project: str, records: Mapping[str, Record]) -> Unit:
    """One unit whose leases are held; ``records`` are those of the leases.

    Raises:
        PublishError: an entry of its history cannot be read.
    """
    objects = tuple(world.store.list(f"projects/{project}/"))
    histories = {name: world.ledger.history(name, project) for name in everywhere(world)}
    releases, broken = _releases(world, project, objects)
    return Unit(
        project=project, objects=objects, records=records, histories=histories, releases=releases, broken=broken
    )


def read_record(world: World, environment: str, project: str) -> Record | None:
    """The record of one unit in one environment; None if there is none.

    Raises:
        PublishError: it cannot be read.
    """
    key = current_key(environment, project)
    stored = world.store.get(key)
    return None if stored is None else Record.from_bytes(stored.body, where=key)


def _read_place(world: World, environment: str) -> _Place:
    recorded = world.ledger.read(environment)
    past = world.ledger.histories(environment, newest=_ALL)
    broken = {
        name: f"{error.where}: {error.what}" for name, error in {**past.unreadable, **recorded.unreadable}.items()
    }
    return _Place(dict(recorded.records), dict(past.histories), broken)


def _unit(world: World, project: str, objects: tuple[Listed, ...], places: Mapping[str, _Place]) -> Unit:
    releases, broken = _releases(world, project, objects)
    unreadable = [place.broken[project] for place in places.values() if project in place.broken]
    records = {name: place.records[project] for name, place in places.items() if project in place.records}
    dead = [
        name
        for name, record in records.items()
        if record.holder is not None and not holder_lives(world.ledger, record, world.holder_is_dead)
    ]
    return Unit(
        project=project,
        objects=objects,
        records=records | {name: attrs.evolve(records[name], holder=None) for name in dead},
        histories={name: place.histories[project] for name, place in places.items() if project in place.histories},
        releases=releases,
        broken=next(iter(unreadable), broken),
        abandoned=bool(dead),
    )


def _releases(world: World, project: str, objects: tuple[Listed, ...]) -> tuple[dict[str, Release], str]:
    """Every release whose manifest is in the bucket, not only on this machine; and those that cannot be read."""
    keys = [item.key for item in objects if item.key.endswith("/manifest.json") and "/release/" in item.key]
    broken, releases = "", {}
    for key in keys:
        digest = key.split("/")[3]
        try:
            releases[digest] = read_release(world.store, world.cache, project, digest)
        except MultiEnvLambdaError as error:
            broken = f"{error.where}: {error.what}"
    return releases, broken
