"""Make the releases of the units that may have changed; imported where there is one.

Input: the candidates, and the state of the work tree. Output: what was made, and what each unit should be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.aws.index import read_published
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale
from multi_env_lambda.host.git import ROOT_TABLE
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.make.patience import said_if_slow
from multi_env_lambda.model.outline import Outline, folders_of
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS
from multi_env_lambda.plan.affected import Candidate, tracked_paths
from multi_env_lambda.plan.desired import Broken, Desired, ReleaseToRun

if TYPE_CHECKING:
    from multi_env_lambda.host.git import Snapshot
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.model.plan import Origin
    from multi_env_lambda.world import World

__all__ = ["make_all"]


def make_all(
    world: World,
    candidates: Mapping[str, Candidate],
    snapshot: Snapshot,
    tree: Origin,
    meanwhile: Callable[[Collection[str]], None],
) -> tuple[dict[str, MadeRelease], dict[str, Desired]]:
    """Build every candidate, in parallel; one that fails does not hold up the others."""

    def make(candidate: Candidate) -> MadeRelease | MultiEnvLambdaError:
        name, seconds = candidate.unit.name, world.slow_seconds
        try:
            published = read_published(world.store, name)
            with said_if_slow(world.said, f"{name} is still being built after {seconds:g} seconds", seconds):
                return world.maker.make(world.projects.settled(candidate.unit), candidate.inputs, published)
        except Exception as raised:
            return as_ours(candidate.unit.name, raised)

    found: list[MadeRelease | MultiEnvLambdaError] = []
    together(
        lambda: found.extend(in_parallel(make, candidates.values(), workers=8)),
        lambda: meanwhile(tuple(candidates)),
    )
    answers = dict(zip(candidates, found, strict=True))
    made = {name: answer for name, answer in answers.items() if not isinstance(answer, MultiEnvLambdaError)}
    errors = {name: answer for name, answer in answers.items() if isinstance(answer, MultiEnvLambdaError)}
    for name in _moved(world, snapshot, [candidates[name].unit for name in made]):
        world.maker.forget(candidates[name].inputs)
        errors[name] = PlanStale(name, "a file was edited during the build", hint="run the same command again")
        del made[name]
    desired: dict[str, Desired] = {name: Broken(project=name, error=error) for name, error in errors.items()}
    desired |= {name: _wanted(candidates[name], item, snapshot, tree) for name, item in made.items()}
    return made, desired


def _wanted(candidate: Candidate, made: MadeRelease, snapshot: Snapshot, tree: Origin) -> ReleaseToRun:
    return ReleaseToRun(
        project=candidate.unit.name,
        release=made.release,
        why=candidate.why,
        inputs=candidate.inputs,
        origin=attrs.evolve(tree, dirty=snapshot.is_dirty(_own(candidate.unit))),
        publish=made.news,
    )


def _own(unit: Outline) -> tuple[str, ...]:
    """Everything that a release of the unit is built from and that Git knows."""
    return (*folders_of(unit), ROOT_TABLE)


def _moved(world: World, before: Snapshot, units: list[Outline]) -> list[str]:
    """Units whose files changed during the build: what was built is not what was hashed."""
    if not units:
        return []
    after = world.maker.snapshot(tracked_paths(units))
    return [
        unit.name
        for unit in units
        if any(before.ids.get(path) != after.ids.get(path) for path in (*folders_of(unit), BUILD_CONSTRAINTS))
    ]
