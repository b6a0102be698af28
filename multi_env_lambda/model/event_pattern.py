"""Checks EventBridge patterns before a stack is made with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["OPERATORS", "Problem", "problem_with_pattern"]

OPERATORS = ("anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard")
"""Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""

_LONGEST = 4096
"""Characters, if AWS has raised the quota of 2,048.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

Problem = tuple[str, str, str]
"""The key, what is wrong there, and a hint."""


def problem_with_pattern(pattern: Mapping[str, Any]) -> Problem | None:
    """The first thing in a pattern that EventBridge would refuse; None if there is none.

    >>> problem_with_pattern({"source": [{"suffixx": ".csv"}]})[2]
    'did you mean `suffix`?'
    """
    length = len(canonical_json(pattern))
    if length > _LONGEST:
        hint = "match fewer values, or use `prefix`; unless the quota was raised, EventBridge takes 2,048"
        return "", f"the pattern has {length:,} characters; the limit is {_LONGEST:,}", hint
    return next(_problems(pattern, ""), None)


def _problems(pattern: Mapping[str, Any], before: str) -> Iterator[Problem]:
    for name, value in pattern.items():
        key = f"{before}{name}"
        match value:
            case Mapping():
                yield from _problems(value, f"{key}.")
            case [*items] if items:
                for number, item in enumerate(items):
                    yield from _of_item(name, item, f"{key}[{number}]")
            case _:
                yield key, "expected a list with at least one value, or a table", f'for example `{name} = ["orders"]`'


def _of_item(name: str, item: object, key: str) -> Iterator[Problem]:
    if not isinstance(item, Mapping):
        return
    if name == "$or":
        yield from _problems(item, f"{key}.")
        return
    unknown = sorted(item.keys() - set(OPERATORS))
    if unknown:
        what = f"found the operator `{unknown[0]}`; expected {enumerated(OPERATORS)}"
        yield key, what, did_you_mean(unknown[0], OPERATORS, listed=True)
    elif len(item) != 1:
        found = " and ".join(f"`{operator}`" for operator in item) or "none"
        yield key, f"found {found}; expected one operator per table", "write one table for each"
