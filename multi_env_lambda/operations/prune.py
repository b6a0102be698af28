"""Prune: remove from the bucket and the accounts what nothing references any more. Records and history are always kept.

    look (dry run) -> per unit: hold its leases -> look again -> remove what both looks agree on

Everything in the bucket counts, including environments that are not in the table of this work tree. The leases are
checked before each removal, so a process that was paused removes nothing that somebody needs now.

A version whose wheel is removed leaves a small object behind, and a layer the object that claimed its number: a name
that was used once is never used for other content.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, assert_never

import attrs

from multi_env_lambda.aws.index import DIGEST, list_published, read_template
from multi_env_lambda.aws.lease import HeldLease, HeldTogether
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, SessionEnded
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.flow.identity import confirm, find_id
from multi_env_lambda.flow.replicate import abandoned_copies, delete_replicas
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.artifact import PRUNED
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.stopped import stopped_at
from multi_env_lambda.model.versions import KeptFunction, KeptLayer
from multi_env_lambda.operations.inventory import (
    Unit,
    everywhere,
    read_record,
    read_unit,
    read_units,
)
from multi_env_lambda.plan.prune import Candidate, Inventory, kept_releases, named_keys, prunable
from multi_env_lambda.world import World

__all__ = ["Prunable", "Skipped", "find_prunable", "prune"]

_LOOK_SECONDS = 60.0
"""What other units' templates name is read again after this long: they are not held, and may be deployed meanwhile."""


@attrs.frozen(kw_only=True)
class Skipped:
    """A unit that is skipped, at least in part, and why."""

    project: str
    why: str


@shown_as_text
@attrs.frozen(kw_only=True)
class Prunable:
    """What could be removed, or was.

    Args:
        candidates: each of these things.
        untouched: the units that are skipped, at least in part, and why.
        named: the keys that templates of kept releases name; empty after the removal.
        abandoned: units with the lease of a dead holder, which is released when they are pruned; empty after that.
        copies: buckets with copies for regions that no environment uses any more; nothing is removed there.
    """

    candidates: tuple[Candidate, ...]
    untouched: tuple[Skipped, ...] = ()
    named: frozenset[str] = frozenset()
    abandoned: tuple[str, ...] = ()
    copies: tuple[Devops, ...] = ()

    @property
    def size(self) -> int:
        """Size of all candidates in bytes."""
        return sum(candidate.size for candidate in self.candidates)

    def text(self) -> str:
        """The text that the command line prints, without colours."""
        from multi_env_lambda.show.prune import prune_table
        from multi_env_lambda.show.render import text_of

        return text_of(prune_table(self.candidates) if self.candidates else "nothing to prune")

    def to_dict(self) -> dict[str, Any]:
        """What could be removed, with sizes in bytes."""
        return {
            "size": self.size,
            "candidates": [attrs.asdict(item) for item in self.candidates],
            "untouched": [attrs.asdict(item) for item in self.untouched],
            "copies": [{"bucket": place.bucket, "region": place.region} for place in self.copies],
        }


def find_prunable(world: World, only: Iterable[str] = ()) -> Prunable:
    """Read everything and remove nothing. Units are judged separately, but templates of any unit may name any key.

    Raises:
        ConfigurationError: there is no such unit, or the bucket belongs to another workspace.
        SessionEnded: the credentials ended meanwhile.
    """
    with world.endings.raised():
        return _found(world, tuple(only))


def _found(world: World, only: tuple[str, ...]) -> Prunable:
    units, named = _look(world)
    known = {*world.unit_names, *(unit.project for unit in units)}
    for name in only:
        if name not in known:
            raise no_such_unit(name, known, where="prune")
    confirm(world)
    find_id(world, (record for unit in units for record in unit.records.values()))
    chosen = [unit for unit in units if not only or unit.project in only]
    free = [unit for unit in chosen if not unit.why_untouched]
    untouched = [Skipped(project=unit.project, why=unit.why_untouched) for unit in chosen if unit.why_untouched]
    untouched += [Skipped(project=unit.project, why=why) for unit in free if (why := _out_of_reach(world, unit))]
    found = in_parallel(lambda unit: _judge(world, unit, named), free)
    return Prunable(
        candidates=tuple(candidate for each in found for candidate in each),
        untouched=tuple(untouched),
        named=named,
        abandoned=tuple(unit.project for unit in free if unit.abandoned),
        copies=abandoned_copies(world, _regions(units)),
    )


