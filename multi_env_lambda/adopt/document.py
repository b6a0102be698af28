"""A YAML or JSON document of another tool, with the line of each value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Place
from multi_env_lambda.errors import ConfigurationError

__all__ = ["Node", "Scalar", "read_document"]

Scalar = str | int | float | bool | None

_HINT = "correct the file"
_DEEPEST = 60
_MOST_NODES = 200_000
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_HALVES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB]\w\w)\\u([dD][c-fC-F]\w\w)")
_SHORT = {"Ref": "Ref", "Condition": "Condition"}


@attrs.frozen
class Node:
    """One value of a document: a text, number, … or None, a table, or a list; ``line`` is that of its key."""

    value: Scalar | Mapping[str, Node] | tuple[Node, ...]
    line: int
    file: str

    @property
    def place(self) -> Place:
        return Place(self.file, self.line)

    @property
    def table(self) -> Mapping[str, Node]:
        """Its entries; none if it is no table."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """Its members; a single value counts as a list of one, nothing as an empty list."""
        if isinstance(self.value, tuple):
            return self.value
        return () if self.value is None else (self,)

    def get(self, *keys: str) -> Node | None:
        """What is below the keys; None if one of them is not there."""
        node: Node | None = self
        for key in keys:
            node = None if node is None else node.table.get(key)
        return node

    def text(self, *keys: str) -> str | None:
        """The text below the keys; None if there is none, or something else."""
        node = self.get(*keys)
        return node.value if node is not None and isinstance(node.value, str) else None

    def plain(self) -> Any:
        """The value without lines, as ``json.loads`` would give it."""
        match self.value:
            case Mapping():
                return {key: node.plain() for key, node in self.value.items()}
            case tuple():
                return [node.plain() for node in self.value]
            case _:
                return self.value

    def walk(self) -> Iterator[Node]:
        """It and everything in it."""
        yield self
        for node in self.table.values() if isinstance(self.value, Mapping) else self.items:
            if node is not self:
                yield from node.walk()


def read_document(text: str, file: str, repeated: list[tuple[str, int]] | None = None) -> Node:
    """The document in ``text``, named ``file``. ``!Sub`` and the like become ``{"Fn::Sub": …}``.

    Args:
        repeated: gets each key that is there twice, with its line; the last one counts. Without it, that is an error.

    Raises:
        ConfigurationError: it is neither YAML nor JSON, or is too deep or too large.
    """
    import yaml

    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        # JSON may be indented by tabs, and has them nowhere else; YAML knows no characters in two halves.
        text = _HALVES.sub(_one_character, text.replace("\t", " "))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = text.removeprefix("\ufeff")
    try:
        _check_depth(yaml.parse(text, Loader=loader), file)
        root = yaml.compose(text, Loader=loader)
        reader = _Reader(file=file)
        found = Node(None, 1, file) if root is None else reader.node(root, 1, 0)
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise ConfigurationError(f"{file}:{line}", f"not YAML: {error.problem}", hint=_HINT) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(file, f"not YAML: {error}", hint=_HINT) from error
    if repeated is not None:
        repeated += reader.repeated
    elif reader.repeated:
        key, line = reader.repeated[0]
        raise ConfigurationError(f"{file}:{line}", f"the key `{key}` is there twice", hint=_HINT)
    return found


def _one_character(found: re.Match[str]) -> str:
    try:
        halves = chr(int(found[2], 16)) + chr(int(found[3], 16))
    except ValueError:
        return found[0]
    return found[1] + halves.encode("utf-16", "surrogatepass").decode("utf-16")


def _check_depth(events: Iterable[Any], file: str) -> None:
    """Before anything goes down into it: the parser in C ends the process where its own stack ends."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > _DEEPEST:
            where = f"{file}:{event.start_mark.line + 1}"
            raise ConfigurationError(where, f"it is nested more than {_DEEPEST} levels deep", hint=_HINT)


@attrs.define(kw_only=True)
class _Reader:
    """Bounds what aliases (``*name``) can make of a short text."""

    file: str
    seen: int = 0
    repeated: list[tuple[str, int]] = attrs.field(factory=list)

    def node(self, found: Any, line: int, depth: int) -> Node:
        self.seen += 1
        if depth > _DEEPEST:
            raise self._refused(line, f"it is nested more than {_DEEPEST} levels deep")
        if self.seen > _MOST_NODES:
            raise self._refused(line, f"it has more than {_MOST_NODES:,} values")
        function = _function(found.tag)
        match found.id:
            case "mapping":
                value: Any = self._table(found, depth)
            case "sequence":
                value = tuple(self.node(one, one.start_mark.line + 1, depth + 1) for one in found.value)
            case _:
                text = self._text(found.value, line)
                value = text if function else _scalar(text, found.tag.rpartition(":")[2])
        return Node(value, line, self.file) if not function else self._called(function, value, line)

    def _called(self, name: str, value: Any, line: int) -> Node:
        if name == "Fn::GetAtt" and isinstance(value, str):
            target, _, attribute = value.partition(".")
            value = (Node(target, line, self.file), Node(attribute, line, self.file))
        return Node({name: Node(value, line, self.file)}, line, self.file)

    def _table(self, found: Any, depth: int) -> Mapping[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in found.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                raise self._refused(line, "a key is a table or a list")
            node = self.node(value, line, depth + 1)
            if key.tag.endswith(":merge"):
                for one in node.items:
                    merged = {**one.table, **merged}
            else:
                if key.value in own:
                    self.repeated.append((key.value, line))
                own[key.value] = node
        return {**merged, **own}

    def _text(self, text: str, line: int) -> str:
        """JSON writes a character as two halves, of which one alone is none."""
        try:
            return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError as error:
            raise self._refused(line, "it has half of a character") from error

    def _refused(self, line: int, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.file}:{line}", what, hint=_HINT)


def _function(tag: str) -> str:
    if not tag.startswith("!") or tag == "!":
        return ""
    return _SHORT.get(tag[1:], f"Fn::{tag[1:]}")


def _scalar(text: str, kind: str) -> Scalar:
    """As CloudFormation reads it: dates and account ids with leading zeros stay texts."""
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int" if _WHOLE.fullmatch(text):
            return int(text.replace("_", ""))
        case "float" if "." in text and ":" not in text and text.strip("+-.").lower() not in ("inf", "nan"):
            return float(text.replace("_", ""))
    return text
