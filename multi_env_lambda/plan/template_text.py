"""What a finished template says by itself: how it is sent, and which resources its parts refer to.

Not in ``template/``: to send or compare one takes nothing of what makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["LARGEST_INLINE_BODY", "needs_template_url", "references"]

LARGEST_INLINE_BODY = 51_200

_SUBSTITUTED = re.compile(r"\$\{([^!{}][^{}]*)\}")


def needs_template_url(template: str) -> bool:
    """Whether the template is too long for a request, and must be read from the bucket."""
    return len(template.encode("utf-8")) > LARGEST_INLINE_BODY


def references(value: Any) -> Iterator[str]:
    """Every logical id that part of a template refers to."""
    match value:
        case {"Type": str(), "DependsOn": depends_on, **rest}:
            yield from [depends_on] if isinstance(depends_on, str) else depends_on
            yield from references(rest)
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} if len(value) == 1:
            yield from _of_intrinsic(value)
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)
        case _:
            pass


def _of_intrinsic(value: Mapping[str, Any]) -> Iterator[str]:
    match value:
        case {"Ref": str(target)} | {"Fn::GetAtt": [str(target), *_]}:
            yield target
        case {"Fn::GetAtt": str(dotted)}:
            yield dotted.partition(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from _substituted(text, {})
        case {"Fn::Sub": [str(text), dict(given)]}:
            yield from _substituted(text, given)
            yield from references(given)
        case _:
            pass


def _substituted(text: str, given: Mapping[str, Any]) -> Iterator[str]:
    for target in _SUBSTITUTED.findall(text):
        name = target.strip()
        if name not in given:
            yield name if name.startswith("AWS::") else name.partition(".")[0]
