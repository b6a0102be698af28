"""A function fits on a screen, a file can be read in one go."""

from __future__ import annotations

import ast

from tests.house import module_paths, tree

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
LINES_OF_NINE_IN_TEN = 30


def lengths() -> dict[str, int]:
    return {
        f"{path.name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in module_paths()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_function_is_longer_than_60_lines() -> None:
    assert {name: lines for name, lines in lengths().items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_nine_of_ten_functions_have_at_most_30_lines() -> None:
    found = lengths()
    long = {name: lines for name, lines in found.items() if lines > LINES_OF_NINE_IN_TEN}

    assert len(long) * 10 <= len(found), long


def test_no_file_is_longer_than_400_lines() -> None:
    # By their whole names: two files may be called the same.
    found = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in module_paths()}

    assert {name: lines for name, lines in found.items() if lines > MOST_LINES_OF_A_FILE} == {}
