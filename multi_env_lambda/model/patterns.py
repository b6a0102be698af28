"""Patterns of files, with the meaning that they have in a ``.gitignore``; without ``!``, since there are two lists.

Source: https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from multi_env_lambda.model.key import Rule

__all__ = ["PATTERN", "matches"]

PATTERN = Rule(
    pattern=r"(?!/)(?!(.*/)?\.{1,2}(/|$))(?!.*//)[^\\!\0\n\r][^\\\0\n\r]{0,199}",
    allowed="a pattern of files below the unit's folder, with `/`",
    hint='as in a .gitignore: "*.csv", "data/raw/" or "docs/**/*.md"',
)


def matches(pattern: str, path: str) -> bool:
    """Whether a file, by its path from the top, is named by the pattern, or lies in a folder that is.

    >>> [matches("raw", path) for path in ("raw/a.csv", "data/raw", "draw")]
    [True, True, False]
    >>> [matches("data/*.csv", path) for path in ("data/a.csv", "data/raw/a.csv", "more/data/a.csv")]
    [True, False, False]
    """
    parts, words = path.split("/"), pattern.rstrip("/").split("/")
    folders = range(1, len(parts) + (0 if pattern.endswith("/") else 1))
    if len(words) == 1:
        words = ["**", *words]
    return any(_whole(words, parts[:end]) for end in folders)


def _whole(words: Sequence[str], parts: Sequence[str]) -> bool:
    """In one pass over the words: at which parts what comes next may begin."""
    begins = {0}
    for number, word in enumerate(words):
        if word == "**":
            least = 1 if number == len(words) - 1 and number else 0
            begins = {after for begin in begins for after in range(begin + least, len(parts) + 1)}
        else:
            begins = {begin + 1 for begin in begins if begin < len(parts) and fnmatch.fnmatchcase(parts[begin], word)}
    return len(parts) in begins
