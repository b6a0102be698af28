"""Our table as TOML in the form in which people write it: a header for each function, and short tables inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["toml_of"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BY_KEY = frozenset(
    {"functions", "jobs", "tables", "queues", "topics", "buckets", "parameters", "secrets", "state_machines"}
)
_DOTTED = frozenset({"environment"})
_WIDTH = 120


def toml_of(table: Mapping[str, Any], header: str = "tool.multi_env_lambda") -> str:
    """The text; ``header`` is the name of the table.

    >>> print(toml_of({"runtime": "python3.13", "functions": {"a": {"handler": "a.b", "environment": {"X": "1"}}}}))
    [tool.multi_env_lambda]
    runtime = "python3.13"
    <BLANKLINE>
    [tool.multi_env_lambda.functions.a]
    handler = "a.b"
    environment.X = "1"
    <BLANKLINE>
    """
    return "\n".join(_sections(table, header))


def _sections(table: Mapping[str, Any], header: str) -> Iterator[str]:
    """Blocks of lines, each with its header, and each with a line break at its end."""
    inner: list[str] = []
    lines: list[str] = []
    for key, value in table.items():
        if key in _BY_KEY and isinstance(value, Mapping):
            for name, one in value.items():
                inner += _block(one, f"{header}.{_key(key)}.{_key(name)}")
        elif key == "environments":
            for name, one in value.items():
                inner += [text for text in _sections(one, f"{header}.environments.{_key(name)}")]
        elif key in ("http_api", "rest_api"):
            inner += _block(value, f"{header}.{key}")
        else:
            lines += _lines(key, value)
    if lines or not inner:
        yield "".join(f"{line}\n" for line in (f"[{header}]", *lines))
    yield from inner


def _block(value: Any, header: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{header.rpartition('.')[2]} = {_inline(value)}\n"]
    lines = [f"[{header}]", *(line for key, one in value.items() for line in _lines(key, one))]
    return ["".join(f"{line}\n" for line in lines)]


def _lines(key: str, value: Any) -> Iterator[str]:
    if key in _DOTTED and isinstance(value, Mapping):
        for name, one in value.items():
            yield f"{_key(key)}.{_key(name)} = {_inline(one)}"
        return
    text = f"{_key(key)} = {_inline(value)}"
    if isinstance(value, list | tuple) and len(text) > _WIDTH:
        yield f"{_key(key)} = ["
        yield from (f"  {_inline(one)}," for one in value)
        yield "]"
    else:
        yield text


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    match value:
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {_inline(one)}" for key, one in value.items() if one is not None)
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(_inline(one) for one in value)}]"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            return _text(str(value))
