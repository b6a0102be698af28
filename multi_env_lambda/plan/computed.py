"""What a template computes, as far as that is certain before CloudFormation does it; the rest stays as written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment

__all__ = [
    "Computed",
    "Json",
    "Place",
    "computed_of",
    "is_computed",
    "is_unread",
    "may_be_absent",
    "place_of",
    "type_of",
]

Json = Mapping[str, Any]

_NAMED = re.compile(r"\$\{([A-Za-z0-9_:.]+)\}")
_LOOKED_UP = "AWS::SSM::Parameter::Value<"
"""Types of parameters whose default is a name: the value is looked up when the stack is created.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
"""

_NOTHING = {"Ref": "AWS::NoValue"}
_LISTS = ("CommaDelimitedList", "List<")
_OF_ANY_VALUE = re.compile(r"Custom::.*|AWS::CloudFormation::.*|AWS::SSM::Parameter|.*::MODULE")
"""Types whose attributes may be any text, so none of them is the name of a resource."""
_CALLED = re.compile(r".*(?:Name|Id|Identifier|Key|Value)")
"""Properties that say what a resource is called, so that ``Ref`` and its attributes may be their value."""
_PLAIN = re.compile(r"[\w.+=,@/#$ -]*[A-Za-z][\w.+=,@/#$ -]*")
"""A name that is no pattern, no ARN and no account."""


@attrs.frozen(kw_only=True)
class Place:
    """Where a template becomes a stack."""

    account_id: str
    region: str
    partition: str = "aws"


def place_of(environment: Environment) -> Place:
    """The place in which the stacks of an environment are."""
    return Place(account_id=environment.account_id, region=environment.region, partition=environment.partition)


@attrs.frozen(kw_only=True)
class Computed:
    """Reads the values of one template.

    Args:
        parameters: they have defaults, because no deploy passes other values.
        types: of each resource, by its logical id.
        odd: the logical ids of resources that are called like a pattern, an ARN or an account.
        mappings: what ``Fn::FindInMap`` reads.
    """

    parameters: Json
    types: Mapping[str, str]
    place: Place
    odd: frozenset[str] = frozenset()
    mappings: Json = attrs.field(factory=dict)

    def texts(self, value: Any) -> tuple[str, ...]:
        """The texts of a list, or the one text."""
        return tuple(self.text(each) for each in self.each(value))

    def each(self, value: Any) -> Iterator[Any]:
        """The items of a list, or the one item; for a condition, both sides, because either may become true."""
        match value:
            case None | {"Ref": "AWS::NoValue"}:
                return
            case {"Fn::If": [_, yes, no]}:
                yield from self.each(yes)
                yield from self.each(no)
            case {"Ref": str(name)} if self.parameters.get(name, {}).get("Type", "").startswith(_LISTS):
                text = self.text(value)
                yield from [value] if is_unread(text) else map(str.strip, text.split(","))
            case {"Fn::FindInMap": [*keys]} if isinstance(found := self._mapped(keys), list):
                yield from self.each(found)
            case {"Fn::Split": [str(between), whole]} if between:
                text = self.text(whole)
                yield from [value] if is_unread(text) or "${" in text else text.split(between)
            case list():
                for item in value:
                    yield from self.each(item)
            case _:
                yield value

    def text(self, value: Any) -> str:
        """The text, with ``${Queue.Arn}`` for the name of a resource, and JSON for what cannot be known."""
        match value:
            case str():
                return value
            case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
                return self._named(name, value)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._named(f"{name}.{attribute}", value)
            case {"Fn::Sub": str(text)}:
                return self._filled(text, {})
            case {"Fn::Sub": [str(text), dict(values)]}:
                return self._filled(text, values)
            case {"Fn::Join": [str(between), list(parts)]}:
                return between.join(self.text(part) for part in parts if part != _NOTHING)
            case {"Fn::FindInMap": [*keys]} if isinstance(found := self._mapped(keys), str | int):
                return str(found)
            case _:
                return canonical_json(value)

    def filled(self, value: Any) -> Any:
        """A structure with what is computed replaced by texts."""
        match value:
            case {"Fn::If": [str(name), *sides]}:
                return {"Fn::If": [name, *map(self.filled, sides)]}
            case dict() if not is_computed(value):
                return {key: self.filled(each) for key, each in value.items()}
            case dict() | list():
                texts = self.texts(value)
                return texts[0] if len(texts) == 1 and isinstance(value, dict) else list(texts)
            case _:
                return value

    def _filled(self, text: str, values: Json) -> str:
        def fill(found: re.Match[str]) -> str:
            name = found.group(1)
            if name in values:
                return self.text(values[name])
            return self._named(name, {"Fn::GetAtt": name} if "." in name else {"Ref": name})

        return _NAMED.sub(fill, text)

    def _named(self, name: str, written: Any) -> str:
        place = self.place
        known = {"AWS::AccountId": place.account_id, "AWS::Region": place.region, "AWS::Partition": place.partition}
        if name in known or name == "AWS::NoValue":
            return known.get(name, "")
        if name in self.parameters:
            parameter = self.parameters[name]
            is_certain = "Default" in parameter and not parameter.get("Type", "").startswith(_LOOKED_UP)
            return str(parameter["Default"]) if is_certain else canonical_json(written)
        resource = name.partition(".")[0]
        is_any = resource in self.odd or _OF_ANY_VALUE.fullmatch(self.types.get(resource, ""))
        return canonical_json(written) if is_any else f"${{{name}}}"

    def _mapped(self, keys: Iterable[Any]) -> Any:
        """The value of a mapping; None where it, or a default of it, is known only to CloudFormation."""
        found: Any = self.mappings
        for key in map(self.text, keys):
            found = found.get(key) if isinstance(found, dict) else None
        return found


def computed_of(document: Json, place: Place) -> Computed:
    """The values of an already loaded template."""
    resources = document.get("Resources", {})
    types = {name: body["Type"] for name, body in resources.items()}
    mappings = document.get("Mappings", {})
    plain = Computed(parameters=document.get("Parameters", {}), types=types, place=place, mappings=mappings)
    odd = {name for name, body in resources.items() if _is_oddly_called(body.get("Properties", {}), plain)}
    return attrs.evolve(plain, odd=frozenset(odd))


def _is_oddly_called(properties: Any, computed: Computed) -> bool:
    """Whether a name is no plain one, or is made of what only CloudFormation knows."""
    if not isinstance(properties, dict):
        return False
    called = (value for key, value in properties.items() if _CALLED.fullmatch(key) and not isinstance(value, list))
    texts = (text for value in called for text in computed.texts(value))
    return any(_PLAIN.fullmatch(re.sub(r"\$\{[\w.:]+\}", "a", text)) is None for text in texts)


def type_of(text: str, types: Mapping[str, str]) -> str:
    """The type of the resource of the stack that a text names, ``${MainRole.Arn}`` and no more; empty: none."""
    found = re.fullmatch(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z]+)?\}", text)
    return types.get(found.group(1), "") if found else ""


def may_be_absent(value: Any) -> bool:
    """Whether a property of the template may be left out when the stack is created."""
    return '"AWS::NoValue"' in canonical_json(value)


def is_computed(value: Any) -> bool:
    """Whether CloudFormation turns this into something else."""
    return isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value)


def is_unread(text: str) -> bool:
    """Whether this is, or contains, the JSON of something that is computed, or what CloudFormation looks up."""
    return text.startswith("{") or '{"' in text or "{{" in text
