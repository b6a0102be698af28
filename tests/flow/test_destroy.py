"""Deleting a unit from one environment: who may, what is kept, and that it is finished after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.ledger import LEASE_SECONDS
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import ConfigurationError, PlanStale, Refused, StackError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.flow.saved import read_saved
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.status import make_status
from multi_env_lambda.operations.destroy import destroy, find_removal, same_removal
from multi_env_lambda.testing.memory import Killed, MemoryPlatform
from multi_env_lambda.testing.world import FakeWorld, fake_world
from tests.faults.mortal import Switch, mortal

from .worlds import chain, deploy, outcomes, rollback, ruled, versions

GRACE = "arn:aws:iam::111111111111:user/grace"


def remove(fake: FakeWorld, name: str, environment: str, consent: Consent | None = None, **more: object) -> str:
    removal = find_removal(fake.world, name, environment)
    return destroy(fake.world, removal, consent or Consent(), **more).outcome  # type: ignore[arg-type]


def record_of(fake: FakeWorld, name: str, environment: str) -> Record:
    return fake.world.ledger.records(environment)[name]


def approved_by(fake: FakeWorld, who: str, environment: str, digest: str) -> None:
    author, fake.platform.who = fake.platform.who, who
    approve(fake.world, environment, digest)
    fake.platform.who = author


def test_the_stack_goes_and_the_record_says_who_and_why(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")

    assert remove(fake, "search", "test", reason="nobody searches") == "destroyed"

    last = fake.world.ledger.history("test", "search")[-1]
    assert ("test", "search-test") not in fake.platform.stacks
    assert (last.action, last.outcome, last.who, last.reason) == (
        "destroy", "destroyed", fake.platform.who, "nobody searches",
    )  # fmt: skip
    assert record_of(fake, "search", "test").running is None


def test_what_shall_stay_is_not_deleted_with_a_stack_of_which_cloudformation_keeps_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.data["search"] = "table-one"
    deploy(fake)
    before = dict(fake.platform.stacks)
    removal = find_removal(fake.world, "search", "sandbox", keep=("Data",))

    with pytest.raises(Refused, match="the stack search-sandbox is UPDATE_COMPLETE, not DELETE_FAILED, so it"):
        destroy(fake.world, removal)

    assert fake.platform.stacks == before
    assert record_of(fake, "search", "sandbox").running is not None


def test_what_a_deletion_failed_at_may_stay_and_is_not_said_to_go(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.data["search"] = "table-one"
    deploy(fake)
    fake.platform.failing["search-sandbox"] = "Data is not empty"
    with pytest.raises(StackError):
        remove(fake, "search", "sandbox")
    fake.platform.failing.clear()
    removal = find_removal(fake.world, "search", "sandbox", keep=("Data",))

    assert removal.lost == ()
    assert "Data" in [item.logical_id for item in removal.retained]
    assert destroy(fake.world, removal).outcome == "destroyed"


def test_a_name_that_the_stack_does_not_have_cannot_stay(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.data["search"] = "table-one"
    deploy(fake)

    with pytest.raises(ConfigurationError, match="the stack has no resource `data`") as caught:
        find_removal(fake.world, "search", "sandbox", keep=("data",))
    assert caught.value.hint == "did you mean `Data`?"


def test_other_environments_and_units_are_left_alone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    before = dict(fake.platform.stacks)

    remove(fake, "search", "test")

    del before["test", "search-test"]
    assert fake.platform.stacks == before


def test_a_unit_that_others_need_there_is_refused_with_their_names(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)

    with pytest.raises(Refused, match="still needed there by orders"):
        remove(fake, "customers", "sandbox")
    assert remove(fake, "customers", "sandbox", force=True) == "destroyed"


def test_after_the_ones_that_need_it_are_gone_it_can_go(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    remove(fake, "orders", "sandbox")

    assert remove(fake, "customers", "sandbox") == "destroyed"


def test_an_environment_with_approval_refuses_without_one(tmp_path: Path) -> None:
    before = chain(tmp_path)
    deploy(before, "test")
    fake = ruled(before, tmp_path, test={"approval": True})

    with pytest.raises(Refused, match="has not been approved"):
        remove(fake, "search", "test")
    assert ("test", "search-test") in fake.platform.stacks


def test_the_approval_of_somebody_else_opens_it_and_is_recorded(tmp_path: Path) -> None:
    before = chain(tmp_path)
    deploy(before, "test")
    fake = ruled(before, tmp_path, test={"approval": True})
    approved_by(fake, GRACE, "test", find_removal(fake.world, "search", "test").digest)

    assert remove(fake, "search", "test") == "destroyed"
    assert fake.world.ledger.history("test", "search")[-1].approved == GRACE


def test_an_approval_is_for_one_release_of_the_unit(tmp_path: Path) -> None:
    before = chain(tmp_path)
    deploy(before, "test")
    fake = ruled(before, tmp_path, test={"approval": True})
    saved = read_saved(removal := find_removal(fake.world, "search", "test"))
    approved_by(fake, GRACE, "test", removal.digest)
    fake.tree.content["search"] = "s2"
    deploy(before, "test")
    now = find_removal(fake.world, "search", "test")

    with pytest.raises(PlanStale) as stale:
        same_removal(fake.world, saved)
    assert removal.release is not None and now.release is not None
    assert str(stale.value).startswith(
        f"the saved request to delete search from test: {removal.version} ({removal.release[:12]}) ran there then, "
        f"and {now.version} ({now.release[:12]}) runs there now"
    )
    assert removal.digest[:12] not in str(stale.value)
    assert stale.value.hint == "save it again with `destroy.py search test --out plan.json`, and review it"
    with pytest.raises(Refused):
        remove(fake, "search", "test")


def test_a_unit_that_needs_it_by_now_is_named_by_the_saved_request(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, only=("customers",))
    saved = read_saved(find_removal(fake.world, "customers", "sandbox"))
    deploy(fake)

    with pytest.raises(PlanStale, match="needed by: nothing then, orders now"):
        same_removal(fake.world, saved)


def test_a_saved_request_to_delete_is_not_applied_as_a_plan_and_the_command_is_named(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    removal = find_removal(fake.world, "search", "sandbox")

    with pytest.raises(ConfigurationError, match="it is a request to delete search from sandbox") as refused:
        pipeline.same_again(fake.world, removal)
    assert refused.value.hint == "`destroy.py search sandbox` carries it out"


def test_it_changes_nothing_when_another_release_runs_by_now(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    removal = find_removal(fake.world, "search", "sandbox")
    fake.tree.content["search"] = "s2"
    deploy(fake)

    with pytest.raises(PlanStale):
        destroy(fake.world, removal)
    assert versions(fake, "sandbox")["search"] == "0.1.0.post1"


def test_what_is_gone_is_left_alone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    remove(fake, "search", "sandbox")
    fake.store.writes.clear()

    assert remove(fake, "search", "sandbox") == "unchanged"
    assert fake.store.writes == []


@pytest.mark.parametrize("write", range(1, 5))
def test_killed_after_any_write_the_same_command_finishes(tmp_path: Path, write: int) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    with pytest.raises(Killed):
        remove(mortal(fake, tmp_path / "killed", Switch(write)), "search", "sandbox")

    assert remove(fake, "search", "sandbox") in ("destroyed", "unchanged")
    assert record_of(fake, "search", "sandbox").gone
    assert [item.outcome for item in fake.world.ledger.history("sandbox", "search")] == ["succeeded", "destroyed"]


def test_a_stack_that_cannot_be_deleted_is_recorded_and_still_runs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.failing["search-sandbox"] = "bucket is not empty"

    with pytest.raises(StackError):
        remove(fake, "search", "sandbox")

    record = record_of(fake, "search", "sandbox")
    assert record.running is not None and record.latest is not None
    assert (record.latest.action, record.latest.outcome) == ("destroy", "failed")


def test_the_rest_of_a_failed_first_deploy_can_be_destroyed(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.platform.failing["search-sandbox"] = "no"
    deploy(fake)
    fake.platform.failing.clear()

    assert remove(fake, "search", "sandbox") == "destroyed"


def test_status_shows_a_removed_unit_until_it_is_destroyed(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    del fake.tree.content["search"]
    smaller = fake_world(fake.tree, tmp_path, store=fake.store, platform=fake.platform)
    before = _removed(smaller)

    remove(smaller, "search", "sandbox")

    assert (before, _removed(smaller)) == (("search",), ())
    assert outcomes(deploy(smaller))["search"] == "unchanged"


def _removed(fake: FakeWorld) -> tuple[str, ...]:
    config = fake.world.config
    units = tuple(project.name for project in fake.world.projects)
    return make_status(config, units, read_records(fake.world, config.environments)).removed


def test_a_destroyed_unit_can_be_brought_back(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    remove(fake, "search", "sandbox")

    assert rollback(fake, "search", "sandbox").outcome == "deployed"
    assert versions(fake, "sandbox")["search"] == "0.1.0"


def test_a_running_deploy_is_not_interrupted(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    deploy(fake)
    removal = find_removal(fake.world, "search", "sandbox")
    held = fake.world.ledger.acquire("sandbox", "search", fake.world.holder(), running=removal.release)

    with pytest.raises(Exception, match="has been deploying it since"):
        destroy(attrs.evolve(fake.world), removal)
    assert held.fencing == 2


class Waiting(MemoryPlatform):
    """Another operation runs on the stack, or the laptop sleeps; ``meanwhile`` happens in that time."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def delete(
        self,
        environment: Environment,
        stack_name: str,
        token: str,
        held: Held,
        say: Callable[[str], None],
        *,
        check: Callable[[StackReading], None],
        retain: tuple[str, ...] = (),
    ) -> None:
        self.meanwhile()
        super().delete(environment, stack_name, token, held, say, check=check, retain=retain)


