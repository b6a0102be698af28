"""A service of Serverless while it is read for one environment: its values, what they become, and what is said."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Carried, Changed, Finding, Grant, NotCarried, Ours, Place, Variable
from multi_env_lambda.adopt.serverless_values import Filled, Link, Unknown, Value, Where, joined, plain, shown
from multi_env_lambda.adopt.serverless_variables import Variables

__all__ = ["Service", "at", "key_of", "letters", "normalised", "unknown_in"]

Path = Sequence["str | int"]

_PSEUDO = {"AWS::Region": "${region}", "AWS::AccountId": "${account_id}", "AWS::Partition": "aws"}
_IN_SUB = re.compile(r"\$\{(!?)([^{}]*)\}")
_ROLE = "IamRoleLambdaExecution"


def key_of(name: str) -> str:
    """A name as one of our keys: ``sendMail`` → ``send-mail``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
    key = re.sub(r"-_|_-|[^a-z0-9_]+|_{2,}", "-", words)
    key = re.sub(r"-{2,}|-_|_-", "-", key).strip("-_")
    return (key if key[:1].isalpha() else f"f-{key}")[:40].rstrip("-_")


def letters(name: str) -> str:
    """The name of a bucket or a topic as it ends such an id."""
    name = re.sub(r"[^0-9A-Za-z]", "", name)
    return name[:1].upper() + name[1:]


def normalised(name: str) -> str:
    """A function's name as it begins the ids that Serverless makes."""
    name = name.replace("-", "Dash").replace("_", "Underscore")
    return name[:1].upper() + name[1:]


