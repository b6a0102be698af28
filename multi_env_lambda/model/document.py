"""JSON documents in the bucket: one way to write them, and one strict reader.

A document carries the version of its format. A reader reads every older format, ignores unknown fields in its
own, and refuses a newer one with "upgrade". For anything else, the error has the key and what is wrong, and is never a
traceback, so that one bad object stops only its own unit.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from itertools import repeat
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from multi_env_lambda.errors import DocumentError, UpgradeNeeded
from multi_env_lambda.model.visible import one_line

__all__ = ["FORMAT", "check_format", "in_lines", "is_junk", "is_plain", "read_document", "structure", "unknown_keys"]

FORMAT = 2
"""The format that this version writes, for records, manifests, approvals, summaries and indexes alike.

1 is what 0.1.1 wrote. Within a format, fields are only added, each with a default.
"""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

LARGEST = 64 * 1024 * 1024
"""Bytes. No document of this library comes near it."""

_DEEPEST = 100

Value = TypeVar("Value")
Reader = Callable[[Any], Any]
_READERS: dict[Any, Reader] = {}


def read_document(body: bytes, *, where: str, kind: str) -> dict[str, Any]:
    """The JSON object in ``body``, of a format that this version reads.

    Args:
        kind: what it should be, such as "a record".

    Raises:
        UpgradeNeeded: its format is newer.
        DocumentError: it is not such a document.
    """
    if len(body) > LARGEST:
        raise is_junk(where, kind, f"it has {len(body)} bytes; the limit is {LARGEST}")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise is_junk(where, kind, f"it is not JSON: {type(error).__name__}: {error}"[:200]) from error
    if body.count(b"[") + body.count(b"{") > _DEEPEST and _depth(document) > _DEEPEST:
        raise is_junk(where, kind, f"it is nested more than {_DEEPEST} levels deep")
    if _SURROGATE.search(body) and _has_half_a_character(document):
        raise is_junk(where, kind, "it has a lone surrogate (half of a character), which cannot be encoded")
    if not isinstance(document, dict):
        raise is_junk(where, kind, f"found a {type(document).__name__}, expected an object")
    check_format(document, where=where, kind=kind)
    return document


def check_format(document: Mapping[str, object], *, where: str, kind: str) -> None:
    """Refuse what this version cannot read.

    Raises:
        UpgradeNeeded: its format is newer.
        DocumentError: its format is not a valid one.
    """
    found = document.get("format", 1)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise is_junk(where, kind, f"found format {_quoted(found)}, expected 1 to {FORMAT}")
    if found > FORMAT:
        what = f"found format {_quoted(found)}; this version of multi_env_lambda reads formats up to {FORMAT}"
        raise UpgradeNeeded(where, what, hint="upgrade multi_env_lambda")


def _depth(document: Any) -> int:
    """How deep lists and objects are nested; not recursive, because serialising it again would be."""
    deepest, waiting = 0, [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(item, depth + 1) for item in inner]
    return deepest


def _has_half_a_character(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def in_lines(document: Any, but: Collection[str] = ()) -> Any:
    """The same, with every text on one line: anyone who may write an object could otherwise begin a line of a plan.

    Args:
        but: fields whose texts are shown line by line, and names that are compared with those of files.
    """
    match document:
        case str():
            return one_line(document)
        case dict():
            return {key: value if key in but else in_lines(value, but) for key, value in document.items()}
        case list():
            return [in_lines(value, but) for value in document]
        case _:
            return document


def is_plain(body: bytes) -> bool:
    """Whether a document is ASCII without escapes, so that ``in_lines`` would change none of its texts."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def is_junk(where: str, kind: str, what: str) -> DocumentError:
    """The error for an object that is not what its key says."""
    hint = "restore an older version of this object; the bucket keeps old versions"
    return DocumentError(where, f"not {kind}: {what}", hint=hint)


def structure(cls: type[Value], document: Any, *, where: str, kind: str) -> Value:
    """A frozen value from plain data, each field with the type that its class declares; unknown keys are ignored.

    Raises:
        DocumentError: a field is missing or has another type.
    """
    try:
        value: Value = _reader(cls)(document)
    except _Mismatch as mismatch:
        raise is_junk(where, kind, f"{kind}{mismatch.path}: {mismatch.what}") from mismatch
    return value


def unknown_keys(cls: type, document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Fields of a newer version in a document of this class, to be written back unchanged: (key, JSON text)."""
    unknown = document.keys() - _known_keys(cls)
    return tuple((key, json.dumps(document[key], sort_keys=True)) for key in sorted(unknown))


@cache
def _known_keys(cls: type) -> frozenset[str]:
    return frozenset({"format", *(field.name for field in attrs.fields(cls))})


class _Mismatch(Exception):
    """A value does not have the declared type: where it is below what is read, and what was found and expected.

    The path is put together on the way out, since nearly every document has no mismatch.
    """

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(path, what)
        self.path, self.what = path, what

    def inside(self, step: str) -> _Mismatch:
        return _Mismatch(self.what, step + self.path)


def _mismatch(found: Any, expected: str) -> _Mismatch:
    return _Mismatch(f"found {_quoted(found)}, expected {expected}")


def _quoted(found: Any) -> str:
    """A value for a message; long ones are cut."""
    text = repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def _reader(kind: Any) -> Reader:
    """The reader of one declared type. Made once per type, because an environment has up to a thousand records."""
    if kind not in _READERS:
        _READERS[kind] = _make_reader(kind)
    return _READERS[kind]


def _make_reader(kind: Any) -> Reader:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if origin is Literal:
        return _literal(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if attrs.has(kind):
        return _values(kind)
    return _plain(kind)


def _plain(kind: type) -> Reader:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def read(value: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise _mismatch(value, kind.__name__)
        return value

    return read


def _literal(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:
        if value not in allowed:
            raise _mismatch(value, " or ".join(map(repr, allowed)))
        return value

    return read


def _tuple(arguments: tuple[Any, ...]) -> Reader:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        each = _reader(arguments[0])
        return lambda value: _items(value, repeat(each)) if _list(value) else ()
    readers = tuple(map(_reader, arguments))

    def read_fixed(value: Any) -> Any:
        if len(_list(value)) != len(readers):
            raise _mismatch(value, f"{len(readers)} values")
        return _items(value, readers)

    return read_fixed


def _items(values: list[Any], readers: Iterable[Reader]) -> tuple[Any, ...]:
    found: list[Any] = []
    try:
        for item, read in zip(values, readers, strict=False):
            found.append(read(item))
    except _Mismatch as mismatch:
        raise mismatch.inside(f"[{len(found)}]") from None
    return tuple(found)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _mismatch(value, "a list")
    return value


def _values(cls: type) -> Reader:
    hints = get_type_hints(cls)
    fields = [field for field in attrs.fields(cls) if field.init]
    readers = [(field.name, _reader(hints[field.name])) for field in fields]
    needed = [field.name for field in fields if field.default is attrs.NOTHING]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _mismatch(value, "an object")
        found = {}
        name = ""
        try:
            for name, reader in readers:
                if name in value:
                    found[name] = reader(value[name])
        except _Mismatch as mismatch:
            raise mismatch.inside(f".{name}") from None
        for name in needed:
            if name not in found:
                raise _Mismatch(f"{name} is missing")
        return cls(**found)

    return read
