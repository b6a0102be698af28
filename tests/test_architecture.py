"""Rings: an import points inward only. The table is the whole rule."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import multi_env_lambda
from tests.circles import circles, imported_modules
from tests.house import PACKAGE, ROOT, at_import, imported, module_name, module_paths, nodes, tree
from tests.starts import shells, starts

INNER = frozenset({"errors", "masking", "model", "wording", "_version"})
EDGES = INNER | {"host"}
FLOW = EDGES | {"plan", "building", "aws", "local", "world"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "_version": frozenset(),
    "masking": frozenset(),
    "wording": frozenset(),
    "errors": frozenset({"masking", "wording"}),
    "model": INNER - {"model"},
    "plan": INNER,
    "ci": INNER,
    "adopt": INNER | {"plan"},  # plan/template names what a key becomes in the stack
    "host": INNER,
    "building": EDGES,
    "aws": EDGES | {"plan"},  # plan/stackstate.py decides what a stack's state means; it is pure
    "local": EDGES | {"aws"},  # the accounts are seeded with the artifact bucket that AWS gets
    "world": EDGES | {"plan", "aws"},
    "make": EDGES | {"plan", "building", "aws", "world"},
    "flow": FLOW | {"make"},
    "operations": FLOW | {"flow", "make", "ci"},
    "pipeline": FLOW | {"flow", "make"},
    "show": FLOW | {"flow", "operations", "adopt"},
    "api": FLOW | {"flow", "make", "operations", "pipeline", "show", "adopt"},
    "testing": FLOW | {"flow", "make", "operations", "pipeline", "api", "ci"},
    "runs": FLOW | {"flow", "operations", "pipeline", "api", "ci"},
    "dispatcher": frozenset({"errors", "model", "aws", "ci", "operations"}),
    "witness": frozenset({"errors", "host", "model", "aws", "operations"}),
    "receiver": frozenset({"errors", "model", "aws", "ci", "operations", "host"}),
    "cli": frozenset({"_version", "api", "errors", "runs", "show"}),
    "__main__": frozenset({"cli"}),
    "": FLOW | {"flow", "operations", "pipeline", "api", "cli", "show", "testing"},
}
"""Ring -> the other rings that its modules may name. ``""`` is ``__init__.py``."""

NO_INPUT_OUTPUT = {"os", "time", "subprocess", "shutil", "socket", "tempfile", "threading", "logging", "urllib.request"}
ONLY_WHERE_NEEDED = {"boto3", "botocore", "cottonformation", "moto", "pathlib_mate", "rich", "yaml"}
SETS_ITS_OWN_VARIABLES = {
    "building/preflight_run.py": "the program of an import proof: it gives a handler what Lambda would",
    "host/lambda_python.py": "what a worker of the local cloud, or that program, is before it imports a handler",
    "local/emulator/__main__.py": "the program of the local cloud: ministack reads its port there",
}
"""Programs that run in a child process, by file, with the reason."""
STARTS: dict[str, str] = {
    "host/process.py run": "the one place: waits for the end, and an error has the tail of what the program said",
    "host/process.py run_attached": "a program of the user's, on the user's terminal",
    "host/interpreter.py _answers": "a Python that hangs, or is none, is no error: it is not the one looked for",
    "host/sandbox.py <module>": "becomes the program that it has shut in; nothing else may run after that",
    "host/sandbox.py end_with": "waits beside the sandbox, to kill what is in it once the command has ended",
    "host/confined.py _run": "code of others: no input, bounds, and its process group ends with it",
    "building/backend_run.py _forked": "each hook of a build backend in a process of its own, already shut in",
    "building/preflight_process.py start": "a unit's code: no input, a limit, and its process group ends with it",
    "local/server.py _start": "the local cloud goes on when the command that has started it ends",
    "local/emulator/pipeline_actions.py Actions._source": "plays CodePipeline, which asks where a branch stands",
    "local/emulator/builds.py _Build._git": "plays CodeBuild, which clones; imports nothing of ours",
    "local/emulator/builds.py _Build._commands": "plays CodeBuild, whose buildspec is lines for a shell",
    "local/emulator/function_environment.py _with_clean_processes.Process": "a function gets its own variables",
    "local/emulator/glue_jobs.py _run": "plays Glue, which starts a script",
}
"""Where a program is started -> why not in ``host/process.py``."""
A_SHELL = {"local/emulator/builds.py"}
"""CodeBuild runs a buildspec by a shell, and no word of it is ours."""
OTHER_INTERPRETER = ROOT / PACKAGE / "local" / "emulator"


def ring(module: str) -> str:
    return (module.split(".") + [""])[1]


def shown(path: Path) -> str:
    return path.relative_to(ROOT / PACKAGE).as_posix()


def pure_paths() -> list[Path]:
    return [path for path in module_paths() if ring(module_name(path)) in ("model", "plan", "ci", "adopt")]


def found_in(paths: Iterable[Path], look: Callable[[Path], object]) -> dict[str, object]:
    """File -> what is wrong in it. One test for all files: a test for each file would be most of the suite."""
    return {shown(path): wrong for path in paths if (wrong := look(path))}


def test_every_ring_is_in_the_table() -> None:
    assert {ring(module_name(path)) for path in module_paths()} - set(MAY_IMPORT) == set()


def outward_imports(path: Path) -> list[tuple[str, int]]:
    own = ring(module_name(path))
    shows_itself = lines_of(path, "_repr_html_") | lines_of(path, "text")
    named = [
        (ring(name), line)
        for name, line in imported(path)
        if name.split(".")[0] == PACKAGE
        and not (line in shows_itself and ring(name) == "show")
        and not (own == "cli" and ring(name) in multi_env_lambda.__all__)
    ]

    return [(name, line) for name, line in named if name != own and name not in MAY_IMPORT[own]]


def test_imports_point_inward() -> None:
    assert found_in(module_paths(), outward_imports) == {}


def test_slow_libraries_are_imported_where_they_are_needed() -> None:
    """But in the emulator, which has an environment of its own, and in ``show/``: see test_start_up.py."""

    def slow_imports(path: Path) -> list[tuple[str, int]]:
        names = imported(path, at_import(path))
        return [(name, line) for name, line in names if name.split(".")[0] in ONLY_WHERE_NEEDED]

    paths = [p for p in module_paths() if not p.is_relative_to(OTHER_INTERPRETER) and ring(module_name(p)) != "show"]
    assert found_in(paths, slow_imports) == {}


def what_it_touches(path: Path) -> list[object]:
    names = [(name, line) for name, line in imported(path) if name in NO_INPUT_OUTPUT or name.split(".")[0] == "boto3"]
    paths = [
        node.lineno
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
        and node.module == "pathlib"
        and {a.name for a in node.names} - {"PurePosixPath"}
    ]

    return [*names, *paths, *calls_of(path, {"open", "print", "input"})]


def test_the_pure_rings_touch_nothing() -> None:
    assert found_in(pure_paths(), what_it_touches) == {}


def test_cottonformation_is_known_in_one_module() -> None:
    def at_run_time(path: Path) -> bool:
        names = {name.split(".")[0] for name, _ in imported(path)}
        return "cottonformation" in names - {
            name.split(".")[0] for name, _ in imported(path, iter(type_checking(path)))
        }

    assert set(found_in(pure_paths(), at_run_time)) - {"plan/template/cotton.py"} == set()


def test_the_server_of_the_local_cloud_is_known_in_one_ring() -> None:
    named = found_in(module_paths(), lambda path: "ministack" in path.read_text(encoding="utf-8").lower())

    assert [path for path in named if not path.startswith("local/")] == []


def test_only_the_command_line_prints() -> None:
    """And the emulator, which is a program of its own."""
    paths = [p for p in module_paths() if not p.is_relative_to(OTHER_INTERPRETER) and ring(module_name(p)) != "cli"]

    assert found_in(paths, lambda path: calls_of(path, {"print", "input"})) == {}


def test_programs_are_started_in_one_place_and_where_there_is_a_reason() -> None:
    found = {f"{shown(path)} {where}" for path in module_paths() for where, _ in starts(tree(path))}

    assert found == set(STARTS)


def test_no_program_is_started_by_a_shell() -> None:
    assert set(found_in(module_paths(), lambda path: shells(tree(path)))) == A_SHELL


def test_every_ring_of_the_table_is_there() -> None:
    there = {ring(module_name(path)) for path in module_paths()}

    assert set(MAY_IMPORT) - there == set()
    assert {name for row in MAY_IMPORT.values() for name in row} - there == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither below ``if TYPE_CHECKING`` nor in a function: what needs each other so badly is one module, or three."""
    paths = {module_name(path): path for path in module_paths()}
    found = {name: imported_modules(path, but_for_notebooks(path), paths) for name, path in paths.items()}

    assert [sorted(circle) for circle in circles(found)] == []


