"""Plain data as YAML that people read: in blocks, and with each text as JSON writes it, which no text breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["yaml_of"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def yaml_of(document: Mapping[str, Any]) -> str:
    """The text, with its keys in their order.

    >>> print(yaml_of({"A": [{"B": "x: y"}, 1], "C": {}}), end="")
    A:
      - B: "x: y"
      - 1
    C: {}
    """
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _entry(f"{_key(key)}:", inner, "  ")
    elif isinstance(value, list) and value:
        for inner in value:
            first, *rest = _lines(inner) if not _is_block(inner) else ["|", *_in(inner, "  ")]
            yield f"- {first}"
            yield from (f"  {line}" if line else "" for line in rest)
    else:
        yield _scalar(value)


def _entry(name: str, value: Any, indent: str) -> Iterator[str]:
    if _is_block(value):
        yield f"{name} |"
        yield from _in(value, indent)
    elif isinstance(value, Mapping | list) and value:
        yield name
        yield from (f"{indent}{line}" if line else "" for line in _lines(value))
    else:
        yield f"{name} {_scalar(value)}"


def _is_block(value: Any) -> bool:
    """Whether a text of several lines is the same in a block, where it is easier to read."""
    if not isinstance(value, str) or not value.endswith("\n") or value.endswith("\n\n"):
        return False
    lines = value[:-1].split("\n")
    return (
        len(lines) > 1
        and not lines[0].startswith(" ")
        and all(re.fullmatch(r"[ -~]*[!-~]|", line) for line in lines)
        and bool(lines[0])
    )


def _in(text: str, indent: str) -> Iterator[str]:
    return (f"{indent}{line}" if line else "" for line in text[:-1].split("\n"))


def _scalar(value: Any) -> str:
    """As JSON writes it. What it writes in two halves, YAML would read as two characters."""
    if not isinstance(value, str):
        return json.dumps(value)
    return (
        '"' + "".join(json.dumps(sign)[1:-1] if ord(sign) < 1 << 16 else f"\\U{ord(sign):08x}" for sign in value) + '"'
    )


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) and key.lower() not in _WORDS else _scalar(key)
