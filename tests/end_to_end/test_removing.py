"""Removing, as the commands that a user types: destroy asks by name and for approval, prune shows before it removes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down

from .stage import Stage, commit, sample_workspace

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]

RULES = "[tool.multi_env_lambda]\nkeep = 1\napprovals_by_author = true"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`reports` runs in sandbox in its third version and in test in its first; test wants an approval."""
    root = sample_workspace(tmp_path_factory.mktemp("removing") / "workspace")
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8").replace('name = "test"', 'name = "test"\napproval = true')
    path.write_text(text.replace("[tool.multi_env_lambda]", RULES), encoding="utf-8")
    commit(root)
    found = Stage.at(root)
    module = root / "projects" / "reports" / "reports" / "__init__.py"
    for number in range(3):
        module.write_text(module.read_text(encoding="utf-8") + f"# {number}\n", encoding="utf-8")
        assert found.script("deploy", "sandbox", "--only", "reports", "--yes").code == 0
    yield found
    down(root)


def test_destroy_without_the_name_is_refused(stage: Stage) -> None:
    done = stage.script("destroy", "reports", "sandbox", "--yes")

    assert (done.code, "pass `--yes --confirm reports`" in done.err) == (9, True)
    assert "reports-sandbox" in stage.stacks()


def test_prune_shows_first_and_removes_when_told(stage: Stage) -> None:
    before = stage.artifacts()
    shown = stage.script("prune", "--json").answer
    untouched = stage.artifacts()
    done = stage.script("prune", "--apply", "--json").answer

    assert (untouched, shown["candidates"]) == (before, done["candidates"])
    gone = {key for item in shown["candidates"] for key, _ in item["objects"]}
    assert gone and before.keys() - stage.artifacts().keys() == gone
    assert stage.script("prune", "--json").answer["candidates"] == []


def test_after_pruning_a_rollback_works_and_so_does_the_way_back(stage: Stage) -> None:
    assert stage.script("rollback", "reports", "sandbox", "--yes").code == 0
    assert stage.versions("reports")[0] == "0.1.0.post1"
    assert stage.script("rollback", "reports", "sandbox", "--to", "0.1.0.post2", "--yes").code == 0


def test_where_authors_may_approve_typing_the_environments_name_does(stage: Stage) -> None:
    nothing = stage.script("promote", "test", "--only", "reports", typed="\ny\n")
    done = stage.script("promote", "test", "--only", "reports", typed="test\n")
    gone = stage.script("destroy", "reports", "test", typed="reports\ntest\n")

    assert (nothing.code, "has not been approved" in nothing.err) == (9, True), nothing.err
    assert (done.code, "type `test` to approve this plan" in done.err) == (0, True), done.err
    assert (gone.code, "reports-test" in stage.stacks()) == (0, False), gone.err


def test_an_environment_with_approval_is_only_left_by_an_approved_request(stage: Stage, tmp_path: Path) -> None:
    plan, request = str(tmp_path / "plan.json"), str(tmp_path / "request.json")
    stage.script("plan", "test", "--only", "reports", "--out", plan)
    assert stage.script("approve", plan).code == 0
    assert stage.script("deploy", "--plan", plan, "--yes").code == 0
    words = ("reports", "test", "--yes", "--confirm", "reports")

    refused = stage.script("destroy", *words)
    stage.script("destroy", "reports", "test", "--out", request)
    approved = stage.script("approve", request)
    done = stage.script("destroy", *words)

    assert (refused.code, "has not been approved" in refused.err) == (9, True)
    assert (approved.code, done.code) == (0, 0)
    assert "reports-test" not in stage.stacks()


def test_destroy_is_recorded_and_the_same_command_again_is_fine(stage: Stage) -> None:
    words = ("reports", "sandbox", "--yes", "--confirm", "reports", "--reason", "nobody reads them")
    first, again = stage.script("destroy", *words), stage.script("destroy", *words)
    last = stage.script("history", "reports", "sandbox", "--json").answer["sandbox"][-1]

    assert (first.code, again.code) == (0, 0)
    assert (last["action"], last["outcome"], last["reason"]) == ("destroy", "destroyed", "nobody reads them")
    assert stage.versions("reports")[0] is None
