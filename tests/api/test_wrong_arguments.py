"""Whatever is passed, the answer is an error of ours that says what was found and what was expected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import (
    ConfigurationError,
    Environment,
    Function,
    Job,
    LocalCloudSwitch,
    MultiEnvLambdaError,
    Project,
    Result,
    UnitsFailed,
    Workspace,
    save,
)
from multi_env_lambda.api.carry_out import must_be_good
from multi_env_lambda.testing.world import FakeTree, fake_world
from tests.api.stage import opened

WRONG = (7, -1, b"x", object, ["sandbox"], ("orders",), {"orders": 1})
PUBLIC = (Workspace, Project, Environment, Function, Job, LocalCloudSwitch)
TEXT = {"str", "str | None"}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return opened(fake_world(FakeTree(content={"orders": "o1"}), tmp_path).world, tmp_path)


def handles(ws: Workspace) -> tuple[object, ...]:
    orders = ws.unit("orders")
    return ws, orders, ws.environment("sandbox"), orders.function("main"), Job(ws._opened, "orders", "job")


def texts_of(method: Callable[..., Any]) -> Iterator[str]:
    for parameter in inspect.signature(method).parameters.values():
        if parameter.annotation in TEXT:
            yield parameter.name


def calls_with_a_text() -> Iterator[tuple[type, str, str]]:
    for owner in PUBLIC:
        for name, method in inspect.getmembers(owner, callable):
            if not name.startswith("_"):
                yield from ((owner, name, parameter) for parameter in texts_of(method))


@pytest.mark.parametrize(
    ("owner", "method", "parameter"), list(calls_with_a_text()), ids=lambda each: getattr(each, "__name__", each)
)
def test_a_text_is_a_text_in_every_method(ws: Workspace, owner: type, method: str, parameter: str) -> None:
    handle = next((one for one in (*handles(ws), ws.local_cloud) if type(one) is owner), None)
    assert handle is not None
    call = getattr(handle, method)
    found = inspect.signature(call).parameters
    many = {name for name, one in found.items() if one.kind is inspect.Parameter.VAR_POSITIONAL}
    others = {name: "x" for name, one in found.items() if one.default is one.empty and name not in {*many, parameter}}
    for wrong in WRONG:
        with pytest.raises(ConfigurationError, match=r"found .*expected"):
            if parameter in many:
                call(wrong, **others)
            else:
                call(**others, **{parameter: wrong})


@pytest.mark.parametrize(
    "call",
    [
        lambda ws: ws.deploy(agree=None),
        lambda ws: ws.deploy(approve=7),
        lambda ws: ws.deploy(force="no"),
        lambda ws: ws.rollback(None, "sandbox"),
        lambda ws: ws.apply(7),
        lambda ws: ws.approve(["plan.json"]),
        lambda ws: ws.unit("orders").history(newest="3"),
        lambda ws: ws.unit("orders").histories(None),
        lambda ws: ws.unit("orders").freeze(None, reason="the audit"),
        lambda ws: ws.unit("orders").plan_removal("sandbox", retain=7),
        lambda ws: Job(ws._opened, "orders", "job").run("fast"),
        lambda ws: Workspace.open(7),
        lambda ws: Workspace.open(local="false"),
        lambda ws: Workspace.open(local=True, user=7),
        lambda ws: Workspace.open(local=True, report="print"),
        lambda ws: Workspace.open(local=True, dialog=print),
        lambda ws: Project.open(None),
        lambda ws: save(None, "plan.json"),
        lambda ws: save(ws.plan(), 7),
    ],
)
def test_so_is_everything_else_that_a_method_takes(ws: Workspace, call: Callable[[Workspace], object]) -> None:
    with pytest.raises(ConfigurationError, match="found .*expected"):
        call(ws)


@pytest.mark.parametrize("wrong", [None, "", *WRONG])
def test_looking_up_a_wrong_name_says_which_there_are(ws: Workspace, wrong: Any) -> None:
    for mapping in (ws, ws.environments, ws.projects):
        with pytest.raises(MultiEnvLambdaError, match=r"there is no|found"):
            mapping[wrong]


def test_a_handle_in_place_of_its_name_is_told_to_be_one(ws: Workspace) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ws.unit("orders").deploy(ws.environment("sandbox"))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "environment: found <Environment sandbox: 222222222222 us-east-1>; expected text or None\n"
        'hint: pass its name: `"sandbox"`'
    )


def test_so_is_one_among_several_names(ws: Workspace) -> None:
    with pytest.raises(ConfigurationError, match='hint: pass its name: `"orders"`'):
        ws.lock(ws.unit("orders"))  # type: ignore[arg-type]


def test_a_history_without_deployments_says_so(ws: Workspace) -> None:
    assert repr(ws.unit("orders").history("sandbox")) == "no deployments"


def test_the_status_of_a_unit_that_nobody_knows_is_an_error(ws: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="there is no unit `moon`"):
        ws.status("moon")


def test_the_roles_of_no_place_are_told_with_all_places(ws: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="there is no environment `moon`; expected .*, prod, devops or caller"):
        ws.permissions("moon")


def test_an_error_about_one_step_names_its_unit_and_environment_once() -> None:
    said = Result(project="orders", environment="prod", outcome="blocked", detail="orders in prod: it is frozen")
    assert str(must_be_bad((said,))).partition("\n")[0] == "orders in prod blocked: it is frozen"


def must_be_bad(results: tuple[Result, ...]) -> UnitsFailed:
    with pytest.raises(UnitsFailed) as caught:
        must_be_good(results)
    return caught.value
