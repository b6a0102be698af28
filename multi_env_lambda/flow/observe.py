"""Observe: what is recorded about the selected units. Nothing is built, and nothing is written to AWS.

Input: the world and a request. Output: the records of the environments in question, and whose they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.flow.freezes import freezes_of
from multi_env_lambda.flow.identity import confirm, find_id, of_another
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.order import in_order
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.wording import Advice, advice

if TYPE_CHECKING:
    from multi_env_lambda.aws.ledger import Recorded
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.model.workspace import WorkspaceConfig
    from multi_env_lambda.world import World

__all__ = ["AllRecords", "Observed", "Records", "observe", "read_all", "read_named", "read_records"]

Records = dict[tuple[str, str], Record]
Places = frozenset[tuple[str, str]]


@attrs.frozen(kw_only=True)
class Observed:
    """What is recorded.

    Args:
        targets: the environments that change, in promotion order.
        sources: the environments that the first of them takes its releases from, all of the stage before; none: the
            work tree, or the history.
        order: the units in scope, dependencies first.
        unsure: (environment, unit) where the record is no proof of what runs.
        unreadable: units of which a record cannot be read, or was written by another workspace.
        workspace: the id of this workspace, empty where it has none yet.
        freezes: those in force in the targets.
        soon: the plan will be applied at once: accounts are entered meanwhile, and what only explains is not read.
        whose: asks the bucket which workspace it belongs to, if nothing has yet.
    """

    targets: tuple[Environment, ...]
    sources: tuple[Environment, ...]
    order: tuple[str, ...]
    records: Records
    unsure: Places
    unreadable: Mapping[str, MultiEnvLambdaError]
    workspace: str
    freezes: tuple[Freeze, ...]
    soon: bool
    whose: Callable[[], None]

    def running(self, name: str, target: Environment | None = None) -> Deployment | None:
        """What runs of a unit in a target according to its record; by default, in the first target."""
        place = self.targets[0] if target is None else target
        record = self.records.get((place.name, name))
        return None if record is None else record.running


def observe(world: World, request: Request, *, soon: bool = False, units: tuple[str, ...] | None = None) -> Observed:
    """Read the records of the targets and of the source. If nothing can change, the bucket is not asked whose it is.

    Args:
        units: the units in scope, if known without this work tree.

    Raises:
        ConfigurationError: there is no such unit or environment, or the bucket belongs to another workspace.
    """
    whose = cache(partial(confirm, world))
    targets = request.targets(world.config)
    sources = () if request.is_of_one_place else request.sources(world.config)
    recorded = _recorded(world, request, (*targets, *sources))
    records = recorded.records
    alone = _is_alone(request)
    workspace = find_id(world, records.values())
    if not soon:
        whose()
    places = {place.name for place in (*targets, *sources)}
    unreadable = {name: error for (place, name), error in recorded.unreadable.items() if place in places}
    return Observed(
        targets=targets,
        sources=sources,
        order=_scope(world, request, recorded) if units is None else units,
        records=records,
        unsure=_unsure(world, targets, records),
        unreadable=unreadable | _of_others(records, {source.name for source in sources}, workspace),
        workspace=workspace,
        freezes=tuple(one for target in targets for one in freezes_of(world, target.name, again=alone)),
        soon=soon,
        whose=whose,
    )


@attrs.frozen(kw_only=True)
class AllRecords:
    """The records of some environments by (environment, unit), and those that exist but cannot be read."""

    records: Records
    unreadable: Mapping[tuple[str, str], MultiEnvLambdaError]


def read_all(world: World, environments: Iterable[Environment]) -> AllRecords:
    """The records of some environments: one LIST each."""
    return read_named(world, dict.fromkeys(environment.name for environment in environments))


def read_named(world: World, names: Iterable[str]) -> AllRecords:
    """The same by the names of the environments, for those that the table does not know."""
    names = list(names)
    return _by_place(dict(zip(names, in_parallel(world.ledger.read, names), strict=True)))


def _by_place(found: Mapping[str, Recorded]) -> AllRecords:
    return AllRecords(
        records={(name, unit): record for name, each in found.items() for unit, record in each.records.items()},
        unreadable={(name, unit): error for name, each in found.items() for unit, error in each.unreadable.items()},
    )


def _is_alone(request: Request) -> bool:
    """Whether the record of one unit is read, and nothing is listed."""
    return request.is_of_one_place and len(request.only) == 1


def _recorded(world: World, request: Request, environments: tuple[Environment, ...]) -> AllRecords:
    """For a rollback or repair of one unit, nothing else matters."""
    if not _is_alone(request):
        return read_all(world, environments)
    name = environments[0].name
    return _by_place({name: world.ledger.read_one(name, request.only[0])})


def read_records(world: World, environments: Iterable[Environment]) -> Records:
    """As ``read_all``, for those that can be read."""
    return read_all(world, environments).records


def _of_others(records: Records, sources: Collection[str], workspace: str) -> dict[str, MultiEnvLambdaError]:
    """The units whose releases would come from what another workspace has recorded in an environment."""
    found = [(name, of_another(record, workspace)) for (place, name), record in records.items() if place in sources]
    return {name: error for name, error in found if error is not None}


def _unsure(world: World, targets: tuple[Environment, ...], records: Records) -> Places:
    """Where the record is no proof of what runs: whatever changed it last has died, and nobody saw how that ended."""
    places = {target.name for target in targets}
    return frozenset(
        (place, name) for (place, name), record in records.items() if place in places and _is_unsure(world, record)
    )


def _is_unsure(world: World, record: Record) -> bool:
    if record.unsure is None:
        return False
    return (record.holder is not None and world.holder_is_dead(record.holder)) or world.ledger.is_unsure(record)


def _no_unit(name: str, names: list[str], config: WorkspaceConfig) -> ConfigurationError:
    error = no_such_unit(name, names)
    if name in {place.name for place in config.environments}:
        how = Advice(f"`deploy.py {name}` deploys to it", f'pass it as `environment="{name}"`')
        return ConfigurationError(error.where, error.what, hint=advice("it is an environment; {}", how))
    return error


def _scope(world: World, request: Request, recorded: AllRecords) -> tuple[str, ...]:
    ordered = list(itertools.chain.from_iterable(in_order(world.projects.outlines)))
    there = {project for _, project in (*recorded.records, *recorded.unreadable)}
    # What a broken unit needs is unknown; but others wait for it.
    names = list(dict.fromkeys((*(unit.name for unit in world.broken), *ordered, *sorted(there))))
    for name in request.only:
        if name not in names:
            raise _no_unit(name, names, world.config)
    return tuple(name for name in names if not request.only or name in request.only)
