"""Reads which browsers may call a URL."""

from __future__ import annotations

from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.reading import Table

__all__ = ["read_cors"]


def read_cors(table: Table) -> Cors:
    table.allow()
    table.require("allow_origins")
    origins = table.texts("allow_origins")
    credentials = table.flag("allow_credentials")
    if credentials and "*" in origins:
        hint = "browsers refuse credentials with a wildcard origin; list the origins"
        table.refuse("allow_credentials", 'found true with `allow_origins = ["*"]`; expected false', hint=hint)
    return Cors(
        allow_origins=origins,
        allow_methods=table.texts("allow_methods"),
        allow_headers=table.texts("allow_headers"),
        expose_headers=table.texts("expose_headers"),
        allow_credentials=credentials,
        max_age=table.number("max_age"),
    )
