"""What answers requests to a REST API: routes of functions, and the one REST API of the unit that has them."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.api_settings import OPEN, Cors
from multi_env_lambda.model.route import Route

__all__ = [
    "PoolAuthorizer",
    "RequestAuthorizer",
    "RestApi",
    "RestAuthorizer",
    "RestRoute",
    "TokenAuthorizer",
    "UsagePlan",
]


@attrs.frozen(kw_only=True)
class RestRoute:
    """Requests to one route of the unit's REST API. ``authorizer`` is ``none``, ``iam`` or the name of one of the API.

    ``api_key``: the caller has to send one, too; None is as the API says.
    """

    route: Route
    authorizer: str = OPEN
    scopes: tuple[str, ...] = ()
    api_key: bool | None = None


@attrs.frozen(kw_only=True)
class PoolAuthorizer:
    """Accepts the tokens of these user pools, whatever application they were made for, in one header."""

    key: str
    user_pools: tuple[str, ...]
    header: str = "Authorization"


@attrs.frozen(kw_only=True)
class TokenAuthorizer:
    """A function of the unit decides by one header; where that has another form than ``pattern``, it is not asked."""

    key: str
    function: str
    header: str = "Authorization"
    pattern: str = ""
    cache_seconds: int = 0


@attrs.frozen(kw_only=True)
class RequestAuthorizer:
    """A function of the unit decides by the whole request; ``headers`` and ``query`` distinguish the callers."""

    key: str
    function: str
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    cache_seconds: int = 0


RestAuthorizer = PoolAuthorizer | TokenAuthorizer | RequestAuthorizer


@attrs.frozen(kw_only=True)
class UsagePlan:
    """The API keys that the stack creates, and how many requests each of them may send; None is no limit."""

    keys: tuple[str, ...]
    rate: int | None = None
    burst: int | None = None
    quota: int | None = None
    period: str = "month"


@attrs.frozen(kw_only=True)
class RestApi:
    """What holds for all routes. ``rate`` and ``burst`` are requests per second; None is the account's limit.

    ``log_retention_days`` of the access log: 0 keeps it indefinitely, None writes none.
    """

    stage: str = "live"
    endpoint: str = "regional"
    cors: Cors | None = None
    authorizers: tuple[RestAuthorizer, ...] = ()
    usage_plan: UsagePlan | None = None
    binary_types: tuple[str, ...] = ()
    rate: int | None = None
    burst: int | None = None
    log_retention_days: int | None = None
