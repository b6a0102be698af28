"""What answers HTTP requests: routes of functions, and the one API of the unit that they are routes of."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.route import Route

__all__ = ["IAM", "OPEN", "ApiAuthorizer", "Cors", "HttpApi", "HttpRoute", "JwtAuthorizer", "LambdaAuthorizer"]

OPEN = "none"
"""The authorizer of a route that everybody may call."""

IAM = "iam"
"""The authorizer of a route that needs a signature, and a policy that allows the caller ``execute-api:Invoke``."""


@attrs.frozen(kw_only=True)
class Cors:
    """Which browsers may call a function's URL or an API."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ("*",)
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0


@attrs.frozen(kw_only=True)
class HttpRoute:
    """Requests to one route of the unit's HTTP API. ``authorizer`` is ``none``, ``iam`` or the name of one of the API.

    ``payload`` is the version of the form in which the function receives a request.
    """

    route: Route
    authorizer: str = OPEN
    scopes: tuple[str, ...] = ()
    payload: str = "2.0"


@attrs.frozen(kw_only=True)
class JwtAuthorizer:
    """Accepts the tokens of one issuer that are for one of the audiences."""

    key: str
    issuer: str
    audience: tuple[str, ...]


@attrs.frozen(kw_only=True)
class LambdaAuthorizer:
    """A function of the unit decides; ``headers`` are those without which it is not asked."""

    key: str
    function: str
    headers: tuple[str, ...] = ("authorization",)
    cache_seconds: int = 0


ApiAuthorizer = JwtAuthorizer | LambdaAuthorizer


@attrs.frozen(kw_only=True)
class HttpApi:
    """What holds for all routes. ``rate`` and ``burst`` are requests per second; None is the account's limit.

    ``log_retention_days`` of the access log: 0 keeps it indefinitely, None writes none.
    """

    stage: str = "$default"
    cors: Cors | None = None
    authorizers: tuple[ApiAuthorizer, ...] = ()
    rate: int | None = None
    burst: int | None = None
    log_retention_days: int | None = 30
