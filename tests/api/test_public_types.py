"""Whatever a public name returns or has is of a type that the reference shows."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import multi_env_lambda
from tests.house import ROOT

PAGE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs/source/04-Reference").glob("api*.rst")))


def _home(shown: str) -> str:
    """The dotted name where a class is defined, of one that a page shows by its public name."""
    name = shown.removeprefix("multi_env_lambda.")
    if "." in name:
        return shown
    found = getattr(multi_env_lambda, name)
    return f"{found.__module__}.{found.__qualname__}"


SHOWN = set(map(_home, re.findall(r"^\.\. autoclass:: (multi_env_lambda\.\S+)", PAGE, re.MULTILINE))) | {
    f"{module}.{name}"
    for module, names in re.findall(r"automodule:: (\S+)\n   :members: (.+)", PAGE)
    for name in names.split(", ")
}
INSIDE = {
    "multi_env_lambda.world.World": "what `Workspace` itself works with; the page says that it can change",
    "multi_env_lambda.wording.Advice": "text with two wordings, which is shown and compared as a `str`",
}
"""Types that are not on the page -> why."""


@cache
def names_in(module: str) -> dict[str, str]:
    """What a name means in a module, also one that is imported only for type checkers: the dotted name of a class of
    ours, or the text of an alias."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("multi_env_lambda"):
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = f"{module}.{node.name}"
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = f"{module}:{ast.unparse(node.value)}"
    return found


def types_in(annotation: str, module: str) -> Iterator[str]:
    """The classes of this library in an annotation; an alias stands for what it is made of."""
    for word in re.findall(r"\b[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"", "", annotation)):
        meant = names_in(module).get(word, "")
        if ":" in meant:
            yield from types_in(meant.partition(":")[2], module)
        elif meant:
            home, _, name = meant.rpartition(".")
            if home == "multi_env_lambda":
                yield home_of(getattr(multi_env_lambda, name))
            elif ":" in (there := names_in(home).get(name, "")):
                yield from types_in(there.partition(":")[2], home)
            elif there:
                yield there


def home_of(public: Any) -> str:
    return f"{public.__module__}.{public.__qualname__}"


def offered(public: Any) -> Iterator[tuple[str, str, str]]:
    """(name, annotation, module) of what a caller gets from a function, or from an object's methods and attributes."""
    if inspect.isfunction(public):
        own = inspect.unwrap(public)
        yield own.__name__, own.__annotations__["return"], own.__module__
        return
    yield from (
        (f"{public.__name__}.{key}", each, public.__module__)
        for key, each in public.__dict__.get("__annotations__", {}).items()
        if not key.startswith("_")
    )
    for key, each in vars(public).items():
        inner = each.fget if isinstance(each, property) else getattr(each, "func", getattr(each, "__func__", each))
        method = inspect.unwrap(inner) if callable(inner) else None
        if not key.startswith("_") and inspect.isfunction(method):
            yield f"{public.__name__}.{key}", method.__annotations__["return"], method.__module__


def publics() -> Iterator[Any]:
    named = (getattr(multi_env_lambda, name) for name in multi_env_lambda.__all__)
    yield from (one for one in named if isinstance(one, type) or inspect.isfunction(one))


def test_nothing_is_returned_that_the_reference_does_not_show() -> None:
    errors = {home_of(one) for one in publics() if isinstance(one, type) and issubclass(one, Exception)}
    every = [(name, kind) for one in publics() for name, said, at in offered(one) for kind in types_in(said, at)]
    hidden: dict[str, list[str]] = {}
    for name, kind in every:
        if kind not in SHOWN | errors | set(INSIDE):
            hidden.setdefault(kind, []).append(name)

    assert len(every) > 150
    assert hidden == {}
    assert set(INSIDE) - {kind for _, kind in every} == set()


def test_every_public_function_and_method_says_what_it_returns() -> None:
    assert [name for one in publics() for name, said, _ in offered(one) if not said] == []
