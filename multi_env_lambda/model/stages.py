"""Stages: environments that stand side by side in the promotion order, such as the regions of prod.

Every environment belongs to a stage. One whose table names none is a stage of its own, so a table without the key has
as many stages as environments. What an environment receives has run in all environments of the stage before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.reading import Table, enumerated

__all__ = ["Stage", "cells_of", "check_stages", "listed", "named", "no_stage", "path_of", "stages_of"]

Stage = tuple[Environment, ...]


def stages_of(environments: Iterable[Environment]) -> tuple[Stage, ...]:
    """The environments, which are in promotion order, by stage.

    >>> places = [Environment(name=name, account_id="1" * 12, region="eu-west-1", stage=stage)
    ...           for name, stage in (("test", ""), ("prod-a", "prod"), ("prod-b", "prod"))]
    >>> [[place.name for place in stage] for stage in stages_of(places)]
    [['test'], ['prod-a', 'prod-b']]
    """
    grouped = groupby(environments, key=lambda place: (place.stage, "" if place.stage else place.name))
    return tuple(tuple(places) for _, places in grouped)


def cells_of(stage: Iterable[Environment]) -> tuple[Stage, ...]:
    """The environments of a stage by account and region: AWS sets the pace of each such cell on its own."""
    found: dict[tuple[str, str], list[Environment]] = {}
    for place in stage:
        found.setdefault((place.account_id, place.region), []).append(place)
    return tuple(map(tuple, found.values()))


def listed(names: Iterable[str]) -> str:
    """Several names in a sentence: ``a, b and c``."""
    words = list(names)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def path_of(stages: Iterable[Iterable[str]]) -> str:
    """The order in one line, as people read it: ``sandbox → prod-europe, prod-us``."""
    return " → ".join(", ".join(names) for names in stages)


def check_stages(table: Table, environments: Sequence[Environment], devops: str) -> None:
    """Refuse an order that does not say what comes before what.

    Raises:
        ConfigurationError: a stage is in two pieces, has the name of an environment, or several are first.
    """
    stages = stages_of(environments)
    names = [place.name for place in environments]
    seen: set[str] = set()
    for stage in stages:
        name = stage[0].stage
        if name and name in (*names, devops):
            hint = "commands name either; call one of them otherwise"
            table.refuse("environments", f"the stage `{name}` has the name of an environment", hint=hint)
        if name and name in seen:
            what = f"the stage `{name}` is in two pieces: {stage[0].name} is not beside its other environments"
            table.refuse("environments", what, hint="write the environments of a stage one after the other")
        seen.add(name)
    if len(stages[0]) > 1:
        what = f"{listed(place.name for place in stages[0])} all come first"
        hint = "a release comes from the work tree into one environment: write that one before them, without `stage`"
        table.refuse("environments", what, hint=hint)


def named(environments: Sequence[Environment], name: str) -> Stage:
    """All environments of the stage with this name; none if there is no such stage."""
    return tuple(place for place in environments if name and place.stage == name)


def no_stage(name: str, stage: Stage) -> ConfigurationError:
    """The error where one environment is meant, and a stage was named."""
    what = f"`{name}` is a stage, and one environment is meant here"
    return ConfigurationError("environment", what, hint=f"name {enumerated(place.name for place in stage)}")
