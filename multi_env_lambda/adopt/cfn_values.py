"""CloudFormation's functions (``Ref``, ``Fn::Sub``, …), as far as they are known before a deploy to one environment.

What only the stack knows, such as the name of a table, stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.key import Rule

__all__ = ["NOTHING", "Values", "fits", "in_our_text", "is_function", "pseudo_text"]

NOTHING: Any = object()
"""What ``AWS::NoValue`` is: its key is left out."""

_PART = re.compile(r"\$\{([^}]*)\}")
_HINT = "correct the template, or write this function by hand afterwards"
_PLACEHOLDERS = {
    "AWS::Region": "${region}",
    "AWS::AccountId": "${account_id}",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


def is_function(value: Any, name: str = "") -> bool:
    """Whether it is a call of CloudFormation, of ``name`` or of any."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    key = next(iter(value))
    return key == name if name else key in ("Ref", "Condition") or key.startswith("Fn::")


@attrs.frozen(kw_only=True)
class Values:
    """What is known in one environment.

    Args:
        parameters: their values; a list for those of a list type.
        pseudo: ``AWS::Region`` and the like, where one of them decides; elsewhere they stay references.
    """

    parameters: Mapping[str, Any]
    pseudo: Mapping[str, str]
    mappings: Mapping[str, Any] = {}
    conditions: Mapping[str, Node] = {}

    def of(self, node: Node | None) -> Any:
        """The plain value; None if there is none.

        Raises:
            ConfigurationError: a function is not written as CloudFormation has it.
        """
        found = None if node is None else self._of(node)
        return None if found is NOTHING else found

    def holds(self, name: str, node: Node, seen: tuple[str, ...] = ()) -> bool:
        """Whether a condition of the template holds; ``node`` is what names it."""
        if name in seen or name not in self.conditions:
            raise _wrong(node, f"the condition `{name}` {'refers to itself' if name in seen else 'is not there'}")
        return self._test(self.conditions[name], (*seen, name))

    def _test(self, node: Node, seen: tuple[str, ...]) -> bool:
        name, argument = _call(node) or ("", node)
        items = argument.items
        match name:
            case "Condition":
                return self.holds(str(argument.value), node, seen)
            case "Fn::Equals" if len(items) == 2:
                return self._decided(items[0]) == self._decided(items[1])
            case "Fn::Not" if len(items) == 1:
                return not self._test(items[0], seen)
            case "Fn::And":
                return all(self._test(one, seen) for one in items)
            case "Fn::Or":
                return any(self._test(one, seen) for one in items)
            case _:
                pass
        raise _wrong(node, "this condition cannot be decided before a deploy")

    def _decided(self, node: Node) -> str:
        """With the pseudo parameters of the environment filled in."""
        found = _filled(self.of(node), self.pseudo)
        if not isinstance(found, str | int | float | bool):
            raise _wrong(node, "this condition cannot be decided before a deploy")
        return _word(found)

    def _of(self, node: Node) -> Any:
        if (call := _call(node)) is not None:
            return self._called(*call, node)
        if isinstance(node.value, Mapping):
            inner = {key: self._of(one) for key, one in node.value.items()}
            return {key: value for key, value in inner.items() if value is not NOTHING}
        if isinstance(node.value, tuple):
            return [value for one in node.value if (value := self._of(one)) is not NOTHING]
        return node.value

    def _called(self, name: str, argument: Node, node: Node) -> Any:
        items = argument.items
        match name:
            case "Ref":
                return self._ref(str(argument.value))
            case "Fn::Sub":
                return self._sub(argument, node)
            case "Fn::If":
                if len(items) != 3:
                    raise _wrong(node, "`Fn::If` takes a condition and two values")
                return self._of(items[1] if self.holds(str(items[0].value), node) else items[2])
            case "Fn::FindInMap":
                return self._found([self.of(one) for one in items], node)
            case "Fn::Join" if len(items) == 2:
                return _joined(self.of(items[0]), self.of(items[1]))
            case "Fn::Select" if len(items) == 2:
                return _selected(self.of(items[0]), self.of(items[1]))
            case "Fn::Split" if len(items) == 2:
                separator, text = self.of(items[0]), self.of(items[1])
                return text.split(separator) if isinstance(text, str) and separator else {name: [separator, text]}
            case _:
                pass
        return {name: self._of(argument)}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.parameters:
            return self.parameters[name]
        return self.pseudo[name] if name == "AWS::StackName" else {"Ref": name}

    def _sub(self, argument: Node, node: Node) -> Any:
        text, own = (argument.items[0].value, argument.items[1]) if len(argument.items) == 2 else (argument.value, None)
        if not isinstance(text, str):
            raise _wrong(node, "`Fn::Sub` takes a text")
        named = {key: self.of(one) for key, one in own.table.items()} if own is not None else {}
        left: dict[str, Any] = {}

        def part(found: re.Match[str]) -> str:
            name = found[1].strip()
            value = named.get(name, NOTHING)
            if name.startswith("!"):
                return found[0]
            if value is NOTHING:
                value = self._ref(name) if "." not in name else {"Fn::GetAtt": list(name.split(".", 1))}
            if isinstance(value, str | int | float | bool):
                return _word(value).replace("${", "${!")
            if is_function(value, "Ref") or (is_function(value, "Fn::GetAtt") and name not in named):
                return f"${{{value['Ref'] if 'Ref' in value else '.'.join(value['Fn::GetAtt'])}}}"
            left[name] = value
            return found[0]

        result = _PART.sub(part, text)
        if left:
            return {"Fn::Sub": [result, left]}
        is_plain = not any(not one.startswith("!") for one in _PART.findall(result))
        return result.replace("${!", "${") if is_plain else {"Fn::Sub": result}

    def _found(self, keys: list[Any], node: Node) -> Any:
        value: Any = self.mappings
        for key in keys[:3]:
            filled = _filled(key, self.pseudo)
            value = value.get(_word(filled)) if isinstance(value, Mapping) and not isinstance(filled, dict) else None
        if value is None:
            raise _wrong(node, "`Fn::FindInMap` finds nothing under its keys")
        return value


