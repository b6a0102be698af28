"""Observe: everything that is read, before the first decision. Nothing is written to the other side.

Input: the world and what was asked for. Output: what is desired of each unit, and what is known.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, partial
from typing import assert_never

import attrs

from multi_env_lambda.aws.index import read_noted_template, read_release, read_template
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, PublishError
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.flow.identity import confirm, find_id, of_another
from multi_env_lambda.flow.meanwhile import Noted, enter, noted_templates, prepare
from multi_env_lambda.flow.tree import Wish, work_tree
from multi_env_lambda.host.git import Snapshot
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.order import in_order
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release, Stage
from multi_env_lambda.plan.planner import (
    UNSURE,
    Absent,
    Broken,
    Current,
    Desired,
    Known,
    Named,
    Wanted,
    from_deployment,
    from_record,
)
from multi_env_lambda.plan.rollback import release_before, rollback_choices
from multi_env_lambda.world import Made, World

__all__ = ["AllRecords", "Observed", "Records", "observe", "read_all", "read_records"]

Records = dict[tuple[str, str], Record]
Places = frozenset[tuple[str, str]]

_LEAST_OF_A_DIGEST = 7


@attrs.frozen(kw_only=True)
class Observed:
    """All that a plan is decided from. ``order``: the units in scope, dependencies first."""

    order: tuple[str, ...]
    desired: Mapping[str, Desired]
    known: Known
    made: Mapping[str, Made]
    snapshot: Snapshot | None = None
    looked_at: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def observe(world: World, ask: Ask, *, soon: bool = False) -> Observed:
    """Read the records, then the source of the desired release, then the releases that are compared.

    ``soon``: what is decided will be done at once, so that account is entered meanwhile, and what only explains is not
    read: the manifests of what runs. Where nothing may change, the bucket is not asked whose it is then.
    """
    whose = cache(partial(confirm, world))
    targets = ask.targets(world.config)
    source = None if ask.verb == "rollback" else ask.source(world.config)
    recorded = _recorded(world, ask, (*targets, *([source] if source else [])))
    records = recorded.records
    workspace = find_id(world, records.values())
    if not soon:
        whose()
    unsure = _unsure(world, targets, records)
    scope = _scope(world, ask, recorded)
    if ask.verb == "rollback":
        older = in_parallel(lambda name: _older(world, ask, records, unsure, name), list(scope))
        wish = Wish(desired=dict(zip(scope, older, strict=True)))
    elif source is None:
        running = {name: _running(records, targets[0], name) for name in scope}
        doubted = {name for place, name in unsure if place == targets[0].name}
        wish = work_tree(world, ask, running, doubted, partial(_meanwhile, world, targets, records, soon, whose))
    else:
        wish = Wish(desired={name: from_record(name, records.get((source.name, name)), source.name) for name in scope})
    places = {target.name for target in targets} | ({source.name} if source else set())
    failures = {name: error for (place, name), error in recorded.unreadable.items() if place in places}
    failures |= {} if source is None else _of_others(records, source.name, workspace)
    needed = _needed(ask, targets, records, wish, {name for _, name in unsure}, soon=soon)
    published, templates = _releases(world, targets[0] if soon and not wish.made else None, needed, failures, whose)
    templates |= _templates(world, published, targets, failures)
    broken = {name: Broken(project=name, error=error) for name, error in failures.items() if name in wish.desired}
    for item in wish.made.values():
        published[item.release.digest] = item.release
        templates |= {stage.template_sha256: item.templates[stage.environment] for stage in item.release.stages}
    known = Known(records=records, releases=published, templates=templates, unsure=unsure, workspace=workspace)
    return Observed(
        order=scope,
        desired={**wish.desired, **broken},
        known=known,
        made=wish.made,
        snapshot=wish.snapshot,
        looked_at=wish.looked_at,
    )


@attrs.frozen(kw_only=True)
class AllRecords:
    """The records of some environments by (environment, unit), and those that are there but cannot be read."""

    records: Records
    unreadable: Mapping[tuple[str, str], MultiEnvLambdaError]


def read_all(world: World, environments: Iterable[Environment]) -> AllRecords:
    """The records of some environments: one LIST each."""
    names = list(dict.fromkeys(environment.name for environment in environments))
    found = list(zip(names, in_parallel(world.ledger.read, names), strict=True))
    return AllRecords(
        records={(name, unit): record for name, each in found for unit, record in each.records.items()},
        unreadable={(name, unit): error for name, each in found for unit, error in each.unreadable.items()},
    )


def _recorded(world: World, ask: Ask, environments: tuple[Environment, ...]) -> AllRecords:
    """Of a rollback of one unit, nothing else matters."""
    if ask.verb != "rollback" or len(ask.only) != 1:
        return read_all(world, environments)
    name = environments[0].name
    found = world.ledger.read_one(name, ask.only[0])
    return AllRecords(
        records={(name, unit): record for unit, record in found.records.items()},
        unreadable={(name, unit): error for unit, error in found.unreadable.items()},
    )


def read_records(world: World, environments: Iterable[Environment]) -> Records:
    """As ``read_all``, of those that can be read."""
    return read_all(world, environments).records


def _of_others(records: Records, source: str, workspace: str) -> dict[str, MultiEnvLambdaError]:
    """The units whose releases would be taken from what another workspace has recorded in an environment."""
    found = {name: of_another(record, workspace) for (place, name), record in records.items() if place == source}
    return {name: error for name, error in found.items() if error is not None}


def _unsure(world: World, targets: tuple[Environment, ...], records: Records) -> Places:
    """Where the record is no proof of what runs: whoever changed it last is gone, and nobody saw how it ended."""
    places = {target.name for target in targets}
    return frozenset(
        (place, name) for (place, name), record in records.items() if place in places and _is_unsure(world, record)
    )


def _is_unsure(world: World, record: Record) -> bool:
    if record.unsure is None:
        return False
    return (record.holder is not None and world.holder_is_dead(record.holder)) or world.ledger.is_unsure(record)


def _scope(world: World, ask: Ask, recorded: AllRecords) -> tuple[str, ...]:
    ordered = list(itertools.chain.from_iterable(in_order(world.projects)))
    there = {project for _, project in (*recorded.records, *recorded.unreadable)}
    names = [*ordered, *sorted(there - set(ordered))]
    for name in ask.only:
        if name not in names:
            raise ConfigurationError("--only", f"there is no unit `{name}`", hint=did_you_mean(name, names))
    return tuple(name for name in names if not ask.only or name in ask.only)


def _running(records: Records, target: Environment, name: str) -> Deployment | None:
    record = records.get((target.name, name))
    return None if record is None else record.running


def _older(world: World, ask: Ask, records: Records, unsure: Places, name: str) -> Desired:
    """Rollback: an older deployment of the target that ended well; the one before, unless a release was named."""
    running = _running(records, world.config.environment(ask.target), name)
    if ask.release is not None and running is not None and _is_called(running, ask.release):
        return from_deployment(name, running, why="it runs already")
    doubted = records[ask.target, name].unsure if (ask.target, name) in unsure else None
    if ask.release is None and running is not None and running.action == "rollback" and not (ask.force or doubted):
        # So that a command that was killed can be given again: it does what is missing, and never goes back twice.
        text = f"it was rolled back to {running.version} at {running.when} already; `--to` goes to any other release"
        return Current(project=name, why=text)
    past = world.ledger.newest_first(records.get((ask.target, name)), ask.target, name)
    if ask.release is None:
        before = release_before(running, past)
        if doubted is not None and running is not None and (before is None or before.release != doubted):
            # Unless that attempt was this very rollback, it has to be undone, and nothing before it.
            return from_deployment(name, running, why=f"{UNSURE}; this is what ran before")
    else:
        named = (item for item in rollback_choices(running, past) if _is_called(item, ask.release))
        before = next(named, None)
    if before is None:
        wanted = "older release" if ask.release is None else f"release `{ask.release}`"
        error = ConfigurationError(
            f"rollback of {name} in {ask.target}",
            f"no {wanted} of it has run there with success",
            hint=f"`history.py {name} {ask.target}` shows what ran there",
        )
        return Broken(project=name, error=error)
    return from_deployment(name, before, why=f"{before.version} ran there before")


def _is_called(deployment: Deployment, release: str) -> bool:
    """Whether a person may mean this deployment's release by a version, or by the beginning of a digest.

    Fewer characters than Git abbreviates to are a slip, and none at all an empty variable of a script.
    """
    is_digest = len(release) >= _LEAST_OF_A_DIGEST and deployment.release.startswith(release)
    return is_digest or deployment.version == release


def _meanwhile(
    world: World,
    targets: tuple[Environment, ...],
    records: Records,
    soon: bool,
    whose: Callable[[], None],
    candidates: Collection[str],
) -> None:
    steps = [partial(prepare, world, targets[0], noted_templates(records, targets, candidates))] if soon else []
    together(whose, *steps)


@attrs.frozen(kw_only=True)
class _Needed:
    """What is read of the units whose environments differ: manifests by (unit, digest), templates of what runs."""

    manifests: frozenset[tuple[str, str]]
    running: tuple[Noted, ...]


def _needed(
    ask: Ask, targets: tuple[Environment, ...], records: Records, wish: Wish, unsure: set[str], *, soon: bool
) -> _Needed:
    """A unit that is the same everywhere costs nothing."""
    unpublished = {made.release.digest for made in wish.made.values()}
    pairs: set[tuple[str, str]] = set()
    running: list[Noted] = []
    for name, desired in wish.desired.items():
        there = [_running(records, target, name) for target in targets]
        digests = {None if item is None else item.release for item in there} | _digests(desired)
        if len(digests) <= 1 and not ask.force and name not in unsure:
            continue
        noted = noted_templates(records, targets, (name,))
        running += noted
        manifests = digests - _digests(desired) - unpublished
        if soon:
            # What runs before the last environment may be what the next one is to run.
            manifests -= {item.release for _, place, item in noted if place == targets[-1].name}
            manifests |= {item.release for item in there[:-1] if item is not None} - unpublished
        manifests |= _digests(desired) - unpublished
        pairs |= {(name, item) for item in manifests if item is not None}
    return _Needed(manifests=frozenset(pairs), running=tuple(running))


def _releases(
    world: World,
    entered: Environment | None,
    needed: _Needed,
    failures: dict[str, MultiEnvLambdaError],
    whose: Callable[[], None],
) -> tuple[dict[str, Release], dict[str, str]]:
    """Manifests by digest, and templates by SHA-256.

    Args:
        entered: the account that will be changed next.
        failures: gets the units of which one of these cannot be read.
        whose: asks the bucket whose it is, if nobody has yet.
    """
    releases: dict[str, Release] = {}
    templates: dict[str, str] = {}

    def manifest(pair: tuple[str, str]) -> None:
        release = read_release(world.store, world.cache, *pair)
        releases[release.digest] = release

    def template(noted: Noted) -> None:
        templates[noted[2].template_sha256] = read_noted_template(world.store, world.cache, *noted)

    def tried(unit: str, read: Callable[[], None]) -> None:
        try:
            read()
        except PublishError as error:
            failures.setdefault(unit, error)

    steps: list[Callable[[], None]] = [
        partial(tried, pair[0], partial(manifest, pair)) for pair in sorted(needed.manifests)
    ]
    steps += [partial(tried, noted[0], partial(template, noted)) for noted in needed.running]
    steps += [whose] if steps else []
    if entered is not None and steps:
        steps.insert(0, partial(enter, world, entered))
    together(*steps)
    return releases, templates


def _digests(desired: Desired) -> set[str | None]:
    match desired:
        case Wanted():
            return {desired.release.digest}
        case Named():
            return {desired.digest}
        case Current() | Broken() | Absent():
            return set()
        case _:
            assert_never(desired)


def _templates(
    world: World,
    releases: Mapping[str, Release],
    targets: tuple[Environment, ...],
    failures: dict[str, MultiEnvLambdaError],
) -> dict[str, str]:
    pairs = [
        (release, stage) for release in releases.values() for target in targets if (stage := release.stage(target.name))
    ]

    def read(pair: tuple[Release, Stage]) -> str:
        release, stage = pair
        try:
            return read_template(world.store, world.cache, release, stage.environment)
        except PublishError as error:
            failures.setdefault(release.project, error)
            return ""

    texts = in_parallel(read, pairs)
    return {stage.template_sha256: text for (_, stage), text in zip(pairs, texts, strict=True) if text}
