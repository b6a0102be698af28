"""The grammar of schedule expressions, ``rate(…)`` and ``cron(…)``, as EventBridge accepts it."""

from __future__ import annotations

import re

import attrs

__all__ = ["hint_of_schedule", "problem_with_schedule"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\(([0-9]+) (minute|hour|day)(s?)\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]*)\)")


@attrs.frozen(kw_only=True)
class _Field:
    """One of the six fields of a cron expression; ``special`` is what it may contain besides numbers and ``*``."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    special: str = r"(?!)"

    def accepts(self, text: str) -> bool:
        return all(self._accepts_part(part) for part in text.split(","))

    def _accepts_part(self, part: str) -> bool:
        if re.fullmatch(self.special, part):
            return True
        span, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and step.isascii() and 1 <= int(step) <= self.high):
            return False
        first, dash, last = span.partition("-")
        if not dash:
            return first == "*" or self._value(first) is not None
        start, end = self._value(first), self._value(last)
        return start is not None and end is not None and (start <= end or bool(self.words))

    def _value(self, text: str) -> int | None:
        if text.upper() in self.words:
            return self.words.index(text.upper()) + 1
        if not (text.isdecimal() and text.isascii()):
            return None
        return int(text) if self.low <= int(text) <= self.high else None


_FIELDS = (
    _Field(name="minutes", low=0, high=59),
    _Field(name="hours", low=0, high=23),
    _Field(name="day of month", low=1, high=31, special=r"\?|L|LW|([1-9]|[12][0-9]|3[01])W"),
    _Field(name="month", low=1, high=12, words=_MONTHS),
    _Field(name="day of week", low=1, high=7, words=_DAYS, special=r"\?|L|[1-7]L|([1-7]|[A-Z]{3})#[1-5]"),
    _Field(name="year", low=1970, high=2199),
)


def problem_with_schedule(text: str) -> str | None:
    """What is wrong with an expression, in one sentence; None if nothing is."""
    if found := _RATE.fullmatch(text):
        return _problem_with_rate(int(found[1]), found[2], bool(found[3]))
    if found := _CRON.fullmatch(text):
        return _problem_with_cron(found[1].split())
    return "expected an expression such as `rate(5 minutes)` or `cron(0 8 * * ? *)`"


def hint_of_schedule(text: str, clock: str) -> str:
    """How the kind of expression is written that was probably meant; ``clock``: in which time a cron's hours are.

    >>> hint_of_schedule("rate(5 min)", "in UTC")
    'a number of `minutes`, `hours` or `days`, and `minute`, `hour` or `day` after 1: `rate(5 minutes)`'
    """
    if text.lstrip().lower().startswith("rate"):
        return "a number of `minutes`, `hours` or `days`, and `minute`, `hour` or `day` after 1: `rate(5 minutes)`"
    return f"minutes hours day-of-month month day-of-week year, {clock}: `cron(0 8 ? * MON-FRI *)`"


def _problem_with_rate(count: int, unit: str, plural: bool) -> str | None:
    if count == 0:
        return "expected a rate of 1 or more"
    if plural != (count > 1):
        return f"expected `rate({count} {unit}{'s' if count > 1 else ''})`"
    return None


def _problem_with_cron(parts: list[str]) -> str | None:
    if len(parts) != len(_FIELDS):
        return f"expected 6 fields ({', '.join(field.name for field in _FIELDS)}), not {len(parts)}"
    for field, part in zip(_FIELDS, parts, strict=True):
        if not field.accepts(part):
            return f"`{part}` is not valid for {field.name}"
    if (parts[2] == "?") == (parts[4] == "?"):
        return "exactly one of day of month and day of week must be `?`"
    return None
