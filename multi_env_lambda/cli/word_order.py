"""Whether the words of a command come in the order that all verbs have: UNIT before ENVIRONMENT."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence

from multi_env_lambda.errors import ConfigurationError

__all__ = ["must_be_in_order"]


def must_be_in_order(words: Sequence[str], units: Collection[str], environments: Collection[str]) -> None:
    """Refuse an environment right before a unit, which no verb takes: each would say something else about it.

    Args:
        words: what was typed, beginning with the verb.
        units, environments: the names that there are.

    Raises:
        ConfigurationError: with the command as it was meant.

    >>> must_be_in_order(["rollback", "orders", "prod"], ["orders"], ["prod"])
    """
    for number, (place, unit) in enumerate(zip(words[1:], words[2:], strict=False), start=1):
        if not (_is_only_in(place, environments, units) and _is_only_in(unit, units, environments)):
            continue
        if words[number - 1].startswith("-"):
            continue  # it is the value of an option
        together = list(_positional(words[number:]))
        meant = [*words[:number], *together[1:], place, *words[number + len(together) :]]
        raise ConfigurationError(
            "command line",
            f"`{place}` is an environment and `{unit}` is a unit, and the unit comes first",
            hint=f"`{meant[0]}.py {shlex.join(meant[1:])}`",
        )


def _is_only_in(word: str, names: Collection[str], others: Collection[str]) -> bool:
    return word in names and word not in others


def _positional(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("-"):
            return
        yield word
