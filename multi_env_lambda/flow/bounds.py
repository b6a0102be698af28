"""The committed bounds, which an uncommitted line in the table cannot widen; and files for messages to point into."""

from __future__ import annotations

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.bounds import Bounding, Bounds
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan
from multi_env_lambda.plan.bounds import ROOT, files_of
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.world import World

__all__ = ["look_at_bounds"]


def look_at_bounds(world: World, plan: Plan, known: RecordedState) -> RecordedState:
    """What is known, with the committed bounds of the environments that change, and the texts to point into.

    If the committed table cannot be read, the gate is closed anyway.
    """
    changing = [step for step in plan.steps if isinstance(step, DeployStep | BlockedStep)]
    committed = _committed(world) if changing else {}
    bounded = {place.name for place in world.config.environments if place.bounds is not None} | committed.keys()
    units = {step.project for step in changing if step.environment in bounded}
    if not units:
        return known
    folders = [unit.folder for unit in world.projects.outlines if unit.name in units]
    paths = (ROOT, *(path for folder in folders for path in files_of(folder)))
    texts = {path: text for path in paths if (text := world.maker.text(path))}
    return attrs.evolve(known, bounding=Bounding(committed=committed, texts=texts))


def _committed(world: World) -> dict[str, Bounds]:
    try:
        table = world.maker.committed()
    except MultiEnvLambdaError:
        return {}
    places = () if table is None else table.environments
    return {place.name: place.bounds for place in places if place.bounds is not None}
