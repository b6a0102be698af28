"""Prune: remove from the bucket and the accounts what nothing refers to any more. Records and history always stay.

    look (dry run) -> per unit: hold its leases -> look again -> remove what both looks agree on

A version whose wheel goes leaves a small object behind, and a layer the object that claimed its number: a name that was
given once is never given to other content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar, assert_never

import attrs

from multi_env_lambda.aws.index import DIGEST, read_published, read_release, read_template
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.model.artifact import PRUNED
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import Listed
from multi_env_lambda.model.versions import KeptFunction, KeptLayer
from multi_env_lambda.plan.prune import Candidate, Holdings, in_flight, kept_releases, named_keys, prunable
from multi_env_lambda.world import World

__all__ = ["Prunable", "Untouched", "find_prunable", "prune"]

_WORKERS = 8
_ALL = 1_000_000

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@attrs.frozen(kw_only=True)
class Untouched:
    """A unit of which nothing is removed now, and why."""

    project: str
    why: str


@attrs.frozen(kw_only=True)
class Prunable:
    """What could be removed, or was; ``named`` are the keys that templates of kept releases name."""

    candidates: tuple[Candidate, ...]
    untouched: tuple[Untouched, ...] = ()
    named: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        return sum(candidate.size for candidate in self.candidates)


@attrs.frozen(kw_only=True)
class _Unit:
    """What the bucket says of one unit. ``broken``: a release of it cannot be read."""

    project: str
    objects: tuple[Listed, ...]
    records: Mapping[str, Record]
    histories: Mapping[str, tuple[Deployment, ...]]
    releases: Mapping[str, Release]
    broken: str = ""


def find_prunable(world: World, only: Iterable[str] = ()) -> Prunable:
    """Look at everything and remove nothing. Units are judged apart, but templates of any unit may name any key."""
    units = _units(world)
    named = frozenset().union(*_parallel(lambda unit: _named(world, unit), units)) if units else frozenset()
    chosen = [unit for unit in units if not set(only) or unit.project in set(only)]
    untouched = [Untouched(project=unit.project, why=why) for unit in chosen if (why := _why_untouched(unit))]
    names = {item.project for item in untouched}
    found = _parallel(lambda unit: _judge(world, unit, named), [unit for unit in chosen if unit.project not in names])
    candidates = tuple(candidate for each in found for candidate in each)
    return Prunable(candidates=candidates, untouched=tuple(untouched), named=named)


def prune(world: World, shown: Prunable, said: Callable[[Candidate], None] = lambda _: None) -> Prunable:
    """Remove what was shown, as far as it still can go; gives what was removed.

    Every unit is held in all environments where it was ever deployed, so that nobody deploys what is just removed.
    """
    removed: list[Candidate] = []
    untouched: list[Untouched] = []
    for project in dict.fromkeys(candidate.project for candidate in shown.candidates):
        wanted = [candidate for candidate in shown.candidates if candidate.project == project]
        try:
            for candidate in _prune_unit(world, project, wanted, shown.named):
                removed.append(candidate)
                said(candidate)
        except MultiEnvLambdaError as error:
            untouched.append(Untouched(project=project, why=f"{error.where}: {error.what}"))
    return Prunable(candidates=tuple(removed), untouched=tuple(untouched))


def _prune_unit(world: World, project: str, wanted: list[Candidate], named: frozenset[str]) -> Iterable[Candidate]:
    with ExitStack() as leases:
        records: dict[str, Record] = {}
        for environment in world.config.environments:
            record = world.ledger.records(environment.name).get(project)
            if record is not None:
                held = leases.enter_context(hold(world, environment.name, project, running=record.release))
                # The lease is our own: nobody else is changing the unit.
                records[environment.name] = attrs.evolve(held.record, holder=None)
        histories = {name: world.ledger.history(name, project) for name in records}
        unit = _unit(world, project, tuple(world.store.list(f"projects/{project}/")), records, histories)
        now = () if _why_untouched(unit) else _judge(world, unit, named)
        for candidate in now:
            if candidate in wanted:
                _remove(world, candidate, unit)
                yield candidate


def _remove(world: World, candidate: Candidate, unit: _Unit) -> None:
    match candidate.kind:
        case "source":
            _leave_a_mark(world, candidate)
            _delete_objects(world, candidate)
        case "release" | "layer" | "script":
            _delete_objects(world, candidate)
        case "function version":
            place = _verified(world, candidate.environment)
            world.platform.delete_function_version(place, candidate.owner, candidate.name.rpartition(":")[2])
        case "layer version":
            place = _verified(world, candidate.environment)
            world.platform.delete_layer_version(place, candidate.owner, int(candidate.name.rpartition(":")[2]))
        case _:
            assert_never(candidate.kind)


def _verified(world: World, environment: str) -> Environment:
    place = world.config.environment(environment)
    world.platform.verify(place)
    return place


def _leave_a_mark(world: World, candidate: Candidate) -> None:
    """Before the wheel goes: its version stays taken, by the digest that it had."""
    digest = read_published(world.store, world.cache, candidate.project).versions[candidate.name]
    key = f"projects/{candidate.project}/lambda/source/{candidate.name}/{PRUNED}"
    if world.store.put_new(key, canonical_json({DIGEST: digest}).encode("ascii"), {DIGEST: digest}) is None:
        raise PlanStale(key, "it marks another content as pruned", hint="somebody wrote into the bucket by hand")


def _delete_objects(world: World, candidate: Candidate) -> None:
    for key, etag in candidate.objects:
        if not world.store.delete(key, etag=etag) and world.store.head(key) is not None:
            raise PlanStale(key, "it was written anew in the meantime", hint="run the same command again")


def _units(world: World) -> list[_Unit]:
    objects: dict[str, list[Listed]] = {}
    for item in world.store.list("projects/"):
        objects.setdefault(item.key.split("/")[1], []).append(item)
    names = [environment.name for environment in world.config.environments]
    records = dict(zip(names, _parallel(world.ledger.records, names), strict=True))
    histories = dict(zip(names, _parallel(lambda name: world.ledger.histories(name, newest=_ALL), names), strict=True))
    projects = sorted(set(objects) | {project for found in records.values() for project in found})

    def unit(project: str) -> _Unit:
        return _unit(
            world,
            project,
            tuple(objects.get(project, ())),
            {name: found[project] for name, found in records.items() if project in found},
            {name: found[project] for name, found in histories.items() if project in found},
        )

    return _parallel(unit, projects)


def _unit(
    world: World,
    project: str,
    objects: tuple[Listed, ...],
    records: Mapping[str, Record],
    histories: Mapping[str, tuple[Deployment, ...]],
) -> _Unit:
    """With every release whose manifest is in the bucket, not only on this machine."""
    digests = [
        item.key.split("/")[3] for item in objects if item.key.endswith("/manifest.json") and "/release/" in item.key
    ]
    broken, releases = "", {}
    for digest in digests:
        try:
            releases[digest] = read_release(world.store, world.cache, project, digest)
        except MultiEnvLambdaError as error:
            broken = f"{error.where}: {error.what}"
    return _Unit(
        project=project, objects=objects, records=records, histories=histories, releases=releases, broken=broken
    )


def _why_untouched(unit: _Unit) -> str:
    return unit.broken or in_flight(unit.records.values()) or ""


def _kept(world: World, unit: _Unit) -> frozenset[str]:
    if _why_untouched(unit):
        return frozenset(unit.releases)
    written: dict[str, float] = {}
    for item in unit.objects:
        parts = item.key.split("/")
        if parts[2] == "release":
            written[parts[3]] = max(written.get(parts[3], 0.0), item.modified)
    return kept_releases(unit.records, unit.histories, written, keep=world.config.keep, now=world.store.now())


def _named(world: World, unit: _Unit) -> frozenset[str]:
    """The keys that the templates of a unit's kept releases name."""
    releases = [unit.releases[digest] for digest in sorted(_kept(world, unit) & unit.releases.keys())]
    texts = (
        read_template(world.store, world.cache, release, stage.environment)
        for release in releases
        for stage in release.stages
    )
    return frozenset(key for text in texts for key in named_keys(text))


