"""What the page about the Python API says a method raises: the errors are public, and wrong names lead to them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import multi_env_lambda
from multi_env_lambda import MultiEnvLambdaError

from .examples_of_methods import Given
from .test_methods import HANDLES, is_method, members, methods

PUBLIC = {
    name
    for name in multi_env_lambda.__all__
    if isinstance(kind := getattr(multi_env_lambda, name), type) and issubclass(kind, MultiEnvLambdaError)
}
WRONG = {
    **dict.fromkeys(("names", "units", "name", "unit"), "nobody"),
    **dict.fromkeys(("environment", "to", "left", "right", "place", "host"), "nowhere"),
    "kind": "nothing",
    "since": "never",
}
"""Parameter -> a value that names nothing."""
RIGHT: dict[str, Any] = {
    **dict.fromkeys(("names", "unit", "confirm", "stack"), "orders"),
    **dict.fromkeys(("environment", "left", "right"), "sandbox"),
    "payload": {},
    "reason": "because",
    "path": "functions",
    "kind": "sqs",
}
"""Parameter -> a value for it while another one is wrong."""
NO_ERROR = {
    ("Workspace.unit", "name"): "a unit whose folder is gone still has a history",
    ("Workspace.plan_rollback", "to"): "the plan has a blocked step",
    ("Project.plan_rollback", "to"): "the same",
}
"""(method, parameter) -> why a name of nothing is no error there."""
OF_SOMETHING_NEW = {("Workspace.new", "name"), ("Workspace.adopt", "unit")}


def methods_of(owner: str) -> Iterator[tuple[str, Any]]:
    yield from ((name, each) for name, each in members(getattr(multi_env_lambda, owner)) if is_method(each))


def named(owner: str, name: str) -> set[str]:
    """The errors that the page names for a method."""
    method = getattr(getattr(multi_env_lambda, owner), name)
    lines = methods.completed(
        owner, name, (inspect.getdoc(method) or "").splitlines(), methods.parameters_of(dict(methods_of(owner))[name])
    )
    return methods.errors_in(methods.sections_of(lines)[1].get("Raises", []))


@pytest.mark.parametrize("owner", HANDLES)
def test_every_error_that_a_method_names_is_public(owner: str) -> None:
    assert {f"{name}: {error}" for name, _ in methods_of(owner) for error in named(owner, name) - PUBLIC} == set()


# --- tried ---
def tried(handle: Any, name: str, wrong: str) -> str:
    """The error that a call raises if this parameter names nothing; empty if there is none."""
    method = getattr(handle, name)
    positional, keywords = [], {}
    for key, parameter in inspect.signature(method).parameters.items():
        if key == wrong and parameter.kind is parameter.VAR_POSITIONAL:
            positional.append(WRONG[key])
        elif key == wrong:
            keywords[key] = WRONG[key]
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            keywords[key] = RIGHT[key]
    try:
        found = method(*positional, **keywords)
        if inspect.isgenerator(found):
            next(found)
    except MultiEnvLambdaError as error:
        return type(error).__name__
    return ""


def test_a_name_of_nothing_raises_an_error_that_the_method_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = Given.in_memory(tmp_path).ws
    monkeypatch.chdir(tmp_path)
    orders = ws["orders"]
    handles = [ws, orders, ws.environments["sandbox"], orders.functions["create"], orders.jobs["nightly"]]

    silent: set[tuple[str, str]] = set()
    calls = 0
    for handle in handles:
        owner = type(handle).__name__
        for name, each in methods_of(owner):
            parameters = () if isinstance(each, classmethod) else methods.parameters_of(each)
            for wrong in (
                key for key in parameters if key in WRONG and (f"{owner}.{name}", key) not in OF_SOMETHING_NEW
            ):
                calls += 1
                error = tried(handle, name, wrong)
                if error == "":
                    silent.add((f"{owner}.{name}", wrong))
                else:
                    assert error in named(owner, name), f"{owner}.{name}({wrong}=…)"

    assert silent == set(NO_ERROR)
    assert calls > 70


# --- read ---
def raised_by(function: Any) -> set[str]:
    """The public errors that a function raises in its own lines, and those that its docstring names."""
    documented = methods.sections_of((inspect.getdoc(function) or "").splitlines())[1].get("Raises", [])
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    raised = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise))
    names = {call.func.id for call in raised if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    return (names | methods.errors_in(documented)) & PUBLIC


def called_by(method: Any) -> Iterator[Any]:
    """The functions of ``multi_env_lambda.api`` that a method hands its arguments to."""
    source = inspect.getsource(inspect.unwrap(getattr(method, "__func__", method)))
    for module, function in set(re.findall(r"\bapi\.(\w+)\.(\w+)\(", source)):
        yield getattr(import_module(f"multi_env_lambda.api.{module}"), function)


@pytest.mark.parametrize("owner", HANDLES)
def test_a_method_names_the_errors_in_its_lines_and_in_those_of_the_function_that_it_calls(owner: str) -> None:
    silent = {}
    for name, each in methods_of(owner):
        function = getattr(each, "__func__", each)
        raised = set().union(raised_by(function), *(raised_by(one) for one in called_by(each)))
        if raised - named(owner, name):
            silent[name] = raised - named(owner, name)

    assert silent == {}


def test_the_lines_of_some_are_read() -> None:
    found = [one for owner in HANDLES for _, each in methods_of(owner) for one in called_by(each)]

    assert len(found) > 40
    assert {error for one in found for error in raised_by(one)} >= {"ConfigurationError", "Refused"}