def test_a_destroy_that_was_paused_leaves_alone_what_was_deployed_meanwhile(tmp_path: Path) -> None:
    platform = Waiting(lambda _: "")
    fake = chain(tmp_path / "one", platform=platform, alive=lambda _: True)
    platform._code = chain(tmp_path / "code", store=fake.store).platform._code
    deploy(fake)
    other = fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=platform, alive=lambda _: True)
    clock = [0.0]

    def meanwhile() -> None:
        clock[0] += LEASE_SECONDS + 1
        fake.store.time += LEASE_SECONDS + 1
        fake.tree.content["search"] = "s2"
        assert deploy(other, only=("search",))["search"].outcome == "deployed"

    removal = find_removal(fake.world, "search", "sandbox")
    platform.meanwhile = meanwhile  # type: ignore[method-assign]
    with pytest.raises(PlanStale):
        destroy(attrs.evolve(fake.world, seconds=lambda: clock[0]), removal)

    assert ("sandbox", "search-sandbox") in platform.stacks
    assert versions(other, "sandbox")["search"] == "0.1.0.post1"


def test_a_protected_environment_keeps_its_stacks_until_table_and_stack_say_otherwise(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    said: list[str] = []
    fake.platform.after_write = lambda kind, name: said.append(f"{kind} {name}") if kind == "protection" else None
    deploy(fake, "sandbox")
    assert said == []
    free, places = fake.world, fake.world.config.environments
    config = attrs.evolve(free.config, environments=tuple(attrs.evolve(place, protect=True) for place in places))
    fake = attrs.evolve(fake, world=attrs.evolve(free, config=config))
    for content in ("s2", "s3"):
        fake.tree.content["search"] = content
        deploy(fake, "sandbox")

    assert said == ["protection search-sandbox"], "once, and for what is deployed"
    with pytest.raises(Refused, match="protect = true") as caught:
        find_removal(fake.world, "search", "sandbox")
    assert "--no-enable-termination-protection --stack-name search-sandbox" in caught.value.hint
    assert find_removal(free, "search", "sandbox").gone is False
