"""Secrets in a finished template, wherever they come from: everybody who may see a stack may read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.masking import form_of
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.plain_secrets import HOW_TO_REFER, literal_secret
from multi_env_lambda.plan.secret_names import names_a_secret, secret_names
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_plain_secrets"]

_HINT = f"{HOW_TO_REFER}, or a dynamic reference"
_VARIABLES = frozenset({"Variables", "DefaultArguments", "EnvironmentVariables"})
"""Properties whose names people choose, with the same rules as in a unit's table."""
# Of the properties that AWS names, those that hold a secret's value; RefreshToken may be a time unit.
_HOLDS_A_SECRET = re.compile(r"\w*(?:Password|Passphrase|SecretString|ClientSecret|AuthToken)")
_NOT_A_VALUE = re.compile(r"\s*|\{\{resolve:[^}]*\}\}|arn:\S+|\*+")


def check_plain_secrets(document: Json, excused: frozenset[str], *, where: str) -> None:
    """Raise the first; ``excused`` are paths of values, with dots, that somebody declared not to be secrets.

    Raises:
        ConfigurationError: with the path of the value, never with the value.
    """
    names = secret_names(canonical_json(document))
    every = tuple(_texts(document.get("Resources", {}), ()))
    # One search of everything instead of one per text: there are some hundred texts, and hardly ever a secret.
    suspect = form_of("\n".join(text for _, text, _ in every)) is not None
    for path, text, beside in every:
        kind = _kind(path, text, beside, names) or (form_of(text) if suspect else None)
        if kind is not None and ".".join(path) not in excused:
            more = f'if it is not one: not_secret."{".".join(path)}" = "why"'
            raise ConfigurationError(where, f"{'.'.join(path)} has {kind}", hint=f"{_HINT}; {more}")
    for name, parameter in document.get("Parameters", {}).items():
        default = str(parameter.get("Default", ""))
        if str(parameter.get("NoEcho", "")).lower() == "true" and not _NOT_A_VALUE.fullmatch(default):
            what = f"the parameter {name} is never shown (NoEcho), but its default is in the template"
            raise ConfigurationError(where, what, hint=_HINT)


def _kind(path: tuple[str, ...], text: str, beside: Json, names: frozenset[str]) -> str | None:
    """What the name of a value reveals."""
    if len(path) > 1 and path[-2] in _VARIABLES:
        return None if names_a_secret(path[-1], beside, names) else literal_secret(path[-1], text)
    is_value = _HOLDS_A_SECRET.fullmatch(path[-1]) is not None and not _NOT_A_VALUE.fullmatch(text)
    return "a literal where AWS expects a secret" if is_value else None


def _texts(value: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Json]]:
    """Every text with its path and its neighbours."""
    for key, each in value.items():
        match each:
            case str():
                yield (*path, key), each, value
            case dict():
                yield from _texts(each, (*path, key))
            case list():
                yield from _texts({str(position): item for position, item in enumerate(each)}, (*path, key))
            case _:
                pass