def test_nobody_writes_the_variables_of_the_process() -> None:
    found = found_in(module_paths(), lambda path: writes_of_variables(nodes(path)))

    assert set(found) == set(SETS_ITS_OWN_VARIABLES)


def test_every_module_says_what_it_is() -> None:
    """But for an empty package."""

    def silent(path: Path) -> bool:
        future = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree(path).body)
        return not ast.get_docstring(tree(path)) or not (future or only_values(path))

    paths = [path for path in module_paths() if path.name != "__init__.py" or tree(path).body]
    assert found_in(paths, silent) == {}


def lines_of(path: Path, function: str) -> set[int]:
    """Notebooks ask a value for its HTML, so this one method may look outward."""
    found = (n for n in nodes(path) if isinstance(n, ast.FunctionDef) and n.name == function)
    return {line for node in found for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def but_for_notebooks(path: Path) -> list[ast.AST]:
    shows_itself = lines_of(path, "_repr_html_") | lines_of(path, "text")
    return [node for node in nodes(path) if getattr(node, "lineno", 0) not in shows_itself]


def only_values(path: Path) -> bool:
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import) for node in tree(path).body)


def calls_of(path: Path, names: set[str]) -> list[int]:
    calls = (node for node in nodes(path) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id in names]


def writes_of_variables(module: Iterable[ast.AST]) -> list[int]:
    """The lines that write ``os.environ``, or give it a name by which they could."""
    changing = {"update", "pop", "popitem", "setdefault", "clear", "__setitem__", "__delitem__", "__ior__"}
    found = []
    for node in module:
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
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb"):
            return True
    return False


