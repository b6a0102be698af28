"""``diff``, ``drift``, ``status --drift`` and ``board`` as a user types them, after a deploy and a change by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.cli.main import main
from multi_env_lambda.local.server import down
from tests.end_to_end.stage import Stage, git, sample_workspace

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]

FUNCTION = "customers-test-import"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`customers` runs in sandbox and test, then another release of it in sandbox only."""
    root = sample_workspace(tmp_path_factory.mktemp("workspace"))
    stage = Stage.at(root)
    assert stage.script("deploy", "--to", "test", "--only", "customers").code == 0
    module = root / "projects" / "customers" / "customers" / "__init__.py"
    module.write_text(module.read_text(encoding="utf-8") + '\nCHANGED = "yes"\n', encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "one line")
    assert stage.script("deploy", "sandbox", "--only", "customers").code == 0
    yield stage
    down(root)


@pytest.fixture
def by_hand(stage: Stage) -> Iterator[None]:
    """Somebody gave the function more memory in the console."""
    client = stage.client("test", "lambda")
    before = client.get_function_configuration(FunctionName=FUNCTION)["MemorySize"]
    client.update_function_configuration(FunctionName=FUNCTION, MemorySize=777)
    yield
    client.update_function_configuration(FunctionName=FUNCTION, MemorySize=before)


def test_diff_names_versions_and_files(stage: Stage) -> None:
    answer = stage.script("diff", "customers", "test", "sandbox", "--json").answer

    assert (answer["left"]["version"], answer["right"]["version"]) == ("0.1.0", "0.1.0.post1")
    assert answer["files"] == ["customers/__init__.py changed"]
    changed = {(change["action"], item["path"]) for change in answer["template"] for item in change["properties"]}
    assert ("modify", "FunctionName") not in changed and ("modify", "Code.S3Key") in changed


def test_diff_is_readable_without_colours(stage: Stage) -> None:
    out = stage.script("diff", "customers", "test", "sandbox").out

    assert "version 0.1.0 → 0.1.0.post1" in out and "~ customers/__init__.py changed" in out


def test_diff_with_an_environment_that_has_nothing_is_refused(stage: Stage) -> None:
    done = stage.script("diff", "customers", "test", "prod")

    assert done.code == 3 and "it does not run in prod" in done.err


def test_no_drift_is_exit_code_0(stage: Stage) -> None:
    done = stage.script("drift")

    assert (done.code, done.out.strip()) == (0, "no drift in 2 stacks")
    assert stage.script("drift", "prod").out.strip() == "no stack was compared"


@pytest.mark.usefixtures("by_hand")
def test_drift_names_property_expected_and_actual_value_with_exit_code_1(stage: Stage) -> None:
    done = stage.script("drift", "test", "--json")
    found = json.loads(done.out)

    assert (done.code, [item["project"] for item in found]) == (1, ["customers"])
    assert [(item["path"], item["actual"]) for item in found[0]["resources"][0]["differences"]] == [
        ("/MemorySize", "777")
    ]


@pytest.mark.usefixtures("by_hand")
def test_drift_of_one_unit_elsewhere_is_not_there(stage: Stage) -> None:
    assert [stage.script("drift", "customers", name).code for name in ("sandbox", "test")] == [0, 1]


@pytest.mark.usefixtures("by_hand")
def test_status_knows_drift_when_it_is_told_to_look(stage: Stage) -> None:
    cells = stage.script("status", "--drift", "--json").answer["cells"]
    found = {cell["environment"]: cell["drift"] for cell in cells if cell["project"] == "customers"}

    assert found == {"sandbox": [], "test": ["ImportFunction/MemorySize"], "staging": None, "prod": None}


def test_an_unknown_unit_is_refused(stage: Stage) -> None:
    done = stage.script("drift", "no-such-unit")

    assert done.code == 3 and "there is no unit `no-such-unit`" in done.err


def test_the_board_is_one_file_in_the_current_folder(stage: Stage, tmp_path: Path) -> None:
    script = str(stage.root / "bin" / "automation" / "board.py")
    done = stage.run(script, "--local", "--json", folder=tmp_path)
    unit = next(unit for unit in done.answer["units"] if unit["name"] == "customers")

    assert [path.name for path in tmp_path.iterdir()] == ["board.html"]
    assert [cell.get("version") for cell in unit["cells"]] == ["0.1.0.post1", "0.1.0", None, None]
    assert len(unit["past"]) == 3


def test_too_few_or_too_many_words_are_wrong_usage(stage: Stage) -> None:
    assert main(["diff", "customers", "test"], start=stage.root) == 2
    assert main(["drift", "customers", "test", "prod"], start=stage.root) == 2


def test_drift_is_a_word_in_the_matrix_of_the_board(stage: Stage, by_hand: None, tmp_path: Path) -> None:
    script = str(stage.root / "bin" / "automation" / "board.py")
    done = stage.run(script, "--local", "--json", "--drift", "--out", "there.html", folder=tmp_path)
    cells = next(unit for unit in done.answer["units"] if unit["name"] == "customers")["cells"]

    assert (tmp_path / "there.html").is_file()
    assert cells[1]["marks"][0] == "drifted"
