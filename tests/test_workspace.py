"""The face for notebooks does what the command line does, and gives values."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import ConfigurationError, PlanStale, Refused, UnitsFailed, Workspace
from multi_env_lambda.model.settings import GlueJob
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.api.stage import opened


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content={"customers": "c1", "orders": "o1"}, needs={"orders": ("customers",)}), tmp_path)


@pytest.fixture
def workspace(fake: FakeWorld, tmp_path: Path) -> Workspace:
    return opened(fake.world, tmp_path)


def test_a_plan_is_applied_as_it_was_shown(workspace: Workspace) -> None:
    plan = workspace.plan("customers", to="staging")

    results = workspace.apply(plan)

    assert [(result.environment, result.outcome) for result in results] == [
        ("sandbox", "deployed"),
        ("test", "deployed"),
        ("staging", "deployed"),
    ]


def test_a_plan_that_is_not_true_any_more_is_not_applied(workspace: Workspace, fake: FakeWorld) -> None:
    plan = workspace.plan()
    fake.tree.content["orders"] = "o2"

    with pytest.raises(PlanStale):
        workspace.apply(plan)


def test_a_plan_survives_being_saved_as_a_document(workspace: Workspace) -> None:
    document = workspace.plan("orders", to="test").to_dict()

    assert {result.outcome for result in workspace.apply(document)} == {"deployed"}


def test_one_failed_unit_is_raised_after_the_others_were_finished(workspace: Workspace, fake: FakeWorld) -> None:
    fake.platform.failing["orders-sandbox"] = "policy malformed"

    with pytest.raises(UnitsFailed, match="policy malformed"):
        workspace.deploy()

    assert workspace.status().cell("customers", "sandbox").version == "0.1.0"


def test_promote_rollback_and_history_read_like_the_verbs(workspace: Workspace, fake: FakeWorld) -> None:
    workspace.deploy()
    workspace.promote("customers", environment="test")
    fake.tree.content["customers"] = "c2"
    workspace.deploy("customers", to="test")

    workspace.rollback("customers", "test", reason="too slow")

    assert [(item.action, item.version) for item in workspace["customers"].history("test")] == [
        ("promote", "0.1.0"),
        ("promote", "0.1.0.post1"),
        ("rollback", "0.1.0"),
    ]


def test_status_tells_who_is_behind(workspace: Workspace) -> None:
    workspace.deploy("customers", to="test")
    workspace.deploy("orders")

    status = workspace.status()

    assert not status.cell("customers", "test").behind
    assert status.cell("orders", "test").behind


def test_why_names_the_file(workspace: Workspace, fake: FakeWorld) -> None:
    workspace.deploy()
    fake.tree.content["orders"] = "o2"

    assert "file: orders/main.py changed" in workspace["orders"].why().text()


def test_destroy_wants_the_name_twice(workspace: Workspace) -> None:
    workspace.deploy("customers")

    with pytest.raises(Refused, match="found the name `orders`; expected `customers`"):
        workspace["customers"].destroy("sandbox", confirm="orders")
    with pytest.raises(Refused, match="the deletion is not confirmed"):
        workspace["customers"].destroy("sandbox")

    assert workspace["customers"].destroy("sandbox", confirm="customers").good
    assert workspace.status().cell("customers", "sandbox").version is None


def test_prune_shows_first_and_removes_only_when_told(workspace: Workspace, fake: FakeWorld) -> None:
    few = attrs.evolve(fake.world, config=attrs.evolve(fake.world.config, keep=1))
    workspace = opened(few, Path(workspace.root))
    for number in range(4):
        fake.tree.content["customers"] = f"c{number}"
        workspace.deploy("customers")
    before = dict(fake.store.objects)

    shown = workspace.prune()

    assert {candidate.project for candidate in shown.candidates} == {"customers"}
    assert fake.store.objects.keys() == before.keys()
    assert workspace.prune(really=True).candidates == shown.candidates
    assert workspace.prune().candidates == ()
    assert before.keys() - fake.store.objects.keys()


def test_a_misspelled_unit_gets_a_hint(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="did you mean `customers`"):
        workspace.project("custmers")


@pytest.fixture
def with_a_job(workspace: Workspace) -> Workspace:
    job = GlueJob(key="nightly", entry="orders.nightly:main", arguments=(("--day", "monday"), ("--year", "2026")))
    customers, orders = workspace.configs
    settings = {name: attrs.evolve(each, jobs=(job,)) for name, each in orders.settings.items()}
    projects = (customers, attrs.evolve(orders, settings=settings))
    return opened(workspace.world, Path(workspace.root), projects)


@pytest.mark.parametrize("name", ["year", "--year"])
def test_an_argument_of_a_job_may_be_named_with_its_dashes_or_without(
    with_a_job: Workspace, fake: FakeWorld, name: str
) -> None:
    with_a_job["orders"].jobs["nightly"].run({name: "1999"}, "sandbox")

    assert fake.platform.runs == [("orders-sandbox-nightly", {"--year": "1999"})]


def test_an_argument_that_the_job_does_not_know_starts_nothing(with_a_job: Workspace, fake: FakeWorld) -> None:
    with pytest.raises(ConfigurationError) as error:
        with_a_job["orders"].jobs["nightly"].run({"day": "friday", "--yaer": "1999"}, "sandbox")

    assert str(error.value) == (
        "unit orders: its job `nightly` has no argument `--yaer`; it has --day, --year\nhint: did you mean `--year`?"
    )
    assert fake.platform.runs == []


def test_an_argument_that_is_named_in_both_ways_at_once_starts_nothing(with_a_job: Workspace, fake: FakeWorld) -> None:
    with pytest.raises(ConfigurationError, match="is given `--year` twice: 1998 and 1999"):
        with_a_job["orders"].jobs["nightly"].run({"year": "1998", "--year": "1999"}, "sandbox")

    assert fake.platform.runs == []


def test_a_workspace_says_what_it_is(workspace: Workspace) -> None:
    assert "customers, orders; sandbox → test → staging → prod" in repr(workspace)
