"""What a saved plan asks for, from its own text and the bucket: nothing is made, so no code of a unit runs.

The text decides nothing. The plan is made again from the releases that it names, each by the digest of its manifest,
and has the digest that it was saved with, or it is another plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.saved import SavedPlan
from multi_env_lambda.make.work_tree import DesiredState
from multi_env_lambda.model.name import PROJECT_NAME
from multi_env_lambda.model.plan import Origin
from multi_env_lambda.plan.desired import Absent, Desired, DigestToRun, UpToDate
from multi_env_lambda.wording import Advice, advice

__all__ = ["as_published", "units_of"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def units_of(saved: SavedPlan) -> tuple[str, ...]:
    """The units that it has a step for in its first environment, in its order.

    Raises:
        ConfigurationError: it does not say.
    """
    return tuple(_first_steps(saved))


def as_published(saved: SavedPlan) -> DesiredState:
    """What each unit should be in the first environment: releases by name.

    Raises:
        ConfigurationError: it does not say.
    """
    document = saved.document
    dirty = document.get("dirty") is True
    tree = Origin(commit=str(document.get("commit", "")), dirty=dirty)
    return DesiredState(desired={name: _desired(name, step) for name, step in _first_steps(saved).items()}, tree=tree)


def _first_steps(saved: SavedPlan) -> dict[str, Mapping[str, Any]]:
    match saved.document:
        case {"environments": [str(first), *_], "steps": [*steps]}:
            found = [step for step in steps if isinstance(step, dict) and step.get("environment") == first]
            return {_unit(step): step for step in found}
        case _:
            raise _odd("it has no steps")


def _unit(step: Mapping[str, Any]) -> str:
    name = step.get("project")
    if not isinstance(name, str) or not re.fullmatch(PROJECT_NAME.pattern, name):
        raise _odd(f"found a step of {name!r}, expected the name of a unit")
    return name


def _desired(name: str, step: Mapping[str, Any]) -> Desired:
    match step:
        case {"kind": "deploy", "release": {"digest": str(digest), "version": str(version)}, "why": [*why]}:
            if not _DIGEST.fullmatch(digest):
                raise _odd(f"found the release {digest!r} of {name}, expected a SHA-256")
            inputs = step.get("inputs")
            return DigestToRun(
                project=name,
                digest=digest,
                version=version,
                why=tuple(map(str, why)),
                inputs=tuple((str(path), str(id_)) for path, id_ in _pairs(inputs)),
            )
        case {"kind": "unchanged", "why": str(why)}:
            return UpToDate(project=name, why=why)
        case {"kind": "blocked", "what": str(what)}:
            return Absent(project=name, why=f"blocked: {what}")
        case {"kind": "removed"}:
            return Absent(project=name, why="its folder is gone", removed=True)
        case _:
            raise _odd(f"its step of {name} is of an unknown kind")


def _pairs(found: Any) -> list[tuple[Any, Any]]:
    pairs = found if isinstance(found, (list, tuple)) else ()
    return [(pair[0], pair[1]) for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2]


def _odd(what: str) -> ConfigurationError:
    return ConfigurationError(
        "the saved plan", what, hint=advice("save it again with `{}`", Advice("plan.py --out", "save"))
    )
