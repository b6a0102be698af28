"""What the tests about the code itself share: the package's modules, read but never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "multi_env_lambda"


def module_paths(folder: Path = ROOT / PACKAGE) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_name(path: Path) -> str:
    """``multi_env_lambda.plan.template`` for its ``__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a module's nodes. Many rules look at them, and walking is most of the work."""
    return tuple(ast.walk(tree(path)))


def imported(path: Path, chosen: Iterator[ast.AST] | None = None) -> Iterator[tuple[str, int]]:
    """Every module that is named in an import, relative ones in full, with its line."""
    for node in nodes(path) if chosen is None else chosen:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = absolute(path, node)
            if source == PACKAGE:
                yield from ((f"{source}.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield source, node.lineno


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """The module that is named, also by ``from .``."""
    if not node.level:
        return node.module or ""
    package = list(path.relative_to(ROOT).parent.parts)
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def at_import(path: Path) -> Iterator[ast.AST]:
    """What runs when the module is imported: no function bodies, nothing below ``if TYPE_CHECKING``."""
    waiting: list[ast.AST] = list(tree(path).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))
