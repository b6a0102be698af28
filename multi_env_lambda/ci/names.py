"""Names that people give in Git, and what may be made of them elsewhere.

A branch may be called ``feat/$(id)`` or ``a"b``. Such a name is kept as the text that it is, and goes to Git as one
argument that begins with ``refs/``. Where a name is needed that AWS takes, it is made here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from multi_env_lambda.model.ci import BRANCH_PREFIX
from multi_env_lambda.model.name import PROJECT_NAME

__all__ = ["commit_id", "environment_of_branch", "is_ref_name", "looks_like_a_release", "quoted", "unit_of_tag"]

_LONGEST_REF = 244
_LONGEST_SLUG = 9
_HASH = 8
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|\.$|/$|^/")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_SHOWN = 80


def is_ref_name(name: str) -> bool:
    """Whether Git takes it as the name of a branch or tag.

    Source: https://git-scm.com/docs/git-check-ref-format; 244 bytes are the most that GitHub takes.

    >>> [is_ref_name(name) for name in ("feat/$(id)", "a b", "../x", "-n")]
    [True, False, False, False]
    """
    if not name or name in ("@", "HEAD") or name.startswith("-") or _NOT_IN_A_REF.search(name):
        return False
    return len(name.encode()) <= _LONGEST_REF


def commit_id(text: str) -> str:
    """The id of a commit; empty for zeros, by which hosts say "nothing", and for anything else.

    >>> commit_id("0" * 40), commit_id("$(id)")
    ('', '')
    """
    return text if _COMMIT.fullmatch(text) and text.strip("0") else ""


def quoted(text: str) -> str:
    """A foreign text in a sentence for people: nothing in it acts on a terminal, a log or the sentence.

    >>> quoted("main\\u202e`x")
    '`main\\\\u202e\\\\x60x`'
    """
    plain = (sign if sign.isprintable() and sign != "`" else _escaped(sign) for sign in text[:_LONGEST_SHOWN])
    return f"`{''.join(plain)}{'…' if len(text) > _LONGEST_SHOWN else ''}`"


def _escaped(sign: str) -> str:
    return f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}"


def environment_of_branch(branch: str) -> str:
    """The name of a branch's own environment: what can be read of the branch's name, and a hash that tells it apart.

    The same branch always has the same. It is a name that every environment may have (``model/name.py``), and 40 bits
    of hash: of 500 branches at once, two share one in one of ten million workspaces.

    >>> environment_of_branch("feature/Invoices")
    'b-feature-i-tymznrwk'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower(), flags=re.ASCII).strip("-")[:_LONGEST_SLUG].strip("-")
    hashed = base64.b32encode(hashlib.sha256(branch.encode("utf-8", "surrogatepass")).digest()).decode().lower()
    return BRANCH_PREFIX + "-".join(filter(None, [slug, hashed[:_HASH]]))


def looks_like_a_release(tag: str) -> bool:
    """Whether the tag may be ``unit-version`` of some unit."""
    return any(
        PROJECT_NAME.accepts(tag[:place]) and _version(tag[place + 1 :]) is not None
        for place, sign in enumerate(tag)
        if sign == "-"
    )


def unit_of_tag(tag: str, units: Mapping[str, str]) -> tuple[str, str] | str:
    """The unit that a tag releases and its version; or why it releases none.

    Args:
        units: name -> the version that its ``pyproject.toml`` says at the tag.

    >>> unit_of_tag("orders-0.1.1", {"orders": "0.1.1"})
    ('orders', '0.1.1')
    >>> unit_of_tag("orders-0.1.1", {"orders": "0.1.0"})
    'the tag says 0.1.1, the pyproject.toml of orders says `0.1.0`'
    """
    named = [(unit, said) for unit in sorted(units, key=len) if (said := _version_after(unit, tag)) is not None]
    if not named:
        return f"the tag {quoted(tag)} is no unit's name and a version"
    agreed = [unit for unit, said in named if _version(units[unit]) == said]
    if agreed:
        return agreed[-1], units[agreed[-1]]
    unit, said = named[-1]
    return f"the tag says {said}, the pyproject.toml of {unit} says {quoted(units[unit]) if units[unit] else 'none'}"


def _version_after(unit: str, tag: str) -> Version | None:
    return _version(tag[len(unit) + 1 :]) if tag.startswith(f"{unit}-") else None


def _version(text: str) -> Version | None:
    try:
        return Version(text) if len(text) <= 60 else None
    except InvalidVersion:
        return None
