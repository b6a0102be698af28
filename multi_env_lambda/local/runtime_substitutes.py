"""Which runtime a unit gets on this machine if the one it asks for is not available."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.local.cloud import state_folder
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.outline import Outline
from multi_env_lambda.model.units import Units, units_of

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = ["machine_architecture", "news_of_substitutes", "on_this_machine", "substitutes"]

_PREFIX = "python"


def substitutes(runtimes: Iterable[str]) -> Mapping[str, str]:
    """The runtimes that this machine cannot run, each with its substitute: ``{"python3.13": "python3.11"}``.

    What is not Python is left alone.
    """
    own = f"{_PREFIX}{sys.version_info[0]}.{sys.version_info[1]}"
    wanted = sorted({runtime for runtime in runtimes if runtime.startswith(_PREFIX)})
    return {runtime: own for runtime in wanted if find_python(runtime.removeprefix(_PREFIX)) is None}


def on_this_machine(projects: Iterable[Project]) -> Units:
    """The units with the available runtimes, built for this processor.

    The architecture in their templates is kept, so that a change of it can be tried here.
    """
    units = units_of(projects)
    instead, machine = substitutes({unit.runtime for unit in units.outlines}), machine_architecture()
    return Units(
        (attrs.evolve(unit, runtime=instead.get(unit.runtime, unit.runtime)) for unit in units.outlines),
        partial(_here, units, machine),
    )


def _here(units: Units, machine: str, outline: Outline) -> Project:
    (project,) = units.named(outline.name)
    return attrs.evolve(project, runtime=outline.runtime, processor=machine)


def news_of_substitutes(root: Path, instead: Mapping[str, str]) -> tuple[str, ...]:
    """What to report to the user of a workspace about them: each one once, not with every command."""
    place = state_folder(root) / "substitutes.json"
    told = read_json(place, {})
    news = {runtime: given for runtime, given in sorted(instead.items()) if told.get(runtime) != given}
    if news:
        write_atomically(place, canonical_json({**told, **news}).encode("ascii"))
    return tuple(
        f"this machine has no {runtime}; the local cloud builds for and runs {given} instead"
        for runtime, given in news.items()
    )


def machine_architecture() -> str:
    """The machine's processor in Lambda's words: functions run on this machine, whatever their configuration says."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
