"""A text with something in it that each environment has a value for."""

from __future__ import annotations

import attrs

__all__ = ["Filled", "Symbol"]


@attrs.frozen
class Symbol:
    """Something that each environment has a value for, such as its name."""

    name: str
    """What our tables call it: ``environment``, ``region``, ``account_id``."""
    value: str
    """What it is in the environment that is being read."""


@attrs.frozen
class Filled:
    """A text with symbols in it."""

    parts: tuple[str | Symbol, ...]
