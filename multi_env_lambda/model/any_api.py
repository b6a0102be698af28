"""Reads what the routes and tables of HTTP APIs and of REST APIs have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from multi_env_lambda.model.api_settings import IAM, OPEN, ApiAuthorizer, HttpRoute
from multi_env_lambda.model.keys.api import MOST_AUTHORIZERS
from multi_env_lambda.model.keys.route import MOST_SCOPES
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.rest_settings import RestAuthorizer, RestRoute
from multi_env_lambda.model.settings import Function

__all__ = [
    "check_authorizer",
    "read_authorizers",
    "read_deciding_function",
    "read_retention",
    "read_scopes",
    "read_throttling",
    "routes_of",
]

_Route = TypeVar("_Route", HttpRoute, RestRoute)
_Authorizer = TypeVar("_Authorizer", bound=ApiAuthorizer | RestAuthorizer)


# --- routes ---
def routes_of(functions: Iterable[Function], kind: type[_Route]) -> Iterator[tuple[Function, int, _Route]]:
    """Every route with its function and its place among the function's events."""
    for function in functions:
        for number, event in enumerate(function.events):
            if isinstance(event, kind):
                yield function, number, event


def read_scopes(table: Table) -> tuple[str, ...]:
    scopes = table.texts("scopes")
    if len(scopes) > MOST_SCOPES:
        what = f"found {len(scopes)} scopes; expected at most {MOST_SCOPES}"
        table.refuse("scopes", what, hint="one of them is enough to be let in")
    return scopes


def check_authorizer(
    table: Table, name: str, authorizers: Sequence[ApiAuthorizer | RestAuthorizer], *, api: str
) -> None:
    """Refuse a name that the API, which has the table ``api``, does not know."""
    known = [OPEN, IAM, *(each.key for each in authorizers)]
    if name not in known:
        hint = f"{did_you_mean(name, known)}; others are tables below [tool.multi_env_lambda.{api}.authorizers]"
        table.refuse("authorizer", f'there is no authorizer "{name}"', hint=hint)


# --- the API ---
def read_throttling(table: Table) -> tuple[int | None, int | None]:
    """Requests per second, and how many more at once."""
    if not table.has("throttling"):
        return None, None
    inner = table.table("throttling")
    inner.allow()
    inner.require("rate", hint="add `rate = …`, the requests per second")
    rate = inner.number("rate")
    return rate, inner.number("burst", default=min(rate, 5_000))


def read_retention(table: Table) -> int | None:
    """Of the access log, in days; None without a log."""
    if table.values.get("access_log") is False:
        return None
    inner = table.table("access_log")
    inner.allow()
    return int(inner.one_of_numbers("retention_days"))


# --- authorizers ---
def read_authorizers(
    table: Table,
    functions: tuple[Function, ...],
    read_one: Callable[[Table, str, tuple[Function, ...]], _Authorizer],
) -> tuple[_Authorizer, ...]:
    """Those of an API; ``read_one`` gets the table of each, its key, and the functions of the unit."""
    tables = table.subtables("authorizers")
    if len(tables) > MOST_AUTHORIZERS:
        what = f"found {len(tables)} authorizers; expected at most {MOST_AUTHORIZERS}"
        table.refuse("authorizers", what, hint="an API takes no more of them")
    plain: set[str] = set()
    for name, _ in tables:
        same = name.replace("-", "").replace("_", "")
        if not KEY.accepts(name) or name in (OPEN, IAM) or same in plain:
            what = f"found the name `{name}`; expected {KEY.allowed}, other than `{OPEN}` and `{IAM}`"
            table.table("authorizers").refuse(name, what, hint="names differ in letters or digits")
        plain.add(same)
    return tuple(read_one(inner, name, functions) for name, inner in tables)


def read_deciding_function(table: Table, functions: Iterable[Function]) -> str:
    """The key of the unit's function that an authorizer asks."""
    name = table.text("function")
    known = [function.key for function in functions]
    if name not in known:
        table.refuse("function", f"the unit has no function `{name}`", hint=did_you_mean(name, known))
    return name
