"""What only looks, put together for the public face."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api import tables
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.flow.drift import UnitDrift, find_drift, with_drift
from multi_env_lambda.flow.observe import read_all
from multi_env_lambda.flow.without_record import without_record
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.world import World

if TYPE_CHECKING:
    from multi_env_lambda.aws.session import Sessions

__all__ = ["doctor", "drift", "status"]


def status(world: World, units: tuple[str, ...], name: str | None, *, drift: bool) -> Status:
    """Units × environments, from the records; with ``drift``, compared with every stack."""
    found = read_all(world, world.config.environments)
    read = make_status(world.config, units, found.records, found.unreadable)
    compared = with_drift(read, find_drift(world, name)) if drift else read
    chosen = compared if name is None else compared.of(name)
    return attrs.evolve(chosen, notes=(*without_record(world, chosen), *chosen.notes))


def drift(world: World, name: str | None, environment: str | None) -> Listing[UnitDrift]:
    """One item per stack that was compared, or could not be."""
    return Listing(find_drift(world, name, environment), tables.drifts, UnitDrift.to_dict)


def doctor(
    config: WorkspaceConfig, projects: tuple[Project, ...], sessions: Sessions, world: Callable[[], World]
) -> Listing[Finding]:
    """Every check of this machine, the caller, the bucket and the accounts. ``sessions``: new ones, for their clock."""
    from multi_env_lambda.flow.doctor import examine

    pythons = {python for project in projects for python in project.pythons}
    found = examine(config, pythons, sessions, sessions.variables(), world)
    return Listing(found, tables.findings, Finding.to_dict)
