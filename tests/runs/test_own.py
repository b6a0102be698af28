"""The workspace of a branch's environment, read from files: one environment, with the settings of the first."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda.runs.own import in_own, own_environments
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world

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
