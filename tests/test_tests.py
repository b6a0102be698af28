"""What no test may do: replace a part of what it tests, or wait for a time to pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import PACKAGE, ROOT

SLEEPING_ON_PURPOSE = {
    ("tests/tools/faults.py", "_handle"): "a proxy that delays what passes through",
    ("tests/live/janitor.py", "_wait_until_gone"): "AWS may answer with what was there before, for a while",
}


def offences(text: str) -> Iterator[str]:
    """``LINE: what`` for each, in a test module's text."""
    if not any(word in text for word in ("mock", "setattr", "sleep")):
        return  # reading all of them as Python would be most of the work
    tree = ast.parse(text)
    ours = set(_ours(tree))
    for node in ast.walk(tree):
        match node:
            case (
                ast.ImportFrom(module="unittest.mock" | "mock", lineno=line)
                | ast.Import(names=[ast.alias(name="unittest.mock" | "mock")], lineno=line)
            ):
                yield f"{line}: a mock"
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[replaced, *_], lineno=line) if _is_ours(
                replaced, ours
            ):
                yield f"{line}: a part of {PACKAGE} is replaced"
    yield from _sleeps(tree, "", is_poll=False)


def _ours(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] == PACKAGE:
                yield from (alias.asname or alias.name for alias in names)
            case ast.Import(names=names):
                yield from (alias.asname for alias in names if alias.asname and alias.name.startswith(PACKAGE))


def _is_ours(replaced: ast.expr, ours: set[str]) -> bool:
    named = {node.id for node in ast.walk(replaced) if isinstance(node, ast.Name)}
    return PACKAGE in ast.unparse(replaced) or bool(named & ours)


def _sleeps(node: ast.AST, function: str, *, is_poll: bool) -> Iterator[str]:
    """A loop that looks again may pause between two looks; it ends as soon as it has seen what it looks for."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep"), lineno=line) if not is_poll:
            yield f"{line}: sleeps in {function}"
        case ast.FunctionDef(name=name):
            function, is_poll = name, False
        case ast.For() | ast.While():
            is_poll = True
    for child in ast.iter_child_nodes(node):
        yield from _sleeps(child, function, is_poll=is_poll)


def test_no_test_replaces_what_it_tests_or_waits_for_a_time_to_pass() -> None:
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        allowed = {f"sleeps in {function}" for file, function in SLEEPING_ON_PURPOSE if file == name}
        found += [
            f"{name}:{what}" for what in offences(path.read_text("utf-8")) if what.partition(": ")[2] not in allowed
        ]
    assert found == []


@pytest.mark.parametrize(("file", "function"), SLEEPING_ON_PURPOSE)
def test_what_sleeps_on_purpose_still_does(file: str, function: str) -> None:
    assert any(what.endswith(f": sleeps in {function}") for what in offences(Path(ROOT / file).read_text("utf-8")))


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("from unittest.mock import patch\n", "1: a mock"),
        ("import unittest.mock\n", "1: a mock"),
        ("monkeypatch.setattr('multi_env_lambda.world.World.sleep', print)\n", "1: a part of"),
        ("monkeypatch.setattr(multi_env_lambda.cli.main, '_group', print)\n", "1: a part of"),
        ("from multi_env_lambda import Workspace as W\npatch.setattr(W, 'deploy', print)\n", "2: a part of"),
        ("def test_x():\n    time.sleep(1)\n", "2: sleeps in test_x"),
        ("while True:\n    def look():\n        time.sleep(1)\n", "3: sleeps in look"),
    ],
)
def test_each_offence_is_seen(text: str, offence: str) -> None:
    assert [what for what in offences(text) if what.startswith(offence)]


def test_a_pause_between_two_looks_is_no_offence() -> None:
    assert not list(offences("while not there():\n    time.sleep(0.1)\n"))
