"""What the roles of the first environment may do for the environments of branches, which lie beside it.

Their names are known only when there is a branch, so the statements are made for one that stands for all, and its name
is replaced by the pattern of their names. The roles, the boundary and the path are those of the first environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs

from multi_env_lambda.model.ci import BRANCH_PREFIX
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.grant import Grant

__all__ = ["OF_BRANCHES", "any_branchs", "beside", "has_branches", "with_branches"]

_STANDS_FOR_ALL = f"{BRANCH_PREFIX}x-aaaaaaaa"
OF_BRANCHES = f"{BRANCH_PREFIX}*"
"""The names of all environments of branches; where there may be any, no environment of the table is called so."""


def beside(first: Environment, name: str) -> Environment:
    """The environment of a branch of this name: scratch, so without the rules of the one that it lies beside."""
    return attrs.evolve(
        first,
        name=name,
        approval=False,
        releases_only=False,
        committed_only=False,
        protect=False,
        stage="",
        beside=first.home if first.prefix else "",
    )


def any_branchs(config: WorkspaceConfig) -> Environment:
    """The one that stands for all of them."""
    return beside(config.environments[0], _STANDS_FOR_ALL)


def has_branches(config: WorkspaceConfig, place: Environment) -> bool:
    """Whether environments of branches lie beside this one."""
    return bool(config.ci.branches) and place.name == config.environments[0].name


def with_branches(own: Iterable[Grant], more: Iterable[Grant]) -> tuple[Grant, ...]:
    """The statements of a role, and those for the environments of branches where they say something else."""
    found = {grant.sid: grant for grant in own}
    for grant in map(_of_all, more):
        there = found.get(grant.sid)
        if there is None:
            found[grant.sid] = grant
        elif there.condition == grant.condition:
            resources = tuple(dict.fromkeys((*there.resources, *grant.resources)))
            actions = tuple(dict.fromkeys((*there.actions, *grant.actions)))
            found[grant.sid] = attrs.evolve(there, resources=_widest(resources), actions=actions)
        else:
            found[f"{grant.sid}OfBranches"] = attrs.evolve(grant, sid=f"{grant.sid}OfBranches")
    return tuple(found.values())


def _widest(resources: tuple[str, ...]) -> tuple[str, ...]:
    return ("*",) if "*" in resources else resources


def _of_all(grant: Grant) -> Grant:
    condition = None if grant.condition is None else dict(_replaced(grant.condition))
    return attrs.evolve(grant, resources=tuple(_replaced(list(grant.resources))), condition=condition)


def _replaced(value: Any) -> Any:
    return json.loads(json.dumps(value).replace(_STANDS_FOR_ALL, OF_BRANCHES))
