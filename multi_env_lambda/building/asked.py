"""What only the build backend of a unit knows: its version, its dependencies, its Pythons.

The backend runs as in a build: in a copy of its files, without network, credentials and Git. It is asked once
for the same files, and only by what builds or locks the unit: who looks at a workspace runs no code of it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.backend import ask_backend
from multi_env_lambda.building.backends import locked_backends
from multi_env_lambda.building.plain import has_no_backend
from multi_env_lambda.building.shared import own_names
from multi_env_lambda.building.stage import stage_folders, staged_files
from multi_env_lambda.building.uv_settings import indexes_of_the_root, refuse_own_indexes
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.files import read_sealed, write_sealed
from multi_env_lambda.host.folders import workspace_cache
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.project import Project, answered
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

__all__ = ["completed", "metadata_of"]

_VERSION = 1
"""Increased when the same files give other answers."""

_FROM_GIT = ("setuptools-scm", "hatch-vcs", "poetry-dynamic-versioning", "versioningit", "pdm-backend", "flit-scm")
"""Some only do so if a table tells them to."""


def completed(root: Path, project: Project) -> Project:
    """The unit with everything that its file leaves to the backend; the same unit if that is nothing.

    Raises:
        BuildError: the backend failed.
        ConfigurationError: nothing builds the unit, or it says what cannot be in ``[project]``.
    """
    if not project.dynamic:
        return project
    where = f"{project.folder}/pyproject.toml"
    if why := _why_none_is_asked(root / project.folder, where):
        what = f"[project] lacks {', '.join(f'`{key}`' for key in project.dynamic)}, and {why}"
        raise ConfigurationError(where, what, hint="write the values in [project]; `version` is part of file names")
    with private_folder() as scratch:
        tree = scratch / "tree"
        tree.mkdir()
        stage_folders(root, (project.folder, *project.shared), tree)
        backends, ours = locked_backends(root), own_names(root, project)
        about = [project.folder, sorted(ours), hashlib.sha256(backends).hexdigest(), *sys.version_info[:2]]
        inputs = [_VERSION, about, staged_files(tree)]
        kept = workspace_cache(root) / "metadata" / f"{digest(inputs)}.json"
        said = read_sealed(kept)
        if said is None:
            said = metadata_of(_asked(root, project, tree, scratch, backends), project.folder, ours)
            write_sealed(kept, said)
    if said["name"] != project.name:
        what = f"its backend calls it `{said['name']}`, and without a name in its file it is `{project.name}`"
        raise ConfigurationError(where, what, hint="rename the folder, or write [project] with a name")
    return answered(project, said, f"{where}: as its build backend says")


def _why_none_is_asked(folder: Path, where: str) -> str:
    """Why no backend knows more than the file; empty: one may."""
    document = read_toml(folder / "pyproject.toml", where)
    if has_no_backend(document, folder):
        return "nothing builds the unit"
    system = document.get("build-system")
    is_uvs = isinstance(system, dict) and system.get("build-backend") == "uv_build"
    return "uv_build takes them from there alone" if is_uvs else ""


def _asked(root: Path, project: Project, tree: Path, scratch: Path, backends: bytes) -> bytes:
    refuse_own_indexes(tree / project.folder, project.folder)
    constraints, out = scratch / BUILD_CONSTRAINTS if backends else None, scratch / "out"
    if constraints is not None:
        constraints.write_bytes(backends)
    out.mkdir()
    indexes = indexes_of_the_root(root)
    try:
        return ask_backend(
            tree / project.folder, out, where=project.folder, tree=tree, constraints=constraints, indexes=indexes
        )
    except BuildError as error:
        if "version" in project.dynamic and (tool := _reads_git(tree / project.folder)):
            hint = (
                f"a build has no Git, from which {tool} takes the version: write `version` in [project]; "
                "new content without a new version becomes .post1, .post2, …"
            )
            raise BuildError(error.where, error.what, hint=hint) from error
        raise


def _reads_git(folder: Path) -> str:
    try:
        system = read_toml(folder / "pyproject.toml", "pyproject.toml").get("build-system", {})
        names = [canonicalize_name(Requirement(text).name) for text in system.get("requires", ())]
    except (AttributeError, ConfigurationError, InvalidRequirement, TypeError):
        return ""
    return next((name for name in names if name in _FROM_GIT), "")


def metadata_of(body: bytes, where: str, ours: Collection[str] = ()) -> dict[str, Any]:
    """The fields that count here, like a table ``[project]``; a required address is refused, unless it is one of ours.

    Source: https://packaging.python.org/en/latest/specifications/core-metadata/

    Raises:
        BuildError: it requires what cannot be locked.
    """
    found = BytesHeaderParser().parsebytes(body)
    said: dict[str, Any] = {"name": canonicalize_name(str(found.get("Name", "")))}
    said["version"] = str(found.get("Version", ""))
    required = found.get_all("Requires-Dist", [])
    said["dependencies"] = [text for each in required for text in _required(str(each), where, ours)]
    python = found.get("Requires-Python")
    return {**said, **({} if python is None else {"requires-python": str(python)})}


def _required(text: str, where: str, ours: Collection[str]) -> list[str]:
    """Without those of extras. An address would be fetched with the rights of the user who locks."""
    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        what = f"its backend says that it requires {text!r:.80}, which is not a requirement"
        raise BuildError(where, what, hint="correct the dependencies that the backend reads") from error
    if found.url is not None:
        if canonicalize_name(found.name) in ours:
            return []
        what = f"its backend says that it requires {found.name} by an address"
        raise BuildError(where, what, hint="require a released version; a folder of the repository goes in `shared`")
    return [] if "extra" in str(found.marker or "") else [str(found)]
