"""Which files of a project's folder go along: none of the workspace or of secrets, and tests if code imports them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import attrs

from multi_env_lambda.adopt.found import Changed, NotCarried, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.modules import modules_of
from multi_env_lambda.adopt.more_packages import with_more_in
from multi_env_lambda.api.adopting_project import SourceProject
from multi_env_lambda.building.plain import is_code
from multi_env_lambda.building.secrets import is_named_so
from multi_env_lambda.plan.scaffold import SCRIPTS

__all__ = ["with_imported", "without_secrets_in", "without_workspace"]

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


def with_imported(adopted: Adopted, texts: Mapping[str, str]) -> Adopted:
    """With the modules that functions import although they are called like tests, which are not packed otherwise."""
    found: dict[str, None] = {}
    everything = {**adopted.files, **texts}
    for function in adopted.table.get("functions", {}).values():
        root = str(function.get("root", ""))
        for path in modules_of(function, everything):
            if path in texts and not is_code(path.removeprefix(f"{root}/")):
                found[path] = None
    if not found:
        return adopted
    reason = "it is called like a test, and tests are not packed, but a function imports it"
    said = (
        Changed(function="", what="the file", place=Place(path, 1), to=f'include = ["{path}"]', reason=reason)
        for path in found
    )
    table = with_more_in(adopted.table, "include", found)
    return attrs.evolve(adopted, table=table, findings=(*adopted.findings, *said))
