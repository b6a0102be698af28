"""Files in YAML as values, read by libyaml: a property test reads hundreds, and Python is ten times slower."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml

__all__ = ["yaml_in"]


@lru_cache(maxsize=256)
def yaml_in(text: str) -> Any:
    """What stands in the text. Nobody may change it: the same text is read once."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
