"""What the work tree wants: units whose inputs changed are built, and everything else is known to be up to date.

Input: what runs of each unit in the first environment. Output: a ``DesiredState``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.model.broken import BrokenUnit, find_broken
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.outline import Outline, folders_of
from multi_env_lambda.model.plan import Origin
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS
from multi_env_lambda.plan.affected import Candidate, Inputs, inputs_of, is_upgrade, reasons, tracked_paths
from multi_env_lambda.plan.desired import Absent, Broken, Desired, UpToDate

if TYPE_CHECKING:
    from multi_env_lambda.host.git import Snapshot
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.model.record import Deployment
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.world import World

__all__ = ["DesiredState", "work_tree"]


_NO_PART = frozenset({"external_id", "source_identity", "bounds", "deployed_by", "through", "stage"})
_YOUNGER = frozenset({"beside", "boundary_arn", "buckets", "committed_only", "prefix", "protect"})
"""Settings that older versions did not know: they count only if they are set."""


@attrs.frozen(kw_only=True)
class DesiredState:
    """What one source of the desired release says, and the state of the work tree, if that is the source.

    ``looked_at``: why a unit was compared, whether or not it changed.
    """

    desired: Mapping[str, Desired]
    made: Mapping[str, MadeRelease] = attrs.field(factory=dict)
    tree: Origin = Origin()
    looked_at: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


_LEFT_OUT = "its folder is not checked out here (sparse checkout)"


def _nothing(_: Collection[str]) -> None:
    return None


def work_tree(
    world: World,
    request: Request,
    running: Mapping[str, Deployment | None],
    unsure: Mapping[str, str] | None = None,
    meanwhile: Callable[[Collection[str]], None] = _nothing,
    alone: str = "",
) -> DesiredState:
    """Compare the units in ``running`` (by name; what runs of each in the first environment).

    Args:
        unsure: units for which it is not known whether that really runs, and why.
        meanwhile: called with the units that may have changed, while they are built.
        alone: the only unit to build, so that no code of any other runs; empty: all that may have changed.
    """
    unsure = unsure or {}
    units = {outline.name: outline for outline in world.projects.outlines if outline.name in running}
    snapshot = world.maker.snapshot(tracked_paths(units.values()))
    settings = _settings_digest(world)
    desired: dict[str, Desired] = {}
    candidates: dict[str, Candidate] = {}
    looked_at: dict[str, tuple[str, ...]] = {}
    missing = {name: "" if there is None else there.folder for name, there in running.items() if name not in units}
    left_out = world.maker.left_out(filter(None, missing.values())) if missing else frozenset()
    for name, there in running.items():
        broken = _broken(world, units.get(name), name, there)
        if broken is not None:
            if there is not None or broken.folder not in missing.values():
                desired[name] = Broken(project=name, error=broken.error)
            continue
        if name not in units:
            gone = missing[name] not in left_out
            desired[name] = Absent(project=name, why="its folder no longer exists" if gone else _LEFT_OUT, removed=gone)
            continue
        inputs = _inputs(world, units[name], snapshot, settings)
        if isinstance(inputs, MultiEnvLambdaError):
            desired[name] = Broken(project=name, error=inputs)
            continue
        why = reasons(inputs, None if there is None else there.inputs)
        if name in unsure:
            why = (*why, unsure[name])
        looked_at[name] = why
        if alone not in ("", name):
            desired[name] = UpToDate(project=name, why=f"not built: {', '.join(why) or 'its inputs are unchanged'}")
        elif request.upgrade and not is_upgrade(inputs, None if there is None else there.inputs):
            desired[name] = UpToDate(project=name, why=f"changed by more than the upgrade: {', '.join(why)}")
        elif request.everything or request.force or name in unsure or (why and not _gives(world, name, inputs, there)):
            candidates[name] = Candidate(unit=units[name], inputs=inputs, why=why or ("asked for",))
        else:
            text = f"already runs {there.version}" if why and there is not None else "its inputs are unchanged"
            desired[name] = UpToDate(project=name, why=text)
    made, built = _made(world, candidates, snapshot, running, meanwhile) if candidates else ({}, {})
    return DesiredState(desired=desired | built, made=made, tree=_origin(snapshot), looked_at=looked_at)


def _made(
    world: World,
    candidates: Mapping[str, Candidate],
    snapshot: Snapshot,
    running: Mapping[str, Deployment | None],
    meanwhile: Callable[[Collection[str]], None],
) -> tuple[dict[str, MadeRelease], dict[str, Desired]]:
    from multi_env_lambda.make.candidates import make_all
    from multi_env_lambda.make.lineage import with_lineage

    made, built = make_all(world, candidates, snapshot, _origin(snapshot), meanwhile)
    for name, item in made.items():
        _remember(world, name, candidates[name].inputs, item.release)
    return made, with_lineage(world, snapshot, running, built)


def _broken(world: World, unit: Outline | None, name: str, running: Deployment | None) -> BrokenUnit | None:
    """The broken unit that is meant: by its name, or by the folder that the running release was built from.

    A unit that has moved to another folder is not meant if the old one is no longer a unit.
    """
    folder = "" if running is None else running.folder
    return find_broken(world.broken, name, folder if unit is None or folder != unit.folder else "")


def _inputs(world: World, unit: Outline, snapshot: Snapshot, settings: str) -> Inputs | MultiEnvLambdaError:
    """What a unit is built from, or why that cannot be read."""
    for path in (*folders_of(unit), BUILD_CONSTRAINTS):
        if path in snapshot.unreadable:
            return snapshot.unreadable[path]
    try:
        return inputs_of(unit, snapshot.ids, settings=settings, library=world.library)
    except MultiEnvLambdaError as error:
        return error


def _settings_digest(world: World) -> str:
    """The workspace's settings as one input of every unit, without those for assuming roles, which change no release.

    Of the bounds, only the permissions boundary of roles is in a template.
    """
    places = [{**attrs.asdict(item), "boundary_arn": item.boundary_arn} for item in world.config.environments]
    written = [attrs.asdict(world.config.devops), *places]
    devops, *environments = [
        {name: value for name, value in place.items() if name not in _NO_PART and (value or name not in _YOUNGER)}
        for place in written
    ]
    return digest([devops, environments])


def _origin(snapshot: Snapshot) -> Origin:
    return Origin(commit=snapshot.commit, committed=snapshot.committed, dirty=snapshot.dirty)


def _remember(world: World, name: str, inputs: Inputs, release: Release) -> None:
    """Remember on this machine which release these inputs led to, so that a changed README is compared only once."""
    known = {"inputs": digest(inputs), "release": release.digest}
    write_atomically(_memory_of(world, name), canonical_json(known).encode("ascii"))


def _gives(world: World, name: str, inputs: Inputs, running: Deployment | None) -> bool:
    """Whether these inputs are known to lead to the release that runs."""
    known = read_json(_memory_of(world, name), None)
    return running is not None and known == {"inputs": digest(inputs), "release": running.release}


def _memory_of(world: World, name: str) -> Path:
    return world.cache / "made" / f"{name}.json"
