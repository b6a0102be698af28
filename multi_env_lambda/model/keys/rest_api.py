"""The keys of what holds for all routes of a unit's REST API."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.key import ByName, Choice, Either, Flag, Inner, Key, Keys, Number, Rule, Text, Texts
from multi_env_lambda.model.keys.api import ACCESS_LOG, CORS, MOST_AUTHORIZERS, THROTTLING, USER_POOL
from multi_env_lambda.model.name import KEY

__all__ = ["REST_API", "REST_AUTHORIZER"]

_TABLE = "[tool.multi_env_lambda.rest_api"
_STAGE = Rule(
    pattern=r"[A-Za-z0-9_-]+",
    maximum=128,
    allowed="letters, digits, `_` and `-`",
    hint="it is the first part of every path: https://HOST/STAGE/orders",
)
_MEDIA_TYPE = Rule(
    pattern=r"[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+",
    maximum=128,
    allowed="a media type",
    hint='for example "image/png", "image/*" or "*/*"',
)
_POOLS = 'user_pools = ["arn:aws:cognito-idp:${region}:${account_id}:userpool/us-east-1_AbCdEfGhI"]'

_NAME = Rule(
    pattern=r"[A-Za-z0-9._$-]+",
    maximum=128,
    allowed="letters, digits and `._$-`",
    hint='for example "X-Token"',
)
_CORS_HEADER = Rule(
    pattern=r"\*|[A-Za-z0-9._-]+",
    maximum=128,
    allowed='"*" or the name of a header',
    hint='for example "content-type"',
)
_ORIGIN = Rule(
    pattern=r"\*|[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.:\[\]-]+",
    allowed='"*" or an origin',
    hint='an origin has no path: "https://shop.example"',
)


def _cors() -> tuple[Key, ...]:
    """Those of an HTTP API, but what is written into an answer of API Gateway is checked."""
    rules = {"allow_origins": Texts(_ORIGIN, least=1), "allow_headers": Texts(_CORS_HEADER)}
    return tuple(attrs.evolve(key, kind=rules.get(key.name, key.kind)) for key in CORS.without("expose_headers"))


REST_CORS = attrs.evolve(
    CORS,
    keys=_cors(),
    title="Calls from a browser to the REST API",
    header=f"{_TABLE}.cors]",
    about="API Gateway answers only the question that a browser asks before. Your function sends\n"
    "``access-control-allow-origin`` with each of its own answers.",
)

REST_AUTHORIZER = Keys(
    title="An authorizer of the REST API",
    header=f"{_TABLE}.authorizers.login]",
    about="``login`` is its key, which you choose. ``user_pools`` accept tokens of Cognito; ``function`` asks a "
    "function\nof the unit, which answers with a policy.",
    either=("user_pools", "function"),
    keys=(
        Key("user_pools", Texts(USER_POOL, least=1), "The ARNs of user pools of Cognito.", _POOLS),
        Key("function", Text(), "The key of a function of the unit that decides.", 'function = "check"'),
        Key(
            "decides_by",
            Choice(("token", "request"), "token"),
            "What the function gets: the value of one header, or the whole request.",
            'function = "check"\ndecides_by = "request"',
        ),
        Key(
            "headers",
            Texts(_NAME, default=("Authorization",)),
            "The header with the token. With ``request``: the headers that distinguish the callers.",
            'function = "check"\nheaders = ["X-Token"]',
        ),
        Key(
            "query",
            Texts(_NAME),
            "With ``request``: the parameters after the ``?`` that distinguish the callers.",
            'function = "check"\ndecides_by = "request"\nquery = ["token"]',
        ),
        Key(
            "pattern",
            Text(None, ""),
            "A regular expression for the token. Another one is refused, and the function is not asked.",
            'function = "check"\npattern = "Bearer .+"',
            default="none",
        ),
        Key(
            "cache_seconds",
            Number(0, 3600, 0),
            "For how many seconds an answer of the function holds for the same caller.",
            'function = "check"\ncache_seconds = 300',
        ),
    ),
)

REST_THROTTLING = attrs.evolve(THROTTLING, title="A limit for requests to the REST API", header=f"{_TABLE}.throttling]")
REST_ACCESS_LOG = attrs.evolve(ACCESS_LOG, title="The access log of the REST API", header=f"{_TABLE}.access_log]")

USAGE_PLAN = Keys(
    title="API keys",
    header=f"{_TABLE}.usage_plan]",
    about="Keys that callers send as ``x-api-key`` on routes with ``api_key``, and the limits for each key.\n"
    "AWS generates the values. A key tells who calls; it does not replace an authorizer.",
    keys=(
        Key("keys", Texts(KEY, least=1), "What each key is called.", 'keys = ["partners"]', required=True),
        Key(
            "rate",
            Number(1, 10_000),
            "Requests per second for each key.",
            'keys = ["partners"]\nrate = 10',
            default="no limit of its own",
            off=True,
        ),
        Key(
            "burst",
            Number(1, 5_000),
            "How many more may come at once.",
            'keys = ["partners"]\nrate = 10\nburst = 20',
            default="as ``rate``, up to 5,000",
            off=True,
        ),
        Key(
            "quota",
            Number(1, 2_147_483_647),
            "Requests in each ``period`` for each key.",
            'keys = ["partners"]\nquota = 10000',
            default="no limit",
            off=True,
        ),
        Key(
            "period",
            Choice(("day", "week", "month"), "month"),
            "The time to which ``quota`` applies.",
            'keys = ["partners"]\nquota = 500\nperiod = "day"',
        ),
    ),
)

REST_API = Keys(
    title="The REST API",
    header=f"{_TABLE}]",
    about="If a function has a route with ``rest``, the unit has one REST API. This table says what holds for all\n"
    "of these routes.",
    keys=(
        Key("stage", Text(_STAGE, "live"), "The stage of the API, the first part of every path.", 'stage = "v1"'),
        Key(
            "endpoint",
            Choice(("regional", "edge"), "regional"),
            "``edge`` puts CloudFront in front of the API, for callers on several continents.",
            'endpoint = "edge"',
        ),
        Key(
            "cors",
            Inner(REST_CORS),
            "Which website may call it from a browser.",
            'cors = { allow_origins = ["https://shop.example"] }',
            default="none",
            off=True,
        ),
        Key(
            "authorizer",
            Text(None, "none"),
            "Who may call the routes that name no other: ``none``, ``iam``, or a key of ``authorizers``.",
            'authorizer = "iam"',
        ),
        Key(
            "authorizers",
            ByName(Inner(REST_AUTHORIZER), KEY, most=MOST_AUTHORIZERS, off=True),
            "Who else may decide, by key.",
            f"{_TABLE}.authorizers.login]\n{_POOLS}",
            default="none",
        ),
        Key(
            "api_key",
            Flag(False),
            "Whether routes that do not say it themselves need an API key of ``usage_plan``.",
            'api_key = true\nusage_plan = { keys = ["partners"] }',
        ),
        Key(
            "usage_plan",
            Inner(USAGE_PLAN),
            "API keys and their limits.",
            'usage_plan = { keys = ["partners"] }',
            default="none",
            off=True,
        ),
        Key(
            "binary_types",
            Texts(_MEDIA_TYPE),
            "Media types whose content is no text: requests with them arrive in Base64, and answers are sent as bytes\n"
            "if the caller accepts one of them.",
            'binary_types = ["image/*"]',
        ),
        Key(
            "throttling",
            Inner(REST_THROTTLING),
            "A limit for the requests to each route.",
            "throttling = { rate = 100 }",
            default="the limit of the account",
            off=True,
        ),
        Key(
            "access_log",
            Either((Flag(False), Inner(REST_ACCESS_LOG))),
            "A log of requests. Your account needs a role for it:\n:doc:`../02-How-To/rest-apis`.",
            "access_log = { retention_days = 90 }",
        ),
    ),
)
