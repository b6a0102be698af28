"""Shift: move the traffic of a unit's aliases in steps, watch it, and let it go back when errors rise.

Each step is a deploy of the shifting template and a line in the record, so a process that dies between two steps leaves
all that the same command needs to go on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.flow.check import ALIAS, check_smoke
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.release import Release, ReleasedFunction
from multi_env_lambda.plan.traffic import (
    ShiftStep,
    alarms_in,
    shift_steps,
    shifting_template,
    verdict,
)
from multi_env_lambda.world import AliasState, World

__all__ = ["shift"]

WATCH_SECONDS = 10.0
"""How often the errors are looked at while a step is watched."""


@attrs.frozen(kw_only=True)
class _Shift:
    world: World
    held: HeldLease
    release: Release
    environment: Environment
    functions: tuple[ReleasedFunction, ...]
    template: str
    entry: Deployment
    change: Callable[[str], object]
    say: Callable[[str], None]


def shift(
    world: World,
    held: HeldLease,
    release: Release,
    environment: Environment,
    functions: tuple[ReleasedFunction, ...],
    template: str,
    entry: Deployment,
    change: Callable[[str], object],
    say: Callable[[str], None],
) -> None:
    """Bring the traffic up to the last step; the caller then deploys ``template`` itself, which takes the rest.

    Args:
        functions: those whose traffic moves.
        change: deploys a template text to the unit's stack.
        entry: the deployment as it will be recorded; each step is saved as ``shifting``.

    Raises:
        CheckFailed: the new version does worse; the caller puts back what ran before.
    """
    work = _Shift(
        world=world,
        held=held,
        release=release,
        environment=environment,
        functions=functions,
        template=template,
        entry=entry,
        change=change,
        say=say,
    )
    goes_on = held.record.is_moving_to(release.digest)
    aliases = _old_aliases(work, goes_on)
    old = {name: alias.version for name, alias in aliases.items()}
    steps = shift_steps(functions)
    first = _reached(work, steps, aliases) if goes_on else 0
    for position in range(first, len(steps)) if old else ():
        _take(work, steps, position, old)


def _old_aliases(work: _Shift, goes_on: bool) -> dict[str, AliasState]:
    """The aliases that still point at what ran before; while traffic moves, they have weights.

    One without weights, where an earlier run moved traffic already, points at the new version: all of it is there.
    """
    platform, environment = work.world.platform, work.environment
    found = {item.name: platform.alias(environment, item.name, ALIAS) for item in work.functions}
    return {name: alias for name, alias in found.items() if alias is not None and (alias.weights or not goes_on)}


def _reached(work: _Shift, steps: tuple[ShiftStep, ...], aliases: Mapping[str, AliasState]) -> int:
    """The step at which an earlier run of the same release stopped: as it was recorded, or the one after that.

    The step is deployed first and recorded then, and the run may have ended between the two.
    """
    assert work.held.record.latest is not None
    position = max(work.held.record.latest.step - 1, 0)
    there = {name: sum(share for _, share in alias.weights) for name, alias in aliases.items()}
    if position + 1 < len(steps) and all(
        abs(share - steps[position + 1].percent.get(name, 100) / 100) < 0.001 for name, share in there.items()
    ):
        return position + 1
    return position


def _take(work: _Shift, steps: tuple[ShiftStep, ...], position: int, old: Mapping[str, str]) -> None:
    step = steps[position]
    text = ", ".join(f"{name} {percent} %" for name, percent in step.percent.items())
    detail = f"step {position + 1}/{len(steps)}: {text} for {step.minutes} min"
    work.say(detail)
    work.change(shifting_template(work.template, old, step))
    latest = attrs.evolve(work.entry, outcome="shifting", detail=detail, step=position + 1)
    work.held.save(attrs.evolve(work.held.record, latest=latest))
    if position == 0:
        _smoke_the_new_version(work)
    _watch(work, step, old)


def _smoke_the_new_version(work: _Shift) -> None:
    """The alias still leads to the old version, so the new one is called by its number."""
    for function in work.functions:
        alias = work.world.platform.alias(work.environment, function.name, ALIAS)
        if function.smoke is not None and alias is not None:
            for version, _ in alias.weights:
                where = f"smoke of {function.name} version {version} in {work.environment.name}"
                check_smoke(work.world.platform, work.environment, where, function.name, function.smoke, version)


def _watch(work: _Shift, step: ShiftStep, old: Mapping[str, str]) -> None:
    started = work.world.seconds()
    while True:
        _look(work, old, work.world.seconds() - started)
        left = step.minutes * 60 - (work.world.seconds() - started)
        if left <= 0:
            return
        work.world.sleep(min(WATCH_SECONDS, left))
        work.held.make_sure()


def _look(work: _Shift, old: Mapping[str, str], seconds: float) -> None:
    platform, environment = work.world.platform, work.environment
    alarmed = platform.alarmed(environment, alarms_in(work.template))
    for name, version in old.items():
        alias = platform.alias(environment, name, ALIAS)
        newer = [found for found, _ in alias.weights] if alias is not None else []
        for found in newer:
            new_counts = platform.counts(environment, name, found, seconds)
            old_counts = platform.counts(environment, name, version, seconds)
            problem = verdict(new_counts, old_counts, alarmed)
            if problem is not None:
                where = f"{name} in {environment.name}"
                raise CheckFailed(where, problem, hint="look at its log, correct it and deploy again")
