"""A function fits on a screen, a file can be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house import PACKAGE, ROOT, module_paths, nodes

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
LINES_OF_NINE_IN_TEN = 30


def lengths(folder: Path = ROOT / PACKAGE) -> dict[str, int]:
    return {
        f"{path.relative_to(folder)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in module_paths(folder)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def lines_of_files(folder: Path = ROOT / PACKAGE) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): len(path.read_text(encoding="utf-8").splitlines())
        for path in module_paths(folder)
    }


def test_no_function_is_longer_than_60_lines() -> None:
    assert {name: lines for name, lines in lengths().items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_nine_of_ten_functions_have_at_most_30_lines() -> None:
    found = lengths()
    long = {name: lines for name, lines in found.items() if lines > LINES_OF_NINE_IN_TEN}

    assert len(long) * 10 <= len(found), long


def test_no_file_is_longer_than_400_lines() -> None:
    assert {name: lines for name, lines in lines_of_files().items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_files_and_functions_of_one_name_are_all_counted(tmp_path: Path) -> None:
    for folder, lines in (("aws", 5), ("flow", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "drift.py").write_text("def drift():\n" + "    pass\n" * (lines - 1), encoding="utf-8")

    assert lines_of_files(tmp_path) == {"aws/drift.py": 5, "flow/drift.py": 2}
    assert lengths(tmp_path) == {"aws/drift.py:1 drift": 5, "flow/drift.py:1 drift": 2}
