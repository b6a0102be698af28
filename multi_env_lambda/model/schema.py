"""The JSON schema of the two TOML tables, made from the declared keys, for editors.

It never refuses what the readers accept. They refuse more: whatever depends on two keys, or on the rest of the file. A
value of a unit that contains ``${`` is only known for one environment, so its text is not looked at here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Literal, assert_never

import attrs

from multi_env_lambda.model.key import (
    ByName,
    Choice,
    Created,
    Either,
    Events,
    Flag,
    Inner,
    Inners,
    Json,
    Key,
    Keys,
    Kind,
    Number,
    NumberOf,
    Rule,
    Scalar,
    Text,
    Texts,
    Tree,
)
from multi_env_lambda.model.keys.unit import BY_ENVIRONMENT, UNIT
from multi_env_lambda.model.keys.workspace import WORKSPACE

__all__ = ["SchemaName", "pattern_of", "plain", "schema_of"]

SchemaName = Literal["unit", "workspace"]

_FILLED_IN = {"pattern": r"\$\{"}
_PART = re.compile(r"\\.|\[\^?|\]|.", re.DOTALL)
_LINK = re.compile(r"`?:(?:doc|ref):`([^`<]*?)(?: <[^`>]*>)?`")
_OFF = {"const": False}


def schema_of(name: SchemaName) -> dict[str, Any]:
    """The schema of a whole ``pyproject.toml``: that of a unit, or the one at the top of the repository."""
    writer = _Writer(filled_in=name == "unit")
    table = writer.unit() if name == "unit" else writer.table(WORKSPACE, complete=True)
    tool = {"type": "object", "properties": {"multi_env_lambda": table}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"pyproject.toml of a {name} of multi_env_lambda",
        "type": "object",
        "properties": {"tool": tool},
        "definitions": dict(sorted(writer.definitions.items())),
    }


def plain(text: str) -> str:
    """What a declaration says in RST, in Markdown.

    >>> plain("A secret: :doc:`../02-How-To/secrets`. It requires :ref:`roles <workspace.roles>`, or ``x``.")
    'A secret. It requires roles, or `x`.'
    """
    without = re.sub(r"(:? ?:doc:`[^`]*`(?: (?:shows how to set it up|has examples))?)", "", text.replace("\n", " "))
    return _LINK.sub(r"\1", without).replace("``", "`").strip()


def pattern_of(rule: Rule) -> str:
    r"""The rule's pattern as JSON schema expects it, where ``.`` and ``\w`` mean other characters than in Python.

    >>> pattern_of(Rule(pattern=r"(?s)[\w-]+.\.", allowed="", hint=""))
    '^(?:[A-Za-z0-9_-]+[\\s\\S]\\.)$'
    """
    every = rule.pattern.startswith("(?s)")
    found, inside = [], False
    for part in _PART.findall(rule.pattern.removeprefix("(?s)")):
        if part.startswith("[") and not inside:
            inside = True
        elif part == "]":
            inside = False
        found.append(_translated(part, inside=inside, every=every))
    return f"^(?:{''.join(found)})$"


def _translated(part: str, *, inside: bool, every: bool) -> str:
    match part:
        case "." if not inside:
            return r"[\s\S]" if every else r"[^\n]"
        case r"\w":
            return "A-Za-z0-9_" if inside else "[A-Za-z0-9_]"
        case r"\s":
            return r"\t-\r " if inside else r"[\t-\r ]"
        case r"\0":
            return r"\x00"
        case _:
            return part


@attrs.frozen(kw_only=True)
class _Writer:
    """``filled_in``: whether texts may contain ``${environment}`` and the like; ``definitions`` by title."""

    filled_in: bool
    definitions: dict[str, Any] = attrs.field(factory=dict)

    # --- tables ---
    def unit(self) -> dict[str, Any]:
        """What an environment changes is only known together, so nothing is required then."""
        shared = attrs.evolve(self, filled_in=False).table(UNIT.without(*BY_ENVIRONMENT, "environments"))
        own = self.table(UNIT.only(*BY_ENVIRONMENT, "environments"))
        return {
            **shared,
            "properties": {**shared["properties"], **own["properties"]},
            "if": {"not": {"required": ["environments"]}},
            "then": _needed(UNIT.only(*BY_ENVIRONMENT)),
        }

    def table(self, keys: Keys, *, complete: bool = False) -> dict[str, Any]:
        if keys.every is not None:
            return {"type": "object", "additionalProperties": self.value(keys.every)}
        found: dict[str, Any] = {
            "type": "object",
            "properties": {key.name: self.key(key, complete=complete) for key in keys},
            "additionalProperties": False,
        }
        if keys.about:
            found["description"] = plain(keys.about)
        return {**found, **_required(keys)} if complete else found

    def key(self, key: Key, *, complete: bool = False) -> dict[str, Any]:
        found = self.value(key.kind, complete=complete)
        if key.off:
            found = _or_off(found)
        found = {**found, "description": plain(key.meaning)}
        example = tomllib.loads(key.example).get(key.name)
        if example is not None:
            found["examples"] = [example]
        default = getattr(key.kind, "default", None)
        if default is not None and not key.default and not key.required:
            found["default"] = list(default) if isinstance(default, tuple) else default
        return found

    def defined(self, keys: Keys, *, complete: bool) -> dict[str, Any]:
        """A reference, so that a table that is used in many places is written once."""
        name = f"{keys.title}{'' if complete else ', in part'}"
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = _untyped(self.table(keys, complete=complete))
        return {"type": "object", "allOf": [{"$ref": f"#/definitions/{name.replace(' ', '%20')}"}]}

    # --- values ---
    def value(self, kind: Kind, *, complete: bool = False) -> dict[str, Any]:
        match kind:
            case Text() | Choice() | Texts():
                return self.words(kind)
            case Number() | NumberOf() | Flag() | Created() | Scalar() | Json() | Tree():
                return _simple(kind)
            case Inner(keys=keys, least=least, whole=whole):
                found = self.defined(keys, complete=complete or whole)
                return {**found, "minProperties": least} if least else found
            case Inners(keys=keys, least=least, most=most):
                return _listed(self.defined(keys, complete=True), least, most)
            case ByName():
                return self.by_name(kind, complete=complete)
            case Events(kinds=kinds, sources=sources):
                return {"type": "array", "items": self.event(kinds, sources)}
            case Either(kinds=kinds):
                return _one_of([self.value(one, complete=complete) for one in kinds])
            case _:
                assert_never(kind)

    def words(self, kind: Text | Choice | Texts) -> dict[str, Any]:
        match kind:
            case Text(rule=None):
                return {"type": "string"}
            case Text(rule=rule):
                assert rule is not None
                looks = {"pattern": pattern_of(rule), "maxLength": rule.maximum}
                return {"type": "string", **({"if": _FILLED_IN, "else": looks} if self.filled_in else looks)}
            case Choice(words=words):
                few = {"enum": list(words)}
                return {"type": "string", **({"anyOf": [few, _FILLED_IN]} if self.filled_in else few)}
            case Texts(words=words) if words:
                items = self.words(Choice(words))
            case Texts(rule=rule):
                items = self.words(Text(rule))
            case _:
                assert_never(kind)
        return {**_listed(items, kind.least, kind.most), **({} if kind.twice else {"uniqueItems": True})}

    def by_name(self, kind: ByName, *, complete: bool) -> dict[str, Any]:
        each = self.value(kind.each, complete=complete)
        if kind.off:
            each = _or_off(each)
        found: dict[str, Any] = {"type": "object"}
        if kind.most is not None and not kind.off:
            found["maxProperties"] = kind.most
        if kind.rule is None:
            return {**found, "additionalProperties": each}
        pattern = pattern_of(kind.rule)
        return {**found, "patternProperties": {pattern: each}, "additionalProperties": _OFF if kind.off else False}

    # --- events ---
    def event(self, kinds: Mapping[str, Keys], sources: Mapping[str, str]) -> dict[str, Any]:
        """An editor offers the keys of all kinds, until one of them says which it is."""
        offered = {key.name: {"description": plain(key.meaning)} for keys in kinds.values() for key in keys}
        for name, keys in kinds.items():
            self.definitions[f"event: {name}"] = _untyped(self.one_event(name, keys, sources[name]))
        return {
            "type": "object",
            "properties": offered,
            "anyOf": [{"required": [name]} for name in kinds],
            "allOf": [
                {"if": {"required": [name]}, "then": {"$ref": f"#/definitions/event:%20{name}"}} for name in kinds
            ],
        }

    def one_event(self, name: str, keys: Keys, source: str) -> dict[str, Any]:
        """The options are next to the kind, or in a table of its own together with the source."""
        found = self.table(keys, complete=True)
        if source == name:
            return found
        properties = found["properties"]
        inner = {source if key == name else key: value for key, value in properties.items()}
        own = {"type": "object", "properties": inner, "additionalProperties": False}
        both = {**_one_of([properties[name], own]), "description": properties[name]["description"]}
        return {**found, "properties": {**properties, name: both}}


def _untyped(found: dict[str, Any]) -> dict[str, Any]:
    """For a definition: what refers to it says whether it may be switched off."""
    return {key: value for key, value in found.items() if key != "type"}


def _or_off(found: dict[str, Any]) -> dict[str, Any]:
    """Or false. Not as one of two schemas where that can be: then an error would be about the whole table."""
    if not isinstance(found.get("type"), str):
        return {"anyOf": [found, _OFF]}
    return {**found, "type": [found["type"], "boolean"], "not": {"const": True}}


def _one_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What is a table is compared with that schema alone, so that an error names the key in it."""
    tables = [one for one in found if one.get("type") == "object"]
    others = [one for one in found if one not in tables]
    rest = others[0] if len(others) == 1 else {"anyOf": others}
    return {"if": {"type": "object"}, "then": tables[0], "else": rest} if len(tables) == 1 else {"anyOf": found}


