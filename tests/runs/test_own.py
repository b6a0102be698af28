"""Environments of branches: made, kept and cleared away by runs in memory; and their workspace, read from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.flow.left import lines_of_left
from multi_env_lambda.operations.own_kept import own_environments
from multi_env_lambda.runs.own import in_own
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world
from tests.runs.village import ALL, Repository, Village

_UNIT = """[project]
name = "orders"
version = "0.1.0"

[tool.multi_env_lambda]
runtime = "python3.13"

[tool.multi_env_lambda.functions.main]
handler = "orders.main.handler"
memory_size = 128

[tool.multi_env_lambda.environments.sandbox.functions.main]
memory_size = 256

[tool.multi_env_lambda.environments.prod.functions.main]
memory_size = 512
"""


def test_a_unit_has_the_settings_of_the_first_environment_and_no_rule_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "orders"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("", "utf-8")
    (folder / "pyproject.toml").write_text(_UNIT, "utf-8")
    (tmp_path / "projects" / "bad").mkdir()
    (tmp_path / "projects" / "bad" / "pyproject.toml").write_text("?", "utf-8")
    config = fake_config(sandbox={"approval": True, "releases_only": True, "committed_only": True})
    world = fake_world(FakeTree(content={"orders": "o1"}), tmp_path / "cache", config=config).world
    own = in_own(world, tmp_path, "b-x-abcdefgh")

    (place,) = own.config.environments
    assert (place.name, place.account_id, place.position) == ("b-x-abcdefgh", "2" * 12, 0)
    assert (place.approval, place.releases_only, place.committed_only, place.protect) == (False,) * 4
    (unit,) = own.projects
    assert {name: one.functions[0].memory_size for name, one in unit.settings.items()} == {"b-x-abcdefgh": 256}
    assert [one.name for one in own.broken] == ["bad"]


def test_a_mark_that_cannot_be_read_counts_as_none() -> None:
    store = MemoryStore()
    store.put_new("ci/environments/b-x-abcdefgh.json", b"?")

    assert tuple(own_environments(store)) == ()


def test_a_branch_has_an_environment_of_what_it_affects_until_it_is_gone(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.pushed(billing="b2")
    village.settle()
    name = environment_of_branch("feature/x")
    before = {key for key in village.store.objects if key.startswith("projects/")}
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()

    assert village.runs(name) == {"orders": "ox"}
    assert village.runs("sandbox") == {"billing": "b2", "orders": "o1"}
    assert {key for key in village.store.objects if key.startswith("projects/")} > before

    village.pushed("feature/x", orders="oy")
    village.settle()
    assert village.runs(name) == {"orders": "oy"}

    del village.repository.remote["feature/x"]
    village.pushed("feature/x", push=False)
    village.settle()
    assert village.runs(name) == {}
    assert [key for key in village.home.platform.stacks if name in key[0] or key[1].endswith(name)] == []


def test_a_unit_of_a_branch_whose_layer_is_that_of_another_unit_brings_that_unit(tmp_path: Path) -> None:
    village = Village(tmp_path, Repository(dict(ALL)), needs={"orders": ("billing",)}, lent={"orders": "billing"})
    village.ruled(branches=("feature/*",))
    village.pushed(billing="b2")
    village.settle()
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    name = environment_of_branch("feature/x")

    assert village.runs(name) == {"billing": "b2", "orders": "ox"}

    del village.repository.remote["feature/x"]
    village.pushed("feature/x", push=False)
    village.settle()
    assert village.runs(name) == {}


def test_a_branch_that_is_gone_or_over_without_an_event_is_cleared_away_by_the_schedule(village: Village) -> None:
    village.ruled(branches=("feature/*",), days=7)
    village.pushed(billing="b2")
    village.settle()
    name = environment_of_branch("feature/x")
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    village.scheduled()
    village.settle()
    assert village.runs(name) == {"orders": "ox"}

    village.store.time += 8 * 86_400
    village.scheduled()
    village.settle()
    assert village.runs(name) == {}


def test_what_happens_in_the_environment_of_a_branch_changes_no_plan_of_the_table(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.pushed(orders="o2")
    village.settle()
    (waits,) = village.wanted()[0].waits
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    village.scheduled()
    village.settle()

    assert [one.waits for one in village.wanted() if one.key == "branch main"] == [(waits,)]
    assert lines_of_left(village.opens(Path("main"))) == ()


def test_an_environment_that_aws_did_not_make_is_made_by_the_next_look(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.settle()
    village.pushed()
    village.settle()
    name = environment_of_branch("feature/x")
    village.home.platform.failing[f"orders-{name}"] = "Rate exceeded"
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    assert village.runs(name) == {}

    village.home.platform.failing.clear()
    village.scheduled()
    village.settle()
    assert village.runs(name) == {"orders": "ox"}


def test_what_could_not_be_deleted_is_told_and_tried_again_by_the_next_look(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.settle()
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox", billing="bx")
    village.settle()
    name = environment_of_branch("feature/x")
    assert village.runs(name) == {"billing": "bx", "orders": "ox"}

    village.home.platform.failing[f"billing-{name}"] = "Rate exceeded"
    del village.repository.remote["feature/x"]
    village.pushed("feature/x", push=False)
    village.settle()
    assert village.runs(name) == {"billing": "bx"}
    assert any("Rate exceeded" in line for line in village.said)
    assert [one.name for one in own_environments(village.store)] == [name]

    village.home.platform.failing.clear()
    village.scheduled()
    village.settle()
    assert village.runs(name) == {}
    assert own_environments(village.store) == ()


def test_what_a_killed_first_deploy_left_goes_with_the_branch(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.settle()
    name = environment_of_branch("feature/x")
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.deliver()

    def dies(kind: str, what: str) -> None:
        if what == f"orders-{name}":
            raise Killed

    village.home.platform.after_write = dies
    with pytest.raises(Killed):
        village.build()
    village.home.platform.after_write = None
    assert (name, f"orders-{name}") in village.home.platform.stacks
    assert village.home.world.ledger.records(name)["orders"].gone

    del village.repository.remote["feature/x"]
    village.over.update(build for build, _ in village.builds)
    village.store.time += 3600
    village.scheduled()
    village.settle()
    assert not [place for place, _ in village.home.platform.stacks if place == name]
    assert own_environments(village.store) == ()
