"""A line of a log for people: when, whose, and what; one that is JSON is said in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multi_env_lambda.aws.logs import LogLine

__all__ = ["log_text"]

_WHEN = ("timestamp", "time")
_MESSAGE = ("message", "msg", "event")
_LEVEL = ("level", "levelname", "severity")


def log_text(line: LogLine, *, several: bool = False) -> str:
    """``several``: there are lines of more than one function, so each says whose it is."""
    whose = f" {line.function}:" if several else ""
    return f"{line.when}{whose} {_in_words(line.text)}"


def _in_words(text: str) -> str:
    """Of a JSON object level and message come first, and its other fields as ``name=value``.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (the fields of Lambda's own JSON)
    """
    if not text.startswith("{"):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    message = next((name for name in _MESSAGE if isinstance(found.get(name), str)), "")
    if not message:
        return text
    level = next((name for name in _LEVEL if isinstance(found.get(name), str)), "")
    rest = (f"{name}={_value(value)}" for name, value in found.items() if name not in (*_WHEN, message, level))
    return " ".join([*([found[level]] if level else []), found[message], *rest])


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, ensure_ascii=False)
