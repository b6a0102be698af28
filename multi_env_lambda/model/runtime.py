"""The runtimes of Lambda, and when AWS ends support for each of them.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-supported; a test compares the dates
with those of cfn-lint, which follows that page. AWS has moved such dates before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import attrs

__all__ = ["ENDS", "GLUE_PYTHON", "RUNTIMES", "SPARK_PYTHON", "RuntimeEnd", "creatable", "end_of", "not_imported"]


@attrs.frozen(kw_only=True)
class RuntimeEnd:
    """No security updates after ``deprecated``; no new functions, and then no updates, after the other two."""

    deprecated: date
    no_create: date
    no_update: date


def _end(deprecated: str, no_create: str, no_update: str) -> RuntimeEnd:
    days = (date.fromisoformat(text) for text in (deprecated, no_create, no_update))
    return RuntimeEnd(deprecated=next(days), no_create=next(days), no_update=next(days))


ENDS: Mapping[str, RuntimeEnd] = {
    "python3.9": _end("2025-12-15", "2027-02-01", "2027-03-03"),
    "python3.10": _end("2026-10-31", "2027-02-01", "2027-03-03"),
    "python3.11": _end("2027-06-30", "2027-07-31", "2027-08-31"),
    "python3.12": _end("2028-10-31", "2028-11-30", "2029-01-10"),
    "python3.13": _end("2029-06-30", "2029-07-31", "2029-08-31"),
    "python3.14": _end("2029-06-30", "2029-07-31", "2029-08-31"),
}

RUNTIMES = tuple(ENDS)

GLUE_PYTHON = "3.9"
"""For Python shell jobs. Source: https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html"""

SPARK_PYTHON: Mapping[str, str] = {"4.0": "3.10", "5.0": "3.11", "5.1": "3.11"}
"""For Spark jobs, by Glue version. Source: https://docs.aws.amazon.com/glue/latest/dg/release-notes.html"""

_SOON = timedelta(days=180)
"""AWS notifies the owners of functions this long before a runtime is deprecated."""


def creatable(today: date) -> tuple[str, ...]:
    """The runtimes with which AWS still creates functions, oldest first.

    >>> creatable(date(2027, 2, 1))[0]
    'python3.11'
    """
    return tuple(name for name, end in ENDS.items() if today < end.no_create)


def not_imported(what: str) -> str:
    """The note for a machine that lacks the Python of ``what``."""
    return f"this machine has none: {what} are read but not imported"


def end_of(runtime: str, today: date) -> str | None:
    """The note about the end of ``runtime``; None while that is far away.

    >>> end_of("python3.13", date(2026, 11, 26))
    >>> end_of("python3.10", date(2026, 11, 26)).partition(";")[0]
    'python3.10 gets no security updates since 2026-10-31'
    """
    end = ENDS.get(runtime)
    if end is None or today < end.deprecated - _SOON:
        return None
    word = "since" if end.deprecated <= today else "from"
    refused = f"AWS refuses new functions from {end.no_create}, updates and rollbacks from {end.no_update}"
    return f"{runtime} gets no security updates {word} {end.deprecated}; {refused}"
