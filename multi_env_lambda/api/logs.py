"""What the functions of a unit have logged: read once, or followed as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api import tables
from multi_env_lambda.api.elsewhere import where_it_runs
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.aws.logs import LogLine
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.duration import seconds_in

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.model.environment import Environment

__all__ = ["followed", "listed", "start_of"]

_OLDEST = datetime(2006, 1, 1, tzinfo=UTC)
"""Before AWS existed."""

_PAUSE = 2.0
"""Seconds between two looks: CloudWatch takes 25 of them per second, account and region, for all who read.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html (FilterLogEvents)
"""
_BEHIND = timedelta(seconds=60)
"""How far back each look goes: an event may be shown after younger ones of another instance."""


def start_of(since: str, now: datetime) -> datetime:
    """The time that ``10m``, ``2h``, ``3d`` or an ISO 8601 timestamp says; one without an offset is in UTC.

    >>> start_of("90s", datetime(2026, 1, 1, 12, tzinfo=UTC)).isoformat()
    '2026-01-01T11:58:30+00:00'

    Raises:
        ConfigurationError: it is neither, or no time of any log.
    """
    found: datetime | None
    try:
        if (seconds := seconds_in(since)) is not None:
            found = now - timedelta(seconds=seconds)
        else:
            found = datetime.fromisoformat(since.strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        found = None
    if found is None or found < _OLDEST:
        what = f"found {since!r:.80}; expected a time such as `10m`, `2h`, `3d` or `2026-01-31T12:00`"
        raise ConfigurationError("since", what, hint="say how far back to look")
    return found


def listed(
    opened: Opened, project: str, place: Environment, functions: Mapping[str, str], since: str, containing: str
) -> Listing[LogLine]:
    """The lines of these functions, key -> physical name, oldest first, from where the unit runs.

    Raises:
        ConfigurationError: ``since`` is no time.
        StackError: CloudWatch Logs does not answer.
    """
    start = start_of(since, datetime.now(UTC))
    there = _reached(opened, project, place)
    return Listing(_read(opened, there, functions, start, containing), tables.log_lines, LogLine.to_dict)


def followed(
    opened: Opened, project: str, place: Environment, functions: Mapping[str, str], since: str, containing: str
) -> Iterator[LogLine]:
    """The same, and then each new line when CloudWatch shows it; it never ends by itself."""
    start = start_of(since, datetime.now(UTC))
    return _follow(opened, _reached(opened, project, place), functions, start, containing)


def _reached(opened: Opened, project: str, place: Environment) -> Environment:
    """Where it runs, as the caller gets in there."""
    return where_it_runs(opened, project, opened.reached(place.name))


def _read(
    opened: Opened, place: Environment, functions: Mapping[str, str], start: datetime, containing: str
) -> tuple[LogLine, ...]:
    def of_one(key: str) -> list[LogLine]:
        lines = opened.world.platform.logs(place, functions[key], start)
        return [attrs.evolve(line, function=key) for line in lines if containing in line.text]

    found = in_parallel(of_one, functions)
    return tuple(sorted((line for lines in found for line in lines), key=lambda line: line.when))


def _follow(
    opened: Opened, place: Environment, functions: Mapping[str, str], start: datetime, containing: str
) -> Iterator[LogLine]:
    shown: dict[LogLine, None] = {}
    while True:
        lines = _read(opened, place, functions, start, containing)
        new = [line for line in lines if line not in shown]
        yield from new
        # What a later look cannot return any more need not be remembered.
        start = max(start, datetime.fromisoformat(opened.world.now()) - _BEHIND)
        shown = {line: None for line in (*shown, *new) if datetime.fromisoformat(line.when) >= start}
        opened.world.sleep(_PAUSE)
