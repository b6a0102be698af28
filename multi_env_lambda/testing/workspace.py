"""A workspace over a world in memory: what a script of one's own is given instead of ``Workspace.open()``."""

from __future__ import annotations

import os
from pathlib import Path

from multi_env_lambda.api.opened import Opened
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.world import World

__all__ = ["workspace_of"]


def workspace_of(world: World, folder: str | os.PathLike[str]) -> Workspace:
    """All methods of a workspace, on the units and stacks of ``world``; nothing outside of ``folder`` is touched."""
    opened = Opened(root=Path(folder), config=world.config, projects=world.projects, broken=world.broken)
    # What is made when it is first needed is there already.
    opened.__dict__["world"] = world
    return Workspace(opened)
