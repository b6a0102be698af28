"""The keys of what holds for all routes of a unit, and of the browsers that may call them."""

from __future__ import annotations

from multi_env_lambda.model.key import (
    ByName,
    Choice,
    Either,
    Flag,
    Inner,
    Key,
    Keys,
    Number,
    NumberOf,
    Rule,
    Text,
    Texts,
)
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.retention import RETENTION_DAYS

__all__ = [
    "ACCESS_LOG",
    "AUTHORIZER",
    "CORS",
    "HTTP_API",
    "MOST_AUDIENCES",
    "MOST_AUTHORIZERS",
    "PAYLOADS",
    "THROTTLING",
    "USER_POOL",
]

PAYLOADS = ("2.0", "1.0")
MOST_AUTHORIZERS = 10
MOST_AUDIENCES = 50

_METHODS = Rule(
    pattern=r"\*|GET|HEAD|POST|PUT|PATCH|DELETE",
    allowed='"*" or an HTTP method in upper case',
    hint="for example `GET`; `OPTIONS` is answered by AWS itself",
)
_ISSUER = Rule(
    pattern=r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#\s]*)?",
    allowed="an address that starts with https://",
    hint="it is the `iss` of the tokens, below which API Gateway finds the keys: `https://login.example.com/`",
)
USER_POOL = Rule(
    pattern=r"arn:aws:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[\w-]+_[0-9A-Za-z]+",
    allowed="the ARN of a user pool",
    hint='for example "arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_AbCdEfGhI"',
)
_HEADER = Rule(
    pattern=r"[A-Za-z0-9!#$%&'*+.^_`|~-]+",
    maximum=128,
    allowed="the name of a header",
    hint='for example "authorization"',
)
_STAGE = Rule(
    pattern=r"\$default|[A-Za-z0-9_-]+",
    maximum=128,
    allowed='"$default" or letters, digits, `_` and `-`',
    hint="a named stage is the first part of every path: https://HOST/STAGE/orders",
)
_TOKENS = 'issuer = "https://login.example.com/"\naudience = ["shop"]'
_POOL = (
    'user_pool = "arn:aws:cognito-idp:${region}:${account_id}:userpool/us-east-1_AbCdEfGhI"\n'
    'clients = ["1h57kf5cpq17m0eml12EXAMPLE"]'
)

CORS = Keys(
    title="Calls from a browser",
    header="[tool.multi_env_lambda.http_api.cors]",
    about="The same keys hold for ``cors`` of a function URL.",
    keys=(
        Key(
            "allow_origins",
            Texts(least=1),
            'The websites that may call it, or ``["*"]``.',
            'allow_origins = ["https://shop.example"]',
            required=True,
        ),
        Key(
            "allow_methods",
            Texts(_METHODS, least=1, default=("*",)),
            "The methods they may use.",
            'allow_origins = ["*"]\nallow_methods = ["GET", "POST"]',
        ),
        Key(
            "allow_headers",
            Texts(),
            "The headers that they may send.",
            'allow_origins = ["*"]\nallow_headers = ["content-type"]',
        ),
        Key(
            "expose_headers",
            Texts(),
            "The headers of an answer that they may read.",
            'allow_origins = ["*"]\nexpose_headers = ["etag"]',
        ),
        Key(
            "allow_credentials",
            Flag(False),
            'Whether they may send cookies and the like; not with ``allow_origins = ["*"]``.',
            'allow_origins = ["https://shop.example"]\nallow_credentials = true',
        ),
        Key(
            "max_age",
            Number(0, 86_400, 0),
            "For how many seconds a browser remembers all this.",
            'allow_origins = ["*"]\nmax_age = 3600',
        ),
    ),
)

AUTHORIZER = Keys(
    title="An authorizer",
    header="[tool.multi_env_lambda.http_api.authorizers.login]",
    about="``login`` is its key, which you choose. ``issuer`` and ``audience`` accept tokens; ``user_pool`` and\n"
    "``clients`` accept those of Cognito; ``function`` asks a function of the unit.",
    either=("issuer", "user_pool", "function"),
    keys=(
        Key("issuer", Text(_ISSUER), "Who makes the tokens, exactly as in their ``iss``.", _TOKENS),
        Key(
            "audience",
            Texts(least=1, most=MOST_AUDIENCES),
            "For whom the tokens are made (``aud``, or ``client_id``).",
            _TOKENS,
            default="required with ``issuer``",
        ),
        Key("user_pool", Text(USER_POOL), "The ARN of a user pool of Cognito.", _POOL),
        Key(
            "clients",
            Texts(least=1, most=MOST_AUDIENCES),
            "The ids of its app clients.",
            _POOL,
            default="required with ``user_pool``",
        ),
        Key("function", Text(), "The key of a function of the unit that decides.", 'function = "check"'),
        Key(
            "headers",
            Texts(_HEADER, default=("authorization",)),
            "The headers that a request must have; without them the function is not asked.",
            'function = "check"\nheaders = ["x-api-key"]',
        ),
        Key(
            "cache_seconds",
            Number(0, 3600, 0),
            "For how many seconds its answer holds for the same headers.",
            'function = "check"\ncache_seconds = 300',
        ),
    ),
)

THROTTLING = Keys(
    title="A limit for requests",
    header="[tool.multi_env_lambda.http_api.throttling]",
    keys=(
        Key("rate", Number(1, 10_000, 1), "Requests per second.", "rate = 100", required=True),
        Key(
            "burst",
            Number(1, 5_000),
            "How many more may come at once.",
            "rate = 100\nburst = 200",
            default="as ``rate``, up to 5,000",
        ),
    ),
)

ACCESS_LOG = Keys(
    title="The access log",
    header="[tool.multi_env_lambda.http_api.access_log]",
    keys=(
        Key(
            "retention_days",
            NumberOf(RETENTION_DAYS, 30),
            "How many days CloudWatch keeps it; 0 keeps it indefinitely.",
            "retention_days = 90",
        ),
    ),
)

HTTP_API = Keys(
    title="The HTTP API",
    header="[tool.multi_env_lambda.http_api]",
    about="If a function has a route, the unit has one HTTP API. This table says what holds for all routes.",
    keys=(
        Key(
            "stage",
            Text(_STAGE, "$default"),
            "The stage of the API. A name becomes the first part of every path.",
            'stage = "v1"',
        ),
        Key(
            "cors",
            Inner(CORS),
            "Which websites may call it from a browser.",
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
            ByName(Inner(AUTHORIZER), KEY, most=MOST_AUTHORIZERS, off=True),
            "Who else may decide, by key.",
            f"[tool.multi_env_lambda.http_api.authorizers.login]\n{_TOKENS}",
            default="none",
        ),
        Key(
            "payload",
            Choice(PAYLOADS, "2.0"),
            "The form in which functions get a request: :doc:`what-your-handler-gets`.",
            'payload = "1.0"',
        ),
        Key(
            "throttling",
            Inner(THROTTLING),
            "A limit for all requests.",
            "throttling = { rate = 100 }",
            default="the limit of the account",
            off=True,
        ),
        Key(
            "access_log",
            Either((Flag(True), Inner(ACCESS_LOG))),
            "The log of requests; ``false`` writes none.",
            "access_log = false",
            default="on",
        ),
    ),
)
