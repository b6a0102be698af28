"""Reads the route of a REST API, and says which two of them it does not take together.

A REST API is a tree of paths: on one level it takes any number of fixed parts, but only one variable.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from multi_env_lambda.model.route import DEFAULT, METHODS, Route, problem_with_route

__all__ = ["WORDS", "collision", "problem_with_rest_route"]

WORDS = {method: "x-amazon-apigateway-any-method" if method == "ANY" else method.lower() for method in METHODS}
"""Method -> its word in the document of an API."""

_PART = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)


def problem_with_rest_route(text: str) -> tuple[str, str] | None:
    """What a REST API would refuse, with a hint; None if it takes the route.

    >>> problem_with_rest_route("GET /orders/{id}") is None
    True
    >>> problem_with_rest_route("GET /orders/")[0]
    'the path ends with `/`'
    """
    if text == DEFAULT:
        return "a REST API has no such route", "write two of them: `ANY /` and `ANY /{path+}`"
    if (problem := problem_with_route(text)) is not None:
        return problem
    path = text.partition(" ")[2]
    if path != "/" and path.endswith("/"):
        return "the path ends with `/`", f"`{path[:-1]}` also takes requests with the slash"
    for part in path[1:].split("/"):
        if part and not part.startswith("{") and not _PART.fullmatch(part):
            hint = "for example `GET /orders/{id}`; a route of the HTTP API may contain `~` and `@`"
            return f"the part `{part}` has more than letters, digits and `._:-`", hint
    return None


def collision(routes: Iterable[Route]) -> tuple[Route, Route, str] | None:
    """Two routes that one REST API does not take together, and why.

    >>> collision([Route("GET", "/a/{b}"), Route("POST", "/a/{c}/d")])[2]
    'below `/a` one says `{b}` and the other `{c}`'
    """
    seen: dict[tuple[str, str], Route] = {}
    variables: dict[str, tuple[str, Route]] = {}
    for route in routes:
        if (other := seen.setdefault((route.method, route.path), route)) is not route:
            return other, route, "they are the same"
        for number, part in enumerate(route.segments):
            if part.startswith("{"):
                above = "/" + "/".join(route.segments[:number])
                known, first = variables.setdefault(above, (part, route))
                if known != part:
                    return first, route, f"below `{above}` one says `{known}` and the other `{part}`"
    return None
