"""``test`` runs what the CI runs before it deploys, and says of each unit how it ended."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from multi_env_lambda import UnitsFailed, Workspace
from multi_env_lambda.cli.main import main
from tests.bad_repositories import copy_of

TESTS = {
    "customers": "def test_it() -> None:\n    assert True\n",
    "orders": "def test_it() -> None:\n    assert 1 == 2\n",
}

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which the tests of one unit pass, those of another fail, and a third has none."""
    found = copy_of(tmp_path_factory.mktemp("own-tests") / "workspace")
    for unit, text in TESTS.items():
        folder = found / "projects" / unit / "tests"
        folder.mkdir(exist_ok=True)
        (folder / "test_own.py").write_text(text, encoding="utf-8")
    new = main(["new", "reports"], start=found)
    shutil.rmtree(found / "projects" / "reports" / "tests")
    assert new == 0
    return found


def test_each_unit_ends_in_its_own_way(root: Path) -> None:
    with pytest.raises(UnitsFailed) as caught:
        Workspace.open(root).test()

    outcomes = {result.project: result.outcome for result in caught.value.results}
    assert outcomes == {"customers": "tested", "orders": "failed", "reports": "without tests"}
    assert caught.value.where == "tests of orders" and "assert 1 == 2" in caught.value.what


def test_one_unit_is_tested_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "customers", "--json"], start=root) == 0
    assert [item["outcome"] for item in json.loads(capsys.readouterr().out)] == ["tested"]


def test_the_exit_code_is_that_of_a_failed_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "orders"], start=root) == 13
    assert "tests orders failed[CheckFailed]: " in capsys.readouterr().err


def test_a_unit_that_is_not_there_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "ordres"], start=root) == 3
    assert "did you mean `orders`?" in capsys.readouterr().err
