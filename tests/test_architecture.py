"""Rings: an import points inward only. The table is the whole rule."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import multi_env_lambda
from tests.house import PACKAGE, ROOT, at_import, imported, module_name, module_paths, tree

INNER = frozenset({"errors", "model", "_version"})
EDGES = INNER | {"host"}
FLOW = EDGES | {"plan", "build", "aws", "local", "world"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "_version": frozenset(),
    "errors": frozenset(),
    "model": INNER - {"model"},
    "plan": INNER,
    "host": INNER,
    "build": EDGES,
    "aws": EDGES | {"plan"},  # plan/stackstate.py decides what a stack's state means; it is pure
    "local": EDGES | {"aws"},  # the accounts are seeded with the artifact bucket that AWS gets
    "world": EDGES | {"plan", "aws"},
    "flow": FLOW,
    "pipeline": FLOW | {"flow"},
    "show": FLOW | {"flow"},
    "api": FLOW | {"flow", "pipeline", "show"},
    "testing": FLOW | {"flow", "pipeline", "api"},
    "cli": frozenset({"_version", "api", "errors", "show"}),
    "__main__": frozenset({"cli"}),
    "": FLOW | {"flow", "pipeline", "api", "cli", "show", "testing"},
}
"""Ring -> the other rings that its modules may name. ``""`` is ``__init__.py``."""

NO_INPUT_OUTPUT = {"os", "time", "subprocess", "shutil", "socket", "tempfile", "threading", "logging", "urllib.request"}
ONLY_WHERE_NEEDED = {"boto3", "botocore", "cottonformation", "moto", "pathlib_mate", "rich"}
SETS_ITS_OWN_VARIABLES = {
    "build/preflight_run.py": "the program of an import proof: it gives a handler what Lambda would",
    "host/lambda_python.py": "what a worker of the local cloud, or that program, is before it imports a handler",
    "local/emulator/__main__.py": "the program of the local cloud: ministack reads its port there",
}
"""Programs that run in a child process, by file, with the reason."""
OTHER_INTERPRETER = ROOT / PACKAGE / "local" / "emulator"


def ring(module: str) -> str:
    return (module.split(".") + [""])[1]


def shown(path: Path) -> str:
    return path.relative_to(ROOT / PACKAGE).as_posix()


MODULES = pytest.mark.parametrize("path", module_paths(), ids=shown)
PURE = pytest.mark.parametrize(
    "path", [p for p in module_paths() if ring(module_name(p)) in ("model", "plan")], ids=shown
)


@MODULES
def test_imports_point_inward(path: Path) -> None:
    own = ring(module_name(path))
    shows_itself = lines_of(path, "_repr_html_") | lines_of(path, "text")
    named = [
        (ring(name), line)
        for name, line in imported(path)
        if name.split(".")[0] == PACKAGE
        and not (line in shows_itself and ring(name) == "show")
        and not (own == "cli" and ring(name) in multi_env_lambda.__all__)
    ]

    assert own in MAY_IMPORT, f"the ring {own!r} is not in the table"
    assert [(name, line) for name, line in named if name != own and name not in MAY_IMPORT[own]] == []


@MODULES
def test_slow_libraries_are_imported_where_they_are_needed(path: Path) -> None:
    if path.is_relative_to(OTHER_INTERPRETER):
        pytest.skip("runs in the emulator's own environment")
    if ring(module_name(path)) == "show":
        pytest.skip("is itself imported where it is needed, see test_start_up.py")
    names = imported(path, at_import(path))

    assert [(name, line) for name, line in names if name.split(".")[0] in ONLY_WHERE_NEEDED] == []


@PURE
def test_model_and_plan_touch_nothing(path: Path) -> None:
    names = [(name, line) for name, line in imported(path) if name in NO_INPUT_OUTPUT or name.split(".")[0] == "boto3"]
    paths = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "pathlib"
        and {a.name for a in node.names} - {"PurePosixPath"}
    ]

    assert (names, paths, calls_of(path, {"open", "print", "input"})) == ([], [], [])


@PURE
def test_cottonformation_is_known_in_one_module(path: Path) -> None:
    at_run_time = {name.split(".")[0] for name, _ in imported(path)} - {
        name.split(".")[0] for name, _ in imported(path, iter(type_checking(path)))
    }

    assert "cottonformation" not in at_run_time or shown(path) == "plan/template/cotton.py"


@MODULES
def test_only_the_command_line_prints(path: Path) -> None:
    if path.is_relative_to(OTHER_INTERPRETER) or ring(module_name(path)) == "cli":
        pytest.skip("a program of its own")

    assert calls_of(path, {"print", "input"}) == []


@MODULES
def test_programs_are_started_in_one_place_and_never_by_a_shell(path: Path) -> None:
    words = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "shell" and not is_false(node.value)
    ]

    assert (words, [line for name, line in imported(path) if name in ("commands", "pty")]) == ([], [])


@MODULES
def test_nobody_writes_the_variables_of_the_process(path: Path) -> None:
    assert bool(writes_of_variables(tree(path))) == (shown(path) in SETS_ITS_OWN_VARIABLES)


@MODULES
def test_every_module_says_what_it_is(path: Path) -> None:
    said = ast.get_docstring(tree(path))
    if path.name == "__init__.py" and not tree(path).body:
        pytest.skip("an empty package")

    assert said
    assert any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree(path).body) or only_values(path)


def lines_of(path: Path, function: str) -> set[int]:
    """Notebooks ask a value for its HTML, so this one method may look outward."""
    found = (n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef) and n.name == function)
    return {line for node in found for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def only_values(path: Path) -> bool:
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import) for node in tree(path).body)


def is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def calls_of(path: Path, names: set[str]) -> list[int]:
    calls = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id in names]


def writes_of_variables(module: ast.AST) -> list[int]:
    """The lines that write ``os.environ``, or give it a name by which they could."""
    changing = {"update", "pop", "popitem", "setdefault", "clear", "__setitem__", "__delitem__", "__ior__"}
    found = []
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=target, ctx=ast.Store() | ast.Del()) | ast.AugAssign(target=target):
                found += [node.lineno] if is_environ(target) else []
            case ast.Attribute(value=value, attr=name):
                is_function = name in ("putenv", "unsetenv") and ast.unparse(value) == "os"
                found += [node.lineno] if is_function or (name in changing and is_environ(value)) else []
            case ast.ImportFrom(module="os", names=names):
                found += [node.lineno for one in names if one.name in ("environ", "environb", "putenv", "unsetenv")]
            case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.NamedExpr(value=value):
                found += [node.lineno] if value is not None and is_environ(value) else []
    return found


def is_environ(node: ast.expr) -> bool:
    return ast.unparse(node) in ("os.environ", "os.environb")


def type_checking(path: Path) -> list[ast.AST]:
    blocks = (n for n in ast.walk(tree(path)) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    return [inner for block in blocks for statement in block.body for inner in ast.walk(statement)]


def test_the_rules_find_what_they_forbid(tmp_path: Path) -> None:
    bad = ROOT / PACKAGE / "plan" / "not_there.py"
    source = ast.parse("import os\nfrom ..aws import bucket\nfrom .. import host\ndef f():\n    import boto3\n")
    names = dict(imported(bad, iter(ast.walk(source))))

    assert {ring(name) for name in names if name.startswith(PACKAGE)} == {"aws", "host"}
    assert {"os", "boto3"} <= set(names)


@pytest.mark.parametrize(
    "line",
    [
        'os.environ["A"] = "b"',
        'del os.environ["A"]',
        'os.environ |= {"A": "b"}',
        'os.environ.update(A="b")',
        'os.environ.pop("A", None)',
        'os.environ.setdefault("A", "b")',
        "forget = os.environ.clear",
        'os.putenv("A", "b")',
        "from os import environ",
        "variables = os.environ",
    ],
)
def test_every_way_to_write_a_variable_is_found(line: str) -> None:
    assert writes_of_variables(ast.parse(line)) == [1]


@pytest.mark.parametrize(
    "line", ['os.environ["A"]', "{**os.environ}", 'own["A"] = os.environ.get("A")', "f(os.environ)"]
)
def test_a_variable_may_be_read(line: str) -> None:
    assert writes_of_variables(ast.parse(line)) == []
