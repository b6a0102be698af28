"""Names of secrets in a template: what a role may read. Everybody may see a name, but nobody its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["is_a_name", "names_a_secret", "secret_names"]

# The end of an ARN in a role's policy, with the six characters that Secrets Manager appends (wildcards, or its own).
_OF_A_SECRET = re.compile(r""":secret:([^\\"*?]+?)-[?A-Za-z0-9]{6}(?=")""")
_A_NAME = re.compile(r"arn:[^\s\"]+|\{\{resolve:[^}]+\}\}")
_KEY = "_KEY"


def secret_names(template: str) -> frozenset[str]:
    """The names of all secrets that a template, as JSON, lets somebody read."""
    return frozenset(_OF_A_SECRET.findall(template))


def is_a_name(value: Any, names: frozenset[str]) -> bool:
    return isinstance(value, str) and (value in names or _A_NAME.fullmatch(value) is not None)


def names_a_secret(variable: str, beside: Mapping[str, Any], names: frozenset[str]) -> bool:
    """Whether a variable holds the name of a secret, or the key in a secret whose name is in its neighbour."""
    owner = variable.removesuffix(_KEY)
    return any(is_a_name(beside.get(each), names) for each in (variable, owner))
