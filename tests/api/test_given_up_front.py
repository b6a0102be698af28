"""What a caller gives before a plan is made: refused when it makes no sense, even if nothing would ask for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import ConfigurationError, Workspace
from multi_env_lambda.model.plan import Question
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .stage import opened


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content={"orders": "o1"}), tmp_path)


@pytest.fixture
def workspace(fake: FakeWorld, tmp_path: Path) -> Workspace:
    """Its one unit runs, so that nothing is left to do."""
    workspace = opened(fake.world, tmp_path)
    workspace.deploy("orders")
    return workspace


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ({"wait": -1}, "wait", "found -1; expected seconds, or a duration such as `90s` or `5m`"),
        ({"wait": float("nan")}, "wait", "found nan; expected seconds, or a duration such as `90s` or `5m`"),
        ({"wait": "soon"}, "wait", "found 'soon'; expected seconds, or a duration such as `90s` or `5m`"),
        ({"agree": ["yes"]}, "agree", "found 'yes', which answers no question of any plan"),
        ({"agree": [1, "older:orders"]}, "agree", "found 1, which answers no question of any plan"),
        ({"agree": "oldr:orders"}, "agree", "found 'oldr:orders', which answers no question of any plan"),
    ],
)
def test_what_makes_no_sense_is_refused_although_nothing_would_ask_for_it(
    workspace: Workspace, fake: FakeWorld, given: dict[str, Any], where: str, what: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        workspace.deploy("orders", **given)

    assert (caught.value.where, caught.value.what) == (where, what)


def test_a_question_is_not_its_answer(workspace: Workspace) -> None:
    question = Question(kind="older", text="", answer="older:orders")

    with pytest.raises(ConfigurationError, match="found a question; expected its answer, `older:orders`"):
        workspace.deploy("orders", agree=[question])  # type: ignore[list-item]


def test_a_word_that_is_nearly_one_is_named(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError) as caught:
        workspace.deploy("orders", agree=["oldr"])

    assert caught.value.hint == "did you mean `older`?"


@pytest.mark.parametrize("wait", [0, 1.5, "90s", "5m", "30"])
def test_a_time_to_wait_and_an_answer_that_is_left_over_are_fine(workspace: Workspace, wait: float | str) -> None:
    results = workspace.deploy("orders", agree=["older:orders", "rights"], wait=wait)

    assert [result.outcome for result in results] == ["unchanged"]


def test_a_question_has_an_answer_of_a_kind_that_is_known() -> None:
    with pytest.raises(AssertionError):
        Question(kind="older", text="", answer="new-kind:orders")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "the file cannot be read: No such file or directory"),
        (b"\xff", "not a saved plan: it is not JSON: UnicodeDecodeError: "),
        (b"[" * 100_000, "not a saved plan: it is not JSON: RecursionError: "),
        (b"{}", "not a saved plan: found None as its `digest`"),
        (b'{"digest": "d"}', "not a saved plan: found None as its `asked`"),
        (b'{"digest": "d", "asked": 1.5}', "not a saved plan: found 1.5 as its `asked`"),
        (b'{"digest": "d", "asked": {}, "format": "x"}', "not a saved plan: found format 'x', expected 1 to 2"),
        (b"[]", "not a saved plan: found a list, expected an object"),
    ],
)
def test_a_file_that_is_no_plan_is_told(workspace: Workspace, tmp_path: Path, content: bytes | None, what: str) -> None:
    saved = tmp_path / "plan.json"
    if content is not None:
        saved.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        workspace.apply(saved)

    assert caught.value.where == str(saved) and caught.value.what.startswith(what)
    assert caught.value.hint == "save it with `plan.py --out` or `destroy.py --out`"


@pytest.mark.parametrize("path", ["/dev/zero", "pipe"])
def test_what_is_no_file_is_not_read_without_end(workspace: Workspace, tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ConfigurationError, match="it is not a regular file"):
        workspace.approve(tmp_path / path)


def test_an_interactive_python_shows_what_a_print_shows(workspace: Workspace) -> None:
    for value in (
        workspace.plan("orders"),
        workspace.status(),
        workspace.permissions("sandbox"),
    ):
        assert repr(value) == str(value) and "=" not in repr(value).splitlines()[0]
