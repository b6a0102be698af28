"""A week of a team as its scripts show it: a killed laptop, a rollback without a network, two at once, approvals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.local.server import down

from .stage import ROOT, Done, Stage, commit, sample_workspace

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]

NO_INDEX = {"UV_OFFLINE": "1", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "PATH": "/nowhere"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`customers` runs in sandbox in its first version; staging wants an approval."""
    root = sample_workspace(tmp_path_factory.mktemp("week") / "workspace")
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8").replace('name = "staging"', 'name = "staging"\napproval = true')
    path.write_text(text, encoding="utf-8")
    commit(root)
    found = Stage.at(root)
    assert found.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    yield found
    down(root)


def by(stage: Stage, person: str, script: str, *words: str, typed: str | None = None, **env: str) -> Done:
    given = {"MULTI_ENV_LAMBDA_LOCAL_USER": person, **env}
    return stage.run(f"bin/automation/{script}.py", *words, "--local", env=given, typed=typed)


def edit(stage: Stage, text: str) -> None:
    path = stage.root / "projects" / "customers" / "customers" / "__init__.py"
    path.write_text(text, encoding="utf-8")


def live_code(stage: Stage) -> Any:
    client = stage.client("sandbox", "lambda")
    found = client.get_function_configuration(FunctionName="customers-sandbox-lookup", Qualifier="live")
    return found["CodeSha256"]


def killed_while_it_checks(stage: Stage) -> None:
    """Deploy, and die of `kill -9` after the stack has changed and before that is recorded."""
    argv = [sys.executable, "bin/automation/deploy.py", "sandbox", "--only", "customers", "--yes", "--local"]
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "MULTI_ENV_LAMBDA_LOCAL_USER": "ada"}
    with subprocess.Popen(argv, cwd=stage.root, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("sandbox customers check"):
                process.send_signal(signal.SIGKILL)
                break


def test_who_takes_over_after_a_killed_laptop_gets_what_their_tree_says(stage: Stage) -> None:
    before = live_code(stage)
    edit(stage, '"""Killed half-way."""\n')
    killed_while_it_checks(stage)
    assert live_code(stage) != before
    edit(stage, (ROOT / "projects" / "customers" / "customers" / "__init__.py").read_text(encoding="utf-8"))

    done = by(stage, "bob", "deploy", "sandbox", "--only", "customers", "--yes", "--json")

    assert (done.outcomes(), live_code(stage)) == ({("sandbox", "customers"): "deployed"}, before)
    assert stage.versions("customers")[0] == "0.1.0"


def test_promotion_and_rollback_need_no_units_no_git_no_uv_and_no_index(stage: Stage) -> None:
    edit(stage, '"""The second version."""\n')
    assert by(stage, "ada", "deploy", "sandbox", "--only", "customers", "--yes").code == 0
    units, aside = stage.root / "projects", stage.root / "elsewhere"
    units.rename(aside)
    try:
        promoted = by(stage, "ada", "promote", "test", "--only", "customers", "--yes", "--json", **NO_INDEX)
        back = by(stage, "ada", "rollback", "customers", "sandbox", "--yes", "--json", **NO_INDEX)
    finally:
        aside.rename(units)

    assert promoted.outcomes() == {("test", "customers"): "deployed"}
    assert back.outcomes() == {("sandbox", "customers"): "deployed"}
    again = by(stage, "bob", "deploy", "sandbox", "--only", "customers", "--yes")
    assert (again.code, "was rolled back in sandbox by" in again.err) == (9, True)


def test_a_typed_name_is_no_approval_and_the_person_is_told_what_is(stage: Stage) -> None:
    done = by(stage, "ada", "promote", "staging", "--only", "customers", typed="staging\nstaging\ny\n")

    told = [line for line in done.err.splitlines() if line.startswith("  then") or "waits for somebody else" in line]
    assert (done.code, "type `staging`" in done.err) == (9, False), done.err
    assert ("--out plan.json" in told[0], told[1:]) == (
        True, ["  then somebody else: `approve.py plan.json`", "  then: `deploy.py --plan plan.json`"],
    )  # fmt: skip
    assert stage.versions("customers")[2] is None


def test_a_work_tree_that_asks_for_less_opens_nothing(stage: Stage) -> None:
    path = stage.root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("approval = true", "approval = false"), encoding="utf-8")
    try:
        plan = by(stage, "ada", "plan", "staging", "--only", "customers")
        done = by(stage, "ada", "promote", "staging", "--only", "customers", "--yes")
    finally:
        path.write_text(text, encoding="utf-8")

    said = "staging: approval = true is committed, but this work tree's table says false"
    assert (said in plan.out, done.code, said in done.err) == (True, 9, True), done.err
    assert stage.versions("customers")[2] is None


def test_a_plan_goes_into_an_approval_environment_after_somebody_else_said_yes(stage: Stage, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    assert by(stage, "ada", "plan", "staging", "--only", "customers", "--out", plan).code == 0
    alone = [by(stage, "ada", "approve", plan).code, by(stage, "ada", "deploy", "--plan", plan, "--yes").code]
    approved = by(stage, "bob", "approve", plan, "--json")
    done = by(stage, "ada", "deploy", "--plan", plan, "--yes", "--json")

    assert (alone, approved.code, done.outcomes()) == ([0, 9], 0, {("staging", "customers"): "deployed"})
    past = json.loads(by(stage, "ada", "history", "customers", "staging", "--json").out)["staging"]
    assert (past[-1]["who"].rpartition("/")[2], past[-1]["approved"].rpartition("/")[2]) == ("ada", "bob")


def test_what_a_work_tree_wants_is_published_and_then_approved_without_it(stage: Stage, tmp_path: Path) -> None:
    plan, planted = str(tmp_path / "plan.json"), stage.root / "projects" / "customers" / "stack.py"
    edit(stage, "APPROVED = True\n")
    to_staging = ("plan", "--to", "staging", "--only", "customers")
    shown, saved = by(stage, "ada", *to_staging), by(stage, "ada", *to_staging, "--out", plan)
    planted.write_text("import os\nos._exit(0)\n", encoding="utf-8")
    approved = by(stage, "bob", "approve", plan, **NO_INDEX)
    planted.unlink()
    done = by(stage, "ada", "deploy", "--plan", plan, "--yes", "--json")

    assert ("    publish " in shown.out, "    publish " in saved.out, saved.code) == (True, False, 0)
    assert (approved.code, "approved by" in approved.err) == (0, True), approved.err
    assert set(done.outcomes().values()) == {"deployed"} and ("staging", "customers") in done.outcomes()
