"""Whether a run of the CI may change a unit, seen from the commit that runs there: asked again under the lease."""

from __future__ import annotations

from typing import Literal

from multi_env_lambda.model.ancestry import Kin

__all__ = ["Standing", "standing"]

Standing = Literal["goes", "superseded", "look again"]
"""``superseded``: what runs is newer, and stays. ``look again``: the branch has moved, and it is unknown where to."""


def standing(kin: Kin, *, kept: bool, newest: bool) -> Standing:
    """What a run does about one unit.

    A run that comes late never takes back what a later commit brought. A force push does, also one that only drops
    commits; so does a revert, which is a later commit like any other.

    Args:
        kin: what the commit that runs there is to this run's own.
        kept: whether the branch, as it is now, still has the commit that runs there.
        newest: whether the branch, as it is now, stands at this run's own.

    >>> standing("newer", kept=True, newest=False)
    'superseded'
    >>> standing("newer", kept=False, newest=True)
    'goes'
    """
    if kin == "ancestor":
        return "goes"
    if kin == "newer" and kept:
        return "superseded"
    return "goes" if newest else "look again"
