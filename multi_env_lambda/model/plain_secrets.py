"""Secrets in plain text where a reference should be: in a unit's settings, and in a finished template.

Only what is certainly a secret is refused; what may be one is only masked.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from multi_env_lambda.masking import form_of, forms_in, in_a_header
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import PlainValue, Settings

__all__ = [
    "HOW_TO_REFER",
    "check_plain_secrets",
    "excuses",
    "plain_secret",
    "read_not_secret",
    "says_so",
    "secrets_among",
]

HOW_TO_REFER = 'write the name of one, { secret = "orders/db" }'

# How the name of a variable ends, apart from a number, an environment or a version: TOKEN_URL, PASSWORD_MIN_LENGTH,
# SECRET_NAME, DB_SECRET_ARN, BYPASS and the folder PWD are settings.
_MORE = r"(?:_?\d{1,3}|_(?:prod|production|staging|stage|test|dev|value|text|plain|old|new|current|previous))*$"
_IS_A_PASSWORD = re.compile(rf"(?i)(?:password|passwd|passphrase|(?:^|_)pass|_pwd|(?-i:[a-z](?:Pass|Pwd))){_MORE}")
_IS_A_KEY = re.compile(rf"(?i)(?:signing|encryption)_?key{_MORE}")
_HOLDS_A_SECRET = re.compile(
    rf"(?i)(?:secret|token|credentials?|(?:api|secret|private|access)_?key|secret_?key_?base){_MORE}"
)
_MAY_HOLD_ONE = re.compile(rf"(?i)(?:creds|auth|authorization){_MORE}")
"""With a value that is one by its form: a user and a password, or the value of a header."""
_USER_AND_PASSWORD = re.compile(r"[^\s:/{}]+:[^\s:/]\S{3,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # the id of a KMS key
# A name (an ARN, `/orders/db`, `orders/db`, a dynamic reference, an address), a switch, a small number.
_NO_SECRET = re.compile(
    r"arn:\S*|\{\{resolve:[^}]*\}\}|\$?\{[^}]*\}|[a-z]+://\S*|/?[a-z0-9_.-]{1,40}(?:/[a-z0-9_.-]{1,40})+|/[\w./-]+"
    r"|(?i:true|false|yes|no|on|off|none|null|enabled|disabled)|\*+",
    re.ASCII,
)
_SMALL_NUMBER = re.compile(r"\d{0,6}", re.ASCII)
_SWITCH = re.compile(r"\d?", re.ASCII)  # a password is a number, too: 123456
_SHORTEST = 6  # anything shorter occurs in every other word


def says_so(name: str) -> bool:
    """Whether the value of this variable, argument or property can only be a secret."""
    name = name.replace("-", "_")
    return any(pattern.search(name) for pattern in (_IS_A_PASSWORD, _IS_A_KEY, _HOLDS_A_SECRET))


def _is_one(name: str, value: str) -> bool:
    """Whether the name says secret, and the value is one and neither the name of one nor a setting."""
    name = name.replace("-", "_")
    if _MAY_HOLD_ONE.search(name):
        return in_a_header(value) or (_USER_AND_PASSWORD.fullmatch(value) is not None and not _NO_SECRET.match(value))
    number = _SWITCH if _IS_A_PASSWORD.search(name) else _SMALL_NUMBER
    if not says_so(name) or _NO_SECRET.fullmatch(value) or number.fullmatch(value):
        return False
    return not (_IS_A_KEY.search(name) and _UUID.fullmatch(value))


def plain_secret(name: str, value: str) -> str | None:
    """What a setting reveals, or None. An empty text, a switch, a small number or another thing's name reveals nothing.

    >>> plain_secret("DB_PASSWORD", "hunter2")
    'a literal where the name says secret'
    >>> plain_secret("PASSWORD_MIN_LENGTH", "twelve"), plain_secret("DB_PASSWORD", "")
    (None, None)
    """
    return form_of(value) or literal_secret(name, value)


def literal_secret(name: str, value: str) -> str | None:
    """The same, by the name alone."""
    return "a literal where the name says secret" if _is_one(name, value) else None


def secrets_among(environment: Mapping[str, str]) -> frozenset[str]:
    """The secret values of a process's variables, as they are, in base64, and as escaped in an address."""
    found = {value for name, value in environment.items() if _is_one(name, value)}
    for value in environment.values():
        found |= {value[start:end] for _, start, end in forms_in(value)}
    return frozenset(form for value in found if len(value) >= _SHORTEST for form in _written(value))


def _written(value: str) -> Iterator[str]:
    yield from (value, quote(value, safe=""), quote(value), quote_plus(value), unquote(value))
    body = value.encode("utf-8", "surrogateescape")
    # In base64 a value looks different after one or two other bytes; what its neighbours change is left out.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + body).rstrip(b"=").decode("ascii")
        inner = encoded[(0, 2, 3)[before] : len(encoded) - bool((before + len(body)) % 3)]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


def read_not_secret(table: Table) -> tuple[tuple[str, str], ...]:
    """What looks like a secret but is not one, with the reason: files by their path, variables as `function.NAME`."""
    for key in table.values:
        if not table.text(key, hint="write why it is not a secret").strip():
            table.wrong(key, allowed="a reason", hint="write why it is not a secret")
    return tuple((key, table.text(key)) for key in sorted(table.values))


def excuses(not_secret: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The notes about them that every plan and build shows."""
    return tuple(f"{what} is not a secret according to pyproject.toml: {reason}" for what, reason in not_secret)


def check_plain_secrets(table: Table, settings: Settings, not_secret: Iterable[str]) -> None:
    """Refuse the first literal of a function's variables, or of a job's arguments, that is a secret."""
    excused = frozenset(not_secret)
    for function in settings.functions:
        inner = table.table("functions").table(function.key).table("environment")
        literals = {name: value.text for name, value in function.environment if isinstance(value, PlainValue)}
        _check(inner, function.key, literals, excused, hint=HOW_TO_REFER)
        if function.smoke is not None:
            smoke = {"payload": function.smoke.payload, "expect": function.smoke.expect or ""}
            inner = table.table("functions").table(function.key).table("smoke")
            _check(
                inner,
                function.key,
                smoke,
                excused,
                hint="let the function read it; a release keeps what is written here",
            )
    for job in settings.jobs:
        inner = table.table("jobs").table(job.key).table("arguments")
        hint = "pass the name of one to the job, and let it read that"
        _check(inner, job.key, dict(job.arguments), excused, hint=hint)


def _check(table: Table, key: str, literals: Mapping[str, str], excused: frozenset[str], *, hint: str) -> None:
    for name, text in literals.items():
        kind = None if f"{key}.{name}" in excused else plain_secret(name, text)
        if kind is not None:
            more = f'{hint}; if it is not one: not_secret."{key}.{name}" = "why"'
            table.refuse(name, f"found {kind}", hint=more)
