"""The statements of all policies of a resource, wherever they are; also as text, and what cannot be read.

The way to a statement begins with ``OPTIONAL`` if the template may leave it out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.computed import Computed, Json, is_computed, is_unread

__all__ = ["NAMED_AT_WILL", "OPTIONAL", "statements"]

OPTIONAL = "Fn::If"

NAMED_AT_WILL = ("Variables", "DefaultArguments", "Tags")
"""Properties whose keys their author chooses."""

_EXPECTED = re.compile(r".*(?:Policy|Policies|PolicyDocument|PolicyText)")
"""Properties that are, or may be, policies."""

_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
"""The elements of a statement, as IAM writes them. One that is written otherwise may be ignored, or may count.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

_Path = tuple[str, ...]


def statements(value: Any, computed: Computed, path: _Path = ()) -> Iterator[tuple[_Path, Json | str]]:
    """Each statement with the keys on the way to it; a text instead is what cannot be read before it is computed."""
    match value:
        case dict() if "Statement" in value:
            yield from _of_policy(value["Statement"], computed, path)
            # A property that is called so hides none beside it.
            beside = {key: each for key, each in value.items() if key != "Statement"}
            yield from _of_properties(beside, computed, path[:1] if path[:1] == (OPTIONAL,) else ())
        case {"Fn::If": [_, *sides]}:
            yield from (found for side in sides for found in statements(side, computed, (OPTIONAL, *path)))
        case dict() if is_computed(value):
            if value != {"Ref": "AWS::NoValue"}:
                yield from _of_text(computed.text(value), value, computed, path)
        case dict():
            yield from _of_properties(value, computed, path)
        case list():
            yield from (found for each in value for found in statements(each, computed, path))
        case str():
            yield from _of_text(value, value, computed, path)
        case _:
            return


def _of_properties(value: Json, computed: Computed, path: _Path) -> Iterator[tuple[_Path, Json | str]]:
    is_expected = bool(path) and _EXPECTED.fullmatch(path[-1]) is not None
    if is_expected and (path[-1].endswith("PolicyDocument") or any(key.casefold() == "statement" for key in value)):
        yield path, canonical_json(value)
    for key, each in value.items():
        yield from statements(each, computed, (*path, key))


def _of_text(text: str, value: Any, computed: Computed, path: _Path) -> Iterator[tuple[_Path, Json | str]]:
    written = value if isinstance(value, str) else canonical_json(value)
    loaded = None if not isinstance(value, str) and text == written else _loaded(text)
    if loaded is not None:
        # A text is not a template: nothing in it is computed a second time.
        yield from statements(loaded, attrs.evolve(computed, parameters={}), path)
    elif _is_due(text, path) or '"Statement"' in text:
        yield path, written
    elif isinstance(value, dict):
        yield from _of_properties(value, computed, path)


def _of_policy(inner: Any, computed: Computed, path: _Path) -> Iterator[tuple[_Path, Json | str]]:
    if isinstance(inner, list):
        yield from (found for each in inner for found in _of_policy(each, computed, path))
        return
    if isinstance(inner, dict) and OPTIONAL in inner:
        path = (OPTIONAL, *path)
    for each in computed.each(inner):
        if isinstance(each, dict) and "Effect" in each and set(each) <= _ELEMENTS:
            yield path, each
        elif isinstance(each, str) or is_computed(each):
            text = computed.text(each)
            found = _loaded(text) if text != canonical_json(each) else None
            if found is None:
                yield path, text
            else:
                yield from _of_policy(found, attrs.evolve(computed, parameters={}), path)
        elif not path or _EXPECTED.fullmatch(path[-1]) or (isinstance(each, dict) and "Effect" in each):
            yield path, canonical_json(each)


def _is_due(text: str, path: _Path) -> bool:
    """Whether a policy is expected where this text is."""
    if not path or not _EXPECTED.fullmatch(path[-1]) or any(key in NAMED_AT_WILL for key in path):
        return False
    is_made = text.startswith("${") and not text.startswith("${AWS::")
    return is_unread(text) or is_made or path[-1].endswith("PolicyDocument")


def _loaded(text: str) -> Any:
    """The structure in a text; None if it is not one."""
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """An object; which of two values counts that have one name, only the service knows."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found
