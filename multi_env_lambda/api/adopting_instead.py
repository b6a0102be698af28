"""A requirement that is taken instead of one of the project's, and why."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from packaging.version import Version

from multi_env_lambda.building.lock import Target
from multi_env_lambda.building.nearest import Moved, Pin

__all__ = ["NEWEST", "NEXT", "Instead", "instead_of", "together"]


@attrs.frozen(kw_only=True)
class Instead:
    """What is taken instead of a requirement, and why."""

    pin: Pin
    what: str
    to: str
    reason: str
    requirement: str


def together(pins: Sequence[Pin]) -> Pin:
    """The newest version, with the extras of all."""
    extras = {extra for one in pins for extra in one.extras.strip("[]").split(",") if extra}
    newest = max(pins, key=lambda pin: Version(pin.version))
    return attrs.evolve(newest, extras=f"[{','.join(sorted(extras))}]" if extras else "")


NEXT = "this is the next that does"
NEWEST = "this is the newest that does"


def instead_of(moved: Moved, target: Target, which: str) -> Instead:
    if moved.alone:
        machine = f"Python {target.python} on {target.architecture}"
        reason = f"no wheel of {moved.pin.version} fits {machine}; {which}"
    else:
        reason = "a package that had to be newer needs this version"
    text = moved.requirement
    return Instead(pin=moved.pin, what=moved.pin.exact, to=text, reason=reason, requirement=text)
