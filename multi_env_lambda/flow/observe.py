"""Observe: everything that is read, before the first decision. Nothing is written to the other side.

Input: the world and what was asked for. Output: what is desired of each unit, and what is known.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, assert_never

import attrs

from multi_env_lambda.aws.index import read_published, read_release, read_template
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, PlanStale
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.host.git import Snapshot
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.order import in_order
from multi_env_lambda.model.plan import Origin
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.plan.affected import Inputs, inputs_of, reasons, tracked_paths
from multi_env_lambda.plan.planner import (
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

__all__ = ["Observed", "observe", "settings_digest"]

_WORKERS = 8

Records = dict[tuple[str, str], Record]
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@attrs.frozen(kw_only=True)
class Observed:
    """All that a plan is decided from. ``order``: the units in scope, dependencies first."""

    order: tuple[str, ...]
    desired: Mapping[str, Desired]
    known: Known
    made: Mapping[str, Made]
    snapshot: Snapshot | None = None
    looked_at: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class _Wish:
    """What one source of the desired release says."""

    desired: Mapping[str, Desired]
    made: Mapping[str, Made] = attrs.field(factory=dict)
    snapshot: Snapshot | None = None
    looked_at: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def observe(world: World, ask: Ask) -> Observed:
    """Read the records, then the source of the desired release, then the releases that are compared."""
    targets = ask.targets(world.config)
    source = None if ask.verb == "rollback" else ask.source(world.config)
    records = read_records(world, (*targets, *([source] if source else [])))
    scope = _scope(world, ask, records)
    if ask.verb == "rollback":
        wish = _Wish(desired={name: _older(world, ask, records, name) for name in scope})
    elif source is None:
        wish = _work_tree(world, ask, records, targets[0], scope)
    else:
        wish = _Wish(desired={name: from_record(name, records.get((source.name, name)), source.name) for name in scope})
    published = _releases(world, ask, targets, records, wish)
    templates = _templates(world, published, targets)
    for item in wish.made.values():
        published[item.release.digest] = item.release
        templates |= {stage.template_sha256: item.templates[stage.environment] for stage in item.release.stages}
    known = Known(records=records, releases=published, templates=templates)
    return Observed(
        order=scope,
        desired=wish.desired,
        known=known,
        made=wish.made,
        snapshot=wish.snapshot,
        looked_at=wish.looked_at,
    )


def read_records(world: World, environments: Iterable[Environment]) -> Records:
    """The records of some environments: one LIST each."""
    names = list(dict.fromkeys(environment.name for environment in environments))
    found = _parallel(world.ledger.records, names)
    return {
        (name, record.project): record
        for name, by_unit in zip(names, found, strict=True)
        for record in by_unit.values()
    }


def settings_digest(world: World) -> str:
    """The workspace's settings as one input of every unit."""
    return digest([attrs.asdict(world.config.devops), [attrs.asdict(item) for item in world.config.environments]])


def _scope(world: World, ask: Ask, records: Records) -> tuple[str, ...]:
    ordered = list(itertools.chain.from_iterable(in_order(world.projects)))
    recorded = sorted({project for _, project in records} - set(ordered))
    names = [*ordered, *recorded]
    for name in ask.only:
        if name not in names:
            raise ConfigurationError("--only", f"there is no unit `{name}`", hint=did_you_mean(name, names))
    return tuple(name for name in names if not ask.only or name in ask.only)


def _work_tree(world: World, ask: Ask, records: Records, target: Environment, scope: tuple[str, ...]) -> _Wish:
    projects = {project.name: project for project in world.projects}
    snapshot = world.maker.snapshot(tracked_paths(world.projects))
    settings = settings_digest(world)
    desired: dict[str, Desired] = {}
    candidates: dict[str, tuple[Inputs, tuple[str, ...]]] = {}
    same: dict[str, tuple[str, ...]] = {}
    for name in scope:
        if name not in projects:
            desired[name] = Absent(project=name, why="its folder is gone", removed=True)
            continue
        now = inputs_of(projects[name], snapshot.ids, settings=settings, library=world.library)
        running = _running(records, target, name)
        why = reasons(now, None if running is None else running.inputs)
        if ask.everything or ask.force or (why and not _gives(world, name, now, running)):
            candidates[name] = (now, why or ("asked for",))
        elif why and running is not None:
            same[name] = why
            desired[name] = Current(project=name, why=f"{running.version} runs already")
        else:
            desired[name] = Current(project=name, why="its inputs are unchanged")

    def make(name: str) -> Made | MultiEnvLambdaError:
        try:
            published = read_published(world.store, world.cache, name)
            return world.maker.make(projects[name], candidates[name][0], published)
        except MultiEnvLambdaError as error:
            return error

    made: dict[str, Made] = {}
    for name, answer in zip(candidates, _parallel(make, list(candidates)), strict=True):
        if isinstance(answer, MultiEnvLambdaError):
            desired[name] = Broken(project=name, error=answer)
        else:
            made[name] = answer
            desired[name] = _wanted(name, answer, snapshot, *candidates[name])
    for name in _moved(world, snapshot, [projects[name] for name in made]):
        world.maker.forget(candidates[name][0])
        desired[name] = Broken(project=name, error=_edited(name))
        del made[name]
    for name, item in made.items():
        _remember(world, name, candidates[name][0], item.release)
    looked_at = same | {name: why for name, (_, why) in candidates.items()}
    return _Wish(desired=desired, made=made, snapshot=snapshot, looked_at=looked_at)


