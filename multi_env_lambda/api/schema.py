"""The JSON schemas of the two kinds of ``pyproject.toml``, for editors and other tools."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from multi_env_lambda.api.arguments import checked
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["FILES", "configuration_schema"]

FILES = ("workspace", "unit")


@checked
def configuration_schema(file: str) -> dict[str, Any]:
    """The JSON schema of ``[tool.multi_env_lambda]`` in one of the two files; it accepts anything in other tables.

    >>> configuration_schema("unit")["title"]
    'pyproject.toml of a unit of multi_env_lambda'

    Args:
        file: ``workspace``, the ``pyproject.toml`` at the top of the repository; or ``unit``, that of a unit.

    Raises:
        ConfigurationError: there is no such file.
    """
    if file not in FILES:
        hint = did_you_mean(file, FILES, listed=True)
        raise ConfigurationError("schema", f"found `{file}`; expected {enumerated(FILES)}", hint=hint)
    found: dict[str, Any] = json.loads(_text(file))
    return found


def _text(file: str) -> str:
    return (resources.files("multi_env_lambda") / "schema" / f"{file}.json").read_text(encoding="utf-8")
