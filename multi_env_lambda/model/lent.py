"""Units whose functions get the layer of another unit: what that layer is, and why a unit cannot have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.outline import Claims
from multi_env_lambda.model.reading import did_you_mean

__all__ = ["LentLayer", "wrong_lenders"]


@attrs.frozen(kw_only=True)
class LentLayer:
    """The layer of another unit, by its content: in each account, that unit's stack has published it.

    ``digest`` is that of what it is made from, ``sha256`` that of its zip; both hexadecimal.
    """

    unit: str
    digest: str
    sha256: str


def wrong_lenders(claims: Iterable[Claims], known: Iterable[str]) -> dict[str, ConfigurationError]:
    """By folder, the units that get a layer which they cannot get; ``known`` are the names of all units."""
    units, names = {unit.name: unit for unit in claims}, set(known)
    problems = ((unit, _problem(unit, units, names)) for unit in units.values() if unit.layer_of)
    return {
        unit.folder: ConfigurationError(
            f"{unit.folder}/pyproject.toml [tool.multi_env_lambda]", f"layer_of: {problem[0]}", hint=problem[1]
        )
        for unit, problem in problems
        if problem is not None
    }


def _problem(unit: Claims, units: Mapping[str, Claims], known: set[str]) -> tuple[str, str] | None:
    name = unit.layer_of
    if name == unit.name:
        return "a unit has its own layer anyway", "remove it, or name another unit"
    if name not in known:
        return f"there is no unit `{name}`", did_you_mean(name, sorted(known - {unit.name})) or "correct the name"
    if name not in unit.needs:
        return f"the unit does not need `{name}`", f'add "{name}" to `needs`, so that it is deployed first'
    if unit.has_jobs:
        return "a unit with Glue jobs needs a lock of its own", "put the jobs into another unit"
    if unit.lends:
        return "a unit that gets a layer has none for others", "remove one of `layer_of` and `layer_for_others`"
    if name not in units:
        return f"`{name}` cannot be read, and its layer cannot be built", f"correct {name} first"
    return _difference(unit, units[name])


def _difference(unit: Claims, lender: Claims) -> tuple[str, str] | None:
    if lender.layer_of:
        what = f"`{lender.name}` has no layer of its own: it gets that of `{lender.layer_of}`"
        return what, f'name that unit: `layer_of = "{lender.layer_of}"`'
    if not lender.lends:
        return f"`{lender.name}` has no layer for others", f"add `layer_for_others = true` to {lender.name}"
    for key in ("runtime", "architecture"):
        own, other = getattr(unit, key), getattr(lender, key)
        if own != other:
            return f"`{lender.name}` has {key} {other}, this unit has {own}", f"give both the same `{key}`"
    return None
