"""Nothing of an account gets into a cassette: what is dropped, what is renamed, and what a reader refuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["STAND_INS", "leaks", "scrubbed"]

STAND_INS = tuple(digit * 12 for digit in "123456789") + ("123456789012", "000000000000")
"""The only account ids that a cassette may have. 999999999999 stands for all that nobody named."""

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
# The ids of IAM: AKIA and ASIA are keys, the others name users, roles and groups.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_IAM_ID = re.compile(r"\b(?:ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,}(?::[\w+=,.@-]+)?")
# A session is often called after a person, and an IAM user always is.
_PERSON = re.compile(r"(:user/|:assumed-role/[\w+=,.@-]+/)[\w+=,.@/-]+")
_EMAIL = re.compile(r"[\w.+-]+@(?!example\.(?:org|com)\b)[\w-]+(?:\.[\w-]+)+")
_SIGNED = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*X-Amz-[^\s\"']*", re.IGNORECASE)
_TOKEN = re.compile(r"X-Amz-(?:Security-Token|Signature|Credential)", re.IGNORECASE)

_DROPPED = frozenset(
    {
        "ClientRequestToken",
        "ClientToken",
        "ContinuationToken",
        "Credentials",
        "HostId",
        "NextContinuationToken",
        "NextMarker",
        "NextToken",
        "RequestId",
        "ResponseMetadata",
        "RevisionId",
        "RoleSessionName",
        "SSEKMSKeyId",
        "SourceIdentity",
    }
)
"""Never in a cassette, wherever they stand: they are of no use to a reader, or are secrets."""

_OPAQUE = frozenset({"Environment", "LogResult", "TemplateBody"})
"""Here only length and SHA-256 are kept: a caller's own content."""


def scrubbed(value: Any, accounts: Mapping[str, str]) -> Any:
    """A value of a call as it may be kept; ``accounts`` are the stand-ins by real account id."""
    match value:
        case dict():
            return {
                key: _opaque(item) if key in _OPAQUE else scrubbed(item, accounts)
                for key, item in value.items()
                if key not in _DROPPED
            }
        case list() | tuple():
            return [scrubbed(item, accounts) for item in value]
        case str():
            return _text(value, accounts)
        case datetime():
            return value.isoformat()
        case bytes() | bytearray():
            return _opaque(bytes(value))
        case None | bool() | int() | float():
            return value
        case _:
            return "<stream>"


def leaks(text: str) -> list[str]:
    """What must not stand in a cassette, and does."""
    found = [account for account in _ACCOUNT.findall(text) if account not in STAND_INS]
    for pattern in (_IAM_ID, _EMAIL, _TOKEN):
        found += [match[0] for match in pattern.finditer(text)]
    return found + [match[0] for match in _PERSON.finditer(text) if not match[0].endswith("/somebody")]


def _text(text: str, accounts: Mapping[str, str]) -> str:
    text = _PERSON.sub(r"\1somebody", _SIGNED.sub(r"\1", text))
    text = _ACCOUNT.sub(lambda match: accounts.get(match[0], STAND_INS[8]), text)
    text = _IAM_ID.sub("<id of IAM>", text)
    return _TOKEN.sub("<of a signature>", _EMAIL.sub("somebody@example.org", text))


def _opaque(value: Any) -> str:
    body = value if isinstance(value, bytes) else repr(value).encode()
    return f"<{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:16]}>"
