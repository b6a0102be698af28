"""Whether a function that a stack would create has a name that somebody else's function has: asked before the deploy.

Only of names that the table states: those made of unit, environment and key are nobody else's, and CloudFormation
refuses those that are. A name is asked for once, when a stack is about to get it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import attrs

from multi_env_lambda.errors import AccountError, MultiEnvLambdaError
from multi_env_lambda.flow.code import LATEST
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan, Step, with_steps
from multi_env_lambda.wording import advice
from multi_env_lambda.world import World

__all__ = ["names_are_free"]


def names_are_free(world: World, plan: Plan) -> Plan:
    """The same plan, with units blocked that would create a function whose name is taken in the account."""
    asked = [step for step in plan.deploys if any(_stated(step))]
    return with_steps(plan, in_parallel(lambda step: _judged(world, step), asked))


def _stated(step: DeployStep) -> Iterator[str]:
    """The names that its stack does not have yet, and that are not made of unit, environment and key."""
    for change in step.changes:
        if change.type == "AWS::Lambda::Function" and (change.action == "add" or change.replacement == "yes"):
            name = _name(change, "new")
            if name and not name.startswith(f"{step.project}-{step.environment}-"):
                yield name


def _name(change: ResourceChange, side: Literal["old", "new"]) -> str:
    """The function's name before or after the change; empty: it has none, or not as a text."""
    said = (item for item in change.properties if item.path == "FunctionName")
    text = next((getattr(item, side) for item in said), None)
    found = None if text is None else json.loads(text)
    return found if isinstance(found, str) else ""


def _judged(world: World, step: DeployStep) -> Step:
    place = world.config.environment(step.environment)
    try:
        for name in _stated(step):
            if (moved := _moved(step, name)) is not None:
                return moved
            if (taken := _taken(world, place, f"{step.project}-{step.environment}", name)) is not None:
                return _blocked(step, *taken)
    except MultiEnvLambdaError as error:
        if place.prefix and isinstance(error, AccountError):
            # A deploy would create it, and then be denied to look at it.
            name = error.where.partition(":")[0]
            what = f"the roles of {place.name} may not use the name of the function {name}: {error.what}"
            hint = f"let an administrator run `bootstrap {place.home}`, which allows the names that the units state"
            return _blocked(step, what, hint)
        note = f"whether its functions' names are free could not be checked ({error.where}: {error.what})"
        return attrs.evolve(step, notes=(*step.notes, note))
    return step


def _moved(step: DeployStep, name: str) -> BlockedStep | None:
    """CloudFormation creates a function before it deletes the one that has the name now."""
    for change in step.changes:
        if change.type == "AWS::Lambda::Function" and change.action != "add" and _name(change, "old") == name:
            what = (
                f"{name} is the name of {change.logical_id} in the same stack, which is deleted only after the change"
            )
            return _blocked(step, what, advice("keep the key of the function, or give it another `name`"))
    return None


def _taken(world: World, place: Environment, own: str, name: str) -> tuple[str, str] | None:
    """What has the name, and what to do; None: nothing, or a function of the unit's own stack ``own``."""
    if world.platform.find_code(place, name, LATEST) is None:
        return None
    arn = f"arn:{place.partition}:lambda:{place.region}:{place.account_id}:function:{name}"
    stack = world.platform.stack_of(place, arn)
    if stack == own:
        return None
    owner = f"the stack {stack} created it" if stack else "no stack is known to have created it"
    what = f"the function {name} exists already in account {place.account_id}, {place.region}: {owner}"
    return what, advice("choose another `name`, or delete it there first: a deploy never takes over a function")


def _blocked(step: DeployStep, what: str, hint: str) -> BlockedStep:
    return BlockedStep.refused(step.project, step.environment, what, hint)
