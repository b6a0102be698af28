"""The modules of a project as one imports the other: texts in, and what they import and read; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import attrs

__all__ = [
    "Read",
    "imports_of",
    "line_of_python2",
    "modules_of",
    "path_of",
    "reachable",
    "required_by",
    "steps_up",
    "variables_of",
]


@attrs.frozen
class Read:
    """A variable of the environment that a module reads.

    Args:
        needed: whether its module cannot be imported without it.
        has_default: whether the module says what counts without it.
    """

    name: str
    line: int
    needed: bool
    has_default: bool = False


def path_of(handler: str) -> str:
    """The path of a handler's module, without an ending.

    >>> path_of("shop/orders.create.handler")
    'shop/orders/create'
    """
    return handler.rpartition(".")[0].replace(".", "/")


def reachable(texts: Mapping[str, str], start: str, root: str = "") -> tuple[str, ...]:
    """The modules that an import of ``start`` can lead to, itself first; ``root`` is the top of the code."""
    found: dict[str, None] = {start: None}
    waiting = [start]
    while waiting:
        path = waiting.pop(0)
        package = PurePosixPath(path).parent
        for name, level in _names(texts.get(path, "")):
            top = PurePosixPath(root) if not level else package.joinpath(*[".."] * (level - 1))
            for one in _paths(top, name):
                if one in texts and one not in found:
                    found[one] = None
                    waiting.append(one)
    return tuple(found)


def _paths(top: PurePosixPath, name: str) -> Iterator[str]:
    """The files that the import of ``a.b`` runs: of each package on the way, and of the module."""
    parts = [part for part in top.parts if part != "."]
    while ".." in parts:
        at = parts.index("..")
        parts[max(at - 1, 0) : at + 1] = []
    yield "/".join((*parts, "__init__.py"))
    for part in name.split(".") if name else ():
        parts.append(part)
        yield "/".join(parts) + ".py"
        yield "/".join((*parts, "__init__.py"))


@cache
def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


_OF_PYTHON2 = ("Missing parentheses in call to", "multiple exception types must be parenthesized", "leading zeros in")
"""What Python says of the syntax that only Python 2 had."""


def line_of_python2(text: str) -> int:
    """The first line that only Python 2 could read; 0 if there is none."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return (error.lineno or 1) if any(words in error.msg for words in _OF_PYTHON2) else 0
    except (ValueError, RecursionError):
        return 0
    return 0


def _names(text: str) -> Iterator[tuple[str, int]]:
    """What a module imports, with how many folders above it; ``from a import b`` may mean the module ``a.b``."""
    for one in ast.walk(_tree(text)):
        if isinstance(one, ast.Import):
            yield from ((alias.name, 0) for alias in one.names)
        elif isinstance(one, ast.ImportFrom):
            before = f"{one.module}." if one.module else ""
            yield from ((f"{before}{alias.name}", one.level) for alias in one.names)


def imports_of(text: str) -> dict[str, int]:
    """The first words of what it imports from elsewhere, each with its line."""
    return _imported(ast.walk(_tree(text)))


def required_by(text: str) -> dict[str, int]:
    """The same for what it imports whenever it is imported: under no condition."""
    return _imported(_tree(text).body)


def _imported(nodes: Iterable[ast.AST]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in nodes:
        if isinstance(one, ast.Import):
            for alias in one.names:
                found.setdefault(alias.name.partition(".")[0], one.lineno)
        elif isinstance(one, ast.ImportFrom) and not one.level and one.module:
            found.setdefault(one.module.partition(".")[0], one.lineno)
    return found


def modules_of(function: Mapping[str, Any], texts: Mapping[str, str]) -> tuple[str, ...]:
    """What the handler in a function's table can lead to, its own module first; nothing if the project lacks that."""
    root, module = str(function.get("root", "")), path_of(str(function.get("handler", "")))
    inside = f"{root}/{module}" if root else module
    start = next((path for path in (f"{inside}.py", f"{inside}/__init__.py") if path in texts), "")
    return reachable(texts, start, root) if start else ()


def steps_up(text: str) -> int:
    """How many folders above its own its relative imports reach, where 1 is its own; 0 without such imports."""
    return max((level for _, level in _names(text)), default=0)


def variables_of(text: str) -> tuple[Read, ...]:
    """The variables that it reads by a written name, without those that it sets itself."""
    tree = _tree(text)
    needed = {id(one): None for statement in tree.body for one in _at_import(statement)}
    own = {name for one in ast.walk(tree) if (name := _set(one))}
    found: dict[str, Read] = {}
    for one in ast.walk(tree):
        name, fails, has_default = _read(one)
        if name and name not in own:
            read = Read(name, getattr(one, "lineno", 1), fails and id(one) in needed, has_default)
            if name not in found or (_urgency(read) > _urgency(found[name]) and not _is_given(found[name], read)):
                found[name] = read
    return tuple(found.values())


def _is_given(found: Read, again: Read) -> bool:
    """``os.getenv("A") or 1`` is seen twice: with what counts instead, and without."""
    return found.has_default and found.line == again.line


def _urgency(read: Read) -> tuple[bool, bool]:
    return read.needed, not read.has_default


def _at_import(statement: ast.stmt) -> Iterator[ast.AST]:
    """What certainly runs when the module is imported: no body of a function, and nothing under a condition."""
    if isinstance(statement, (ast.ClassDef, ast.With)):
        for inner in statement.body:
            yield from _at_import(inner)
    elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)):
        yield from _outside_functions(statement)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, (ast.Lambda, ast.IfExp, ast.BoolOp)):
            yield from _outside_functions(inner)


def _read(node: ast.AST) -> tuple[str, bool, bool]:
    """The name of the variable that is read here, whether it fails without one, and whether there is a default.

    The name is empty if none is read.
    """
    match node:
        case ast.Subscript(value=where, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if _is_environ(where):
            return name, True, False
        case ast.Call(func=ast.Name(id="int" | "float"), args=[ast.Call(args=[ast.Constant(value=str(name))]) as got]):
            return (name, True, False) if _is_get(got.func) else ("", False, False)
        case ast.Attribute(value=ast.Call(args=[ast.Constant(value=str(name))], keywords=[]) as got):
            return (name, True, False) if _is_get(got.func) else ("", False, False)
        case ast.BoolOp(op=ast.Or(), values=[ast.Call(args=[ast.Constant(value=str(name))]) as got, *_]):
            return (name, False, True) if _is_get(got.func) else ("", False, False)
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *more]) if _is_get(function):
            return name, False, bool(more or node.keywords)
        case _:
            return "", False, False


def _set(node: ast.AST) -> str:
    match node:
        case ast.Subscript(value=where, slice=ast.Constant(value=str(name)), ctx=ast.Store()) if _is_environ(where):
            return name
        case ast.Call(func=ast.Attribute(value=where, attr="setdefault"), args=[ast.Constant(value=str(name)), *_]):
            return name if _is_environ(where) else ""
        case _:
            return ""


def _is_environ(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ") | ast.Name(id="environ"):
            return True
        case _:
            return False


def _is_get(node: ast.AST) -> bool:
    """``os.getenv``, and ``get`` of the environment."""
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="getenv") | ast.Name(id="getenv"):
            return True
        case ast.Attribute(value=where, attr="get"):
            return _is_environ(where)
        case _:
            return False