def prune(world: World, shown: Prunable, said: Callable[[Candidate], None] = lambda _: None) -> Prunable:
    """Remove what was displayed, as far as that is still possible; returns what was removed, and what was skipped.

    Every unit is held in all environments where it was ever deployed, so that nobody deploys what is being removed.
    """
    removed: list[Candidate] = []
    untouched = list(shown.untouched)
    named = _Named(world)
    units = tuple(dict.fromkeys((*(candidate.project for candidate in shown.candidates), *shown.abandoned)))
    for number, project in enumerate(units):
        wanted = [candidate for candidate in shown.candidates if candidate.project == project]
        try:
            for candidate in _prune_unit(world, project, wanted, named.keys()):
                removed.append(candidate)
                said(candidate)
        except SessionEnded as error:
            # What was removed has been said; what was not is found by the next prune.
            what = stopped_at(error.what, number, (project,), len(units) - number - 1)
            raise SessionEnded(error.where, what, hint=error.hint) from error
        except MultiEnvLambdaError as error:
            untouched.append(Skipped(project=project, why=f"{error.where}: {error.what}"))
    return Prunable(candidates=tuple(removed), untouched=tuple(untouched), copies=shown.copies)


def _regions(units: Iterable[Unit]) -> set[str]:
    """The environments that releases were made for or units ran in."""
    stages = {stage.region for unit in units for release in unit.releases.values() for stage in release.stages}
    return stages | {item.region for unit in units for past in unit.histories.values() for item in past} - {""}


def _prune_unit(world: World, project: str, wanted: list[Candidate], named: frozenset[str]) -> Iterator[Candidate]:
    with ExitStack() as leases:
        held = _held_everywhere(world, project, leases)
        # The leases are our own: nobody else is changing the unit.
        records = {name: attrs.evolve(lease.record, holder=None) for name, lease in held.items()}
        unit = read_unit(world, project, records)
        if unit.why_untouched:
            raise PlanStale(project, unit.why_untouched, hint="run the same command again")
        together = HeldTogether(tuple(held.values()))
        for candidate in _judge(world, unit, named):
            if candidate in wanted:
                _remove(world, candidate, together)
                yield candidate


def _held_everywhere(world: World, project: str, leases: ExitStack) -> dict[str, HeldLease]:
    """The leases of a unit in each environment that has a record of it."""
    held: dict[str, HeldLease] = {}
    for name in everywhere(world):
        record = read_record(world, name, project)
        if record is not None:
            held[name] = leases.enter_context(hold(world, name, project, running=record.release))
    for name in everywhere(world):
        if name not in held and read_record(world, name, project) is not None:
            raise PlanStale(f"{project} in {name}", "it is being deployed there", hint="run the same command again")
    return held


@attrs.define
class _Named:
    """The keys that templates of kept releases name now, of any unit; read again when that is too long ago."""

    world: World
    _keys: frozenset[str] = frozenset()
    _read: tuple[float, float] | None = None

    def keys(self) -> frozenset[str]:
        now = (self.world.seconds(), time.time())
        # Two clocks, as for a lease: one keeps running while the laptop sleeps, the other cannot be set.
        ages = None if self._read is None else [here - before for here, before in zip(now, self._read, strict=True)]
        if ages is None or max(ages) > _LOOK_SECONDS or min(ages) < 0:
            self._read, self._keys = now, _look(self.world)[1]
        return self._keys


