"""This machine's clock and AWS's, as far as an answer tells: a wrong clock looks like credentials that have ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import attrs

from multi_env_lambda.aws.error_codes import code_of, message_of, response_of

__all__ = ["Clocks", "clocks_of"]

_SIGNED = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_ALLOWED_SECONDS = 240
"""AWS accepts five minutes, S3 fifteen, so a smaller difference is no reason to refuse anything.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""
_TWO_TIMES = re.compile(r"(\d{8}T\d{6}Z) is (?:now earlier|still later) than \d{8}T\d{6}Z \((\d{8}T\d{6}Z) [-+]")


@attrs.frozen
class Clocks:
    """What this machine's clock said when the request was signed, and AWS's when it answered."""

    ours: datetime
    theirs: datetime

    def __str__(self) -> str:
        """Both times, and how far apart they are.

        >>> print(Clocks(datetime(2026, 1, 1, 12, 20, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC)))
        this machine's clock says 2026-01-01T12:20:00Z, and AWS's 2026-01-01T12:00:00Z: it is 20 min ahead
        """
        minutes = round(abs((self.ours - self.theirs).total_seconds()) / 60)
        way = "ahead" if self.ours > self.theirs else "behind"
        says = f"this machine's clock says {_text(self.ours)}, and AWS's {_text(self.theirs)}"
        return f"{says}: it is {minutes} min {way}"


def clocks_of(error: Exception, now: datetime) -> Clocks | None:
    """Both times, if a request was refused because they are too far apart; ``now`` is this machine's.

    Every answer has AWS's time in a header, so what only may be about the clock is judged by it.
    """
    if code_of(error) not in _SIGNED:
        return None
    response = response_of(error)
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    said = response.get("Error", {})
    named = _TWO_TIMES.search(message_of(error))
    ours = _compact(named[1]) if named else _time(said.get("RequestTime", "")) or now
    theirs = _compact(named[2]) if named else _time(said.get("ServerTime", "")) or _of_header(headers.get("date", ""))
    if theirs is None or abs((ours - theirs).total_seconds()) < _ALLOWED_SECONDS:
        return None
    return Clocks(ours, theirs)


def _compact(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _time(text: str) -> datetime | None:
    """S3 writes our time as it was signed, and its own in ISO 8601."""
    try:
        found = _compact(text) if "-" not in text else datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _of_header(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
