"""A run whose session ends begins nothing more, calls nothing failed, and the same command finishes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.host.pace import CREATION, Pace, Paces
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.prune import find_prunable, prune
from multi_env_lambda.testing.world import FakeTree, FakeWorld

from .worlds import chain, deploy, outcomes, versions

UNITS = tuple(f"unit-{number:02d}" for number in range(12))


@attrs.define
class Session:
    """Ends at the ``last`` write of a kind; from then on, every call to the bucket and the accounts says so."""

    fake: FakeWorld
    kind: str
    left: int = 1
    is_over: bool = False

    def __attrs_post_init__(self) -> None:
        self.fake.store.after_write = self.fake.platform.after_write = self.written
        for name in ("get", "put_new", "replace", "delete", "head", "list"):
            setattr(self.fake.store, name, self._guarded(getattr(self.fake.store, name)))
        for name in ("deploy", "delete", "look", "verify", "invoke", "template"):
            setattr(self.fake.platform, name, self._guarded(getattr(self.fake.platform, name)))

    def written(self, kind: str, name: str) -> None:
        if kind == self.kind and not self.is_over:
            self.left -= 1
            self.is_over = self.left <= 0
        self.lasts()

    def lasts(self) -> None:
        if self.is_over:
            error = SessionEnded("credentials", "the session has ended", hint="sign in")
            self.fake.world.endings.note(error)
            raise error

    def renew(self) -> None:
        self.is_over, self.left = False, 1_000_000

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            self.lasts()
            return method(*words, **named)

        return call


def many(folder: Path) -> FakeWorld:
    fake = chain(folder, FakeTree(content={name: name for name in UNITS}))
    return attrs.evolve(fake, world=attrs.evolve(fake.world, workers=2))


def finished(fake: FakeWorld, place: str) -> None:
    """The same command again does what is missing, and then there is nothing left to do."""
    assert {one.outcome for one in deploy(fake, place).values()} <= {"deployed", "unchanged"}
    assert set(versions(fake, place)) == set(UNITS)
    records = fake.world.ledger.records(place)
    assert {record.latest.outcome for record in records.values() if record.latest} == {"succeeded"}
    assert not [name for name, record in records.items() if record.holder or record.unsure]
    assert set(outcomes(deploy(fake, place)).values()) == {"unchanged"}


@pytest.mark.parametrize("kind", ["stack", "put_new", "replace"])
@pytest.mark.parametrize("last", [2, 5])
def test_no_further_unit_begins_none_has_failed_and_the_same_again_finishes(
    tmp_path: Path, kind: str, last: int
) -> None:
    fake = many(tmp_path)
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="test", through=True), soon=True)
    session = Session(fake, kind, last)

    results = pipeline.apply(fake.world, plan)

    ended = {(one.outcome, one.error) for one in results if not one.good}
    assert ended == {("under way", "SessionEnded"), ("not begun", "SessionEnded")}
    # Two at a time were under way, and each began before the end.
    assert 1 <= sum(one.outcome == "under way" for one in results) <= 2
    assert sum(one.outcome == "not begun" for one in results) >= 2 * len(UNITS) - last - 2
    session.renew()
    assert not [
        record.latest
        for place in ("sandbox", "test")
        for record in fake.world.ledger.records(place).values()
        if record.latest is not None and record.latest.outcome == "failed"
    ]
    finished(fake, "test")


def test_a_publish_stops_where_it_can_go_on(tmp_path: Path) -> None:
    fake = many(tmp_path)
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))
    session = Session(fake, "put_new", 8)

    found = pipeline.publish(fake.world, plan)

    assert {one.outcome for one in found if not one.good} == {"under way", "not begun"}
    session.renew()
    again = pipeline.publish(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")))
    assert all(one.good for one in again)


def test_what_begins_after_the_end_was_noticed_elsewhere_is_not_begun(tmp_path: Path) -> None:
    """A role still lives, so what is under way goes on, and its end is noticed by nobody else."""
    fake = many(tmp_path)
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), soon=True)
    done: list[str] = []

    def notice(kind: str, name: str) -> None:
        if kind == "stack":
            done.append(name)
            fake.world.endings.note(SessionEnded("credentials", "the session has ended", hint="sign in"))

    fake.platform.after_write = notice
    results = {one.project: one for one in pipeline.apply(fake.world, plan)}

    deployed = {name for name, one in results.items() if one.outcome == "deployed"}
    assert 1 <= len(deployed) <= 3 and len(done) == len(deployed)
    assert {one.outcome for name, one in results.items() if name not in deployed} == {"not begun"}


def test_what_waits_for_its_turn_while_the_session_ends_is_not_begun(tmp_path: Path) -> None:
    fake = many(tmp_path)
    over = SessionEnded("credentials", "the session has ended", hint="sign in")
    pace = Pace(clock=lambda: 0.0, sleep=lambda _: fake.world.endings.note(over), at_once=CREATION)
    paced = attrs.evolve(fake, world=attrs.evolve(fake.world, workers=1, paces=Paces(lambda: pace)))

    found = deploy(paced)

    assert [name for name, one in found.items() if one.outcome == "deployed"] == [UNITS[0]]
    assert {one.outcome for name, one in found.items() if name != UNITS[0]} == {"not begun"}
    assert [kind for kind, _ in fake.platform.stacks] == ["sandbox"]


def test_an_end_that_an_earlier_run_noticed_stops_no_later_one(tmp_path: Path) -> None:
    fake = many(tmp_path)
    fake.world.endings.note(SessionEnded("credentials", "the session has ended", hint="sign in"))

    assert set(outcomes(deploy(fake)).values()) == {"deployed"}


def test_a_plan_that_was_read_with_a_session_that_ended_is_none(tmp_path: Path) -> None:
    fake = many(tmp_path)
    look = fake.platform.find_stacks

    def notice(*words: Any, **named: Any) -> Any:
        fake.world.endings.note(SessionEnded("credentials", "the session has ended", hint="sign in"))
        return look(*words, **named)

    fake.platform.find_stacks = notice  # type: ignore[method-assign]
    with pytest.raises(SessionEnded):
        pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), closely=True)


def ending(method: Callable[..., Any]) -> Callable[..., Any]:
    """Applied, and then only this role's session has ended: the bucket takes what is recorded."""

    def call(*words: Any, **named: Any) -> None:
        method(*words, **named)
        raise SessionEnded("credentials", "the session has ended", hint="sign in")

    return call


