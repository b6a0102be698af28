"""What this repository's own tools are made from is locked, every file of it by its hash."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.lock_formats import read_requirements
from multi_env_lambda.building.select import Target, marker_holds
from multi_env_lambda.host.interpreter import RUNTIME_LOCK
from multi_env_lambda.local.server import LOCK, MINISTACK
from tests.house import ROOT

DEVELOPMENT = ROOT / "requirements-dev.txt"
NODE = ROOT / "tests" / "policies" / "node.txt"
LOCKS = (DEVELOPMENT, RUNTIME_LOCK, LOCK, NODE)


def asked_for() -> Iterator[Requirement]:
    """What setup.py asks for: the library's own dependencies, and those of both extras."""
    tree = ast.parse((ROOT / "setup.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require"):
            value = ast.literal_eval(node.value)
            yield from map(Requirement, value if isinstance(value, list) else sum(value.values(), []))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_of_a_lock_is_one_version_with_hashes(lock: Path) -> None:
    packages = read_requirements(lock.read_text("utf-8"), where=lock.name)

    assert packages and all(package.hashes for package in packages)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_all_that_setup_py_asks_for_is_locked_in_a_version_that_it_allows(python: str) -> None:
    target = Target(python=python, architecture="x86_64")
    packages = read_requirements(DEVELOPMENT.read_text("utf-8"), where=DEVELOPMENT.name)
    locked = {
        package.name: package.version for package in packages if marker_holds(package.marker, target, DEVELOPMENT.name)
    }
    wanted = list(asked_for())

    missing = [str(item) for item in wanted if canonicalize_name(item.name) not in locked]
    outside = [
        str(item) for item in wanted if not item.specifier.contains(locked.get(canonicalize_name(item.name), "0"))
    ]
    assert (missing, outside) == ([], []), "bin/lock"


def test_one_command_writes_all_locks_and_says_so_in_each() -> None:
    script = (ROOT / "bin" / "lock").read_text("utf-8")

    assert {Path(name).name for name in re.findall(r"^lock \S+ (\S+)", script, re.MULTILINE)} == {
        lock.name for lock in LOCKS
    }
    assert all("#    bin/lock" in lock.read_text("utf-8") for lock in LOCKS)


def test_the_local_cloud_is_the_release_that_its_patches_were_written_for_with_the_boto3_of_functions() -> None:
    text, runtime = LOCK.read_text("utf-8"), RUNTIME_LOCK.read_text("utf-8")
    (boto3,) = re.findall(r"^boto3==(\S+)", text, re.MULTILINE)

    assert f"\nministack=={MINISTACK} " in text
    assert f"\nboto3=={boto3} " in runtime
