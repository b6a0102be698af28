"""Reads the route of an HTTP API, and says which two of them nobody can tell apart.

API Gateway prefers a whole match to a greedy one, and both to ``$default``; a method of its own to ``ANY``. It does not
say which of two routes it takes where each is the more exact one in another part of the path, so those are refused.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, zip_longest

import attrs

__all__ = ["DEFAULT", "METHODS", "Route", "ambiguous", "problem_with_route", "read_route"]

DEFAULT = "$default"
METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_PLAIN = re.compile(r"[A-Za-z0-9._~:@-]+", re.ASCII)
_VARIABLE = re.compile(r"\{([A-Za-z0-9._-]+)(\+?)\}", re.ASCII)
_LONGEST = 1024
_EXAMPLE = "for example `GET /orders/{id}`, `ANY /files/{path+}` or `$default`"


@attrs.frozen
class Route:
    """``GET /orders/{id}`` in its two parts; ``$default`` has no method, and that as its path."""

    method: str
    path: str

    @property
    def key(self) -> str:
        """As API Gateway writes it."""
        return f"{self.method} {self.path}".strip()

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[1:])

    @property
    def shape(self) -> str:
        """The route without the names of its variables, which decide nothing."""
        return _VARIABLE.sub(lambda found: "{" + found[2] + "}", self.key)


def problem_with_route(text: str) -> tuple[str, str] | None:
    """What API Gateway would refuse, with a hint; None if it takes the route.

    >>> problem_with_route("GET /orders/{id}") is None
    True
    >>> problem_with_route("GET /orders/{id}.json")[0]
    'a variable is a whole part of a path, between two slashes'
    """
    if text == DEFAULT:
        return None
    method, _, path = text.partition(" ")
    if method not in METHODS:
        known = method.upper() if method.upper() in METHODS else "GET"
        rest = path if path.startswith("/") else "/orders/{id}"
        return "a route is a method in upper case, a space and a path", f"did you mean `{known} {rest}`?"
    if not path.startswith("/") or len(path) > _LONGEST:
        return f"the path starts with `/` and has up to {_LONGEST:,} characters", _EXAMPLE
    return next(_problems(path), None)


def _problems(path: str) -> Iterator[tuple[str, str]]:
    parts = path[1:].split("/")
    names: list[str] = []
    for number, part in enumerate(parts, start=1):
        is_last = number == len(parts)
        if found := _VARIABLE.fullmatch(part):
            names.append(found[1])
            if found[2] and not is_last:
                yield f"`{part}` takes the rest of the path, so nothing can follow it", "move it to the end"
        elif "{" in part or "}" in part:
            what = "a variable is a whole part of a path, between two slashes"
            yield what, "its name has letters, digits and `._-`: `{id}`, or `{path+}` for the rest of the path"
        elif not part and not is_last:
            yield "there are two slashes in a row", "remove one of them"
        elif part and not _PLAIN.fullmatch(part):
            yield f"the part `{part}` has more than letters, digits and `._~:@-`", _EXAMPLE
    if len(set(names)) < len(names):
        yield "two variables have the same name", "rename one of them"


def read_route(text: str) -> Route:
    """A route in which ``problem_with_route`` finds nothing."""
    method, _, path = text.partition(" ")
    return Route("", DEFAULT) if text == DEFAULT else Route(method, path)


def ambiguous(routes: Sequence[Route]) -> tuple[Route, Route] | None:
    """Two routes of one method that can both match a request while neither is the more exact one."""
    return next((pair for pair in combinations(routes, 2) if _cross(*pair)), None)


def _cross(one: Route, other: Route) -> bool:
    if one.method != other.method:
        return False
    if one.shape == other.shape:
        return True
    if DEFAULT in (one.path, other.path) or not _may_meet(one, other):
        return False
    if _is_greedy(one) != _is_greedy(other):
        return False  # a whole match comes first
    ranks = list(zip_longest(_ranks(one), _ranks(other), fillvalue=2))
    return any(first < second for first, second in ranks) and any(first > second for first, second in ranks)


def _is_greedy(route: Route) -> bool:
    return route.segments[-1].endswith("+}")


def _ranks(route: Route) -> list[int]:
    """How exact each part is: a text, a variable, the rest of the path."""
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in route.segments]


def _may_meet(one: Route, other: Route) -> bool:
    """Whether some path matches both."""
    if not _is_greedy(one) and not _is_greedy(other) and len(one.segments) != len(other.segments):
        return False
    for route, longer in ((one, other), (other, one)):
        if not _is_greedy(route) and len(route.segments) < len(longer.segments):
            return False
    for first, second in zip(one.segments, other.segments, strict=False):
        if first.endswith("+}") or second.endswith("+}"):
            return True
        if not first.startswith("{") and not second.startswith("{") and first != second:
            return False
    return True
