"""What is looked at after a change, and how long an answer that may be older than the change is not believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.ledger import LEASE_SECONDS
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.alias import AliasState, Counts
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeWorld
from multi_env_lambda.world import ProgressEvent
from tests.faults.mortal import Switch, mortal

from .callers import FUNCTION, Clock
from .test_lease import GRACE
from .test_shift import alias, shifting, slept, texts
from .worlds import chain, deploy

ROLE = {"Role": {"Fn::GetAtt": ["MainRole", "Arn"]}}


def role(*actions: str) -> dict[str, Any]:
    return {"MainRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": list(actions)}}}


def with_role(folder: Path) -> tuple[FakeWorld, Clock]:
    """`search` has a role and a smoke check; nothing was deployed yet."""
    clock = Clock()
    fake = chain(folder)
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, seconds=clock.seconds, sleep=clock.sleep))
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    fake.tree.properties["search"] = ROLE
    fake.tree.resources["search"] = role("s3:GetObject")
    return fake, clock


def smoked(folder: Path) -> tuple[FakeWorld, Clock]:
    """`search` runs, and is changed."""
    fake, clock = with_role(folder)
    assert deploy(fake)["search"].outcome == "deployed"
    fake.tree.content["search"] = "s2"
    return fake, clock


def answering_after(fake: FakeWorld, clock: Clock, seconds: float) -> None:
    """The new release needs a right that IAM applies after that time."""

    def answer(_: Any) -> Any:
        if clock.now < seconds:
            raise PermissionError("AccessDenied")
        return {"ok": True}

    fake.platform.answers[FUNCTION] = answer


def test_a_smoke_that_fails_where_rights_have_changed_is_asked_again_until_iam_has_applied_them(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    fake.tree.resources["search"] = role("s3:GetObject", "s3:PutObject")
    answering_after(fake, clock, 9)

    assert deploy(fake)["search"].outcome == "deployed"
    assert clock.now == 10
    assert "retrying for up to 30 s" in "".join(event.text for event in fake.events if event.phase == "check")


def test_the_first_deploy_waits_for_its_new_role_too(tmp_path: Path) -> None:
    fake, clock = with_role(tmp_path)
    answering_after(fake, clock, 9)

    assert deploy(fake)["search"].outcome == "deployed"
    assert clock.now == 10


def test_a_first_deploy_whose_smoke_fails_for_another_reason_does_not_wait(tmp_path: Path) -> None:
    fake, clock = with_role(tmp_path)
    fake.platform.answers[FUNCTION] = lambda _: {"ok": False}

    assert deploy(fake)["search"].error == "CheckFailed"
    assert clock.now == 0


def test_a_smoke_that_still_fails_after_30_seconds_puts_back(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    before = alias(fake)
    fake.tree.resources["search"] = role("s3:GetObject", "s3:PutObject")
    answering_after(fake, clock, 1000)

    result = deploy(fake)["search"]

    assert (result.error, "AccessDenied" in result.detail) == ("CheckFailed", True)
    assert clock.now == 30
    assert alias(fake) == before


def test_a_smoke_that_fails_where_no_right_has_changed_is_believed_at_once(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    answering_after(fake, clock, 1)

    assert deploy(fake)["search"].error == "CheckFailed"
    assert clock.slept == []


def test_an_answer_of_the_old_version_is_asked_again(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    fake.platform.stale[FUNCTION] = [fake.tree.version_id("s1")] * 3

    assert deploy(fake)["search"].outcome == "deployed"
    assert clock.now == 6


def test_the_old_versions_answers_are_no_success_of_the_new_one(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    old, new = fake.tree.version_id("s1"), fake.tree.version_id("s2")
    fake.platform.stale[FUNCTION] = [old] * 100

    result = deploy(fake)["search"]

    assert result.error == "CheckFailed"
    assert f"version {old} responded, but live is version {new}" in result.detail
    assert clock.now == 30


def with_weights_left(folder: Path, minutes: int = 1) -> tuple[FakeWorld, Clock]:
    """CloudFormation leaves weights alone that a template does not speak of, and there are some."""
    fake, clock = shifting(folder, "canary", 10, minutes)
    fake.platform.left[FUNCTION] = ((fake.tree.version_id("s2"), 0.1),)
    return fake, clock


def test_weights_are_cleared_by_the_template_itself(tmp_path: Path) -> None:
    fake, _ = with_weights_left(tmp_path)

    assert deploy(fake)["search"].outcome == "deployed"
    assert alias(fake) == AliasState(version=fake.tree.version_id("s2"), weights=())


def test_weights_that_are_left_after_a_deploy_without_traffic_are_named(tmp_path: Path) -> None:
    fake, _ = with_weights_left(tmp_path)
    deploy(fake)
    del fake.tree.traffic["search"]
    fake.tree.content["search"] = "s3"

    result = deploy(fake)["search"]

    old, new = fake.tree.version_id("s2"), fake.tree.version_id("s3")
    what = f"alias live points at version {new}, with 10 % to version {old}, expected version {new} alone"
    assert (result.error, what in result.detail) == ("CheckFailed", True)
    assert f"--function-version {new} --routing-config AdditionalVersionWeights={{}}" in result.hint


def test_weights_that_are_left_after_a_put_back_are_named_and_what_runs_is_unsure(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    clock = Clock()
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, seconds=clock.seconds, sleep=clock.sleep))
    deploy(fake)  # without `traffic`, so that its template says nothing of weights
    old, new = (fake.tree.version_id(content) for content in ("s1", "s2"))
    fake.tree.traffic["search"] = ("canary", 10, 1)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    fake.tree.content["search"] = "s2"
    fake.platform.after_write = lambda *_: fake.platform.left.update({FUNCTION: ((new, 0.1),)})
    fake.platform.answers[FUNCTION] = lambda _: {"ok": False}

    result = deploy(fake)["search"]

    assert (
        "sandbox was rolled back to 0.1.0, but search-sandbox-main in sandbox: its alias live points at"
        in result.detail
    )
    assert f"version {old}, with 10 % to version {new}, expected version {old} alone" in result.detail
    assert f"--function-version {old}" in result.hint
    assert fake.world.ledger.records("sandbox")["search"].unsure is not None


@pytest.mark.parametrize(("property_", "what"), [("DeadLetterConfig", "dead-letter queue"), ("Role", "role")])
def test_a_release_that_changes_what_versions_must_share_moves_all_traffic_at_once_and_says_so(
    tmp_path: Path, property_: str, what: str
) -> None:
    fake, clock = shifting(tmp_path)
    fake.tree.properties["search"] = {property_: "arn:of:another"}

    assert deploy(fake)["search"].outcome == "deployed"
    why = f"this release changes its {what}, which must be the same for all versions behind an alias"
    assert (clock.slept, texts(fake)) == ([], [f"{FUNCTION} at once: {why}"])


def with_an_alarm(folder: Path) -> tuple[FakeWorld, Clock]:
    fake, clock = shifting(folder)
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "search-errors"}}
    fake.tree.resources["search"] = {"Alarm": alarm}
    return fake, clock


def deploy_with(fake: FakeWorld, clock: Clock, at: dict[float, set[str]]) -> Result:
    """Deploy; which alarms are on changes at moments of the clock."""

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        for moment in [moment for moment in at if moment <= clock.now]:
            fake.platform.alarms = at.pop(moment)

    return deploy(attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=sleep)), only=("search",))["search"]


def test_an_alarm_that_goes_on_sends_the_traffic_back(tmp_path: Path) -> None:
    fake, clock = with_an_alarm(tmp_path)

    result = deploy_with(fake, clock, {30: {"search-errors"}})

    assert (result.error, "search-errors is on" in result.detail) == ("CheckFailed", True)
    assert clock.now == 30


def test_an_alarm_that_was_on_before_does_not_send_the_fix_back_and_is_said(tmp_path: Path) -> None:
    fake, clock = with_an_alarm(tmp_path)
    fake.platform.alarms = {"search-errors"}

    assert deploy_with(fake, clock, {}).outcome == "deployed"
    assert texts(fake)[0] == "alarm search-errors was already on; it counts if it turns off and on again"


def test_an_alarm_that_was_on_before_and_goes_on_again_counts(tmp_path: Path) -> None:
    fake, clock = with_an_alarm(tmp_path)
    fake.platform.alarms = {"search-errors"}

    assert deploy_with(fake, clock, {20: set(), 40: {"search-errors"}}).error == "CheckFailed"
    assert clock.now == 40


def killed_when_the_stack_is_written(fake: FakeWorld, clock: Clock, folder: Path) -> None:
    """After the first change, and before it is recorded."""
    switch = Switch()
    fake.platform.after_write = lambda kind, _: switch.die() if kind == "stack" else None
    with pytest.raises(Killed):
        deploy(slept(mortal(fake, folder / "killed", switch), clock, clock.sleep), only=("search",))
    fake.platform.after_write = None


def killed_while_it_watches(fake: FakeWorld, clock: Clock, folder: Path) -> None:
    switch = Switch()
    with pytest.raises(Killed):
        deploy(slept(mortal(fake, folder / "killed", switch), clock, lambda _: switch.die()))


def failed_while_it_watches(fake: FakeWorld, clock: Clock, folder: Path) -> None:
    def sleep(_: float) -> None:
        raise StackError("search in sandbox", "no answer", hint="try again")

    assert deploy(slept(fake, clock, sleep), only=("search",))["search"].error == "StackError"


@pytest.mark.parametrize(("on_before", "error"), [({"search-errors"}, ""), (set(), "CheckFailed")])
@pytest.mark.parametrize("ended", [killed_when_the_stack_is_written, killed_while_it_watches, failed_while_it_watches])
def test_who_finishes_a_shift_of_unseen_end_knows_which_alarms_were_on_before_it(
    tmp_path: Path, ended: Callable[[FakeWorld, Clock, Path], None], on_before: set[str], error: str
) -> None:
    fake, clock = with_an_alarm(tmp_path)
    fake.platform.alarms = on_before
    ended(fake, clock, tmp_path)
    fake.platform.alarms = {"search-errors"}

    assert deploy(fake)["search"].error == error


def test_an_alarm_that_has_gone_off_counts_for_who_finishes_a_killed_shift(tmp_path: Path) -> None:
    fake, clock = with_an_alarm(tmp_path)
    fake.platform.alarms = {"search-errors"}
    switch = Switch()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        fake.platform.alarms = set()
        if clock.now > 20:
            switch.die()

    with pytest.raises(Killed):
        deploy(slept(mortal(fake, tmp_path / "killed", switch), clock, sleep))
    fake.platform.alarms = {"search-errors"}

    assert deploy(fake)["search"].error == "CheckFailed"


def test_a_shift_that_is_refused_before_its_first_change_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    fake, _ = with_an_alarm(tmp_path)
    before = fake.world.ledger.records("sandbox")["search"]
    tags = fake.platform.stacks["sandbox", "search-sandbox"].tags
    owner = dict(tags)

    def somebody_takes_the_stack(event: ProgressEvent) -> None:
        if event.phase == "shift":
            tags.clear()

    world = attrs.evolve(fake.world, reported=somebody_takes_the_stack)
    assert deploy(attrs.evolve(fake, world=world), only=("search",))["search"].error == "Refused"
    after = fake.world.ledger.records("sandbox")["search"]
    assert (after.latest, after.unsure) == (before.latest, None)

    tags.update(owner)
    fake.platform.alarms = {"search-errors"}
    assert deploy(fake)["search"].outcome == "deployed"


def test_the_new_version_of_a_first_step_is_asked_again_too_where_rights_have_changed(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    fake.tree.traffic["search"] = ("canary", 10, 1)
    fake.platform.metrics[FUNCTION, fake.tree.version_id("s2")] = Counts(invocations=10, errors=0)
    fake.tree.resources["search"] = role("s3:GetObject", "s3:PutObject")
    answering_after(fake, clock, 9)

    assert deploy(fake)["search"].outcome == "deployed"
    assert clock.now == 10 + 60


def test_who_loses_the_lease_while_a_smoke_is_asked_again_asks_no_more(tmp_path: Path) -> None:
    fake, clock = smoked(tmp_path)
    fake.tree.resources["search"] = role("s3:GetObject", "s3:PutObject")
    answering_after(fake, clock, 1000)
    running = fake.world.ledger.records("sandbox")["search"].release

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now == 4:
            fake.store.time += LEASE_SECONDS + 1
            fake.world.ledger.acquire("sandbox", "search", GRACE, running=running)

    result = deploy(slept(fake, clock, sleep), only=("search",))["search"]

    assert result.error == "PlanStale"
    assert clock.now < 30