def at(value: Value, *keys: str) -> Value:
    """What is below the keys; None if it is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def unknown_in(value: Any) -> Unknown | None:
    """The first value in it that is unknown."""
    if isinstance(value, Unknown):
        return value
    below: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for each in below if (found := unknown_in(each)) is not None), None)


@attrs.frozen(kw_only=True)
class Service:
    """What is read, and what has been found out so far.

    Args:
        nodes: each file that was read, by its name. crowded: whether another environment is in the same account and
            region. keys: of functions, by their names in the service.
        there: the files of the service.
        made: the logical ids that Serverless would make, and what they are here.
        groups: logical id of a security group -> our key and table of it, if a table can say it.
        integrations: by function and route, how API Gateway changed what the function got and returned.
    """

    variables: Variables
    nodes: Mapping[str, Node]
    crowded: bool
    keys: dict[str, str]
    there: Collection[str] = ()
    made: dict[str, str] = attrs.field(factory=dict)
    findings: list[Finding] = attrs.field(factory=list)
    resources: dict[str, Any] = attrs.field(factory=dict)
    grants: list[Grant] = attrs.field(factory=list)
    set_later: list[Variable] = attrs.field(factory=list)
    topics: dict[str, Any] = attrs.field(factory=dict)
    secrets: dict[str, Any] = attrs.field(factory=dict)
    groups: dict[str, tuple[str, dict[str, Any]]] = attrs.field(factory=dict)
    integrations: dict[str, dict[str, dict[str, Any]]] = attrs.field(factory=dict)

    def get(self, *path: str | int) -> Value:
        return self.variables.value(*path)

    def place(self, path: Path, file: str | None = None) -> Place:
        """The line of what is at a path, or of the nearest thing around it."""
        node = self.nodes[file or self.variables.file]
        for key in path:
            below: Node | None = None
            if isinstance(node.value, Mapping):
                below = node.value.get(str(key))
            elif isinstance(node.value, tuple) and str(key).isdecimal() and int(key) < len(node.value):
                below = node.value[int(key)]
            if below is None:
                break
            node = below
        return node.place

    def carried(self, function: str, what: str, path: Path, to: str) -> None:
        self._add(Carried(function=function, what=what, place=self.place(path), to=to))

    def changed(self, function: str, what: str, path: Path, to: str, reason: str) -> None:
        self._add(Changed(function=function, what=what, place=self.place(path), to=to, reason=reason))

    def dropped(self, function: str, what: str, path: Path, reason: str) -> None:
        self._add(NotCarried(function=function, what=what, place=self.place(path), reason=reason))

    def unknown(self, function: str, what: str, unknown: Unknown) -> None:
        """Said at the place of the variable, which may be in another file."""
        reason = f"`${{{unknown.variable}}}` is not known here: {unknown.why}"
        place = self.place(unknown.where.path, unknown.where.file)
        self._add(NotCarried(function=function, what=what, place=place, reason=reason))

    def _add(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)

    def known(self, function: str, what: str, value: Value) -> bool:
        """Whether nothing in it is unknown; otherwise that is said."""
        if (unknown := unknown_in(value)) is not None:
            self.unknown(function, what, unknown)
            return False
        return True

    def text(self, value: Value) -> str | None:
        """The value as a text of our tables; None if only a template can express it."""
        if isinstance(value, (str, Filled)):
            return shown(value)
        if isinstance(value, (bool, int, float)):
            return str(joined([value]))
        match _called(value):
            case ("Ref", str(name)):
                return _PSEUDO.get(name)
            case ("Fn::Join", [str(between), list(parts)]):
                texts = [self.text(part) for part in parts]
                return None if None in texts else between.join(str(text) for text in texts)
            case ("Fn::Sub", (str() | Filled()) as text):
                return _filled_in(shown(text))
            case _:
                return None

    def tree(self, value: Value) -> Any:
        """The same for tables and lists; Unknown where a part of it cannot be expressed."""
        match value:
            case None | bool() | int() | float():
                return value
            case Link() | Unknown():
                return self._cannot("a value that is looked up in a deploy") if isinstance(value, Link) else value
            case list():
                return [self.tree(each) for each in value]
            case dict() if not _is_function(value):
                return {key: self.tree(each) for key, each in value.items()}
        text = self.text(value)
        return self._cannot("it refers to a resource of the stack") if text is None else text

    def body(self, value: Value) -> Any:
        """The value for ``stack.py``: references to what Serverless makes become those to what we make.

        Unknown where there is no such thing.
        """
        match value:
            case str() | Filled():
                return value
            case None | bool() | int() | float() | Unknown():
                return value
            case Link():
                return self._link(value)
            case list():
                return [made for each in value for made in self._in_a_list(each)]
            case _:
                pass
        match _called(value):
            case ("Ref", str(name)):
                return self._ref(name)
            case ("Fn::GetAtt", target):
                return self._attribute(target)
            case ("Fn::Sub", target):
                return self._sub(target)
            case _:
                return {key: self.body(each) for key, each in value.items()}

    def _link(self, link: Link) -> Any:
        match link.kind:
            case "parameter":
                return joined(["{{resolve:ssm:", link.name, "}}"])
            case "secret":
                key = f":SecretString:{link.key}" if link.key else ""
                return joined(["{{resolve:secretsmanager:", link.name, key, "}}"])
            case "function":
                return Ours("function", self.keys[plain(link.name)])
            case _:
                return self._cannot("a queue of a construct has no place in `stack.py`")

    def json(self, value: Value) -> str:
        """A text of JSON in a template."""
        return json.dumps(_plain(value))

    def _in_a_list(self, value: Value) -> Iterator[Any]:
        """The one role of Serverless is a role per function here."""
        match _called(value):
            case ("Ref", "IamRoleLambdaExecution"):
                yield from (Ours("role", key) for key in self.keys.values())
            case ("Fn::GetAtt", ["IamRoleLambdaExecution", "Arn"] | "IamRoleLambdaExecution.Arn"):
                yield from (Ours("role_arn", key) for key in self.keys.values())
            case _:
                yield self.body(value)

    def _ref(self, name: str) -> Any:
        if (key := self._function(name)) is not None:
            return Ours("function", key)
        if name == _ROLE and len(self.keys) == 1:
            return Ours("role", next(iter(self.keys.values())))
        if name.startswith("AWS::"):
            return {"Ref": name}
        return {"Ref": self.made[name]} if name in self.made else self._cannot(f"there is no `{name}` here")

    def _attribute(self, target: Value) -> Any:
        name, _, attribute = target.partition(".") if isinstance(target, str) else ("", "", "")
        if isinstance(target, list) and len(target) == 2:
            name, attribute = (plain(each) if isinstance(each, (str, Filled)) else "" for each in target)
        if (key := self._function(name)) is not None and attribute == "Arn":
            return Ours("alias", key)
        if name == _ROLE and len(self.keys) == 1 and attribute == "Arn":
            return Ours("role_arn", next(iter(self.keys.values())))
        if name in self.made:
            return {"Fn::GetAtt": [self.made[name], attribute]}
        return self._cannot(f"there is no `{name}` here")

    def _sub(self, target: Value) -> Any:
        """A text with references in it; those that need other words become values of the second part."""
        text = target[0] if isinstance(target, list) and target else target
        given = target[1] if isinstance(target, list) and len(target) == 2 else {}
        if not isinstance(text, (str, Filled)) or not isinstance(given, dict):
            return self._cannot("it is not a text")
        values = {key: self.body(each) for key, each in given.items()}
        parts = text.parts if isinstance(text, Filled) else (text,)
        written = joined(self._renamed(part, values) if isinstance(part, str) else Filled((part,)) for part in parts)
        if (missing := unknown_in(values)) is not None:
            return missing
        return {"Fn::Sub": [written, values] if values else written}

    def _renamed(self, text: str, values: dict[str, Any]) -> str:
        """A part of a text of ``Fn::Sub``: what it refers to by another name than ours is put into ``values``."""
        for found in _IN_SUB.finditer(text):
            name = found[2].strip()
            if found[1] or name in values or name.startswith("AWS::") or name.partition(".")[0] in self._as_they_are:
                continue
            word = re.sub(r"[^A-Za-z0-9]", "", name)
            values[word] = self._attribute(name) if "." in name else self._ref(name)
            text = text.replace(found[0], f"${{{word}}}")
        return text

    @property
    def _as_they_are(self) -> frozenset[str]:
        return frozenset(name for name, here in self.made.items() if name == here)

    def _function(self, name: str) -> str | None:
        """The key of the function that Serverless calls so in its template."""
        ids = {f"{normalised(function)}LambdaFunction": key for function, key in self.keys.items()}
        return ids.get(name)

    def _cannot(self, why: str) -> Unknown:
        return Unknown("", why, Where(self.variables.file, ()))


def _plain(value: Value) -> Any:
    match value:
        case str() | Filled():
            return plain(value)
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case Link() | Unknown():
            return None
        case _:
            return value


def _called(value: Value) -> tuple[str, Value] | None:
    """A function of CloudFormation, and what it is called with."""
    return next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else None


def _is_function(value: Mapping[str, Any]) -> bool:
    """Whether CloudFormation would compute it."""
    return len(value) == 1 and any(key == "Ref" or key.startswith("Fn::") for key in value)


def _filled_in(text: str) -> str | None:
    """A text of ``Fn::Sub`` whose references are all names that our tables have."""
    parts = re.split(r"\$\$\{([^}]*)\}", text)
    for number in range(1, len(parts), 2):
        name = parts[number]
        if name.startswith("!"):
            parts[number] = f"$${{{name[1:]}}}"
        elif name in _PSEUDO:
            parts[number] = _PSEUDO[name]
        else:
            return None
    return "".join(parts)
