"""The build backends of all units' ``[build-system]`` tables, locked in one file of the workspace.

A backend runs on the machine that deploys, and its version determines bytes of the wheel. Without the file it is
whatever version the index has that day.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from multi_env_lambda.building.freshness import normal_requirement
from multi_env_lambda.building.plain import is_plain
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.shared import is_package
from multi_env_lambda.building.uv_settings import indexes_of_the_root, plain_lines
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml
from multi_env_lambda.host.files import keeping_the_time, write_atomically
from multi_env_lambda.model.toml import LARGEST_LOCK
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

__all__ = ["locked_backends", "wanted_backends", "write_backends"]

_HEADER = "# Written by the verb `lock` of multi_env_lambda: what builds the units of this workspace. Do not edit.\n"
_OLDEST_PYTHON = "3.11"
"""The oldest Python that this library supports, and so the oldest that builds."""

_DEFAULT = ["setuptools"]
"""Source: https://peps.python.org/pep-0518/#build-system-table (a project without the table)."""


def locked_backends(root: Path) -> bytes:
    """The current constraints; empty if there are none.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        return read_bounded(root / BUILD_CONSTRAINTS, BUILD_CONSTRAINTS, LARGEST_LOCK)
    except FileNotFoundError:
        return b""


def wanted_backends(root: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """The requirements of everything that builds these folders, in normal form and sorted.

    Raises:
        ConfigurationError: a file cannot be read, or has no list of requirements.
    """
    found: set[str] = set()
    for folder in folders:
        where = f"{folder}/pyproject.toml"
        try:
            if _is_plain_unit(root, folder):
                continue
            table = read_toml(root / where, where).get("build-system", {})
        except FileNotFoundError:
            if not is_package(root, folder):
                continue  # a folder of plain code in addition to the unit's own
            table = {}
        requires = table.get("requires", _DEFAULT) if isinstance(table, dict) else None
        if not isinstance(requires, list) or not all(isinstance(text, str) for text in requires):
            what, hint = "`requires` is not a list of requirements", 'for example `requires = ["uv_build>=0.9,<1"]`'
            raise ConfigurationError(f"{where} [build-system]", what, hint=hint)
        try:
            by_address = [text for text in requires if Requirement(text).url is not None]
            found.update(map(normal_requirement, requires))
        except (InvalidRequirement, RecursionError) as error:
            what = f"`requires` has an invalid requirement: {error}"
            raise ConfigurationError(
                f"{where} [build-system]", what, hint="write each as in `setuptools>=77,<90`"
            ) from error
        if by_address:
            what = f"{by_address[0]} is required by URL, which would be fetched with the rights of the user who locks"
            hint = "use a version from a package index in `requires`"
            raise ConfigurationError(f"{where} [build-system]", what, hint=hint)
    return tuple(sorted(found))


def _is_plain_unit(root: Path, folder: str) -> bool:
    """Shared folders are installable packages, which pip would build with setuptools; a unit need not be one."""
    tools = read_toml(root / folder / "pyproject.toml", f"{folder}/pyproject.toml").get("tool")
    return isinstance(tools, dict) and "multi_env_lambda" in tools and is_plain(root, folder)


def write_backends(root: Path, wanted: Iterable[str], *, upgrade: bool) -> Path:
    """Lock them for every system and Python, each file by its hash; locked versions stay unless ``upgrade``.

    Raises:
        ToolError: uv cannot find versions that fit all units.
    """
    path = root / BUILD_CONSTRAINTS
    argv = ["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--python", sys.executable, "--python-version", _OLDEST_PYTHON, *(["--upgrade"] if upgrade else [])]
    hint = "all units are built with one version of each backend: make their [build-system] tables agree"
    # The file is passed as the output, so that uv keeps its versions.
    settings, body = indexes_of_the_root(root), plain_lines(wanted, BUILD_CONSTRAINTS)
    with keeping_the_time(path):
        resolve([*argv, "-"], where=BUILD_CONSTRAINTS, hint=hint, stdin=body, settings=settings, output=path.resolve())
        write_atomically(path, _HEADER.encode() + path.read_bytes().removeprefix(_HEADER.encode()))
        path.chmod(0o644)
    return path
