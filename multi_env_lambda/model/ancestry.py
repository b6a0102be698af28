"""What Git says of a commit that runs, seen from the commit that is checked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

__all__ = ["Kin", "Past", "State"]

Kin = Literal["ancestor", "newer", "diverged", "rewritten", "unknown"]
"""What a commit is to HEAD.

``newer``: a descendant. ``rewritten``: one's own, at which the branch that is checked out once was, in this very clone,
and which was amended, rebased or reset since. ``unknown``: this clone does not have it, and nobody could be asked for
it.
"""


@attrs.frozen(kw_only=True)
class State:
    """One commit of the own history: its time in ISO 8601, and the git ids of the asked paths that it has."""

    committed: str
    ids: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Past:
    """A commit that runs. ``ids`` by path, of those that exist.

    Args:
        there: the ids at the commit; empty where it is unknown.
        common: the ids at the last commit that it has in common with HEAD.
        since: the commits of the own history after that one that changed an asked path, newest first; where nothing is
            known to be in common, of the whole history.
        others: the paths that commits of other people between the common one and this one have changed; looked for
            only where it was ``rewritten``.
    """

    kin: Kin
    there: Mapping[str, str] = attrs.field(factory=dict)
    common: Mapping[str, str] = attrs.field(factory=dict)
    since: tuple[State, ...] = ()
    others: frozenset[str] = frozenset()
