"""A workspace of many units: ``python benchmarks/generate.py 200 FOLDER [--layers 4]``."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from multi_env_lambda.plan.scaffold import new_unit

ENVIRONMENTS = {"sandbox": "2" * 12, "test": "3" * 12, "staging": "4" * 12, "prod": "5" * 12}
LOCKS = ("idna==3.10", "certifi==2025.1.31", "iniconfig==2.0.0", "toml==0.10.2")
HEAVY = "numpy==2.2.6"
"""70 MB in a layer: what a tenth of a data team's functions have, and nearly all of its bytes."""

ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
RUNTIME = f"python3.{sys.version_info[1]}"


def workspace_table() -> str:
    lines = ["[tool.multi_env_lambda]", 'id = "b3c4e7d10a55"', "", "[tool.multi_env_lambda.devops]"]
    lines += ['account_id = "111111111111"', 'region = "us-east-1"']
    lines += ['bucket = "many-artifacts-111111111111-us-east-1"']
    for name, account in ENVIRONMENTS.items():
        lines += ["", "[[tool.multi_env_lambda.environments]]", f'name = "{name}"', f'account_id = "{account}"']
    return "\n".join(lines) + "\n"


def requirement_of(number: int, layers: int, heavy: bool) -> str | None:
    if heavy and number % 10 == 9:
        return HEAVY
    return LOCKS[number % layers] if layers else None


def write_unit(folder: Path, number: int, requirement: str | None) -> None:
    for path, text in new_unit(f"unit-{number:03d}", RUNTIME, ARCHITECTURE):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted = text.replace("dependencies = []", f'dependencies = ["{requirement}"]') if requirement else text
        target.write_text(wanted, encoding="utf-8")
    if requirement:
        lock = ["uv", "pip", "compile", "-q", "pyproject.toml", "--generate-hashes", "--format", "pylock.toml"]
        project = folder / "projects" / f"unit-{number:03d}"
        subprocess.run([sys.executable, "-m", *lock, "-o", "pylock.toml"], cwd=project, check=True)


def commit(folder: Path) -> None:
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "Many units"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def generate(units: int, folder: Path, layers: int = 0, *, heavy: bool = False) -> None:
    """Write a workspace of so many units, with so many different locks, into a folder that is not there yet.

    ``heavy``: every tenth unit has a large one instead.
    """
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(workspace_table(), encoding="utf-8")
    (folder / ".gitignore").write_text("/.multi_env_lambda/\n", encoding="utf-8")
    for number in range(units):
        write_unit(folder, number, requirement_of(number, layers, heavy))
    commit(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("units", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=0, choices=range(len(LOCKS) + 1))
    parser.add_argument("--heavy", action="store_true", help=f"every tenth unit needs {HEAVY}")
    asked = parser.parse_args()
    generate(asked.units, asked.folder, asked.layers, heavy=asked.heavy)


if __name__ == "__main__":
    main()
