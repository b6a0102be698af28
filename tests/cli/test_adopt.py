"""The command ``adopt``: says what it will write, asks, writes, and says what comes next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.cli.main import main
from tests.api.test_adopting import TEMPLATE, project, snapshot

WORKSPACE = """[tool.multi_env_lambda]
id = "7c1f3a92be40"
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(WORKSPACE, encoding="utf-8")
    project(tmp_path / "projects" / "shop", TEMPLATE)
    return tmp_path


def adopt(root: Path, *words: str) -> int:
    return main(["adopt", str(root / "projects" / "shop"), *words], start=root)


def test_it_writes_and_says_what_comes_next(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = adopt(root, "--set", "Stage=dev", "--yes")

    shown = capsys.readouterr()
    assert code == 0 and (root / "projects" / "shop" / "pyproject.toml").exists()
    assert "✓ template.yaml:6 Handler" in shown.out and "written   stack.py" in shown.out
    assert "next: python -m multi_env_lambda plan shop sandbox" in shown.err


def test_what_comes_next_names_the_unit_as_its_own_table_does(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "projects/shop/pyproject.toml").write_text('[project]\nname = "store"\nversion = "1.0"\n', encoding="utf-8")

    assert adopt(root, "--set", "Stage=dev", "--yes") == 0
    assert "next: python -m multi_env_lambda plan store sandbox" in capsys.readouterr().err
    assert [name for name in Workspace.open(root).projects] == ["store"]


def test_only_a_plan_writes_nothing_and_machines_read_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(root)
    code = adopt(root, "--set", "Stage=dev", "--plan", "--json")

    document = json.loads(capsys.readouterr().out)
    assert code == 0 and snapshot(root) == before
    assert document["unit"] == "shop"
    assert {
        "kind": "not carried",
        "function": "CreateFunction",
        "what": "Anything",
        "file": "template.yaml",
        "line": 6,
    } in [{key: one[key] for key in ("kind", "function", "what", "file", "line")} for one in document["findings"]]


def test_nobody_to_ask_means_nothing_is_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(root)

    assert adopt(root, "--set", "Stage=dev") == 9
    assert snapshot(root) == before and "pass `--yes`" in capsys.readouterr().err


def test_a_missing_value_says_how_to_give_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert adopt(root, "--yes") == 3
    assert "hint: give it with `--set Stage=…`" in capsys.readouterr().err


def test_a_secret_in_the_template_is_not_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "a1B2" * 9
    text = TEMPLATE.replace("AllowedValues: [dev, live]", f"Default: {token}")
    (root / "projects" / "shop" / "template.yaml").write_text(text, encoding="utf-8")

    for words in (("--plan",), ("--plan", "--json")):
        assert adopt(root, *words) == 0
        assert token not in "".join(capsys.readouterr())
