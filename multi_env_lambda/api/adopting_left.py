"""What lies in a project's folder and does not go along: files of the workspace around it, and files of secrets."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from multi_env_lambda.adopt.found import NotCarried, Place
from multi_env_lambda.api.adopting_project import SourceProject
from multi_env_lambda.building.secrets import is_named_so
from multi_env_lambda.plan.scaffold import SCRIPTS

__all__ = ["without_secrets_in", "without_workspace"]

_FILE = "pyproject.toml"
_SCRIPTS = frozenset(f"bin/automation/{verb}.py" for verb in SCRIPTS)
_TABLE = re.compile(r"\s*\[+\s*([^\]]*)")
_OURS = re.compile(r"tool\s*\.\s*multi_env_lambda\b")


def without_workspace(project: SourceProject, root: Path) -> SourceProject:
    """A project at the top of the repository, without what makes the repository a workspace."""
    if project.folder != root:
        return project
    own = _without_our_tables(project.text(_FILE) or "")
    left = _SCRIPTS if own else _SCRIPTS | {_FILE}
    files = tuple(one for one in project.files if one not in left)
    return attrs.evolve(project, files=files, instead={_FILE: own})


def _without_our_tables(text: str) -> str:
    """Nothing if nothing else is left."""
    kept, is_ours = [], False
    for line in text.splitlines(keepends=True):
        if table := _TABLE.match(line):
            is_ours = _OURS.match(table[1]) is not None
        if not is_ours:
            kept.append(line)
    own = "".join(kept).strip()
    return f"{own}\n" if re.search(r"(?m)^\s*[^#\s]", own) else ""


def without_secrets_in(project: SourceProject) -> tuple[SourceProject, tuple[NotCarried, ...]]:
    """Without the files that no unit may have because their names say what they hold, and each of them said."""
    secret = [one for one in project.files if is_named_so(one)]
    reason = (
        "its name says that it holds secrets, which are never packed: if the code reads it, give the values to the "
        "function, as `environment.NAME` or as a secret"
    )
    said = tuple(NotCarried(function="", what="the file", place=Place(one, 1), reason=reason) for one in secret)
    return attrs.evolve(project, files=tuple(one for one in project.files if one not in secret)), said
