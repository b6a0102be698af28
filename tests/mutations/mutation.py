"""A mutation as a value: a text of the package, what stands there instead, and the fact that is then broken."""

from __future__ import annotations

import ast
import shutil
from functools import cache
from pathlib import Path

import attrs

__all__ = ["PACKAGE", "Mutation", "mutated_copy", "problem_of"]

PACKAGE = "multi_env_lambda"


@attrs.frozen
class Mutation:
    """One change that the named tests must notice.

    Args:
        file: the changed file, relative to the package.
        old, new: the exact text, which must be there once, and what takes its place.
        fact: the promise that is broken then, as one sentence.
        tests: files below ``tests/``, or single tests in them as pytest names them; the narrowest that notice it.
    """

    file: str
    old: str
    new: str
    fact: str
    tests: tuple[str, ...]

    @property
    def ring(self) -> str:
        """The part of the package that it is about, as in the table of ``tests/test_architecture.py``."""
        return self.file.partition("/")[0].removesuffix(".py")

    def apply(self, text: str) -> str:
        return text.replace(self.old, self.new)


def problem_of(mutation: Mutation, root: Path) -> str:
    """Why a mutation cannot be made in the package below ``root``; empty if it can."""
    path = root / PACKAGE / mutation.file
    if not path.is_file():
        return "there is no such file"
    text = path.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    if found != 1:
        return f"its old text is there {found} times, once is needed"
    before, after = _around(text, mutation)
    try:
        if ast.dump(ast.parse(before)) == ast.dump(ast.parse(after)):
            return "its new text says the same"
    except SyntaxError as error:
        return f"its new text is not Python: {error}"
    missing = [test for test in mutation.tests if not _is_there(test, root)]
    return f"there is no tests/{missing[0]}" if missing else ""


def _around(text: str, mutation: Mutation) -> tuple[str, str]:
    """The statements of the module that are changed, before and after; reading whole modules would take long."""
    start = text.index(mutation.old)
    first, last = text.count("\n", 0, start) + 1, text.count("\n", 0, start + len(mutation.old)) + 1
    edges = _edges(text)
    begin = max((edge for edge in edges if edge <= first), default=1)
    end = min((edge for edge in edges if edge > last), default=None)
    before = "\n".join(text.split("\n")[begin - 1 : None if end is None else end - 1])
    return before, mutation.apply(before)


@cache
def _edges(text: str) -> tuple[int, ...]:
    """The lines on which the statements of a module begin. Asked for once for each file, of several changes."""
    return tuple(
        min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        for node in ast.parse(text).body
    )


def _is_there(test: str, root: Path) -> bool:
    name, _, function = test.partition("::")
    path = root / "tests" / name
    return path.is_file() and (not function or f"def {function}(" in path.read_text(encoding="utf-8"))


def mutated_copy(mutation: Mutation | None, root: Path, folder: Path) -> None:
    """Copy the package below ``root`` into ``folder``, with one text changed; None: as it is."""
    copy = folder / PACKAGE
    # Times are kept, so that the bytecode of all the other files is still right.
    shutil.copytree(root / PACKAGE, copy)
    if mutation is not None:
        path = copy / mutation.file
        text = path.read_text(encoding="utf-8")
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()
        path.write_text(mutation.apply(text), encoding="utf-8")
