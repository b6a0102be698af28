"""What an import check has answered: written by a process in which code of others ran, so each line is checked.

A line that is not an answer, and all after it, count for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["read_answers"]

_LARGEST = 16 << 20

_NEEDS: dict[str, tuple[str, ...]] = {
    "started": (),
    "ok": (),
    "missing": ("module", "place", "text"),
    "raised": ("text", "place", "said", "denied", "refused"),
    "undecided": ("text",),
    "syntax": ("text", "place"),
    "no_function": ("functions",),
    "not_callable": ("type",),
    "not_run": ("what",),
    "not_called": ("signature",),
}
"""By kind, what its readers take for granted."""

_LISTS = frozenset({"functions", "loaded", "mapped", "refused"})
_TEXTS = frozenset({"kind", "module", "place", "prefix", "said", "signature", "text", "type", "what"})


def read_answers(path: Path, count: int) -> tuple[Mapping[str, Any], ...]:
    """The answers about handlers 0 to ``count`` - 1, as far as they are such."""
    if not path.exists():
        return ()
    found: list[Mapping[str, Any]] = []
    with path.open("rb") as stream:
        for line in stream.read(_LARGEST).splitlines():
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                break
            if not isinstance(answer, dict) or not _is_one(answer, count):
                break
            found.append(answer)
    return tuple(found)


def _is_one(answer: dict[str, Any], count: int) -> bool:
    number, kind = answer.get("number"), answer.get("kind")
    if type(number) is not int or not 0 <= number < count or not isinstance(kind, str) or kind not in _NEEDS:
        return False
    return all(name in answer for name in _NEEDS[kind]) and all(_fits(name, value) for name, value in answer.items())


def _fits(name: str, value: object) -> bool:
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in _TEXTS:
        return isinstance(value, str)
    if name == "seconds":
        return isinstance(value, (int, float)) and 0 <= value < 1e9
    return name != "denied" or value is None or isinstance(value, str)
