"""Saved files that were sent: nobody can promote them, and the next deploy, repair or rollback puts them right."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import Busy, CheckFailed, PlanStale, StackError
from multi_env_lambda.flow.unreleased import Sending, Sent, send, sending_of
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Holder, Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.model.unreleased import Unreleased
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.faults.mortal import Switch, mortal

from .callers import FUNCTION, Clock
from .worlds import deploy, outcomes, promote, repair, rollback

ADA = Holder(nonce="a", who="arn:aws:iam::1:user/ada", host="desk id", process="1 1", since="now", fencing=0)
BEN = attrs.evolve(ADA, nonce="b", who="arn:aws:iam::1:user/ben", host="sofa id")


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    """`search` runs in sandbox; each look at the clock is a second later than the one before."""
    fake = fake_world(FakeTree(content={"search": "s1"}), tmp_path)
    fake = with_time(fake)
    deploy(fake)
    return fake


def with_time(fake: FakeWorld) -> FakeWorld:
    clock, begin, ticks = Clock(), datetime(2026, 1, 1, tzinfo=UTC), count()
    return attrs.evolve(
        fake,
        world=attrs.evolve(
            fake.world,
            now=lambda: (begin + timedelta(seconds=next(ticks))).isoformat(),
            seconds=clock.seconds,
            sleep=clock.sleep,
        ),
    )


def record(fake: FakeWorld) -> Record:
    return fake.world.ledger.read_one("sandbox", "search").records["search"]


def deployed_at(fake: FakeWorld) -> str:
    running = record(fake).running
    assert running is not None
    return running.when


def planned(fake: FakeWorld, after: str | None = None) -> tuple[DeployStep, Sending | str]:
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", only=("search",)), soon=True)
    (step,) = draft.plan.deploys
    return step, sending_of(
        fake.world, step, draft.made["search"], draft.known, deployed_at(fake) if after is None else after
    )


def save(fake: FakeWorld, content: str, watcher: Holder = ADA) -> Sent:
    fake.tree.content["search"] = content
    step, sending = planned(fake)
    assert isinstance(sending, Sending), sending
    return send(fake.world, step, step.release, sending, watcher)


def runs(fake: FakeWorld) -> tuple[str, str]:
    """The version behind the alias, and the code that callers get."""
    found = fake.platform.code(fake.world.config.environment("sandbox"), FUNCTION)
    return found.version, found.code_sha256


def sent(fake: FakeWorld) -> Unreleased:
    found = unreleased_in(record(fake))
    assert found is not None
    return found


def test_callers_get_what_was_saved_and_nothing_is_published(fake: FakeWorld) -> None:
    before, objects = runs(fake), set(fake.store.objects)

    assert save(fake, "s2").functions == (FUNCTION,)

    assert runs(fake) == ("$LATEST", dict(sent(fake).codes)[FUNCTION]) != before
    assert {key for key in fake.store.objects if "projects/" in key} == {key for key in objects if "projects/" in key}
    assert len(fake.platform.versions["sandbox", FUNCTION]) == 1


def test_the_record_still_names_the_release_and_counts_the_saves(fake: FakeWorld) -> None:
    before = record(fake)
    save(fake, "s2")
    save(fake, "s3")

    assert (record(fake).running, record(fake).latest, record(fake).holder) == (before.running, before.latest, None)
    assert (sent(fake).saves, sent(fake).watch, str(sent(fake)).split(" at ")[0]) == (
        2,
        "a",
        "files that ada saved on desk",
    )


def test_code_that_a_function_has_already_is_not_sent_again(fake: FakeWorld) -> None:
    save(fake, "s2")

    assert save(fake, "s2").functions == ()


def test_nobody_promotes_it(fake: FakeWorld) -> None:
    save(fake, "s2")

    (result,) = promote(fake, "test").values()

    assert (result.outcome, result.error) == ("blocked", "Refused")
    assert "files that ada saved on desk at" in result.detail
    assert "`deploy.py search sandbox` makes a release of the files" in result.hint


def test_a_deploy_makes_a_release_of_it_that_can_be_promoted(fake: FakeWorld) -> None:
    save(fake, "s2")
    code = runs(fake)[1]

    assert outcomes(deploy(fake)) == {"search": "deployed"}

    assert runs(fake)[0] != "$LATEST"
    assert runs(fake)[1] == code
    assert (record(fake).unsure, record(fake).unreleased) == (None, None)
    assert outcomes(promote(fake, "test")) == {"search": "deployed"}


@pytest.mark.parametrize("verb", ["deploy", "repair", "rollback"])
def test_what_was_deployed_comes_back(fake: FakeWorld, verb: str) -> None:
    before = runs(fake)
    save(fake, "s2")
    fake.tree.content["search"] = "s1"

    match verb:
        case "deploy":
            deploy(fake)
        case "repair":
            repair(fake, "sandbox", "search")
        case _:
            rollback(fake, "search", "sandbox")

    assert runs(fake) == before
    assert (record(fake).unsure, record(fake).unreleased) == (None, None)
    (found,) = find_drift(fake.world, "search", "sandbox")
    assert (found.problem, found.names) == ("", ())


def test_the_plan_of_the_next_deploy_says_why(fake: FakeWorld) -> None:
    save(fake, "s2")
    fake.tree.content["search"] = "s1"

    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan

    (step,) = plan.deploys
    assert step.why == (f"{sent(fake)} run there",)


def test_a_deploy_that_sends_other_code_puts_back_an_alias_that_no_template_changes(fake: FakeWorld) -> None:
    save(fake, "s2")
    fake.tree.content["search"] = "s1"
    fake.tree.data["search"] = "Table"

    assert outcomes(deploy(fake)) == {"search": "deployed"}
    assert runs(fake)[0] != "$LATEST"


def test_traffic_in_steps_begins_at_a_version_and_asks_nothing(fake: FakeWorld) -> None:
    save(fake, "s2")
    fake.tree.traffic["search"] = ("canary", 10, 1)

    assert outcomes(deploy(fake)) == {"search": "deployed"}
    fake.tree.content["search"] = "s3"
    assert planned(fake)[1] == "its traffic moves in steps"


@pytest.mark.parametrize("nth", range(1, 9))
def test_a_watch_that_is_killed_leaves_what_no_one_promotes_and_the_next_deploy_replaces(
    fake: FakeWorld, tmp_path: Path, nth: int
) -> None:
    with contextlib.suppress(Killed):
        save(with_time(mortal(fake, tmp_path / "dying", Switch(nth=nth))), "s2")
    changed = runs(fake)[0] == "$LATEST"

    assert not changed or outcomes(promote(fake, "test")) == {"search": "blocked"}
    deploy(fake)
    assert (runs(fake)[0] != "$LATEST", record(fake).unsure, record(fake).unreleased) == (True, None, None)
    assert outcomes(promote(fake, "test")) == {"search": "deployed"}


def test_two_who_watch_the_same_unit_are_told(fake: FakeWorld) -> None:
    save(fake, "s2")
    replaced = save(fake, "s3", BEN).replaced

    assert replaced is not None and str(replaced).startswith("files that ada saved on desk at")
    assert (sent(fake).who, sent(fake).saves) == (BEN.who, 1)
    assert save(fake, "s2", ADA).functions == (FUNCTION,)


def test_what_somebody_else_deployed_meanwhile_is_not_overwritten(fake: FakeWorld) -> None:
    before = deployed_at(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    fake.tree.content["search"] = "s3"

    assert planned(fake, before)[1] == "somebody else deployed 0.1.0.post1 there in the meantime"


def test_a_deploy_between_the_plan_and_the_lease_stops_it(fake: FakeWorld) -> None:
    fake.tree.content["search"] = "s2"
    step, sending = planned(fake)
    assert isinstance(sending, Sending)
    deploy(fake, force=True)

    with pytest.raises(PlanStale):
        send(fake.world, step, step.release, sending, ADA)
    assert runs(fake)[0] != "$LATEST"


def test_nothing_is_sent_while_somebody_else_holds_the_lease(fake: FakeWorld, tmp_path: Path) -> None:
    fake.tree.content["search"] = "s2"
    step, sending = planned(fake)
    assert isinstance(sending, Sending)
    world = attrs.evolve(fake.world, holder_is_dead=lambda _: False)
    fake.world.ledger.acquire("sandbox", "search", BEN, running=step.running)

    with pytest.raises(Busy):
        send(world, step, step.release, sending, ADA)
    assert runs(fake)[0] != "$LATEST"


def test_an_answer_other_than_the_smoke_expects_is_told_and_the_code_stays(fake: FakeWorld) -> None:
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok": true}')
    deploy(fake, force=True)
    fake.platform.answers[FUNCTION] = lambda _: {"ok": False}

    with pytest.raises(CheckFailed, match="expected") as caught:
        save(fake, "s2")

    assert "`repair.py search sandbox` brings back what was deployed" in caught.value.hint
    assert (runs(fake)[0], sent(fake).saves) == ("$LATEST", 1)


def test_code_of_somebody_who_sends_at_the_same_time_is_noticed(fake: FakeWorld) -> None:
    def overtaken(kind: str, name: str) -> None:
        if kind == "code":
            fake.platform.uploaded[name] = "Zm9yZWlnbg=="

    fake.platform.after_write = overtaken
    with pytest.raises(CheckFailed, match="Lambda runs code Zm9yZWlnbg==, expected"):
        save(fake, "s2")
    assert unreleased_in(record(fake)) is not None


def test_a_function_that_refuses_the_code_leaves_the_doubt(fake: FakeWorld) -> None:
    fake.platform.failing[FUNCTION] = "its package is too large"
    with pytest.raises(StackError, match="its package is too large"):
        save(fake, "s2")
    assert (record(fake).unsure is not None, unreleased_in(record(fake)) is not None) == (True, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"properties": {"search": {"MemorySize": 256}}}, "its template has changed: MainFunction"),
        ({"data": {"search": "Table"}}, None),
        ({"smoke": {"search": Smoke(payload="{}", expect=None)}}, "its settings have changed"),
    ],
)
def test_more_than_code_is_deployed(fake: FakeWorld, change: dict[str, dict[str, Any]], why: str | None) -> None:
    fake.tree.content["search"] = "s2"
    for name, values in change.items():
        getattr(fake.tree, name).update(values)

    reason = planned(fake)[1]

    assert isinstance(reason, str) and reason
    assert why is None or reason == why


def test_an_alias_that_somebody_moved_is_pointed_at_what_was_sent(fake: FakeWorld) -> None:
    save(fake, "s2")
    fake.platform.by_hand[FUNCTION] = AliasState(version="1", weights=())
    save(fake, "s3")

    assert runs(fake) == ("$LATEST", dict(sent(fake).codes)[FUNCTION])


def test_a_function_that_needs_a_version_is_deployed(fake: FakeWorld) -> None:
    fake.tree.properties["search"] = {"SnapStart": {"ApplyOn": "PublishedVersions"}}
    deploy(fake)
    fake.tree.content["search"] = "s2"

    assert planned(fake)[1] == "SnapStart needs a version"


def test_code_that_lambda_takes_from_a_bucket_only_is_deployed(fake: FakeWorld) -> None:
    fake.tree.content["search"] = "x" * (50 * 1024 * 1024)

    assert str(planned(fake)[1]).endswith("and Lambda takes 52,428,800 in a request")
