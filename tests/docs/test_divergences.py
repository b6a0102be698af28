"""The table of divergences says where each fact about AWS is kept, and forgets none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/source/03-Concepts/divergences.rst"
EMULATOR = ROOT / "multi_env_lambda/local/emulator"

MACHINERY = {
    "__init__": "says what the folder is",
    "__main__": "starts the server",
    "api_calls": "finds APIs and calls functions, for HTTP and REST APIs",
    "clock": "moves the time of the rules",
    "durability": "keeps what was answered; AWS does not lose it either",
    "early_events": "keeps what rules of early validation found",
    "guard": "keeps pages and others of this machine out",
    "lambda_refusal": "words of several rules",
    "layers": "unpacks once instead of at each cold start",
    "messages": "the words of a connection",
    "names": "reaches into ministack",
    "orphan": "ends a server that nobody can find any more",
    "resources": "puts a check before what CloudFormation makes",
    "role_rights": "asks for rights, for several rules",
    "sandboxed": "starts processes that are kept to their files",
    "sessions": "keys and logs of jobs and builds",
    "state_file": "keeps the state in one file",
    "threads": "lets threads look while others change",
}
"""Modules of the emulator that do nothing that AWS does otherwise."""

ANSWERS = re.findall(r"^     - ``(rule|gate|live) ([^`]+)``$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def steps() -> set[str]:
    """The functions of the live suite that are steps."""
    return {
        node.name.removeprefix("test_")
        for path in (ROOT / "tests/live").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "step"
    }


def test_each_step_has_a_number_of_its_own() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "tests/live").glob("test_*.py")]
    numbers = [int(found) for text in texts for found in re.findall(r"^@step\((\d+)", text, re.MULTILINE)]

    assert len(numbers) == len(set(numbers)) == len(steps())


def named(kind: str) -> set[str]:
    return {name for found, name in ANSWERS if found == kind}


def test_each_row_has_one_answer() -> None:
    rows = re.findall(r"^   \* - ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(rows) == len(ANSWERS) + 1, "the header has none"


@pytest.mark.parametrize("name", sorted(named("rule")))
def test_a_rule_is_a_module_that_names_its_source(name: str) -> None:
    path = EMULATOR / f"{name}.py"

    assert path.is_file() and re.search(r"^(Reason|Source): ", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(named("gate")))
def test_a_gate_is_held_by_tests(path: str) -> None:
    assert (ROOT / path).is_file() and Path(path).name.startswith("test_")


@pytest.mark.parametrize("name", sorted(named("live") | steps()))
def test_what_only_aws_can_show_is_a_step_and_each_step_has_a_row(name: str) -> None:
    assert (name in steps(), name in named("live")) == (True, True)


def test_each_module_of_the_emulator_is_a_rule_of_the_table_or_machinery() -> None:
    modules = {path.stem for path in EMULATOR.glob("*.py")}

    assert modules == named("rule") | MACHINERY.keys()
    assert not named("rule") & MACHINERY.keys()
