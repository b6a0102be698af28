"""Whether one right covers another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from multi_env_lambda.model.right import Right
from multi_env_lambda.plan.computed import is_unread
from multi_env_lambda.plan.rights_conditions import is_weaker

__all__ = ["covers", "is_about", "matches"]

_BUT = "everything but "


def is_about(old: Right, new: Right) -> bool:
    """Whether two rights have the same kind and come from the same resource."""
    return (old.kind, old.holder, old.effect) == (new.kind, new.holder, new.effect)


def covers(wide: Right, narrow: Right) -> bool:
    """Whether one right covers the other, under conditions that are no stricter."""
    return (
        is_about(wide, narrow)
        and _all_match(wide.who, narrow.who)
        and _all_match(wide.actions, narrow.actions, ignore_case=True)
        and _all_match(wide.resources, narrow.resources)
        and is_weaker(wide.condition, narrow.condition)
    )


def _all_match(patterns: Collection[str], texts: Iterable[str], *, ignore_case: bool = False) -> bool:
    return all(any(matches(pattern, text, ignore_case=ignore_case) for pattern in patterns) for text in texts)


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether IAM's pattern (``*`` and ``?``) matches everything that ``text``, which may be a pattern too, matches."""
    if pattern.startswith(_BUT) and text.startswith(_BUT):
        return set(pattern.removeprefix(_BUT).split(", ")) <= set(text.removeprefix(_BUT).split(", "))
    if is_unread(pattern) or is_unread(text) or text.startswith(_BUT):
        return pattern in (text, "*")
    parts = (".*" if char == "*" else "[^*]" if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.IGNORECASE if ignore_case else 0) is not None
