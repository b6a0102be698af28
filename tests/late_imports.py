"""What is imported only when it is done, by module or folder: a run with nothing to do has none of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from multi_env_lambda import aws
from tests.house import PACKAGE

__all__ = ["imported_too_early", "ours"]

_ACTS: Mapping[str, str] = {
    "building": "a unit is built",
    "flow.act": "a step is carried out",
    "flow.closer": "something is to change",
    "make.candidates": "a unit may have changed",
    "make.maker": "a unit is built",
    "model.project": "somebody asks for the settings of a unit",
    "model.release": "a release is read or made",
    "model.settings": "somebody asks for the settings of a unit",
    "plan.bounds": "a template is judged",
    "plan.deploy_step": "something is to change",
    "plan.template": "a unit is built",
    "plan.traffic": "traffic is moved",
    **{f"aws.{name}": "a call of its kind is made" for name in aws.__all__ if name != "poller"},
}
"""Modules and folders -> when they are imported, and not before."""


def ours(modules: Collection[str]) -> set[str]:
    """The modules of the package among these, by their names in it."""
    return {name.removeprefix(f"{PACKAGE}.") for name in modules if name.startswith(f"{PACKAGE}.")}


def imported_too_early(modules: Collection[str]) -> dict[str, str]:
    """Those that a run with nothing to do must not have, and what they wait for."""
    found = ours(modules)
    return {name: when for name, when in _ACTS.items() if any(f"{one}.".startswith(f"{name}.") for one in found)}
