"""A unit's own ``stack.py`` is other people's code: it cannot end a command, nor speak into its answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.make.maker import load_extend
from multi_env_lambda.model.project import Project

PROJECT = Project(name="orders", folder="projects/orders", version="0.1.0")


def stack_file(root: Path, text: str) -> Path:
    folder = root / PROJECT.folder
    folder.mkdir(parents=True)
    (folder / "stack.py").write_text(text, encoding="utf-8")
    return root


def test_what_it_prints_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extend = load_extend(stack_file(tmp_path, "print('one')\ndef extend(t, c): print('two')\n"), PROJECT)
    assert extend is not None
    extend(None, None)

    assert capsys.readouterr() == ("", "one\ntwo\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
        ("import nowhere", "cannot be imported: ModuleNotFoundError"),
        ("def extend(: pass", "cannot be imported: SyntaxError"),
        ("extend = 3", "has no function `extend`"),
    ],
)
def test_a_file_that_gives_no_function_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match="projects/orders/stack.py") as caught:
        load_extend(stack_file(tmp_path, text), PROJECT)
    assert reason in caught.value.what


def test_files_of_many_units_at_once_leave_stdout_as_it_was(tmp_path: Path) -> None:
    root = stack_file(tmp_path, "def extend(t, c): pass\n")
    program = """if True:
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from pathlib import Path
        from multi_env_lambda.make.maker import load_extend
        from multi_env_lambda.model.project import Project
        project = Project(name="orders", folder="projects/orders", version="0.1.0")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(load_extend, [Path(sys.argv[1])] * 4, [project] * 4))
        print("the answer")
    """
    env = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program, root], env=env, capture_output=True, check=True)

    assert done.stdout == b"the answer\n"


def test_a_unit_without_one_extends_nothing(tmp_path: Path) -> None:
    assert load_extend(tmp_path, PROJECT) is None


def test_reading_it_leaves_nothing_behind_that_would_count_as_an_edit(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "orders"
    folder.mkdir(parents=True)
    (folder / "stack.py").write_text("def extend(template, context):\n    pass\n")
    code = (
        "import sys; from pathlib import Path; from multi_env_lambda.make.maker import load_extend;"
        "from multi_env_lambda.model.project import Project;"
        "load_extend(Path(sys.argv[1]), Project(name='orders', folder='projects/orders', version='1'))"
    )
    # The interpreter's default, whatever the machine of this test is set to.
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, env=writing)

    assert [path.name for path in folder.iterdir()] == ["stack.py"]
