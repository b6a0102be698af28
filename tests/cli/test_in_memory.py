"""Every verb that needs no server, as a user types it, over a world in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import click
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.api.function import Job
from multi_env_lambda.cli.main import main
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.api.stage import opened

pytestmark = pytest.mark.story


@attrs.frozen
class Typed:
    """What came of one command line."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        return json.loads(self.out)


Type = Callable[..., Typed]

TURNED_ROUND = "command line: `test` is an environment and `orders` is a unit, and the unit comes first"
SWAPPED = [
    *((verb, "test", "orders") for verb in ("plan", "build", "deploy", "promote", "rollback", "history", "why")),
    *((verb, "test", "orders") for verb in ("drift", "destroy", "outputs", "logs", "repair")),
    ("invoke", "test", "orders", "handler"),
    ("deploy", "test", "orders", "--yes"),
]


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    tree = FakeTree(content={"customers": "c1", "orders": "o1"}, needs={"orders": ("customers",)})
    return fake_world(tree, tmp_path, config=fake_config(approvals_by_author=False, prod={"approval": True}))


@pytest.fixture
def type_(fake: FakeWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    def opener(start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        return opened(fake.world, start, **shown)

    def run(*words: str, unit: str | None = None) -> Typed:
        capsys.readouterr()
        code = main([*words], start=tmp_path, unit=unit, opener=opener)
        said = capsys.readouterr()
        return Typed(code, said.out, said.err)

    return run


@pytest.mark.parametrize("words", SWAPPED, ids=" ".join)
def test_an_environment_before_a_unit_is_the_same_mistake_for_every_verb(words: tuple[str, ...], type_: Type) -> None:
    done = type_(*words)

    meant = " ".join([word for word in words[1:] if word != "test"][: 2 if "handler" in words else 1])
    rest = "".join(f" {word}" for word in words if word.startswith("-"))
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[-2:] == [
        f"error[ConfigurationError]: {TURNED_ROUND}",
        f"hint: `{words[0]}.py {meant} test{rest}`",
    ]


def test_what_has_not_been_in_the_environment_before_is_refused_by_name_with_the_way_there(type_: Type) -> None:
    done = type_("promote", "orders", "staging")

    assert done.code == 9
    assert "staging orders blocked[Refused]: it does not run in test" in done.err
    assert "hint: `promote.py orders --to staging` brings it there through the environments before" in done.err


def test_where_nothing_can_be_promoted_yet_it_says_what_brings_it_there(type_: Type) -> None:
    done = type_("promote", "staging")

    assert (done.code, done.out) == (0, "nothing to do\n")
    assert done.err.splitlines()[-2:] == [
        "no release of customers, orders runs in staging: it does not run in test",
        "hint: `promote.py --to staging` brings it there through the environments before",
    ]
    assert "nothing to do, 2 not there" in type_("promote", "staging", "--out", "plan.json").out


@pytest.mark.parametrize(
    ("at_a_question", "said"),
    [
        (False, ["interrupted: the same command finishes what is not done yet"]),
        (True, ["", "interrupted: what this question is about was not done"]),
    ],
)
def test_an_interruption_at_a_question_is_not_one_of_work(
    at_a_question: bool, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(start: Path, **how: Any) -> Workspace:
        if at_a_question:
            raise click.Abort from None  # as click's own questions do
        raise KeyboardInterrupt

    assert main(["status"], start=tmp_path, opener=interrupted) == 130
    assert capsys.readouterr().err.splitlines()[-len(said) :] == said


@pytest.fixture
def deployed(type_: Type, fake: FakeWorld) -> FakeWorld:
    """Two versions of `customers` in sandbox, of which the first runs in test."""
    assert type_("deploy", "--to", "test", "--yes").code == 0
    fake.tree.content["customers"] = "c2"
    assert type_("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    return fake


@pytest.mark.parametrize(
    ("words", "units", "place"),
    [
        ((), ["customers", "orders"], "sandbox"),
        (("sandbox",), ["customers", "orders"], "sandbox"),
        (("orders",), ["orders"], "sandbox"),
        (("orders", "sandbox"), ["orders"], "sandbox"),
        (("orders", "customers", "sandbox"), ["customers", "orders"], "sandbox"),
        (("orders", "sandbox", "--only", "customers"), ["customers", "orders"], "sandbox"),
        (("orders", "--to", "sandbox"), ["orders"], "sandbox"),
    ],
)
def test_units_are_named_in_front_of_the_environment(
    type_: Type, words: tuple[str, ...], units: list[str], place: str
) -> None:
    steps = type_("plan", *words, "--json").answer["steps"]

    assert [(step["project"], step["environment"]) for step in steps] == [(unit, place) for unit in units]


def test_what_is_neither_a_unit_nor_an_environment_is_told(type_: Type) -> None:
    done = type_("deploy", "ordres", "--yes")

    assert (done.code, done.err) == (
        3,
        "error[ConfigurationError]: command line: there is no environment or unit `ordres`\n"
        "hint: did you mean `orders`?\n",
    )


def test_a_usage_error_has_the_form_of_every_other(type_: Type) -> None:
    done = type_("plan", "orders", "sandbox", "--to", "prod")

    assert (done.code, done.err.splitlines()) == (
        2,
        [
            "error: ENVIRONMENT cannot be combined with --to",
            "hint: `multi-env-lambda plan [OPTIONS] [UNIT]... [ENVIRONMENT]`; `multi-env-lambda plan --help` says more",
        ],
    )


def test_the_row_of_a_unit_is_shown(type_: Type, deployed: FakeWorld) -> None:
    shown = type_("status", "orders").out

    assert "orders" in shown and "customers" not in shown


def test_a_plan_is_shown_saved_and_applied(type_: Type, tmp_path: Path) -> None:
    saved = tmp_path / "plans" / "plan.json"

    shown = type_("plan", "sandbox", "--out", str(saved))
    done = type_("deploy", "--plan", str(saved), "--yes", "--json")

    assert shown.out.startswith("plan for sandbox: 2 to deploy")
    assert f"saved as {saved}" in shown.err
    assert {item["project"]: item["outcome"] for item in done.answer} == {
        "customers": "deployed",
        "orders": "deployed",
    }
    assert type_("plan", "--json").answer["steps"][0]["kind"] == "unchanged"


def test_nothing_to_do_is_said(type_: Type, deployed: FakeWorld) -> None:
    again = type_("deploy", "sandbox", "--yes")

    assert (again.code, again.out.strip()) == (
        0,
        "up to date: nothing has changed since the last deploy; `drift` checks the live stacks",
    )


def test_what_failed_is_told_with_its_hint_and_has_its_exit_code(type_: Type, fake: FakeWorld) -> None:
    fake.platform.failing["customers-sandbox"] = "policy malformed"

    done = type_("deploy", "sandbox", "--yes")

    assert done.code == 7
    assert "✗ failed" in done.out
    assert "sandbox customers failed[StackError]: " in done.err and "hint: " in done.err


def test_an_environment_with_an_approval_is_closed_and_says_what_to_type(type_: Type, deployed: FakeWorld) -> None:
    type_("promote", "--to", "staging", "--yes")

    closed = type_("promote", "prod", "--yes")

    assert closed.code == 9
    assert "then somebody else: `approve.py plan.json`, then `deploy.py --plan plan.json`" in closed.err


def test_a_release_is_promoted_and_its_plan_saved_first(type_: Type, deployed: FakeWorld, tmp_path: Path) -> None:
    saved = type_("promote", "test", "--only", "customers", "--out", str(tmp_path / "plan.json"))
    done = type_("promote", "test", "--only", "customers", "--yes")

    assert "customers 0.1.0 → 0.1.0.post1" in saved.out
    assert done.code == 0 and "✓ deployed 0.1.0.post1" in done.out


def test_order_is_skipped_for_a_reason_only(type_: Type, deployed: FakeWorld) -> None:
    skipped = type_("promote", "staging", "--skip-order", "--from", "sandbox", "--reason", "hot", "--yes", "--json")

    assert {item["version"] for item in skipped.answer} == {"0.1.0.post1", "0.1.0"}
    for words in (("promote",), ("promote", "test", "--from", "sandbox"), ("promote", "test", "--skip-order")):
        assert type_(*words).code == 2


def test_a_unit_goes_back_and_what_was_rolled_back_asks(type_: Type, deployed: FakeWorld, tmp_path: Path) -> None:
    saved = type_("rollback", "customers", "sandbox", "--out", str(tmp_path / "plan.json"))
    back = type_("rollback", "sandbox", "--reason", "slow", "--yes", unit="customers")
    asks = type_("deploy", "sandbox", "--only", "customers", "--yes")

    assert "0.1.0 ran there before" in saved.out
    assert back.code == 0 and "✓ deployed 0.1.0" in back.out
    assert asks.code == 9 and "agree with `--agree again:customers`" in asks.err
    told = type_("why", "customers", "sandbox").out
    assert "deploy 0.1.0.post1 instead of 0.1.0, if you agree" in told
    assert "was rolled back" in told and "agree with `--agree again:customers`" in told
    assert type_("deploy", "sandbox", "--only", "customers", "--yes", "--agree", "again:customers").code == 0
    assert type_("rollback", "sandbox").code == 2


def test_a_repair_of_what_is_as_it_should_be_changes_nothing(type_: Type, deployed: FakeWorld, tmp_path: Path) -> None:
    planned = type_("repair", "customers", "sandbox", "--out", str(tmp_path / "plan.json"))
    done = type_("repair", "customers", "sandbox", "--yes")

    assert planned.out.startswith("plan for sandbox")
    assert done.code == 0


def test_build_and_publish_deploy_nothing(type_: Type, fake: FakeWorld) -> None:
    built, published = type_("build", "--json"), type_("publish", "--only", "customers")

    assert set(built.answer) == {"customers", "orders"}
    assert published.code == 0 and "✓ published" in published.out
    assert type_("status").out.count("–") == 8


def test_a_unit_that_cannot_be_built_is_told_and_the_others_are_built(type_: Type, fake: FakeWorld) -> None:
    fake.tree.broken["orders"] = BuildError("projects/orders", "it has no module", hint="add one")

    done = type_("build")

    assert done.code == 4
    assert "orders: " in done.err and "hint: add one" in done.err and "customers 0.1.0" in done.err


def test_units_that_fail_differently_each_have_their_own_hint(type_: Type, fake: FakeWorld) -> None:
    fake.tree.broken["orders"] = BuildError("projects/orders", "it has no module", hint="add one")
    fake.tree.broken["customers"] = BuildError("projects/customers", "it has no table", hint="write one")

    done = type_("build")

    assert done.code == 4
    assert done.err.splitlines() == [
        "failed[BuildError]: customers: projects/customers: it has no table",
        "hint: write one",
        "failed[BuildError]: orders: projects/orders: it has no module",
        "hint: add one",
    ]


def test_what_is_wrong_with_two_units_in_the_same_way_is_said_once(type_: Type, fake: FakeWorld) -> None:
    for name in ("orders", "customers"):
        fake.tree.broken[name] = BuildError("libs/shared", "it has no module", hint="add one")

    assert type_("build").err.splitlines() == [
        "failed[BuildError]: customers, orders: libs/shared: it has no module",
        "hint: add one",
    ]


def test_status_and_history(type_: Type, deployed: FakeWorld) -> None:
    status, history = type_("status"), type_("history", "customers", "sandbox")

    assert "0.1.0.post1" in status.out and "behind" in status.out
    assert [line.split()[0] for line in history.out.splitlines()[1:]] == ["2", "1"]
    assert type_("status", "--json").code == type_("history", "customers", "--json", "--limit", "1").code == 0
    assert type_("history").code == 2


def test_why_and_diff_explain(type_: Type, deployed: FakeWorld) -> None:
    deployed.tree.content["customers"] = "c3"

    why, difference = type_("why", "customers", "sandbox"), type_("diff", "customers", "test", "sandbox")

    assert "deploy 0.1.0.post2 instead of 0.1.0.post1" in why.out
    assert "version 0.1.0 → 0.1.0.post1" in difference.out
    assert type_("why", "customers", "--json").code == 0
    assert type_("diff", "customers", "test", "sandbox", "--json").answer["left"]["version"] == "0.1.0"


def test_drift_of_what_nobody_touched(type_: Type, deployed: FakeWorld) -> None:
    assert type_("drift").out.strip() == "no drift in 4 stacks"
    assert type_("drift", "customers", "test", "--json").answer[0]["status"] == "IN_SYNC"
    assert type_("drift", "customers", "test", "prod").code == 2


def test_the_board_is_written(type_: Type, deployed: FakeWorld, tmp_path: Path) -> None:
    page = tmp_path / "board.html"

    written = type_("board", "--out", str(page))

    assert written.code == 0 and str(page) in written.out + written.err
    assert page.read_text(encoding="utf-8").startswith("<!")


def test_links_are_shown(type_: Type) -> None:
    assert "cloudformation" in type_("open", "customers", "prod").out


def test_a_unit_is_destroyed_by_its_name_only(type_: Type, deployed: FakeWorld) -> None:
    unsaid = type_("destroy", "orders", "test", "--yes")
    said = type_("destroy", "orders", "test", "--yes", "--confirm", "orders")

    assert unsaid.code == 9 and "pass `--yes --confirm orders`" in unsaid.err
    assert said.code == 0 and "orders in test: deleted" in said.err
    assert type_("prune").code == 0


def test_a_plan_is_approved_by_a_person(type_: Type, deployed: FakeWorld, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    type_("promote", "--to", "staging", "--only", "customers", "--yes")
    type_("promote", "prod", "--only", "customers", "--out", str(saved))

    done = type_("approve", str(saved))

    assert done.code == 0
    told = done.err.splitlines()
    assert told[-2].endswith("for 24 h")
    assert told[-1] == "it counts for a deploy by somebody else, not for your own"


@pytest.mark.parametrize("words", [("customers", "main"), ("customers", "main", "sandbox", "more")])
def test_a_call_wants_a_unit_a_function_and_an_environment(type_: Type, words: tuple[str, ...]) -> None:
    done = type_("invoke", *words)

    assert (done.code, "expected UNIT, FUNCTION and ENVIRONMENT" in done.err) == (2, True)


def test_a_unit_without_functions_is_asked_for_none(type_: Type) -> None:
    done = type_("invoke", "customers", "main", "sandbox")

    assert (done.code, done.err.splitlines()) == (
        3,
        [
            "error[ConfigurationError]: unit customers: it has no function `main` in sandbox",
            "hint: add a table `functions.main` to its pyproject.toml",
        ],
    )


def test_a_job_that_is_not_there_is_refused_like_a_function(fake: FakeWorld, tmp_path: Path) -> None:
    job = Job(opened(fake.world, tmp_path)._opened, "customers", "main")

    with pytest.raises(ConfigurationError) as caught:
        job.run(environment="sandbox")
    assert str(caught.value).startswith("unit customers: it has no job `main` in sandbox")
    assert caught.value.hint == "add a table `jobs.main` to its pyproject.toml"


def test_what_is_frozen_is_asked_about_and_lifted_by_a_person_only(
    type_: Type, deployed: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = type_("freeze", "test", "--reason", "audit", "--json")
    refused = type_("promote", "test", "--yes", "--json")
    monkeypatch.setenv("CI", "true")
    in_a_build = type_("unfreeze", "test")
    monkeypatch.delenv("CI")
    lifted = type_("unfreeze", "test")

    assert (frozen.code, frozen.answer[0]["reason"], "`unfreeze.py test` lifts it" in frozen.err) == (0, "audit", True)
    assert refused.code == 9 and "test is frozen by user/ada" in refused.out + refused.err
    assert (in_a_build.code, "a build cannot lift" in in_a_build.err) == (9, True)
    assert lifted.err.startswith("lifted: test is frozen by user/ada since ")
    assert type_("promote", "test", "--yes").code == 0
    assert type_("unfreeze", "customers", "test").err == "nothing is frozen: customers test\n"


def test_a_command_says_where_its_time_went_and_its_data_stay_alone_on_stdout(type_: Type, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    done = type_("deploy", "sandbox", "--yes", "--timings", "--trace", str(trace))
    assert done.code == 0
    lines = [line.split()[0] for line in done.err.splitlines() if line.startswith("  ") and line.split()]
    assert {"plan", "apply", "start", "orders", "customers"} <= set(lines)
    names = {event["name"] for event in json.loads(trace.read_text())["traceEvents"]}
    assert {"plan", "apply", "orders in sandbox"} <= names

    assert "sandbox" in type_("status", "--json", "--timings").answer["environments"]


def test_a_trace_that_cannot_be_written_is_refused_before_anything_is_done(
    type_: Type, tmp_path: Path, fake: FakeWorld
) -> None:
    refused = type_("deploy", "sandbox", "--yes", "--trace", str(tmp_path / "none" / "trace.json"))
    assert refused.code == 3
    assert "the trace cannot be written: No such file or directory" in refused.err
    assert not fake.platform.stacks


def test_a_command_that_fails_says_where_its_time_went_too(type_: Type) -> None:
    refused = type_("deploy", "nowhere", "--timings")
    assert refused.code != 0
    assert "s in all" in refused.err
