"""A workspace over a world in memory, for those who want its handles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multi_env_lambda import Workspace
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.model.project import Project
from multi_env_lambda.world import World

__all__ = ["opened"]


def opened(world: World, folder: Path, projects: tuple[Project, ...] | None = None, **shown: Any) -> Workspace:
    """`world` is made when it is first needed; here it is there already."""
    units = world.projects if projects is None else projects
    found = Opened(root=folder, config=world.config, projects=units, broken=world.broken, **shown)
    found.__dict__["world"] = world
    return Workspace(found)
