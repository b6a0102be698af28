"""How a commit that runs relates to the commit that is checked out, according to Git."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

__all__ = ["Kin", "Past", "State"]

Kin = Literal["ancestor", "newer", "diverged", "rewritten", "unknown"]
"""How a commit relates to HEAD.

``newer``: a descendant. ``rewritten``: one that the checked-out branch pointed to earlier, in this very clone,
and that was amended, rebased or reset since. ``unknown``: this clone does not have it, and it could not be fetched.
"""


@attrs.frozen(kw_only=True)
class State:
    """One commit of HEAD's history: its time in ISO 8601, and the git ids of the requested paths that it has."""

    committed: str
    ids: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Past:
    """A commit that runs. ``ids`` are by path, of those that exist.

    Args:
        there: the ids at the commit; empty if it is unknown.
        common: the ids at the last commit that it has in common with HEAD.
        since: the commits of HEAD's history after that one that changed a requested path, newest first; of the whole
            history if nothing is known to be in common.
    """

    kin: Kin
    there: Mapping[str, str] = attrs.field(factory=dict)
    common: Mapping[str, str] = attrs.field(factory=dict)
    since: tuple[State, ...] = ()
