"""How fast and how often: lead time from a commit to the last environment, deploys per week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from multi_env_lambda.model.record import Deployment

__all__ = ["LeadTime", "Week", "commits", "lead_times", "per_week", "seconds_of"]

WEEK = 7 * 86400


@attrs.frozen(kw_only=True)
class LeadTime:
    """One release that reached the last environment. Times are seconds since 1970."""

    version: str
    when: int
    seconds: int


@attrs.frozen(kw_only=True)
class Week:
    """The deployments of seven days: how many succeeded, and how many failed."""

    good: int
    bad: int


def seconds_of(text: str) -> int:
    """ISO 8601 as seconds since 1970; 0 for an empty text.

    >>> seconds_of("1970-01-01T00:01:00Z")
    60
    """
    return int(datetime.fromisoformat(text).timestamp()) if text else 0


def commits(histories: Mapping[str, Iterable[Deployment]]) -> dict[str, tuple[str, str]]:
    """The commit and its time for every release of a unit; the earliest one if several led to the same release.

    A promotion does not read Git, so its own entry has no commit: the deploy of the same release has it.
    """
    found: dict[str, tuple[str, str]] = {}
    for past in histories.values():
        for item in past:
            known = found.get(item.release)
            if item.committed and (known is None or seconds_of(item.committed) < seconds_of(known[1])):
                found[item.release] = (item.commit, item.committed)
    return found


def lead_times(histories: Mapping[str, Iterable[Deployment]], last: str) -> tuple[LeadTime, ...]:
    """From the commit to the first success in the environment ``last``, for each release of a unit, oldest first.

    A rollback brings nothing new, so it does not count; nor does a release whose commit is no longer known.
    """
    known = commits(histories)
    found: dict[str, LeadTime] = {}
    for item in histories.get(last, ()):
        arrived = item.outcome == "succeeded" and item.action in ("deploy", "promote")
        if not arrived or item.release in found or item.release not in known:
            continue
        when = seconds_of(item.when)
        seconds = max(0, when - seconds_of(known[item.release][1]))
        found[item.release] = LeadTime(version=item.version, when=when, seconds=seconds)
    return tuple(found.values())


def per_week(past: Iterable[Deployment], now: str, *, weeks: int = 12) -> tuple[Week, ...]:
    """The last weeks up to now, oldest first. Rollbacks count: they change what runs."""
    end = seconds_of(now)
    good, bad = [0] * weeks, [0] * weeks
    for item in past:
        index = weeks - 1 - max(0, end - seconds_of(item.when)) // WEEK
        if index >= 0:
            counted = good if item.outcome in ("succeeded", "destroyed") else bad
            counted[index] += item.outcome != "shifting"
    return tuple(Week(good=one, bad=other) for one, other in zip(good, bad, strict=True))