def _simple(kind: Number | NumberOf | Flag | Created | Scalar | Json | Tree) -> dict[str, Any]:
    match kind:
        case Number(low=low, high=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case NumberOf(numbers=numbers):
            return {"enum": list(numbers)}
        case Flag():
            return {"type": "boolean"}
        case Created():
            return {"const": True}
        case Scalar():
            return {"type": ["string", "number", "boolean"]}
        case Json():
            return {}
        case Tree():
            return {"type": "object"}
        case _:
            assert_never(kind)


def _listed(items: Mapping[str, Any], least: int, most: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": items}
    return found | ({"minItems": least} if least else {}) | ({} if most is None else {"maxItems": most})


def _required(keys: Keys) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if names := [key.name for key in keys if key.required]:
        found["required"] = names
    if keys.either:
        found["anyOf"] = [{"required": [name]} for name in keys.either]
    return found


def _needed(keys: Keys) -> dict[str, Any]:
    """Only what is required, here and in the tables below."""
    below = {key.name: needed for key in keys if (needed := _needed_in(key.kind))}
    return {**_required(keys), **({"properties": below} if below else {})}


def _needed_in(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, Inner):
        return _needed(kind.keys)
    if isinstance(kind, ByName) and (needed := _needed_in(kind.each)):
        return {"additionalProperties": needed}
    return {}
