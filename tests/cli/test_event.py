"""The verb `event`, and `invoke --event`, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import Workspace, pipeline, sample_event
from multi_env_lambda.cli.main import main
from multi_env_lambda.model.function import Function
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import OwnQueue, Queue, Settings
from multi_env_lambda.plan.sample_events import EVENT_KEYS
from multi_env_lambda.testing.world import FakeTree, fake_world
from tests.api.stage import opened

pytestmark = pytest.mark.story

Type = Callable[..., tuple[int, str, str]]
LISTENS = Queue(source=OwnQueue(key="jobs", visibility_timeout=18))
MAIN = Function(key="main", handler="customers.main.handler", events=(LISTENS,))


@pytest.fixture
def type_(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """`customers`, whose function `main` answers what it got."""
    fake = fake_world(FakeTree(content={"customers": "c1"}), tmp_path)
    pipeline.apply(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")))
    fake.platform.answers["customers-sandbox-main"] = lambda event: event
    settings = Settings(functions=(MAIN,))
    units = [attrs.evolve(unit, settings=dict.fromkeys(unit.settings, settings)) for unit in fake.world.projects]

    def opener(start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        return opened(fake.world, start, tuple(units), **shown)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*words], start=tmp_path, opener=opener)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_sample_is_printed_as_json(type_: Type) -> None:
    code, out, err = type_("event", "sqs", "--set", "body=a=b", "--set", "queue=jobs")

    assert (code, err) == (0, "")
    assert json.loads(out) == sample_event("sqs", {"body": "a=b", "queue": "jobs"})


def test_without_a_kind_all_kinds_are_listed_with_their_values(type_: Type) -> None:
    lines = type_("event")[1].splitlines()

    assert [line.partition(":")[0] for line in lines] == [*EVENT_KEYS]
    assert 'sqs: queue=incoming body={"id": 1} account=222222222222 region=us-east-1' in lines


def test_a_sample_is_sent_from_the_functions_own_queue(type_: Type) -> None:
    code, out, _ = type_("invoke", "customers", "main", "sandbox", "--event", "sqs", "--set", "body=hello")

    (record,) = json.loads(out)["Records"]
    assert (code, record["body"]) == (0, "hello")
    assert record["eventSourceARN"].endswith(":customers-sandbox-jobs")


INVOKE = ("invoke", "customers", "main", "sandbox")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("event", "sqz"), 3, "there is no kind `sqz`\nhint: did you mean `sqs`?"),
        (("event", "sqs", "--set", "body"), 2, "found `body`; expected KEY=VALUE"),
        (("event", "sqs", "--set", "bodi=x"), 3, "the kind `sqs` has no `bodi`"),
        (("event", "--set", "body=x"), 2, "--set requires KIND"),
        ((*INVOKE, "--set", "body=x"), 2, "--set requires --event"),
        ((*INVOKE, "--event", "sqs", "--payload", "[]"), 2, "--event cannot be combined with --payload"),
        ((*INVOKE, "--event", "kafka"), 3, "there is no kind `kafka`"),
    ],
)
def test_what_cannot_be_meant_is_an_error(type_: Type, words: tuple[str, ...], code: int, said: str) -> None:
    found, out, err = type_(*words)

    assert (found, out, said in err) == (code, "", True), err
