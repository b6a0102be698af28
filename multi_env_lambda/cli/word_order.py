"""Whether the words of a command come in the order that all verbs have: UNIT before ENVIRONMENT."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Container, Iterator, Sequence

from multi_env_lambda.errors import ConfigurationError

__all__ = ["must_be_in_order"]


def must_be_in_order(words: Sequence[str], environments: Container[str], is_unit: Callable[[str], bool]) -> None:
    """Refuse an environment right before a unit, which no verb takes: each would say something else about it.

    Args:
        words: what was typed, beginning with the verb.
        environments: their names, and those of stages.
        is_unit: asked only behind the name of an environment, since there may be thousands of units.

    Raises:
        ConfigurationError: with the command as it was meant.

    >>> must_be_in_order(["rollback", "orders", "prod"], ["prod"], {"orders"}.__contains__)
    """
    for number, (place, unit) in enumerate(zip(words[1:], words[2:], strict=False), start=1):
        if place not in environments or unit in environments or is_unit(place) or not is_unit(unit):
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


def _positional(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("-"):
            return
        yield word
