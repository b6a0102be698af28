"""What two answers to the same call do not have in common, apart from names, numbers and times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs
from botocore.exceptions import ClientError

from .cassette import Call

__all__ = ["Heard", "differences", "heard", "paths", "step_differences", "words"]

_VARIABLE = (
    (re.compile(r"arn:aws[\w-]*:[\w-]*:[\w-]*:\d*:[^\s\"'\])]+"), "ARN"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b(?:live|projects)[\w./-]*"), "NAME"),
    (re.compile(r"(Request ID|S3 Extended Request ID|Proxy): [^\s;,)]+"), r"\1: ID"),
    (re.compile(r"\d+"), "N"),
)
_DECISIVE = (
    "ExecutionStatus",
    "ResourceStatus",
    "ResourceStatusReason",
    "Status",
    "StatusReason",
    "ValidationStatus",
    "ValidationStatusReason",
)
"""What AWS says in an answer, on which a person or our code decides; of all else only the place is compared."""


@attrs.frozen(kw_only=True)
class Heard:
    """An answer or an error, without what botocore adds."""

    answer: Mapping[str, Any] = attrs.field(factory=dict)
    code: str = ""
    message: str = ""


def heard(call: Callable[[], Any]) -> Heard:
    """Make the call, and give what came."""
    try:
        answer = call()
    except ClientError as error:
        found = error.response["Error"]
        return Heard(code=found["Code"], message=found.get("Message", ""))
    return Heard(answer={key: value for key, value in answer.items() if key != "ResponseMetadata"})


def differences(recorded: Call, found: Heard) -> list[str]:
    """One line each: the code, the text, what the answer lacks. What it has in addition is no difference.

    Where the text is not known, texts are not compared.
    """
    lines = []
    if recorded.code != found.code:
        return [f"code: AWS says {recorded.code or 'no error'}, here {found.code or 'no error'}"]
    if recorded.message and words(recorded.message) != words(found.message):
        lines.append(f"text: AWS says {words(recorded.message)!r}, here {words(found.message)!r}")
    lines += [f"shape: here without {path}" for path in _outermost(paths(recorded.answer) - paths(found.answer))]
    theirs, ours = dict(_texts(recorded.answer)), dict(_texts(found.answer))
    for path in sorted(theirs.keys() & ours.keys()):
        if theirs[path] != ours[path]:
            lines.append(f"text of {path}: AWS says {theirs[path]!r}, here {ours[path]!r}")
    return lines


def step_differences(recorded: Iterable[Call], here: Iterable[Call]) -> tuple[str, ...]:
    """What a step heard from AWS and does not hear from the local cloud, by operation.

    How often an operation is called, and in which order, differs by the time that things take.
    """
    theirs, ours = _by_operation(recorded), _by_operation(here)
    lines = []
    for name, aws in sorted(theirs.items()):
        if name not in ours:
            lines.append(f"{name}: never called here")
            continue
        local = ours[name]
        lines += [f"{name}: here never {error}" for error in sorted(aws.errors - local.errors)]
        lines += [f"{name}: here without {path}" for path in _outermost(aws.shape - local.shape)]
    return tuple(lines)


@attrs.frozen
class _Answers:
    """All answers to one operation in a step."""

    errors: frozenset[str]
    shape: set[str]


def _by_operation(calls: Iterable[Call]) -> dict[str, _Answers]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(call.name, []).append(call)
    return {
        name: _Answers(
            errors=frozenset(f"{call.code}: {words(call.message)}" for call in group if call.code),
            shape={path for call in group for path in paths(call.answer)},
        )
        for name, group in found.items()
    }


def words(text: str) -> str:
    """A text without names, numbers and ids; a full stop at its end is no difference.

    >>> words("Function version 1 is already included in routing configuration.")
    'Function version N is already included in routing configuration'
    """
    for pattern, stand_in in _VARIABLE:
        text = pattern.sub(stand_in, text)
    return text.strip().rstrip(".")


def paths(value: Any, at: str = "") -> set[str]:
    """Every place of an answer: of a list, those of all of its items together.

    >>> sorted(paths({"Stacks": [{"StackId": "x"}]}))
    ['Stacks', 'Stacks[]', 'Stacks[].StackId']
    """
    match value:
        case Mapping():
            inner = {f"{at}.{key}".lstrip(".") for key in value}
            return inner | {path for key, item in value.items() for path in paths(item, f"{at}.{key}".lstrip("."))}
        case list():
            return {path for item in value for path in {f"{at}[]", *paths(item, f"{at}[]")}}
        case _:
            return set()


def _outermost(missing: set[str]) -> list[str]:
    """Where an item is missing, nobody wants to read that its fields are."""
    return sorted(path for path in missing if path.rpartition(".")[0] not in missing)


def _texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, item in value.items():
                if key in _DECISIVE and isinstance(item, str):
                    yield f"{at}.{key}".lstrip("."), words(item)
                else:
                    yield from _texts(item, f"{at}.{key}".lstrip("."))
        case list():
            for item in value:
                yield from _texts(item, f"{at}[]")
