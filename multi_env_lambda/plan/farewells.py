"""What to know about a change that removes something, besides the questions: which callers fail, and what stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from multi_env_lambda.plan.changes import STAYS
from multi_env_lambda.plan.removal import NAMES
from multi_env_lambda.plan.resources import resources_of
from multi_env_lambda.plan.stateful import STATEFUL, body_holds_data

if TYPE_CHECKING:
    from multi_env_lambda.model.change import ResourceChange

__all__ = ["gone_notes", "stays_notes"]

_REST_API = "AWS::ApiGateway::RestApi"
_ROUTE = re.compile(r"Body\.paths\.(/.*)\.([a-z-]+)\.x-amazon-apigateway-integration\.type")


def stays_notes(released: str | None, sent: str | None, changes: Iterable[ResourceChange] = ()) -> tuple[str, ...]:
    """What a rollback leaves in the stack although its release does not have it.

    What ``changes`` recreate does not stay.
    """
    if released is None or sent is None or released == sent:
        return ()
    old, new = resources_of(released), resources_of(sent)
    anew = {change.logical_id for change in changes if change.action == "add"}
    names = sorted(new.keys() - old.keys() - anew)
    added = [(name, new[name]["Type"]) for name in names if body_holds_data(new[name])]
    return tuple(
        f"{name} ({type_}) stays, with its data: this release does not have it; the next deploy of one that does "
        "not have it asks whether to delete it"
        for name, type_ in added
    )


def gone_notes(changes: Iterable[ResourceChange]) -> tuple[str, ...]:
    """Callers of a function that is deleted or renamed, which will fail; and which logs and data stay or are deleted.

    Whether something that holds data may be deleted is a question of its own, and is not repeated here.
    """
    found = tuple(changes)
    notes = tuple(note for change in found if (note := _gone(change)) is not None)
    return (*notes, *(note for change in found if change.type == _REST_API for note in _routes_gone(change)))


def _routes_gone(change: ResourceChange) -> Iterator[str]:
    """Of a REST API that stays."""
    for item in change.properties if change.action == "modify" else ():
        if item.new is None and item.old != '"mock"' and (route := _ROUTE.fullmatch(item.path)) is not None:
            method = "ANY" if route[2].startswith("x-") else route[2].upper()
            yield f"the route {method} {route[1]} is deleted: requests that no other route takes get the status 403"


def _gone(change: ResourceChange) -> str | None:
    if change.action == "add" or (change.action == "modify" and change.replacement != "yes"):
        return None
    match change.type:
        case "AWS::ApiGateway::ApiKey":
            return f"{change.logical_id}: the API key is deleted; callers that use it get the status 403"
        case "AWS::Lambda::Url" | "AWS::ApiGateway::RestApi" | "AWS::ApiGateway::Stage":
            return f"{change.logical_id}: its URL is deleted; calls to it will fail"
        case "AWS::ApiGatewayV2::Api" | "AWS::ApiGatewayV2::Stage":
            return f"{change.logical_id}: its URL is deleted; calls to it will fail"
        case "AWS::ApiGatewayV2::Route":
            route = _old(change, "RouteKey") or change.logical_id
            return f"the route {route} is deleted: requests that no other route takes get the status 404"
        case "AWS::Lambda::Function":
            called = _old(change, "FunctionName") or change.logical_id
            return f"{called} is deleted: calls to this name or its ARN will fail"
        case _ if change.action == "remove" and change.type in STATEFUL:
            return _left(change)
        case _:
            return None


def _left(change: ResourceChange) -> str | None:
    name = next((name for path in NAMES if (name := _old(change, path))), "")
    named = f"{change.logical_id} ({change.type}{f' {name}' if name else ''})"
    if _old(change, "DeletionPolicy") in STAYS:
        return f"{named} leaves the stack but stays in the account, with its content"
    return None if change.destructive else f"{named} is deleted, with its content"


def _old(change: ResourceChange, path: str) -> str:
    """A property as it was, if it was a text."""
    text = next((item.old for item in change.properties if item.path == path), None)
    found = None if text is None else json.loads(text)
    return found if isinstance(found, str) else ""