def _call(node: Node) -> tuple[str, Node] | None:
    if isinstance(node.value, Mapping) and len(node.value) == 1:
        name, argument = next(iter(node.value.items()))
        if name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(argument.value, str)):
            return name, argument
    return None


def _wrong(node: Node, what: str) -> ConfigurationError:
    return ConfigurationError(str(node.place), what, hint=_HINT)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(separator: Any, parts: Any) -> Any:
    if isinstance(parts, list) and isinstance(separator, str):
        texts = [_word(one) if isinstance(one, str | int | float | bool) else pseudo_text(one) for one in parts]
        if all(isinstance(one, str | int | float | bool) for one in parts):
            return separator.join(map(str, texts))
        if all(text is not None for text in texts):
            return {"Fn::Sub": separator.join(map(str, texts))}
    return {"Fn::Join": [separator, parts]}


def _selected(index: Any, parts: Any) -> Any:
    known = isinstance(parts, list) and str(index).isdecimal()
    return parts[int(index)] if known and int(index) < len(parts) else {"Fn::Select": [index, parts]}


def pseudo_text(value: Any) -> str | None:
    """A reference as it stands in ``Fn::Sub``; None if it is something else."""
    if is_function(value, "Ref"):
        return f"${{{value['Ref']}}}"
    if is_function(value, "Fn::GetAtt") and all(isinstance(one, str) for one in value["Fn::GetAtt"]):
        return f"${{{'.'.join(value['Fn::GetAtt'])}}}"
    return value["Fn::Sub"] if is_function(value, "Fn::Sub") and isinstance(value["Fn::Sub"], str) else None


def _filled(value: Any, pseudo: Mapping[str, str]) -> Any:
    if is_function(value, "Ref"):
        return pseudo.get(value["Ref"], value)
    if is_function(value, "Fn::Sub") and isinstance(value["Fn::Sub"], str):
        names = _PART.findall(value["Fn::Sub"])
        if all(name in pseudo for name in names):
            return _PART.sub(lambda found: pseudo[found[1]], value["Fn::Sub"])
    return value


def in_our_text(value: Any) -> str | None:
    """A text of our tables, with ``${region}`` and the like; None if it needs something of the stack."""
    if isinstance(value, bool | int | float):
        return _word(value)
    if isinstance(value, str):
        return None if "{{resolve:" in value else value.replace("${", "$${")
    text = pseudo_text(value)
    return None if text is None else "".join(pieces) if (pieces := list(_pieces(text))) and None not in pieces else None


def fits(rule: Rule, text: str) -> bool:
    """Whether a text of our tables is what a rule wants in an environment, whose region and account it may name."""
    return rule.accepts(text.replace("${region}", "us-east-1").replace("${account_id}", "1" * 12))


def _pieces(text: str) -> Iterator[Any]:
    end = 0
    for found in _PART.finditer(text):
        yield text[end : found.start()]
        yield f"$${{{found[1][1:]}}}" if found[1].startswith("!") else _PLACEHOLDERS.get(found[1].strip())
        end = found.end()
    yield text[end:]
