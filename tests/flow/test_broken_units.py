"""A unit whose files cannot be used is named and skipped; nobody else is stopped by it, and what runs of it is kept."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import ConfigurationError, UnitsFailed, Workspace, pipeline
from multi_env_lambda.cli.results import exit_code
from multi_env_lambda.model.broken import BrokenUnit, find_broken
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.prune import find_prunable
from multi_env_lambda.operations.why import explain
from multi_env_lambda.show.text import status_table
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.api.stage import opened

from .worlds import chain, deploy, outcomes, promote, rollback, three_units, versions

TORN = ConfigurationError("projects/customers/pyproject.toml", "not a TOML document", hint="correct the file")


def torn(fake: FakeWorld, folder: Path, *units: str) -> FakeWorld:
    """The same accounts, seen from a work tree in which the files of these units, or of all, cannot be read."""
    tree = fake.tree
    tree.unreadable = dict.fromkeys(units or tree.content, TORN)
    return fake_world(tree, folder, store=fake.store, platform=fake.platform)


def planned(fake: FakeWorld, **ask: object) -> Plan:
    return pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", **ask)).plan  # type: ignore[arg-type]


def test_a_deploy_of_everything_names_it_once_skips_who_needs_it_and_does_the_rest(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.content["customers"] = "c2"

    results = deploy(torn(fake, tmp_path, "customers"))

    assert outcomes(results) == {"customers": "blocked", "search": "deployed", "orders": "skipped"}
    assert results["customers"].detail == "projects/customers/pyproject.toml: not a TOML document"
    assert results["orders"].detail == "customers did not succeed"


def test_the_exit_code_at_the_end_is_that_of_a_mistake_in_a_file(tmp_path: Path) -> None:
    workspace = opened(torn(chain(tmp_path), tmp_path, "customers").world, tmp_path)

    with pytest.raises(UnitsFailed) as caught:
        workspace.deploy()

    assert exit_code(caught.value.kinds) == ConfigurationError.exit_code == 3


def test_a_plan_says_who_waits_and_for_what(tmp_path: Path) -> None:
    tree = FakeTree(content=dict.fromkeys("abcd", "1"), needs={"b": ("a",), "c": ("b",)})

    steps = {step.project: step for step in planned(torn(chain(tmp_path, tree), tmp_path, "a")).steps}

    notes = {name: step.notes for name, step in steps.items() if isinstance(step, DeployStep)}
    assert isinstance(steps["a"], BlockedStep)
    assert notes == {
        "b": ("it needs a, which is blocked, and is skipped until that is done",),
        "c": ("it needs b, which waits for a, which is blocked, and is skipped until that is done",),
        "d": (),
    }


def test_a_unit_that_is_named_alone_goes_on_beside_a_broken_need_that_runs_and_the_plan_says_so(
    tmp_path: Path,
) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["orders"] = "o2"
    without = torn(fake, tmp_path, "customers")

    (step,) = planned(without, only=("orders",)).deploys

    assert step.notes == ("it needs customers, which is broken; 0.1.0 of it runs here and stays",)
    assert outcomes(deploy(without, only=("orders",))) == {"orders": "deployed"}


def test_a_unit_that_is_named_alone_is_blocked_by_a_broken_need_that_never_ran_there(tmp_path: Path) -> None:
    without = torn(chain(tmp_path), tmp_path, "customers")

    (step,) = planned(without, only=("orders",)).blocked

    assert step.what == "it needs customers, which is broken and does not run in sandbox"
    result = deploy(without, only=("orders",))["orders"]
    assert (result.outcome, result.error) == ("blocked", "Refused")


def test_another_unit_alone_does_not_hear_of_it(tmp_path: Path) -> None:
    assert [step.project for step in planned(torn(chain(tmp_path), tmp_path, "customers"), only=("search",)).steps] == [
        "search"
    ]


def test_a_unit_whose_shared_folder_is_missing_is_broken_and_no_other_one(tmp_path: Path) -> None:
    tree = three_units()
    fake = chain(tmp_path, tree)
    tree.shared["orders"] = ("libs/moneys",)
    without = fake_world(tree, tmp_path, store=fake.store, platform=fake.platform)

    assert outcomes(deploy(without)) == {"customers": "deployed", "search": "deployed", "orders": "blocked"}


def test_a_mistake_of_this_library_in_one_unit_stops_no_other_one(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.broken["search"] = ZeroDivisionError("by zero")  # type: ignore[assignment]
    fake.tree.broken["customers"] = PermissionError(13, "Permission denied", "a.py")  # type: ignore[assignment]

    results = deploy(fake)

    assert outcomes(results) == {"customers": "blocked", "search": "blocked", "orders": "skipped"}
    assert results["search"].detail == "search: unexpected ZeroDivisionError: by zero"
    assert results["customers"].detail == "customers: Permission denied (a.py)"


# --- what needs no file of any unit ---
@pytest.fixture
def running(tmp_path: Path) -> FakeWorld:
    """Two releases of everything in `sandbox`, the newer one in `test` too; then no file can be read any more."""
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content |= {"customers": "c2", "orders": "o2", "search": "s2"}
    deploy(fake, to="test")
    return torn(fake, tmp_path)


@pytest.fixture(params=["unreadable", "gone"])
def blind(request: pytest.FixtureRequest, running: FakeWorld, tmp_path: Path) -> FakeWorld:
    if request.param == "unreadable":
        return running
    running.tree.content.clear()
    running.tree.unreadable.clear()
    return fake_world(running.tree, tmp_path, store=running.store, platform=running.platform)


def test_a_rollback_goes_by_the_record(blind: FakeWorld) -> None:
    assert rollback(blind, "search", "sandbox").outcome == "deployed"
    assert versions(blind, "sandbox")["search"] == "0.1.0"


def test_a_promotion_goes_by_the_record(blind: FakeWorld) -> None:
    assert set(outcomes(promote(blind, "staging")).values()) == {"deployed"}
    assert versions(blind, "staging") == versions(blind, "test")


def test_status_history_drift_and_board_go_by_the_record(blind: FakeWorld, tmp_path: Path) -> None:
    workspace = opened(blind.world, tmp_path)

    status = workspace.status()

    assert {*status.units, *status.removed} == {"customers", "orders", "search"}
    assert all(status.cell(name, "test").version == "0.1.0.post1" for name in ("customers", "orders", "search"))
    assert [item.version for item in workspace.unit("orders").history("sandbox")] == ["0.1.0", "0.1.0.post1"]
    assert len(workspace.drift()) == 6
    assert workspace.board().to_dict()["units"]


def test_a_broken_unit_is_not_taken_for_one_that_was_removed(running: FakeWorld, tmp_path: Path) -> None:
    status = opened(running.world, tmp_path).status()

    assert status.notes == (f"{TORN.where}: {TORN.what}",) * 3
    assert (status.broken, status.removed) == (("customers", "orders", "search"), ())
    assert [status.label(name) for name in status.units][0] == "customers (broken)"
    assert status_table(status).row_count == 3
    assert {type(step) for step in planned(running).steps} == {BlockedStep}


def test_a_broken_file_does_not_say_its_name_so_what_runs_is_found_by_its_folder(tmp_path: Path) -> None:
    """The unit `search` lies in a folder that is called otherwise."""
    fake = chain(tmp_path, FakeTree(content={"search": "s1"}))
    deploy(fake)
    fake.tree.content.clear()
    error = ConfigurationError("projects/search/pyproject.toml", "not a TOML document", hint="correct the file")
    broken = BrokenUnit(name="finder", folder="projects/search", error=error)
    world = attrs.evolve(fake.world, projects=(), broken=(broken,))

    plan = pipeline.plan(world, Request(verb="deploy", target="sandbox")).plan

    assert [(step.project, type(step)) for step in plan.steps] == [("search", BlockedStep)]
    assert opened(world, tmp_path).status().broken == ("search",)


def test_all_units_are_broken_below_a_folder_that_cannot_be_read() -> None:
    below = BrokenUnit(name="projects", folder="projects", error=TORN)

    assert find_broken((below,), "orders", "projects/orders") is below
    assert find_broken((below,), "orders") is None
    assert find_broken((below,), "orders", "projects-of-others/orders") is None


# --- what needs all units ---
def test_nothing_that_a_broken_unit_may_use_is_pruned(tmp_path: Path) -> None:
    """Everything is decided from the bucket, so a file that cannot be read changes nothing."""
    fake = chain(tmp_path)
    for content in ("s1", "s2", "s3"):
        fake.tree.content["search"] = content
        deploy(fake, only=("search",))

    assert find_prunable(torn(fake, tmp_path).world) == find_prunable(fake.world)


def test_a_broken_unit_can_be_named_to_prune_and_a_misspelled_one_cannot(running: FakeWorld) -> None:
    assert find_prunable(running.world, ("search",)).candidates == ()
    with pytest.raises(ConfigurationError, match="there is no unit `serach`") as caught:
        find_prunable(running.world, ("serach",))
    assert caught.value.hint == "did you mean `search`?"


def test_why_says_at_which_units_nobody_could_look(running: FakeWorld, tmp_path: Path) -> None:
    fake = torn(running, tmp_path, "customers")
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))

    text = explain(draft.plan, draft.known, draft.looked_at, "search").text()

    assert "not inspected, because they are broken: customers" in text


def test_why_calls_no_unit_broken_that_only_waits(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(test={"committed_only": True}))
    fake.tree.changed = {"projects/search/main.py"}
    deploy(fake)
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="test"))
    assert [step.project for step in draft.plan.blocked] == ["search"]

    text = explain(draft.plan, draft.known, draft.looked_at, "customers").text()

    assert "broken" not in text


# --- the library ---
@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return opened(torn(chain(tmp_path), tmp_path, "customers").world, tmp_path)


def test_a_broken_unit_raises_its_own_error_and_the_others_work(workspace: Workspace) -> None:
    assert workspace["search"].version == "0.1.0"
    with pytest.raises(ConfigurationError, match="not a TOML document"):
        workspace["customers"]
    with pytest.raises(ConfigurationError, match="not a TOML document"):
        _ = workspace.unit("customers").config


def test_who_goes_through_the_units_sees_which_are_broken(workspace: Workspace) -> None:
    assert {unit.name: unit.fault is None for unit in workspace} == {"customers": False, "orders": True, "search": True}
    assert (len(workspace), "customers" in workspace, "nobody" in workspace) == (3, True, False)
    assert dict(workspace.broken) == {"customers": TORN}
    assert "customers (broken)" in repr(workspace)
    assert "customers <small>(broken)</small>" in workspace._repr_html_()


def test_a_misspelled_name_may_mean_a_broken_unit(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError) as caught:
        workspace["custmers"]
    assert caught.value.hint.startswith("did you mean `customers`?")
