"""Writes the files by which another host runs what a build does: ``ci write``."""

from __future__ import annotations

import difflib
from pathlib import Path

from multi_env_lambda.building.own_library import wheel
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.model.github import WORKFLOW
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.ci_file import CI_FILE
from multi_env_lambda.plan.github_workflow import Library, merged_file, workflow

__all__ = ["HOSTS", "write_ci"]

HOSTS = ("github",)


def write_ci(root: Path, config: WorkspaceConfig, host: str, *, really: bool) -> tuple[str, ...]:
    """Write the file of a host, or say what would change in it; a line for it, nothing where it is as it should be.

    Raises:
        ConfigurationError: there is no such host, the table says nothing of it, or the file is not one of ours.
    """
    if host not in HOSTS:
        hint = f"one of {', '.join(HOSTS)}"
        raise ConfigurationError("ci write", f"there is no host `{host}` that a file can be written for", hint=hint)
    if not (root / ".git").exists():
        hint = "move it there, or start it from a workflow of your own"
        raise ConfigurationError(WORKFLOW, "the workspace is not at the top of its repository", hint=hint)
    own = wheel()
    library = Library(address=f"s3://{config.devops.bucket}/{own.key}", sha256=own.sha256)
    part = workflow(config, library, own_decisions=(root / CI_FILE).is_file())
    path = root / WORKFLOW
    there = _text(path)
    text = merged_file(there, part)
    if text == there:
        return ()
    if really:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode("utf-8"))
    return (f"{WORKFLOW}: {_said(there, text, really=really)}",)


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8") if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        hint = "mend it, or move it away and write it anew"
        raise ConfigurationError(WORKFLOW, f"it cannot be read: {type(error).__name__}", hint=hint) from error


def _said(there: str | None, text: str, *, really: bool) -> str:
    if there is None:
        return "written" if really else "would be written"
    found = difflib.ndiff(there.splitlines(), text.splitlines())
    lines = [line for line in found if line.startswith(("+ ", "- "))]
    return f"{'changed' if really else 'would change'}: {'; '.join(line.strip() for line in lines[:6])}"
