"""What ``setup.py`` says of versions is true: of those that are needed, and of Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.host.process import run, run_uv
from tests.absent import absent
from tests.house import PACKAGE, ROOT

pytestmark = [pytest.mark.long, pytest.mark.network]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# The emulator's modules run inside of another program, which has what they import.
IMPORT_ALL = f"""
import importlib, pkgutil, {PACKAGE}
for module in pkgutil.walk_packages({PACKAGE}.__path__, "{PACKAGE}."):
    if not module.name.startswith("{PACKAGE}.local.emulator.") and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what Git knows, as it is in the work tree: a build leaves its folders beside setup.py."""
    folder = tmp_path_factory.mktemp("declared") / "source"
    names = run(["git", "-C", ROOT, "ls-files", "-z"], where="git", hint="").decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def installed(folder: Path, version: str, what: str, *, resolution: str) -> Path:
    """The Python of a fresh environment into which ``what`` was installed."""
    base = find_python(version)
    if base is None:
        absent(f"Python {version}")
    python = folder / "venv" / "bin" / "python"
    run_uv(["venv", "-q", "--python", base, folder / "venv"], where="uv", hint="")
    run_uv(["pip", "install", "-q", "--python", python, "--resolution", resolution, what], where="uv", hint="")
    return python


def output(python: Path, *words: str, folder: Path) -> tuple[int, str]:
    """The exit code, and all that was said. No folder of ours is on the path unless it is the current one."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    done = subprocess.run([python, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


ABOUT_THE_NEWEST = {
    "tests/plan/test_cotton.py::test_every_name_of_the_package_is_there_and_is_the_same_thing": "with an older boto3 "
    "the whole of cottonformation is imported in part only, and ours does not need that part",
    "tests/plan/test_template_property_limits.py::test_the_name_of_a_layer_is_that_of_the_call": "an older botocore "
    "describes the call otherwise",
}
"""What compares our tables with the newest version of something -> why the lowest says otherwise."""


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
@pytest.mark.parametrize("version", PYTHONS)
def test_every_module_is_imported(version: str, resolution: str, source: Path, tmp_path: Path) -> None:
    python = installed(tmp_path, version, str(source), resolution=resolution)
    code, said = output(python, "-c", IMPORT_ALL, folder=tmp_path)
    helped = output(python, "-m", PACKAGE, "--help", folder=tmp_path)

    assert code == 0, said
    assert len(said.splitlines()) > 200
    assert helped[0] == 0, helped[1]


@pytest.mark.parametrize("version", PYTHONS)
def test_every_file_is_compiled_without_a_warning(version: str, source: Path, tmp_path: Path) -> None:
    python = find_python(version)
    if python is None:
        absent(f"Python {version}")
    shutil.copytree(source / PACKAGE, tmp_path / PACKAGE)

    assert output(python, "-W", "error", "-m", "compileall", "-q", PACKAGE, folder=tmp_path) == (0, "")


def test_what_is_pure_or_leans_on_others_passes_with_the_lowest_versions(source: Path, tmp_path: Path) -> None:
    python = installed(tmp_path, PYTHONS[0], f"{source}[test]", resolution="lowest-direct")
    parts = ["-m", "not slow and not local_cloud and not network and not long", "-n", "2", "-p", "no:cacheprovider"]
    tests = ["tests/model", "tests/plan", "tests/building", "tests/aws/test_bucket.py"]
    left_out = [f"--deselect={test}" for test in ABOUT_THE_NEWEST]
    code, said = output(python, "-m", "pytest", *tests, *parts, *left_out, folder=source)

    assert code == 0, said[-3000:]


def test_the_classifiers_name_the_pythons_that_are_tried() -> None:
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "setup.py").read_text(encoding="utf-8"))

    assert tuple(named) == PYTHONS
