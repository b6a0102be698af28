"""The pages about the keys of the two tables, from their declarations: each with type, default and example."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import assert_never

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
    Scalar,
    Text,
    Texts,
    Tree,
)
from multi_env_lambda.model.keys.event import EVENTS
from multi_env_lambda.model.keys.unit import DIFFERENCE, UNIT
from multi_env_lambda.model.keys.workspace import WORKSPACE


def pages_of(name: str) -> dict[str, str]:
    """File -> text: what a handwritten page includes, and a page for each table in it, with the tables below that."""
    tables = labelled(name)
    labels = {title: label for title, (_, label) in tables.items()}
    found: dict[str, list[str]] = {}
    for keys, label in tables.values():
        found.setdefault(page_of(label), []).append(_table(keys, label, labels))
    top = "\n".join(found.pop(name))
    listed = "".join(f"   {page}\n" for page in found)
    begin = f"Each of its tables has a page:\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n"
    return {f"{name}.inc": begin + top, **{f"{page}.rst": _titled(page, parts) for page, parts in found.items()}}


def labelled(name: str) -> dict[str, tuple[Keys, str]]:
    """Title -> all tables of one file with their labels, each where it is met first, in that order."""
    found: dict[str, tuple[Keys, str]] = {}
    for keys, label in _tables(WORKSPACE if name == "workspace" else UNIT, name):
        found.setdefault(keys.title, (keys, label))
    return found


def page_of(label: str) -> str:
    """
    >>> page_of("unit"), page_of("unit.functions.vpc"), page_of("unit.functions.events.sqs")
    ('unit', 'unit-functions', 'unit-events')
    """
    parts = label.split(".")
    return "-".join(["unit", "events"] if "events" in parts else parts[:2])


def _titled(page: str, parts: list[str]) -> str:
    of, _, table = page.partition("-")
    title = f"Keys of {'a unit' if of == 'unit' else 'the workspace'}: {table}"
    return f"{title}\n{'=' * len(title)}\n\n" + "\n".join(parts)


def _tables(keys: Keys, label: str) -> Iterator[tuple[Keys, str]]:
    """Each table with its label; the tables below it after it."""
    yield keys, label
    for key in keys:
        for below, word in _below(key.kind):
            own = f"{label}.{key.name}{f'.{word}' if word else ''}"
            if below.header and keys is not DIFFERENCE:
                yield from _tables(below, own)


def _below(kind: Kind) -> Iterator[tuple[Keys, str]]:
    match kind:
        case Inner(keys=keys) | Inners(keys=keys):
            yield keys, ""
        case ByName(each=each):
            yield from _below(each)
        case Either(kinds=kinds):
            for one in kinds:
                yield from _below(one)
        case Events(kinds=kinds):
            for name, keys in kinds.items():
                yield keys, name
        case _:
            return


def _table(keys: Keys, label: str, labels: Mapping[str, str]) -> str:
    about = f"{_sentences(keys.about)}\n\n" if keys.about else ""
    head = f".. _{label}:\n\n{keys.title}\n{'-' * len(keys.title)}\n{about}"
    return head + "\n".join(_key(keys, key, label, labels) for key in keys)


def _key(keys: Keys, key: Key, label: str, labels: Mapping[str, str]) -> str:
    title = f"``{key.name}``"
    example = key.example if key.example.startswith("[") else f"{keys.header}\n{key.example}"
    return (
        f".. _key.{label}.{key.name}:\n\n{title}\n{'~' * len(title)}\n"
        f"{_sentences(key.meaning)}\n\n"
        f":Type: {_kind(key.kind)}{_switch(key, label)}\n{_more(key, labels)}"
        f":Default: {_default(keys, key)}\n\n"
        f".. code-block:: toml\n\n{textwrap.indent(example, '   ')}\n"
    )


def _more(key: Key, labels: Mapping[str, str]) -> str:
    """Where the keys of a table are described, or those of each kind of a list of events."""
    found = {labels[below.title]: word for below, word in _below(key.kind) if below.title in labels}
    links = ", ".join(f":ref:`{word} <{label}>`" if word else f":ref:`{label}`" for label, word in found.items())
    return f":Keys: {links}\n" if links else ""


def _sentences(text: str) -> str:
    """One sentence a line."""
    return re.sub(r"(?<=[A-Za-z0-9`\])])([.:]) (?=[A-Z`(])(?!`[^`]*`_)", r"\1\n", text.replace("\n", " "))


def _default(keys: Keys, key: Key) -> str:
    if key.required:
        return "required"
    if EVENTS.kinds.get(key.name) is keys:
        return "required for this kind of event"
    if key.name in keys.either:
        return f"required: exactly one of {', '.join(f'``{name}``' for name in keys.either)}"
    if key.default:
        return key.default
    match getattr(key.kind, "default", None):
        case None | ():
            return _default_of(key.kind) if isinstance(key.kind, Either) else "none"
        case "":
            return "empty"
        case bool(value):
            return f"``{str(value).lower()}``"
        case tuple(values):
            return f"``{list(values)}``".replace("'", '"')
        case value:
            return f"``{value}``"


def _default_of(kind: Either) -> str:
    for one in kind.kinds:
        match one:
            case Flag(default=value):
                return f"``{str(value).lower()}``"
            case Text(default=str(value)):
                return f"``{value}``"
            case _:
                pass
    return "none"


def _switch(key: Key, label: str) -> str:
    """What an environment can switch off; elsewhere the key is left out."""
    in_part = key.off and label.startswith("unit.") and not label.endswith(".environment")
    return "; ``false`` switches it off" if in_part else ""


def _kind(kind: Kind) -> str:
    match kind:
        case Text() | Texts() | Choice() | Json() | Tree() | Scalar() | Flag() | Created():
            return _plain(kind)
        case Number(low=low, high=high):
            return f"a whole number from {low:,} to {high:,}"
        case NumberOf(numbers=numbers):
            return f"a number: {', '.join(map(str, numbers))}"
        case Inner():
            return "a table"
        case Inners(least=least, most=most):
            return f"a list of {f'up to {most} ' if most else ''}tables{', one or more' if least else ''}"
        case ByName(each=each, most=most):
            what = "tables" if isinstance(each, Inner) else "tables, texts, numbers and flags"
            return f"a table of {f'up to {most} ' if most else ''}{'texts' if isinstance(each, Text) else what} by name"
        case Events():
            return "a list of tables"
        case Either(kinds=kinds):
            return ", or ".join(_kind(one) for one in kinds)
        case _:
            assert_never(kind)


def _plain(kind: Text | Texts | Choice | Json | Tree | Scalar | Flag | Created) -> str:
    match kind:
        case Text(rule=rule, allowed=allowed):
            return allowed if rule is None or allowed != "text" else f"text: {_quoted(rule.allowed)}"
        case Texts(rule=rule, least=least, most=most, words=words):
            number = ", one or more" if least else f", up to {most}" if most else ""
            more = f"; each is {_quoted(rule.allowed)}" if rule else ""
            few = f"; each is one of {', '.join(f'``{word}``' for word in words)}" if words else ""
            return f"a list of texts{number}{more}{few}"
        case Choice(words=words):
            return ", ".join(f"``{word}``" if word else '``""``' for word in words)
        case Json():
            return "anything that JSON can represent"
        case Tree():
            return "a table"
        case Scalar():
            return "text, a number, ``true`` or ``false``"
        case Flag():
            return "``true`` or ``false``"
        case Created():
            return "``true``"
        case _:
            assert_never(kind)


def _quoted(text: str) -> str:
    """A rule's words as RST: what looks like code is code."""
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    text = re.sub(r'(?<!`)"([^"]+)"', r'``"\1"``', text)
    return re.sub(r"(?<![`\w\"])(arn:[\w:$./{}-]+)", r"``\1``", text)