def _remember(world: World, name: str, inputs: Inputs, release: Release) -> None:
    """Keep on this machine which release these inputs gave, so that a changed README is looked at once."""
    known = {"inputs": digest(inputs), "release": release.digest}
    write_atomically(_memory_of(world, name), canonical_json(known).encode("ascii"))


def _gives(world: World, name: str, inputs: Inputs, running: Deployment | None) -> bool:
    """Whether it is known that these inputs give the release that runs."""
    known = read_json(_memory_of(world, name), None)
    return running is not None and known == {"inputs": digest(inputs), "release": running.release}


def _memory_of(world: World, name: str) -> Path:
    return world.cache / "made" / f"{name}.json"


def _moved(world: World, before: Snapshot, projects: list[Project]) -> list[str]:
    """Units whose files changed while they were built: what was built is not what was hashed."""
    if not projects:
        return []
    after = world.maker.snapshot(tracked_paths(tuple(projects)))
    return [
        project.name
        for project in projects
        if any(before.ids.get(path) != after.ids.get(path) for path in (project.folder, *project.shared))
    ]


def _edited(name: str) -> PlanStale:
    return PlanStale(f"projects of {name}", "a file was edited while it was built", hint="run the same command again")


def _wanted(name: str, made: Made, snapshot: Snapshot, inputs: Inputs, why: tuple[str, ...]) -> Wanted:
    keys = tuple(upload.key for upload in made.uploads)
    origin = Origin(commit=snapshot.commit, committed=snapshot.committed, dirty=snapshot.dirty)
    return Wanted(project=name, release=made.release, why=why, inputs=inputs, origin=origin, publish=keys)


def _running(records: Records, target: Environment, name: str) -> Deployment | None:
    record = records.get((target.name, name))
    return None if record is None else record.running


def _older(world: World, ask: Ask, records: Records, name: str) -> Desired:
    """Rollback: an older deployment of the target that ended well; the one before, unless a release was named."""
    running = _running(records, world.config.environment(ask.target), name)
    if ask.release is not None and running is not None and _is_called(running, ask.release):
        return from_deployment(name, running, why="it runs already")
    past = world.ledger.history(ask.target, name)
    if ask.release is None:
        before = release_before(running, past)
    else:
        named = [item for item in rollback_choices(running, past) if _is_called(item, ask.release)]
        before = named[-1] if named else None
    if before is None:
        wanted = "older release" if ask.release is None else f"release `{ask.release}`"
        error = ConfigurationError(
            f"rollback of {name} in {ask.target}",
            f"no {wanted} of it has run there with success",
            hint=f"`history.py {name} {ask.target}` shows what ran there",
        )
        return Broken(project=name, error=error)
    return from_deployment(name, before, why=f"it ran there until {before.version} was replaced")


def _is_called(deployment: Deployment, release: str) -> bool:
    """Whether a person may mean this deployment's release by a version, or by the beginning of a digest."""
    return deployment.release.startswith(release) or deployment.version == release


def _releases(
    world: World, ask: Ask, targets: tuple[Environment, ...], records: Records, wish: _Wish
) -> dict[str, Release]:
    """The manifests of units whose environments differ. A unit that is the same everywhere costs nothing."""
    unpublished = {made.release.digest for made in wish.made.values()}
    pairs: set[tuple[str, str]] = set()
    for name, desired in wish.desired.items():
        running = {_release(records, target, name) for target in targets}
        digests = running | _digests(desired)
        if len(digests) > 1 or ask.force:
            pairs |= {(name, item) for item in digests if item is not None and item not in unpublished}
    found = _parallel(lambda pair: read_release(world.store, world.cache, *pair), sorted(pairs))
    return {release.digest: release for release in found}


def _release(records: Records, target: Environment, name: str) -> str | None:
    running = _running(records, target, name)
    return None if running is None else running.release


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


def _templates(world: World, releases: Mapping[str, Release], targets: tuple[Environment, ...]) -> dict[str, str]:
    pairs = [
        (release, target.name) for release in releases.values() for target in targets if release.stage(target.name)
    ]
    texts = _parallel(lambda pair: read_template(world.store, world.cache, *pair), pairs)
    stages = [release.stage(name) for release, name in pairs]
    return {stage.template_sha256: text for stage, text in zip(stages, texts, strict=True) if stage is not None}


def _parallel(function: Callable[[Item], Answer], items: list[Item]) -> list[Answer]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(function, items))
