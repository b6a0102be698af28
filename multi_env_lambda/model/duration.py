"""Durations as people type them."""

from __future__ import annotations

import math
import re

from multi_env_lambda.errors import ConfigurationError

__all__ = ["seconds_in", "seconds_to_wait"]

_DURATION = re.compile(r"([0-9]{1,9})\s*(s|m|h|d|w)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_in(text: str) -> int | None:
    """How long ``90s``, ``10m``, ``2h``, ``3d`` or ``1w`` is; None, if it is no duration.

    >>> seconds_in("10m")
    600
    """
    match = _DURATION.fullmatch(text.strip())
    return int(match[1]) * _SECONDS[match[2]] if match else None


def seconds_to_wait(wait: float | str) -> float:
    """What the argument ``wait`` says: a number of seconds, or a duration.

    >>> seconds_to_wait("5m"), seconds_to_wait("90"), seconds_to_wait(0.5)
    (300, 90.0, 0.5)

    Raises:
        ConfigurationError: it is neither, or negative, or has no end.
    """
    try:
        found = seconds_in(wait) if isinstance(wait, str) else None
        seconds = float(wait) if found is None else found
    except (OverflowError, TypeError, ValueError):
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    what = f"found {wait!r:.80}; expected seconds, or a duration such as `90s` or `5m`"
    raise ConfigurationError("wait", what, hint="say how long to wait for other deployments; 0 is not at all")
