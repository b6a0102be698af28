"""The verb `logs`, as a user types it, over a log in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.aws.logs import LogLine
from multi_env_lambda.cli.main import main
from multi_env_lambda.model.function import Function
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.testing.world import FakeTree, fake_world
from tests.api.stage import opened

pytestmark = pytest.mark.story

WHEN = "2026-01-01T00:00:0{}.000+00:00"
Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """`create` and a function that is named like an environment; a sleep is somebody's Ctrl-C."""

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    fake = fake_world(FakeTree(content={"customers": "c1"}), tmp_path)
    fake.platform.logged |= {
        "customers-sandbox-create": [LogLine(when=WHEN.format(1), text="made"), LogLine(when=WHEN.format(3), text="2")],
        "customers-sandbox-test": [LogLine(when=WHEN.format(2), text='{"level": "INFO", "message": "tried"}')],
        "customers-prod-create": [LogLine(when=WHEN.format(4), text="in prod")],
    }
    functions = tuple(Function(key=key, handler="customers.create.handler") for key in ("create", "test"))
    units = [
        attrs.evolve(unit, settings=dict.fromkeys(unit.settings, Settings(functions=functions)))
        for unit in fake.world.projects
    ]
    world = attrs.evolve(fake.world, sleep=interrupted)

    def opener(start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        return opened(world, start, tuple(units), **shown)

    def run(*words: str, unit: str | None = None) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["logs", *words], start=tmp_path, unit=unit, opener=opener)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    ("words", "unit", "lines"),
    [
        (("customers",), None, ["1 create: made", "2 test: INFO tried", "3 create: 2"]),
        (("customers", "sandbox"), None, ["1 create: made", "2 test: INFO tried", "3 create: 2"]),
        (("customers", "create"), None, ["1 made", "3 2"]),
        (("customers", "create", "prod"), None, ["4 in prod"]),
        (("customers", "prod"), None, ["4 in prod"]),
        (("customers", "test"), None, ["2 INFO tried"]),
        (("create", "prod"), "customers", ["4 in prod"]),
        (("prod",), "customers", ["4 in prod"]),
        (("customers", "--filter", "ma"), None, ["1 made"]),
    ],
)
def test_a_unit_a_function_and_an_environment_are_told_apart(
    type_: Type, words: tuple[str, ...], unit: str | None, lines: list[str]
) -> None:
    code, said, _ = type_(*words, unit=unit)

    assert code == 0
    assert said.splitlines() == [f"{WHEN.format(line[0])}{line[1:]}" for line in lines]


def test_a_followed_log_is_printed_until_it_is_interrupted(type_: Type) -> None:
    code, said, err = type_("customers", "create", "--follow", "--json")

    assert (code, err) == (0, "")
    assert [json.loads(line) for line in said.splitlines()] == [
        {"when": WHEN.format(1), "function": "create", "text": "made"},
        {"when": WHEN.format(3), "function": "create", "text": "2"},
    ]
    assert type_("customers", "--follow")[1].splitlines()[1] == f"{WHEN.format(2)} test: INFO tried"


def test_nothing_is_said_with_what_was_looked_for(type_: Type) -> None:
    assert type_("customers", "test", "prod", "--since", "2h")[2] == "no log events since 2h\n"
    assert type_("customers", "--filter", "x")[2] == "no log events since 10m with 'x'\n"
    assert type_("customers", "--filter", "x", "--json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("customers", "--since", "soon"), 3, "since: found 'soon'; expected a time such as `10m`"),
        (("customers", "creat"), 3, "did you mean `create`?"),
        (("customers", "create", "prd"), 3, "there is no environment `prd`"),
        (("a", "b", "c", "d"), 2, "expected UNIT, then FUNCTION or ENVIRONMENT or both"),
    ],
)
def test_what_cannot_be_read_is_an_error(type_: Type, words: tuple[str, ...], code: int, said: str) -> None:
    found, _, err = type_(*words)

    assert (found, said in err) == (code, True), err
