"""The routes of a REST API that is written as a document, as far as they can be read without a doubt.

Only a document of the form that this library writes is read: its routes call functions of the same stack, with no role
of their own. Of any other it cannot be said who may call what, so the plan asks about it as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.rest_route import WORDS
from multi_env_lambda.plan.computed import Computed, is_computed, type_of

__all__ = ["open_routes"]

_METHODS = {word: method for method, word in WORDS.items()}
_INTEGRATION = "x-amazon-apigateway-integration"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_KIND = "x-amazon-apigateway-authtype"
_TOP = {"openapi", "info", "paths", "components", "x-amazon-apigateway-gateway-responses"}
_TOP |= {"x-amazon-apigateway-binary-media-types"}
_OF_A_ROUTE = {"responses", "parameters", "security", _INTEGRATION}
_OF_A_SCHEME = {"type", "name", "in", _KIND, _AUTHORIZER}
_KNOWN_BY = {"awsSigv4": False, "custom": True, "cognito_user_pools": True}
"""Who is let in, and whether that needs an authorizer."""
_CALLED = re.compile(
    r"arn:[^:${}]*:apigateway:[^:${}]*:lambda:path/2015-03-31/functions/(\$\{[A-Za-z0-9]+\})/invocations"
)


def open_routes(properties: Mapping[str, Any], computed: Computed) -> tuple[str, ...] | None:
    """The routes that anyone may call, such as ``GET /orders``; None if the document cannot be read.

    Args:
        properties: those of the API.
    """
    body: Any = properties.get("Body")
    if "BodyS3Location" in properties or not _is_table(body, _TOP):
        return None
    components = body.get("components", {})
    if not _is_table(components, {"securitySchemes"}):
        return None
    closing = _closing(components.get("securitySchemes", {}), computed)
    found = None if closing is None else list(_routes(body.get("paths"), closing, computed))
    return None if found is None or None in found else tuple(text for text in found if text)


def _routes(paths: Any, closing: frozenset[str], computed: Computed) -> Iterator[str | None]:
    """Each open route; an empty text for one that is not, and None for one that cannot be read."""
    if not _is_table(paths):
        yield None
        return
    for path, methods in paths.items():
        if not _is_table(methods, set(_METHODS)):
            yield None
            continue
        for word, route in methods.items():
            is_open = _is_open(route, closing, computed)
            yield None if is_open is None else f"{_METHODS[word]} {path}" if is_open else ""


def _is_open(route: Any, closing: frozenset[str], computed: Computed) -> bool | None:
    if not _is_table(route, _OF_A_ROUTE):
        return None
    behind = route.get(_INTEGRATION)
    if not _is_table(behind) or "credentials" in behind:
        return None
    if behind.get("type") == "mock":
        return False  # it calls nobody
    if behind.get("type") != "aws_proxy" or not _is_own(behind.get("uri"), computed):
        return None
    security = route.get("security", [])
    if not isinstance(security, list) or not all(_is_table(each) and each for each in security):
        return None
    return closing.isdisjoint(name for each in security for name in each)


def _closing(schemes: Any, computed: Computed) -> frozenset[str] | None:
    """The names under which somebody has to be known; None if one of them cannot be read."""
    if not _is_table(schemes):
        return None
    found = set()
    for name, scheme in schemes.items():
        if not _is_table(scheme, _OF_A_SCHEME) or not isinstance(scheme.get(_KIND, ""), str):
            return None
        if _KIND not in scheme:
            continue  # an API key: it says who calls, and closes nothing
        kind, authorizer = scheme[_KIND], scheme.get(_AUTHORIZER)
        if kind not in _KNOWN_BY or _KNOWN_BY[kind] is not (authorizer is not None):
            return None
        if authorizer is not None and not _is_readable(authorizer, computed):
            return None
        found.add(name)
    return frozenset(found)


def _is_readable(authorizer: Any, computed: Computed) -> bool:
    if not _is_table(authorizer) or "authorizerCredentials" in authorizer:
        return False
    if authorizer.get("type") == "cognito_user_pools":
        return True
    return authorizer.get("type") in ("token", "request") and _is_own(authorizer.get("authorizerUri"), computed)


def _is_own(uri: Any, computed: Computed) -> bool:
    """Whether it calls an alias of the same stack."""
    found = _CALLED.fullmatch(computed.text(uri))
    return found is not None and type_of(found[1], computed.types) == "AWS::Lambda::Alias"


def _is_table(value: Any, keys: set[str] | None = None) -> bool:
    return isinstance(value, dict) and not is_computed(value) and (keys is None or value.keys() <= keys)
