"""A small copy of a workspace in which a push is tried out: nothing of it touches the repository that it is of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.process import run

__all__ = ["change", "rehearsal"]

_TABLES = """
[tool.multi_env_lambda.roles]
prefix = "demo"

[tool.multi_env_lambda.ci]
repository = "units"
"""
_BESIDE = ("pyproject.toml", "build-constraints.txt", ".gitignore", "libs", "bin/automation")
_HINT = "the demo copies a unit of this repository, and commits it there"
_IDENTITY = ("-c", "user.name=demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false")


def rehearsal(root: Path, folder: str, last: str) -> Path:
    """The copy, beside the local cloud: one unit, with the tables that make the CI; the last environment asks somebody.

    Args:
        folder: of the unit. last: the name of that environment.

    Raises:
        ToolError: Git does not list the files.
    """
    copy = root / ".multi_env_lambda" / "rehearsal"
    for old in (PurePosixPath(folder).parts[0], "libs", "bin"):
        shutil.rmtree(copy / old, ignore_errors=True)
    listed = run(
        ("git", "ls-files", "-co", "--exclude-standard", "-z", "--", folder, *_BESIDE),
        cwd=root,
        where="git",
        hint=_HINT,
    )
    for name in filter(None, os.fsdecode(listed).split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy / name)
    file = copy / "pyproject.toml"
    text = file.read_text("utf-8").replace(f'name = "{last}"\n', f'name = "{last}"\napproval = true\n')
    file.write_text(text + _TABLES, "utf-8")
    if not (copy / ".git").exists():
        _git(copy, "init", "--quiet")
    _commit(copy, "as it is")
    return copy


def change(copy: Path, name: str, before: str, after: str) -> None:
    """Change one line of a file, and commit it.

    Raises:
        ConfigurationError: the line is not there.
    """
    file = copy / name
    text = file.read_text("utf-8")
    if before not in text:
        raise ConfigurationError(
            name, "the line that the demo changes is not there", hint="change one by hand, and push"
        )
    file.write_text(text.replace(before, after), "utf-8")
    _commit(copy, "one line")


def _commit(copy: Path, message: str) -> None:
    _git(copy, "add", "--all")
    _git(copy, *_IDENTITY, "commit", "--quiet", "--allow-empty", "--message", message)


def _git(folder: Path, *words: str) -> None:
    run(("git", *words), cwd=folder, where="git", hint=_HINT)
