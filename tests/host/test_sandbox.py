"""A process gives up the files and programs that it has no need of, where the kernel can keep it to that."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.host import sandbox
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.model.runtime import ENDS

KERNEL = pytest.mark.skipif(sandbox.landlock_version() < 2, reason="this kernel has no Landlock that allows renames")
LOOK = """
import os, subprocess, sys
def said(do):
    try:
        return str(do())
    except OSError as error:
        return type(error).__name__
folder = sys.argv[1]
print(said(lambda: open(folder + "/own/a").read()))
print(said(lambda: open(folder + "/secret").read()))
print(said(lambda: os.listdir(folder)))
print(said(lambda: open(folder + "/own/a", "w")))
print(said(lambda: os.rename(folder + "/write/a", folder + "/write/b/a")))
print(said(lambda: subprocess.run(["/usr/bin/env"], capture_output=True).returncode))
print(said(lambda: subprocess.run(["/usr/bin/id"], capture_output=True).returncode))
print(said(lambda: subprocess.run([sys.executable, "-c", "import json, ssl"]).returncode))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside of /tmp, which is everybody's."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        for path in ("secret", "own/a", "write/a", "write/b/c"):
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).write_text(path)
        yield Path(name)


def looked(python: Path, folder: Path, program: Path) -> list[str]:
    orders = {"own": [f"{folder}/own"], "write": [f"{folder}/write"], "programs": ["env"]}
    (folder / "orders.json").write_text(json.dumps(orders))
    words = [python, "-I", "-S", program, folder / "orders.json", python, "-c", LOOK, folder]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@KERNEL
@pytest.mark.parametrize("runtime", sorted(ENDS))
def test_it_is_kept_to_what_it_was_given_in_every_python_of_lambda(folder: Path, runtime: str) -> None:
    python = find_python(runtime.removeprefix("python"))
    if python is None:
        pytest.skip(f"this machine has no {runtime}")
    assert looked(python, folder, Path(sandbox.__file__)) == [
        "own/a",
        "PermissionError",
        "PermissionError",
        "PermissionError",
        "None",
        "0",
        "PermissionError",
        "0",
    ]


@pytest.mark.parametrize("version", [0, 1])
def test_where_the_kernel_cannot_do_it_everything_works_as_before(folder: Path, version: int) -> None:
    older = folder / "sandbox.py"
    text = Path(sandbox.__file__).read_text(encoding="utf-8")
    asked = '    if sys.platform != "linux":\n        return 0\n'
    assert asked in text
    older.write_text(text.replace(asked, f"    return {version}\n"), encoding="utf-8")
    found = looked(Path(sys.executable), folder, older)
    assert (found[0], found[1], found[-1]) == ("own/a", "secret", "0")
