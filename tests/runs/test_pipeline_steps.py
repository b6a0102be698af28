"""The steps of a pipeline of CodePipeline, on a repository and accounts in memory."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.gate import Approval, write_approval
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.model.codepipeline import (
    EXECUTION_VARIABLE,
    LONGEST_TEXT,
    NOTHING,
    STEP_VARIABLE,
    digests_in,
    said_of_group,
)
from multi_env_lambda.model.record import WITNESSED
from multi_env_lambda.runs.pipeline import Found, Step, run_step, step_of
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.voice import Voice
from tests.runs.test_stages import regions
from tests.runs.test_stages import village as village_of
from tests.runs.village import ALL, Village
from tests.tools.github_server import TOKEN, github_server

EXECUTION = "0a1b2c3d-0000-1111-2222-0123456789ab"
GRACE = "arn:aws:sts::111111111111:assumed-role/mel-approver/grace"


def step(village: Village, name: str, *, approved: bool = False, execution: str = EXECUTION) -> tuple[Report, Found]:
    hands = village.hands("build:1", "")
    return run_step(hands, Path("clone"), Step(name=name, execution=execution, approved=approved))


def walked(village: Village, *places: str) -> Found:
    found = Found()
    for place in places:
        report, found = step(village, place)
        assert not report.failures, report.failures
    return found


def agree(village: Village, digest: str) -> None:
    approval = Approval(environment="prod", digest=digest, who=GRACE, when="now", user_id=WITNESSED)
    write_approval(village.store, approval)


def test_each_step_changes_its_own_environment_and_the_last_goes_after_the_yes_of_what_was_shown(
    village: Village,
) -> None:
    _, plan = step(village, "Plan")
    assert plan.changes == ":sandbox:test:staging:prod:"
    for number, place in enumerate(("sandbox", "test", "staging")):
        walked(village, place)
        assert [bool(village.runs(one)) for one in ("sandbox", "test", "staging", "prod")] == [
            *[True] * (number + 1),
            *[False] * (3 - number),
        ]
    asked = walked(village, "prod")
    assert len(asked.digest) == 64 and asked.summary == "2 units: billing, orders"
    agree(village, asked.digest)
    report, after = step(village, "prod", approved=True)

    assert not report.failures and after.digest == NOTHING
    assert village.runs("prod") == ALL


def test_nothing_to_do_is_said_and_nothing_is_written(village: Village) -> None:
    agree(village, walked(village, "sandbox", "test", "staging", "prod").digest)
    step(village, "prod", approved=True)
    before = len(village.store.writes)

    assert step(village, "Plan")[1].changes == NOTHING
    assert walked(village, "prod") == Found()
    assert village.store.writes[before:] == []


def test_what_was_not_agreed_to_is_red_and_changes_nothing(village: Village) -> None:
    asked = walked(village, "sandbox", "test", "staging", "prod")
    agree(village, asked.digest)
    village.repository.push("main", orders="o2")
    walked(village, "sandbox", "test", "staging")
    report, after = step(village, "prod", approved=True)

    assert "nothing was deployed, since the plan is now" in report.failures[0]
    assert after.digest not in (asked.digest, NOTHING) and village.runs("prod") == {}


def test_a_unit_that_fails_stops_itself_alone_and_the_last_step_says_so(village: Village) -> None:
    walked(village, "sandbox", "test", "staging")
    village.repository.push("main", orders="o2", billing="b2")
    village.proofs.bad_units.add("billing")
    walked(village, "sandbox", "test", "staging")

    assert village.runs("staging") == {"billing": "b1", "orders": "o2"}
    report, _ = step(village, "Result")
    assert [text for text in report.failures if "billing: its tests failed" in text]
    assert not step(village, "Result", execution=EXECUTION.replace("0", "9"))[0].failures


def test_what_was_mended_when_a_step_is_tried_again_is_red_no_more(village: Village) -> None:
    village.proofs.bad_units.add("billing")
    walked(village, "sandbox")
    village.proofs.bad_units.clear()
    walked(village, "sandbox")

    assert not step(village, "Result")[0].failures
    assert village.runs("sandbox") == ALL


def test_it_looks_again_where_somebody_pushes_in_the_middle(village: Village) -> None:
    village.repository.meanwhile.append(lambda: village.repository.push("main", orders="o2"))
    walked(village, "sandbox")
    walked(village, "sandbox")

    assert village.runs("sandbox")["orders"] == "o2"


def test_what_people_hold_stays(village: Village) -> None:
    walked(village, "sandbox")
    village.hold("orders", "sandbox")
    village.repository.push("main", orders="o2", billing="b2")
    walked(village, "sandbox")

    assert village.runs("sandbox") == {"billing": "b2", "orders": "o1"}


def test_a_ci_py_that_stops_before_an_environment_is_heard(village: Village) -> None:
    rule = 'def decide(happened, state, default):\n    return default.up_to("sandbox")\n'
    village.repository.push("main", ci_py=rule)
    walked(village, "sandbox", "test")

    assert village.runs("sandbox") == ALL and village.runs("test") == {}


def beside(folder: Path) -> Village:
    return village_of(folder, config=regions(approval=("eu", "us")))


def test_what_waits_beside_each_other_is_asked_for_once_and_each_goes_after_that_yes(tmp_path: Path) -> None:
    village = beside(tmp_path)
    _, plan = step(village, "Plan")
    assert plan.changes == ":sandbox:eu:us:vault:stage-3:"
    walked(village, "sandbox")
    asked = walked(village, "stage-3")
    shown = said_of_group("stage-3", asked.digest, asked.summary)
    digests = digests_in(shown, "stage-3", ("eu", "us"))

    assert list(digests) == ["eu", "us"] and asked.summary == "2 units: billing, orders"
    assert village.runs("eu") == village.runs("us") == {}
    for place, digest in digests.items():
        approval = Approval(environment=place, digest=digest, who=GRACE, when="now", user_id=WITNESSED)
        write_approval(village.store, approval)
    for place in digests:
        report, _ = step(village, place, approved=True)
        assert not report.failures and village.runs(place) == ALL
    walked(village, "vault")
    assert village.runs("vault") == ALL


def test_of_two_beside_each_other_only_the_one_with_something_to_do_is_asked_for(tmp_path: Path) -> None:
    village = beside(tmp_path)
    walked(village, "sandbox")
    asked = walked(village, "stage-3")
    first = digests_in(said_of_group("stage-3", asked.digest, ""), "stage-3", ("eu", "us"))["eu"]
    approval = Approval(environment="eu", digest=first, who=GRACE, when="now", user_id=WITNESSED)
    write_approval(village.store, approval)
    step(village, "eu", approved=True)

    assert village.runs("eu") == ALL and walked(village, "stage-3").digest.split(" ")[0] == "us"


def test_the_words_that_an_approver_reads_have_room_beside_all_digests(tmp_path: Path) -> None:
    units = {f"unit-{number}-{'x' * 30}": "1" for number in range(12)}
    village = village_of(tmp_path, config=regions(approval=("eu", "us")), units=units)
    walked(village, "sandbox")
    asked = walked(village, "stage-3")

    assert len(said_of_group("s" * 40, asked.digest, asked.summary)) <= LONGEST_TEXT
    assert asked.summary.startswith("14 units: billing, orders, unit-0-")


def test_one_comment_follows_a_change_through_the_pipeline(village: Village) -> None:
    with github_server() as server:
        village.voice = Voice(host=GitHub(repository="acme/units", token=TOKEN, api=server.address), link="https://x.y")
        commit = village.repository.push("main", orders="o2")
        server.pulls[commit] = [{"number": 7, "merged_at": "2026-01-01", "base": {"ref": "main"}}]
        walked(village, "sandbox", "test", "staging")
        agree(village, walked(village, "prod").digest)
        (comment,) = server.comments[7]
        assert "### Merged: waits for a yes" in comment["body"]
        assert server.statuses[commit][0]["state"] == "success"
        step(village, "prod", approved=True)
        step(village, "Result")
        (comment,) = server.comments[7]
        assert "### Merged: runs everywhere" in comment["body"]


def test_what_failed_in_an_earlier_step_is_said_by_each_that_follows(village: Village) -> None:
    with github_server() as server:
        village.voice = Voice(host=GitHub(repository="acme/units", token=TOKEN, api=server.address))
        commit = village.repository.push("main", orders="o2", billing="b2")
        village.proofs.bad_units.add("billing")
        walked(village, "sandbox")
        village.proofs.bad_units.clear()
        report, _ = step(village, "test")
        assert not report.failures, "a step is green, so that the others go on"
        assert server.statuses[commit][0]["state"] == "failure"
        assert "billing: its tests failed" in server.statuses[commit][0]["description"]


def test_a_record_names_the_execution_the_commit_and_whose_it_is(village: Village) -> None:
    walked(village, "sandbox")
    (entry,) = village.home.world.ledger.history("sandbox", "orders")

    assert EXECUTION in entry.reason and village.repository.remote["main"][:12] in entry.reason
    assert "Ada <ada@example.org>" in entry.reason


def test_an_environment_that_the_table_no_longer_has_is_said(village: Village) -> None:
    with pytest.raises(ConfigurationError, match="there is no such environment here"):
        step(village, "qa")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {STEP_VARIABLE: "sandbox"},
        {EXECUTION_VARIABLE: EXECUTION},
        {STEP_VARIABLE: "sandbox", EXECUTION_VARIABLE: "../../x"},
    ],
)
def test_outside_of_a_pipeline_there_is_no_step(variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="no action of the pipeline"):
        step_of(variables)


def test_a_step_knows_whether_somebody_has_agreed() -> None:
    said = {EXECUTION_VARIABLE: EXECUTION, STEP_VARIABLE: "prod"}
    assert not step_of(said).approved
    assert step_of({**said, STEP_VARIABLE: "prod+approved"}) == attrs.evolve(step_of(said), approved=True)
