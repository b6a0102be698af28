"""Attempts whose end nobody saw, and releases that were taken away: what is recorded is no more than what is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeWorld
from multi_env_lambda.world import ProgressEvent
from tests.faults.mortal import Switch, mortal

from .callers import FUNCTION
from .test_rollback import with_three_versions
from .test_shift import shifting, slept
from .worlds import chain, deploy, promote, rollback, versions


def template(fake: FakeWorld) -> str:
    return fake.platform.stacks["sandbox", "search-sandbox"].template


def ended_at(fake: FakeWorld, phase: str, end: Callable[[], object]) -> None:
    """Deploy, and end without a word when a phase is reached."""

    def reported(event: ProgressEvent) -> None:
        if event.phase == phase:
            end()

    deploy(attrs.evolve(fake, world=attrs.evolve(fake.world, reported=reported)), only=("search",))


def stopped_while_shifting(folder: Path) -> tuple[FakeWorld, str]:
    fake, clock = shifting(folder)
    before = template(fake)
    switch = Switch()
    with pytest.raises(Killed):
        deploy(slept(mortal(fake, folder / "killed", switch), clock, lambda _: switch.die()))
    assert template(fake) != before
    return fake, before


def killed(fake: FakeWorld) -> None:
    switch = Switch()
    with pytest.raises(Killed):
        ended_at(mortal(fake, fake.world.cache / "killed", switch), "check", switch.die)
    assert fake.world.ledger.holder("sandbox", "search") is not None


def interrupted(fake: FakeWorld) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ended_at(fake, "check", interrupt)


def without_an_answer(fake: FakeWorld) -> None:
    def fail() -> None:
        raise StackError("search", "Lambda did not answer", hint="run again")

    ended_at(fake, "check", fail)


@pytest.mark.parametrize("end", [killed, interrupted, without_an_answer])
def test_a_change_that_is_taken_back_after_its_deploy_ended_unseen_is_deployed_not_called_unchanged(
    tmp_path: Path, end: Callable[[FakeWorld], None]
) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    before = template(fake)
    fake.tree.content["search"] = "s2"
    end(fake)
    assert template(fake) != before
    fake.tree.content["search"] = "s1"

    assert deploy(fake)["search"].outcome == "deployed"
    assert template(fake) == before
    assert deploy(fake)["search"].outcome == "unchanged"


def test_the_plan_after_a_deploy_that_ended_unseen_starts_from_what_is_there(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    before = template(fake)
    fake.tree.content["search"] = "s2"
    killed(fake)
    fake.tree.content["search"] = "s1"
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))
    step = next(step for step in draft.plan.deploys if step.project == "search")

    assert step.changes == changes(template(fake), before) != ()


@pytest.mark.parametrize("end", [killed, interrupted, without_an_answer])
def test_a_rollback_after_a_deploy_that_ended_unseen_gives_what_ran_before_it(
    tmp_path: Path, end: Callable[[FakeWorld], None]
) -> None:
    fake = with_three_versions(tmp_path)
    before = template(fake)
    fake.tree.content["search"] = "s4"
    end(fake)

    rollback(fake, "search", "sandbox")

    assert template(fake) == before
    assert versions(fake, "sandbox") == {"search": "0.1.0.post2"}


def test_after_a_deploy_that_changed_nothing_a_rollback_gives_the_release_before(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    fake.tree.content["search"] = "s4"
    fake.platform.failing["search-sandbox"] = "CREATE_FAILED"
    deploy(fake, only=("search",))
    fake.platform.failing.clear()

    rollback(fake, "search", "sandbox")

    assert versions(fake, "sandbox") == {"search": "0.1.0.post1"}


def test_traffic_that_stopped_half_way_is_undone_by_deploying_what_ran_before(tmp_path: Path) -> None:
    fake, before = stopped_while_shifting(tmp_path)
    fake.tree.content["search"] = "s1"

    deploy(fake)

    assert template(fake) == before


def test_traffic_that_stopped_half_way_is_undone_by_a_rollback_which_is_remembered(tmp_path: Path) -> None:
    fake, before = stopped_while_shifting(tmp_path)

    rollback(fake, "search", "sandbox", reason="too slow")

    assert template(fake) == before
    assert "0.1.0.post1 was rolled back in sandbox" in deploy(fake)["search"].detail


def rolled_back(fake: FakeWorld) -> list[str]:
    """Roll back, and everything that was said."""
    said: list[str] = []
    watched = attrs.evolve(fake.world, reported=lambda event: said.append(event.text), sleep=lambda _: None)
    assert rollback(attrs.evolve(fake, world=watched), "search", "sandbox").outcome == "deployed"
    return said


def test_code_of_the_attempt_that_is_not_over_is_not_called_somebodys(tmp_path: Path) -> None:
    fake, _ = stopped_while_shifting(tmp_path)
    (new,) = {item.code_sha256 for item in fake.platform.versions["sandbox", FUNCTION][-1:]}
    fake.platform.uploaded[FUNCTION] = new

    said = rolled_back(fake)

    (line,) = [text for text in said if new in text]
    assert line.startswith(f"{FUNCTION}: the attempt at 0.1.0.post1, which is not over, left code {new}")


def test_a_rollback_of_a_shift_that_stopped_makes_a_deleted_alias_again_before_the_stack_changes(
    tmp_path: Path,
) -> None:
    fake, before = stopped_while_shifting(tmp_path)
    fake.platform.by_hand[FUNCTION] = None
    done: list[str] = []
    fake.platform.after_write = lambda kind, _: done.append(kind)

    said = rolled_back(fake)

    assert done.index("alias") < done.index("stack"), done
    assert [text for text in said if text.endswith("; creating it again")], said
    assert template(fake) == before
    assert fake.platform.alias(fake.world.config.environment("sandbox"), FUNCTION, "live") is not None


def test_another_release_after_a_shift_that_stopped_leaves_the_attempt_in_the_history(tmp_path: Path) -> None:
    fake, _ = stopped_while_shifting(tmp_path)
    fake.tree.content["search"] = "s3"

    deploy(fake)

    past = fake.world.ledger.history("sandbox", "search")
    assert [(item.sequence, item.outcome) for item in past] == [(1, "succeeded"), (2, "shifting"), (3, "succeeded")]


def test_what_was_rolled_back_first_is_asked_for_even_after_a_second_rollback(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    rollback(fake, "search", "sandbox", release="0.1.0")

    assert "0.1.0.post2 was rolled back" in deploy(fake, only=("search",))["search"].detail


def test_sending_what_runs_again_does_not_forget_what_was_rolled_back(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    fake.tree.content["search"] = "s2"
    deploy(fake, only=("search",), force=True)
    fake.tree.content["search"] = "s3"

    assert "0.1.0.post2 was rolled back" in deploy(fake, only=("search",))["search"].detail


def test_a_step_forward_to_something_new_forgets_what_was_rolled_back(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    fake.tree.content["search"] = "s4"
    deploy(fake, only=("search",))

    assert fake.world.ledger.records("sandbox")["search"].taken_away == ()


def test_a_release_whose_check_fails_when_it_is_sent_again_is_marked_as_failed_and_not_promoted(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    deploy(fake)
    fake.platform.answers["search-sandbox-main"] = lambda _: {"ok": False}
    deploy(fake, force=True)

    refused = promote(fake, "test")["search"]

    assert fake.world.ledger.history("sandbox", "search")[-1].outcome == "failed"
    assert (refused.outcome, refused.error) == ("blocked", "Refused")
    assert "search" not in versions(fake, "test")


def test_bringing_back_what_was_rolled_back_leaves_no_mark(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    rollback(fake, "search", "sandbox", release="0.1.0.post2")

    assert fake.world.ledger.records("sandbox")["search"].taken_away == ()
