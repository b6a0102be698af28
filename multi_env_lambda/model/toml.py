"""Reads untrusted TOML in bounded time; an invalid document is an error with the file's name."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from multi_env_lambda.errors import ConfigurationError

__all__ = ["LARGEST", "LARGEST_LOCK", "parse_toml"]

LARGEST = 1024 * 1024
"""Bytes of a pyproject.toml; the biggest ones of well-known projects are a tenth of this."""

LARGEST_LOCK = 16 * 1024 * 1024
"""Bytes of a lock; a package with all its wheels takes about 10 kB."""

_DEEPEST = 50
_LONGEST_KEY = 50
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
# tomllib looks at a dotted key once per part: 20,000 parts take seconds, and a whole file of them an hour.
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_LONGEST_KEY}}}")
_64_BITS = 1 << 63
_LONGEST_NUMBER = 1000
# Python refuses to read one of more than 4,300 digits, wherever in a version, a marker or a schedule it stands.
_LONG_NUMBER = re.compile(rf"\d{{{_LONGEST_NUMBER + 1}}}")


def parse_toml(body: bytes, where: str, *, largest: int = LARGEST, hint: str = "correct the file") -> dict[str, Any]:
    """The document in ``body``, no deeper than readers can go and without numbers that TOML does not allow.

    Raises:
        ConfigurationError: it is not one, named ``where``.
    """

    def refusal(why: str) -> ConfigurationError:
        return ConfigurationError(where, f"not a TOML document: {why}", hint=hint)

    if len(body) > largest:
        raise ConfigurationError(where, f"it has more than the limit of {largest} bytes", hint=hint)
    try:
        text = body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ConfigurationError(
                where,
                "not a TOML document: it starts with a byte order mark",
                hint="save the file as UTF-8 without a byte order mark",
            )
        if (key := _LONG_KEY.search(text)) is not None:
            raise refusal(f"the key {key[0][:20]}… has more than the limit of {_LONGEST_KEY} parts")
        document = tomllib.loads(text)
    except RecursionError as error:
        raise refusal(f"it is nested more than {_DEEPEST} levels deep") from error
    except ValueError as error:  # of TOML, of UTF-8, or of a number with more digits than Python reads
        raise refusal(str(error)) from error
    if (fault := _fault(document)) is not None:
        raise refusal(fault)
    return document


def _fault(document: dict[str, Any]) -> str | None:
    """What readers of the values would stumble over. Not recursive, because depth is one of the checks."""
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST:
            return f"it is nested more than {_DEEPEST} levels deep"
        match value:
            case dict():
                waiting += [(item, depth + 1) for item in value.values()]
            case list():
                waiting += [(item, depth + 1) for item in value]
            case str() if len(value) > _LONGEST_NUMBER and _LONG_NUMBER.search(value):
                return f"a text has a number of more than {_LONGEST_NUMBER} digits"
            case int() if not -_64_BITS <= value < _64_BITS:
                return f"it has a number of {value.bit_length()} bits; TOML allows 64"
    return None