def test_a_change_that_was_applied_when_its_role_ended_is_not_recorded_as_failed(tmp_path: Path) -> None:
    fake = many(tmp_path)
    deploys = fake.platform.deploy
    fake.platform.deploy = ending(deploys)  # type: ignore[method-assign]

    found = deploy(fake)

    assert sorted({one.outcome for one in found.values()}) == ["not begun", "under way"]
    records = fake.world.ledger.records("sandbox")
    assert records and not [one for one in records.values() if one.latest is not None or one.holder is not None]
    fake.platform.deploy = deploys  # type: ignore[method-assign]
    finished(fake, "sandbox")


def test_a_deletion_goes_on_in_aws_is_not_recorded_as_failed_and_the_same_again_finishes(tmp_path: Path) -> None:
    fake = many(tmp_path)
    deploy(fake)
    removal = find_removal(fake.world, UNITS[0], "sandbox")
    agreed = Consent(allowed=frozenset({removal.answer}))
    delete = fake.platform.delete
    fake.platform.delete = ending(delete)  # type: ignore[method-assign]

    with pytest.raises(SessionEnded) as caught:
        destroy(fake.world, removal, agreed)

    assert f"0 done, 1 under way ({UNITS[0]} in sandbox), 0 not begun" in caught.value.what
    record = fake.world.ledger.records("sandbox")[UNITS[0]]
    assert record.latest is not None and record.latest.outcome == "succeeded" and record.holder is None
    fake.platform.delete = delete  # type: ignore[method-assign]
    again: Result = destroy(fake.world, find_removal(fake.world, UNITS[0], "sandbox"), agreed)
    assert again.outcome == "destroyed" and fake.world.ledger.records("sandbox")[UNITS[0]].gone


def test_a_freeze_that_cannot_be_read_any_more_is_not_said_to_forbid_a_deletion(tmp_path: Path) -> None:
    fake = many(tmp_path)
    deploy(fake)
    removal = find_removal(fake.world, UNITS[0], "sandbox")
    Session(fake, "none", is_over=True)

    with pytest.raises(SessionEnded):
        destroy(fake.world, removal, Consent(allowed=frozenset({removal.answer})))


def test_a_prune_says_how_far_it_came_and_the_next_one_finds_the_rest(tmp_path: Path) -> None:
    fake = many(tmp_path)
    for number in range(4):
        for name in UNITS:
            fake.tree.content[name] = f"{name} {number}"
        deploy(fake)
    fake.store.time += 1e9
    world = attrs.evolve(fake.world, config=attrs.evolve(fake.world.config, keep=1))
    shown = find_prunable(world)
    assert len({one.project for one in shown.candidates}) == len(UNITS)
    session = Session(fake, "delete", 3)

    with pytest.raises(SessionEnded) as caught:
        prune(world, shown)

    assert f"0 done, 1 under way ({UNITS[0]}), {len(UNITS) - 1} not begun" in caught.value.what
    session.renew()
    assert not prune(world, find_prunable(world)).untouched
    assert not find_prunable(world).candidates