def _judge(world: World, unit: _Unit, named: frozenset[str]) -> tuple[Candidate, ...]:
    functions: dict[str, tuple[KeptFunction, ...]] = {}
    layers: dict[str, tuple[KeptLayer, ...]] = {}
    for environment in world.config.environments:
        record = unit.records.get(environment.name)
        # What is left of a first deploy that failed belongs to its stack.
        if record is not None and (record.running is not None or record.gone) and record.latest is not None:
            functions[environment.name], layers[environment.name] = _in_account(world, unit, environment)
    holdings = Holdings(
        project=unit.project,
        objects=unit.objects,
        claims=read_published(world.store, world.cache, unit.project).versions,
        records=unit.records,
        histories=unit.histories,
        releases=unit.releases,
        named=named,
        functions=functions,
        layers=layers,
        keep=world.config.keep,
        now=world.store.now(),
    )
    return prunable(holdings)


def _in_account(
    world: World, unit: _Unit, environment: Environment
) -> tuple[tuple[KeptFunction, ...], tuple[KeptLayer, ...]]:
    stages = [stage for release in unit.releases.values() for stage in release.stages]
    here = [
        stage
        for stage in stages
        if (stage.environment, stage.account_id, stage.region)
        == (environment.name, environment.account_id, environment.region)
    ]
    names = sorted({function.name for stage in here for function in stage.functions})
    found = [world.platform.kept_function(environment, name) for name in names]
    layers = [
        layer
        for name in sorted({stage.stack_name for stage in here})
        for layer in world.platform.kept_layers(environment, name)
    ]
    return tuple(function for function in found if function is not None), tuple(layers)


def _parallel(function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(function, items))