def _remove(world: World, candidate: Candidate, held: Held) -> None:
    match candidate.kind:
        case "source":
            _leave_a_mark(world, candidate, held)
            _delete_objects(world, candidate, held)
        case "release" | "layer" | "script" | "library":
            _delete_objects(world, candidate, held)
        case "function version":
            place = _verified(world, candidate.environment)
            number = candidate.name.rpartition(":")[2]
            world.platform.delete_function_version(place, candidate.owner, number, held)
        case "layer version":
            place = _verified(world, candidate.environment)
            number = candidate.name.rpartition(":")[2]
            world.platform.delete_layer_version(place, candidate.owner, int(number), held)
        case _:
            assert_never(candidate.kind)


def _verified(world: World, environment: str) -> Environment:
    place = world.config.environment(environment)
    world.platform.verify(place)
    return place


def _leave_a_mark(world: World, candidate: Candidate, held: Held) -> None:
    """Before the wheel is removed: its version stays taken, by the digest that it had."""
    held.make_sure()
    digest = list_published(world.store, candidate.project).source_digests[candidate.name]
    key = f"projects/{candidate.project}/lambda/source/{candidate.name}/{PRUNED}"
    if world.store.put_new(key, canonical_json({DIGEST: digest}).encode("ascii"), {DIGEST: digest}) is None:
        raise PlanStale(key, "it marks different content as pruned", hint="somebody wrote into the bucket by hand")


def _delete_objects(world: World, candidate: Candidate, held: Held) -> None:
    for key, etag in candidate.objects:
        # Copies first: pruning looks in the first bucket, so after a killed prune the next one finds it again.
        delete_replicas(world, key, held)
        if not world.store.delete(key, etag=etag, held=held) and world.store.head(key) is not None:
            raise PlanStale(key, "it was overwritten in the meantime", hint="run the same command again")


def _look(world: World) -> tuple[list[Unit], frozenset[str]]:
    """All units, and the keys that templates of their kept releases name."""
    found = in_parallel(lambda unit: _with_named(world, unit), read_units(world))
    return [unit for unit, _ in found], frozenset().union(*(named for _, named in found))


def _with_named(world: World, unit: Unit) -> tuple[Unit, frozenset[str]]:
    """The keys that the templates of a unit's kept releases name; one that cannot be read makes the unit broken."""
    named: set[str] = set()
    for release in [unit.releases[digest] for digest in sorted(_kept(world, unit) & unit.releases.keys())]:
        for stage in release.stages:
            try:
                named |= named_keys(read_template(world.store, world.cache, release, stage.environment))
            except MultiEnvLambdaError as error:
                why = f"{error.where}: {error.what}"
                unit = attrs.evolve(unit, broken=unit.broken or why)
    return unit, frozenset(named)


def _kept(world: World, unit: Unit) -> frozenset[str]:
    if unit.why_untouched:
        return frozenset(unit.releases)
    written: dict[str, float] = {}
    for item in unit.objects:
        parts = item.key.split("/")
        if parts[2] == "release":
            written[parts[3]] = max(written.get(parts[3], 0.0), item.modified)
    return kept_releases(unit.records, unit.histories, written, keep=world.config.keep, now=world.store.now())


def _out_of_reach(world: World, unit: Unit) -> str:
    """Versions of functions and layers in accounts that this work tree's table does not name."""
    known = {environment.name for environment in world.config.environments}
    others = sorted(name for name, record in unit.records.items() if name not in known and not record.gone)
    if not others:
        return ""
    return f"only its functions and layers in {', '.join(others)}: this work tree's table has no such environment"


def _judge(world: World, unit: Unit, named: frozenset[str]) -> tuple[Candidate, ...]:
    functions: dict[str, tuple[KeptFunction, ...]] = {}
    layers: dict[str, tuple[KeptLayer, ...]] = {}
    for environment in world.config.environments:
        record = unit.records.get(environment.name)
        # What is left of a first deploy that failed belongs to its stack.
        if record is not None and (record.running is not None or record.gone) and record.latest is not None:
            functions[environment.name], layers[environment.name] = _in_account(world, unit, environment)
    holdings = Inventory(
        project=unit.project,
        objects=unit.objects,
        claims=list_published(world.store, unit.project).source_digests,
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
    world: World, unit: Unit, environment: Environment
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
