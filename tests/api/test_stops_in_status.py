"""Status and board say what people stopped, with the command that lifts it, and which environments branches have."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.ci.subject import Branch
from multi_env_lambda.ci.wanted import ask, place_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.freezes import freeze
from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.model.ci_stack import CiStack
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


PLAN = {
    "format": 1,
    "digest": "a" * 64,
    "steps": [
        {"project": "search", "environment": "prod", "kind": "deploy"},
        {"project": "orders", "environment": "prod", "kind": "unchanged"},
    ],
}


def waiting(fake: FakeWorld, folder: Path, *, host: bool = True) -> Workspace:
    """A run of the CI stopped in front of `prod`."""
    branch = Branch(name="main").key
    ended = attrs.evolve(ask(None, branch, 0.0), state="done", seen=1, waits=(("prod", "a" * 64), ("prod", "b" * 64)))
    fake.store.put_new(place_of(branch), ended.to_bytes())
    fake.store.put_new(f"ci/plans/prod/{'a' * 64}.json", json.dumps(PLAN).encode())
    fake.store.put_new(f"ci/plans/prod/{'b' * 64}.json", b"?")
    config = attrs.evolve(fake.world.config, ci_stack=CiStack(repository="acme") if host else None)
    return opened(attrs.evolve(fake.world, config=config), folder)


def test_what_waits_for_a_yes_is_said_with_the_command_that_agrees(tmp_path: Path) -> None:
    workspace = waiting(chain(tmp_path), tmp_path)
    lines = workspace.status().lines()
    assert lines == (
        "prod: a change of search waits for approval; `ci.py approve prod aaaaaaaaaaaa` agrees",
        "prod: a change waits for approval; `ci.py approve prod bbbbbbbbbbbb` agrees",
    )
    assert 'waiting_plan("aaaaaaaaaaaa")' in workspace.status().text()
    assert [one["units"] for one in workspace.status().to_dict()["waits"]] == [("search",), ()]
    assert all(line in workspace.board().to_dict()["stops"] for line in lines)


def test_a_row_and_a_column_say_only_what_waits_there(tmp_path: Path) -> None:
    workspace = waiting(chain(tmp_path), tmp_path)
    assert workspace.environment("sandbox").status().waits == ()
    assert len(workspace.environment("prod").status().waits) == 2
    assert [one.digest[0] for one in workspace.unit("search").status().waits] == ["a"]
    assert workspace.unit("orders").status().waits == ()


def test_without_a_ci_nobody_asks_what_waits(tmp_path: Path) -> None:
    assert waiting(chain(tmp_path), tmp_path, host=False).status().waits == ()


def test_what_cannot_be_read_waits_for_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.store.put_new(place_of(Branch(name="main").key), b"?")
    assert waiting(fake, tmp_path).status().waits == ()
