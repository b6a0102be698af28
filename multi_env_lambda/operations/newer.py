"""Which cells of the matrix run something newer than what is checked out: a later commit, whose ancestor HEAD is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import ToolError

if TYPE_CHECKING:
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.world import World

__all__ = ["with_newer"]


def with_newer(world: World, status: Status) -> Status:
    """The same matrix with those cells marked. Git is asked once for all commits; without Git none is marked."""
    commits = sorted({cell.commit for cell in status.cells if cell.commit})
    try:
        pasts = world.maker.pasts({commit: {} for commit in commits}) if commits else {}
    except ToolError:
        return status
    newer = {commit for commit, past in pasts.items() if past.kin == "newer"}
    return attrs.evolve(status, cells=tuple(attrs.evolve(cell, newer=cell.commit in newer) for cell in status.cells))