def type_checking(path: Path) -> list[ast.AST]:
    blocks = (n for n in nodes(path) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
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
        'import os; os.system("true")',
        'from os import system as s; s("true")',
        'import os as o; o.popen("true")',
        'import subprocess; subprocess.run(["bash", "-c", "true"])',
        'import subprocess; subprocess.run(("/bin/sh", "-c", "true"))',
        'import subprocess; subprocess.run(["/bin/sh", script])',
        'import subprocess; subprocess.run(["env", "bash", "-lc", "true"])',
        'from subprocess import Popen as P; P("true", shell=True)',
        'import subprocess; subprocess.run("true", shell=wanted)',
        'import subprocess; subprocess.run("true", **{"shell": True})',
        'import subprocess; subprocess.getoutput("true")',
        'import asyncio; asyncio.create_subprocess_shell("true")',
        'import asyncio; asyncio.create_subprocess_exec("sh", "-c", "true")',
        'loop.subprocess_shell(protocol, "true")',
        'import os; os.execv("/bin/bash", ["bash"])',
        'import os; os.execlp("sh", "sh", "-c", "true")',
        'words = ["sh", "-c", line]',
        'from .host.process import run; run(["zsh", "-c", line], where="", hint="")',
        'import pty; pty.spawn("true")',
        '__import__("os").system("true")',
        'import importlib; importlib.import_module("os").system("true")',
    ],
)
def test_a_shell_is_seen(line: str) -> None:
    assert shells(ast.parse(line)) == [1]


@pytest.mark.parametrize(
    "line",
    [
        'import subprocess\ndef f():\n    subprocess.run(["git"])',
        "import subprocess as sp\ndef f():\n    return sp.Popen",
        "from subprocess import check_output\ndef f():\n    check_output([])",
        "import os\ndef f():\n    os.execvp(a, b)",
        "import os\ndef f():\n    os.posix_spawn(a, b, c)",
        "import asyncio\ndef f():\n    asyncio.create_subprocess_exec(a)",
        "import multiprocessing\ndef f():\n    multiprocessing.Process()",
        "def f():\n    loop.subprocess_exec(a, b)",
        "import subprocess\ndef f(start=subprocess.run):\n    start([])",
    ],
)
def test_the_start_of_a_program_is_seen(line: str) -> None:
    assert [where for where, _ in starts(ast.parse(line))] == ["f"]


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess\ndef f(p: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]: p.wait()",
        "import subprocess\nsubprocess.TimeoutExpired",
        "from .host.process import run\nrun([python, '-c', text], where='', hint='')",
        "['git', '-c', 'a=b']",
        "world.system()",
    ],
)
def test_what_starts_nothing_is_not_taken_for_a_start(line: str) -> None:
    assert (starts(ast.parse(line)), shells(ast.parse(line))) == ([], [])


def test_a_circle_is_seen() -> None:
    around = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}

    assert circles(around) == {frozenset("abc")}
    assert circles({**around, "c": {"d"}}) == set()


@pytest.mark.parametrize(
    "line",
    [
        "from . import act",
        "from .act import f",
        "import multi_env_lambda.flow.act",
        "from multi_env_lambda.flow import act as other",
        "if TYPE_CHECKING:\n    from multi_env_lambda.flow.act import f",
        "def f():\n    from multi_env_lambda.flow import act",
    ],
)
def test_a_module_is_seen_however_it_is_imported(line: str) -> None:
    path = ROOT / PACKAGE / "flow" / "not_there.py"
    known = {"multi_env_lambda", "multi_env_lambda.flow", "multi_env_lambda.flow.act"}

    assert imported_modules(path, ast.walk(ast.parse(line)), known) == {"multi_env_lambda.flow.act"}


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
    assert writes_of_variables(ast.walk(ast.parse(line))) == [1]


@pytest.mark.parametrize(
    "line", ['os.environ["A"]', "{**os.environ}", 'own["A"] = os.environ.get("A")', "f(os.environ)"]
)
def test_a_variable_may_be_read(line: str) -> None:
    assert writes_of_variables(ast.walk(ast.parse(line))) == []
