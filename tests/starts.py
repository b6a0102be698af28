"""Where a module starts another program, and where it does so by a shell: read from its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cache

__all__ = ["shells", "starts"]

_BY_A_SHELL = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
        "asyncio.subprocess.create_subprocess_shell",
    }
)
_STARTS = _BY_A_SHELL | {
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.Popen",
    "asyncio.create_subprocess_exec",
    "asyncio.subprocess.create_subprocess_exec",
    "os.fork",
    "os.forkpty",
    "os.startfile",
    "multiprocessing.Process",
    "multiprocessing.Pool",
    "concurrent.futures.ProcessPoolExecutor",
}
_MANY = re.compile(r"os\.(exec|spawn|posix_spawn)\w*|pty\.\w+|commands\.\w+")
_OF_A_LOOP = frozenset({"subprocess_exec", "subprocess_shell"})
"""Methods of asyncio's event loop, whatever the loop is called."""
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "csh", "tcsh", "fish", "cmd", "pwsh", "powershell"})


def starts(module: ast.Module) -> list[tuple[str, int]]:
    """The functions (``<module>`` outside of one) in which a program is started, with the line."""
    known = _imported_as(module)
    found = []
    for where, node in _named(module):
        name = _name(node, known)
        if name in _STARTS or _MANY.fullmatch(name) or _method(node) in _OF_A_LOOP:
            found.append((where, node.lineno))
    return found


def shells(module: ast.Module) -> list[int]:
    """The lines on which a shell is started, or the words of one are put together."""
    known = _imported_as(module)
    lines = {
        node.lineno
        for _, node in _named(module)
        if (name := _name(node, known)) in _BY_A_SHELL
        or _method(node) == "subprocess_shell"
        or name.startswith(("pty.", "commands."))
    }
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and _asks_for_a_shell(node):
            lines.add(node.value.lineno)
        if isinstance(node, ast.List | ast.Tuple | ast.Call) and _words_of_a_shell(node, known):
            lines.add(node.lineno)
    return sorted(lines)


@cache
def _imported_as(module: ast.Module) -> dict[str, str]:
    """Name in this module -> what it stands for; an unknown name stands for itself."""
    known: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            known |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


@cache
def _named(module: ast.Module) -> list[tuple[str, ast.expr]]:
    """Every name outside of an annotation, with the function that it stands in."""
    found: list[tuple[str, ast.expr]] = []
    waiting: list[tuple[str, ast.AST]] = [("<module>", module)]
    while waiting:
        where, node = waiting.pop()
        if isinstance(node, ast.Attribute | ast.Name) or (isinstance(node, ast.Call) and _imports_by_name(node)):
            found.append((where, node))
        inside = where
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = node.name if where == "<module>" else f"{where}.{node.name}"
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns"):
                continue
            below = value if isinstance(value, list) else [value]
            waiting.extend((inside, child) for child in below if isinstance(child, ast.AST))
    return found


def _imports_by_name(node: ast.Call) -> bool:
    return _method(node.func) in ("__import__", "import_module")


def _name(node: ast.expr, known: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return known.get(name, name)
        case ast.Attribute(value=value, attr=name):
            return f"{_name(value, known)}.{name}"
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _imports_by_name(node):
            return name
        case _:
            return ""


def _method(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _asks_for_a_shell(node: ast.keyword) -> bool:
    match node:
        case ast.keyword(arg=None, value=ast.Dict(keys=keys)):
            return any(isinstance(key, ast.Constant) and key.value == "shell" for key in keys)
        case ast.keyword(arg="shell", value=ast.Constant(value=False)):
            return False
        case _:
            return node.arg == "shell"


def _words_of_a_shell(node: ast.List | ast.Tuple | ast.Call, known: dict[str, str]) -> bool:
    words: Sequence[ast.expr] = node.args if isinstance(node, ast.Call) else node.elts
    texts = [word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else "" for word in words]
    asked = any(
        _is_shell(first) and re.fullmatch(r"-\w*c|/[cC]|-Command", second)
        for first, second in zip(texts, texts[1:], strict=False)
    )
    if not isinstance(node, ast.Call) or not words:
        return asked
    name = _name(node.func, known)
    if name not in _STARTS and not _MANY.fullmatch(name):
        return asked
    first = words[0].elts[0] if isinstance(words[0], ast.List | ast.Tuple) and words[0].elts else words[0]
    program = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return asked or _is_shell(program.partition(" ")[0])


def _is_shell(word: str) -> bool:
    return word.rstrip("/").rpartition("/")[2].removesuffix(".exe") in _SHELLS
