"""What is said once about a run whose session ended: how far it came, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.model.result import Result

__all__ = ["Stopped", "stopped", "stopped_at"]

_MOST_NAMES = 10
_CHANGED = ("deployed", "sent", "published", "destroyed")


@attrs.frozen(kw_only=True)
class Stopped:
    """``what`` has the reason and the numbers, ``hint`` what to do; ``results`` are those that it is about."""

    what: str
    hint: str
    results: tuple[Result, ...]
    others: tuple[Result, ...]


def stopped(results: Iterable[Result]) -> Stopped | None:
    """One sentence for all steps that the end of the session kept from being done; None if there are none."""
    found = tuple(results)
    about = tuple(one for one in found if one.error == SessionEnded.__name__)
    if not about:
        return None
    done = sum(one.outcome in _CHANGED for one in found)
    under_way = [f"{one.project} in {one.environment}" for one in about if one.outcome == "under way"]
    what = stopped_at(about[0].detail, done, under_way, len(about) - len(under_way))
    others = tuple(one for one in found if one.error != SessionEnded.__name__)
    return Stopped(what=what, hint=about[0].hint, results=about, others=others)


def stopped_at(why: str, done: int, under_way: Iterable[str], not_begun: int) -> str:
    """The sentence of it.

    >>> print(stopped_at("the session has ended", 3, ["orders in prod"], 40))
    the session has ended
    3 done, 1 under way (orders in prod), 40 not begun; what CloudFormation has begun goes on in AWS
    """
    names = list(under_way)
    more = f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    shown = f" ({', '.join(names[:_MOST_NAMES])}{more})" if names else ""
    goes_on = "; what CloudFormation has begun goes on in AWS" if names else ""
    return f"{why}\n{done} done, {len(names)} under way{shown}, {not_begun} not begun{goes_on}"
