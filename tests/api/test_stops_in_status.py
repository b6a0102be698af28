"""Status and board say what people stopped, with the command that lifts it, and which environments branches have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.freezes import freeze
from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.operations.own_kept import mark_own
from multi_env_lambda.testing.world import FakeWorld
from tests.api.stage import opened
from tests.flow.worlds import chain, deploy, rollback

OWN = BranchEnvironment(
    name="b-x-tymznrwk",
    branch="feature/x",
    commit="1" * 40,
    until=1e9,
    units=("orders",),
    owner="Ada <ada@example.org>",
)


@pytest.fixture
def stopped(tmp_path: Path) -> FakeWorld:
    """`prod` is frozen, `search` is held in `sandbox`, and a branch has an environment."""
    fake = chain(tmp_path)
    deploy(fake, "prod")
    fake.tree.content["search"] = "s2"
    deploy(fake)
    rollback(fake, "search", "sandbox", reason="too slow")
    freeze(fake.world, "prod", (), reason="<the audit>")
    mark_own(fake.store, OWN)
    return fake


def seen(fake: FakeWorld, folder: Path, *branches: str) -> Workspace:
    ci = attrs.evolve(fake.world.config.ci, branches=branches)
    world = attrs.evolve(fake.world, config=attrs.evolve(fake.world.config, ci=ci))
    return opened(world, folder)


def test_text_says_who_since_when_why_and_what_lifts_it(stopped: FakeWorld, tmp_path: Path) -> None:
    status = seen(stopped, tmp_path, "feature/*").status()
    hold, frozen, own = status.lines()

    assert hold.startswith("search in sandbox is held after a rollback by user/ada since ")
    assert hold.endswith(": too slow; `unfreeze.py search sandbox` lifts it")
    assert frozen.startswith("prod is frozen by user/ada since ")
    assert frozen.endswith(": <the audit>; `unfreeze.py prod` lifts it")
    assert own.startswith(
        "b-x-tymznrwk is the environment of branch feature/x by Ada <ada@example.org>: orders, until "
    )
    assert own.endswith("2001-09-09T01:46:40Z")
    text = status.text()
    assert "prod (frozen)" in text and '`workspace.unit("search").unfreeze("sandbox")` lifts it' in text


def test_json_notebook_and_board_have_the_same(stopped: FakeWorld, tmp_path: Path) -> None:
    workspace = seen(stopped, tmp_path, "feature/*")
    status = workspace.status()
    found = status.to_dict()

    assert [(one["kind"], one["unit"], one["environment"]) for one in found["freezes"]] == [
        ("hold", "search", "sandbox"),
        ("freeze", "", "prod"),
    ]
    assert [one["branch"] for one in found["own"]] == ["feature/x"]
    page = workspace.board().html()
    for shown in (status._repr_html_(), page):
        assert "&lt;the audit&gt;" in shown and "<the audit>" not in shown and "prod (frozen)" in shown
    assert workspace.board().to_dict()["stops"] == list(status.lines())


def test_a_row_and_a_column_have_their_own_only(stopped: FakeWorld, tmp_path: Path) -> None:
    workspace = seen(stopped, tmp_path, "feature/*")

    assert [one.environment for one in workspace.status("orders").freezes] == ["prod"]
    assert [one.unit for one in workspace.environment("sandbox").status().freezes] == ["search"]
    assert [one.name for one in workspace.status("orders").own] == [OWN.name]
    assert workspace.status("search").own == ()


@pytest.mark.parametrize(
    ("branches", "more"), [((), {"get": 1}), (("feature/*",), {"get": 2, "list": 1})], ids=["no branches", "branches"]
)
def test_it_costs_a_get_for_each_frozen_environment_and_each_branchs(
    stopped: FakeWorld, tmp_path: Path, branches: tuple[str, ...], more: dict[str, int]
) -> None:
    def calls() -> Counter[str]:
        workspace = seen(stopped, tmp_path, *branches)
        workspace.status()
        stopped.store.reads.clear()
        workspace.status()
        return Counter(kind for kind, _ in stopped.store.reads)

    with_all = calls()
    for key in [key for key in stopped.store.objects if key.endswith("frozen.json") or key.startswith("ci/")]:
        del stopped.store.objects[key]
    without = calls()

    assert with_all - without == Counter({"get": more["get"]})
    assert without["list"] == with_all["list"]
    reads = [key for kind, key in stopped.store.reads if kind == "list" and key == "ci/environments/"]
    assert len(reads) == more.get("list", 0)


@pytest.mark.parametrize("name", ["serch", "Search", "sandbox", "", "../search"])
def test_a_unit_that_is_nowhere_has_no_empty_row(stopped: FakeWorld, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no unit"):
        seen(stopped, tmp_path).status(name)
