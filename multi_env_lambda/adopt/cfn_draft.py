"""A unit while its template is read: what is known about it so far, and how references in it are written here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.adopt.cfn_values import Values, in_our_text, is_function
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Carried, Changed, Finding, Grant, NotCarried, Ours, Place, Variable
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["Draft", "Kind", "Own", "key_of", "references"]

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PART = re.compile(r"\$\{([^!}][^}]*)\}")
_SUFFIXES = ("function", "lambda")

Kind = Literal["table", "queue", "topic", "bucket", "security_group"]


@attrs.frozen
class Own:
    """A resource that has a table of ours."""

    kind: Kind
    key: str

    @property
    def logical_id(self) -> str:
        return logical_id(self.key, self.kind)


def key_of(name: str, taken: Mapping[str, Any], longest: int, suffixes: tuple[str, ...] = _SUFFIXES) -> str:
    """``HelloWorldFunction`` → ``hello-world``: lowercase, as long as AWS's names allow, and like no other.

    >>> key_of("S3ToSQSFunction", {}, 40)
    's3-to-sqs'
    """
    words = [word.lower() for word in _WORD.findall(name)] or ["main"]
    text = "-".join(words)
    text = re.sub(r"([a-z])-([0-9])", r"\1\2", text)
    for suffix in suffixes:
        text = text.removesuffix(f"-{suffix}")
    text = text if text[0].isalpha() else f"n{text}"
    text = text[: max(longest, 8)].rstrip("-")
    found, number = text, 1
    while found in taken:
        number += 1
        found = f"{text[: max(longest, 8) - 3].rstrip('-')}-{number}"
    return found


@attrs.define(kw_only=True)
class Draft:
    """Grows while the template is read for one environment.

    Args:
        functions: logical id -> our key. roles: logical id of a role -> the keys of the functions that have it.
        own: logical id -> the table of ours that it has become.
    """

    unit: str
    environment: str
    values: Values
    functions: Mapping[str, str]
    roles: Mapping[str, tuple[str, ...]]
    own: dict[str, Own] = attrs.field(factory=dict)
    renamed: dict[str, str] = attrs.field(factory=dict)
    apis: dict[str, str] = attrs.field(factory=dict)
    """Logical id of an API -> what it is called here."""
    aliases: dict[str, str] = attrs.field(factory=dict)
    """Logical id of an alias -> the key of its function."""
    layers: dict[str, str] = attrs.field(factory=dict)
    """Logical id of a layer -> the folder of its modules."""
    function_places: dict[str, Place] = attrs.field(factory=dict)
    tables: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """Our key of a function -> its table."""
    unit_table: dict[str, Any] = attrs.field(factory=dict)
    resources: dict[str, Any] = attrs.field(factory=dict)
    places: dict[str, Place] = attrs.field(factory=dict)
    grants: list[Grant] = attrs.field(factory=list)
    variables: list[Variable] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    folders: list[str] = attrs.field(factory=list)
    files: dict[str, str] = attrs.field(factory=dict)
    crowded: bool = False
    """Whether two environments have the same account and region, so that names have to differ."""
    shared: list[str] = attrs.field(factory=list)
    packages: list[str] = attrs.field(factory=list)
    """Requirements in place of layers that hold them."""

    def carried(self, function: str, what: str, node: Node, to: str) -> None:
        self.findings.append(Carried(function=function, what=what, place=node.place, to=to))

    def changed(self, function: str, what: str, node: Node, to: str, reason: str) -> None:
        self.findings.append(Changed(function=function, what=what, place=node.place, to=to, reason=reason))

    def left(self, function: str, what: str, node: Node, reason: str) -> None:
        self.findings.append(NotCarried(function=function, what=what, place=node.place, reason=reason))

    def append(self, function: str, key: str, value: Any) -> None:
        """Puts a value into a list of the function's table, once."""
        found = self.tables[self.functions[function]].setdefault(key, [])
        if value not in found:
            found.append(value)

    def add(self, name: str, body: dict[str, Any], node: Node) -> None:
        """A resource for ``stack.py``, its references already ours."""
        found = name
        if name in self.resources and not {"Type"} & {*body, *self.resources[name]}:
            self.resources[name]["Properties"] |= body["Properties"]
            return
        while found in self.resources:
            found += "More"
        self.resources[found] = body
        self.places[found] = node.place

    def text(self, value: Any) -> str | None:
        """As a text of our tables; None if only the stack knows it."""
        return in_our_text(value)

    def name(self, key: str) -> str:
        """A function's name, with the environment to be filled in."""
        return f"{self.unit}-${{environment}}-{key}"

    def target(self, value: Any) -> tuple[str, str] | None:
        """(logical id, attribute) of a plain reference; the attribute of a ``Ref`` is empty."""
        if is_function(value, "Ref"):
            return str(value["Ref"]), ""
        if is_function(value, "Fn::GetAtt"):
            found = value["Fn::GetAtt"]
            return (str(found[0]), str(found[1])) if isinstance(found, list) and len(found) == 2 else None
        if is_function(value, "Fn::Sub") and isinstance(value["Fn::Sub"], str):
            whole = _PART.fullmatch(value["Fn::Sub"])
            name, _, attribute = whole[1].strip().partition(".") if whole is not None else ("", "", "")
            return (name, attribute) if name else None
        return None

    def referred(self, value: Any) -> str:
        """The logical id that a plain reference names; empty for anything else."""
        name, _ = self.target(value) or ("", "")
        return name

    def body(self, value: Any) -> Any:
        """With references to what is called otherwise here."""
        if isinstance(value, list):
            return [one for inner in value for one in self._member(inner)]
        if not isinstance(value, Mapping):
            return value
        if (found := self.target(value)) is not None and (ours := self._reference(*found)) is not None:
            return ours
        if is_function(value, "Fn::Sub"):
            return self._sub(value["Fn::Sub"])
        return {key: self.body(one) for key, one in value.items()}

    def _member(self, value: Any) -> list[Any]:
        """A role that several functions had is the role of each of them."""
        if is_function(value, "Ref") and len(keys := self.roles.get(value["Ref"], ())) > 1:
            return [Ours("role", key) for key in keys]
        return [self.body(value)]

    def _reference(self, name: str, attribute: str) -> Any:
        if name in self.aliases:
            return Ours("alias", self.aliases[name])
        base = name.split(".")[0]
        if (key := self.functions.get(base)) is not None:
            if attribute == "Arn" or base != name or attribute.startswith(("Alias", "Version")):
                return Ours("alias", key)
            return Ours("function", key) if not attribute else None
        if keys := self.roles.get(name):
            return Ours("role_arn" if attribute == "Arn" else "role", keys[0])
        new = self._new_name(name)
        return None if new == name else ({"Fn::GetAtt": [new, attribute]} if attribute else {"Ref": new})

    def _new_name(self, name: str) -> str:
        if name in self.own:
            return self.own[name].logical_id
        if name in self.apis:
            return self.apis[name]
        for api, ours in self.apis.items():
            if re.fullmatch(rf"{api}(\w*Stage|\.Stage)", name):
                return f"{ours}Stage"
        return self.renamed.get(name, name)

    def _sub(self, argument: Any) -> Any:
        text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(own, Mapping):
            return {"Fn::Sub": argument}
        named = {key: self.body(value) for key, value in own.items()}

        def part(found: re.Match[str]) -> str:
            name, _, attribute = found[1].strip().partition(".")
            if found[1] in named:
                return found[0]
            ours = self._reference(name, attribute)
            if isinstance(ours, Ours):
                new = re.sub(r"\W", "", found[1])
                named[new] = ours
                return f"${{{new}}}"
            new_name = self._new_name(name)
            return f"${{{new_name}{'.' if attribute else ''}{attribute}}}"

        result = _PART.sub(part, text)
        return {"Fn::Sub": [result, named] if named else result}


def references(value: Any) -> Iterator[str]:
    """The logical ids that a body names."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from references(one)
    elif is_function(value, "Ref"):
        yield str(value["Ref"])
    elif is_function(value, "Fn::GetAtt"):
        found = value["Fn::GetAtt"]
        yield str(found[0] if isinstance(found, list) else found).split(".")[0]
        yield from references(found[1:] if isinstance(found, list) else ())
    elif is_function(value, "Fn::Sub"):
        text, own = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        yield from (name.split(".")[0] for name in _PART.findall(str(text)) if name not in own)
        yield from references(own)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from references(one)
