"""What people stopped: an environment or a unit in it stays as it is, until somebody lifts it or its time is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.masking import masked
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, in_lines, is_junk, read_document, structure
from multi_env_lambda.model.record import current_prefix
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.wording import Advice, advice, unit_call

__all__ = ["Freeze", "freeze_key", "freezes_to_bytes", "read_freezes", "time_of"]


@shown_as_text
@attrs.frozen(kw_only=True)
class Freeze:
    """A freeze or hold.

    Args:
        environment: the environment in which it stops changes.
        unit: what stays as it is; empty: the whole environment.
        who: the ARN of the person who set it.
        when: since when, as ISO 8601; empty if that is not known.
        reason: why.
        until: ISO 8601; empty: until it is lifted.
        kind: ``freeze``, or ``hold``, which a rollback leaves behind.
    """

    environment: str
    unit: str = ""
    who: str
    when: str = ""
    reason: str = attrs.field(default="", converter=masked)
    until: str = ""
    kind: Literal["freeze", "hold"] = "freeze"

    def is_about(self, unit: str) -> bool:
        """Whether this unit stays as it is."""
        return self.unit in ("", unit)

    def is_over(self, now: float) -> bool:
        """Whether its time has passed; ``now``: seconds since 1970."""
        return bool(self.until) and datetime.fromisoformat(self.until).timestamp() <= now

    @property
    def lifted_by(self) -> Advice:
        """The command that lifts it."""
        if self.unit:
            return unit_call("unfreeze", self.unit, self.environment)
        return Advice(f"unfreeze.py {self.environment}", f'workspace.environment("{self.environment}").unfreeze()')

    @property
    def fact(self) -> str:
        """Which one, who set it, since when and why, in one line."""
        what = f"{self.unit} in {self.environment}" if self.unit else self.environment
        word = "held after a rollback" if self.kind == "hold" else "frozen"
        since = f" since {self.when}" if self.when else ""
        until = f", until {self.until}" if self.until else ""
        reason = f": {self.reason}" if self.reason else ""
        return one_line(f"{what} is {word} by {self.who.rpartition(':')[2]}{since}{until}{reason}")

    def line(self) -> Advice:
        """The same, with the command that lifts it."""
        return advice("{}; `{}` lifts it", self.fact, self.lifted_by)

    def text(self) -> str:
        """The same for a notebook, with the call that lifts it."""
        return self.line().python

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)


def freeze_key(environment: str) -> str:
    """The object with all freezes of an environment.

    The listing of the records shows it, so without it no call is made.
    """
    return f"{current_prefix(environment)}.frozen.json"


def freezes_to_bytes(freezes: Iterable[Freeze]) -> bytes:
    """What the object contains."""
    return canonical_json({"format": FORMAT, "freezes": [attrs.asdict(one) for one in freezes]}).encode("ascii")


@attrs.frozen(kw_only=True)
class _Document:
    freezes: tuple[Freeze, ...]


def read_freezes(body: bytes, *, where: str) -> tuple[Freeze, ...]:
    """All of them, also those whose time is over.

    Raises:
        DocumentError, UpgradeNeeded: the object is something else, or from a newer version.
    """
    kind = "the freezes of an environment"
    found = structure(_Document, in_lines(read_document(body, where=where, kind=kind)), where=where, kind=kind).freezes
    for one in found:
        if freeze_key(one.environment) != where:
            raise is_junk(where, kind, f"it is about {one.environment}")
        if one.until and _moment(one.until) is None:
            raise is_junk(where, kind, f"until: found {one.until!r}; expected a time"[:200])
    return found


def time_of(text: str, now: float) -> str:
    """A time in the future as it is stored, in UTC; ``now``: seconds since 1970. Empty stays empty.

    >>> time_of("2026-12-24", 0.0), time_of("2026-12-24T18:00+01:00", 0.0)
    ('2026-12-24T00:00:00Z', '2026-12-24T17:00:00Z')

    Raises:
        ConfigurationError: it is no time, or has passed.
    """
    if not text:
        return ""
    found = _moment(text)
    if found is None:
        hint = "give a day or a time, such as 2026-12-24 or 2026-12-24T18:00; without a zone it is UTC"
        raise ConfigurationError("until", f"found {text!r:.80}, which is not a time", hint=hint)
    if found.timestamp() <= now:
        raise ConfigurationError("until", f"{text} has passed", hint="give a time in the future")
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None
