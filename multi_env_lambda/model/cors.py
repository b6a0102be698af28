"""Reads which browsers may call a URL."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.reading import Rule, Table

__all__ = ["read_cors"]

_METHODS = Rule(
    pattern=r"\*|GET|HEAD|POST|PUT|PATCH|DELETE",
    allowed='"*" or an HTTP method in upper case',
    hint="for example `GET`; `OPTIONS` is answered by AWS itself",
)


def read_cors(table: Table) -> Cors:
    allowed = attrs.fields_dict(Cors)
    table.allow(allowed)
    table.require("allow_origins")
    origins = table.texts("allow_origins", least=1)
    credentials = table.flag("allow_credentials", False)
    if credentials and "*" in origins:
        hint = "browsers refuse credentials with a wildcard origin; list the origins"
        table.refuse("allow_credentials", 'found true with `allow_origins = ["*"]`; expected false', hint=hint)
    return Cors(
        allow_origins=origins,
        allow_methods=table.texts("allow_methods", rule=_METHODS, least=1)
        if "allow_methods" in table.values
        else ("*",),
        allow_headers=table.texts("allow_headers"),
        expose_headers=table.texts("expose_headers"),
        allow_credentials=credentials,
        max_age=table.number("max_age", 0, 86_400, 0),
    )
