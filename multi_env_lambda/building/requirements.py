"""What a unit needs from a package index, and what its lock is made from: its pyproject.toml in, requirements out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.freshness import normal_requirement
from multi_env_lambda.building.shared import own_names, shared_dependencies
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_toml

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = ["asked_elsewhere", "lock_inputs", "overridden", "overrides_of", "third_party"]

_UV_LISTS = {"constraint-dependencies": "constraint", "override-dependencies": "override"}


def third_party(root: Path, project: Project) -> tuple[str, ...]:
    """The requirements of the unit and its shared folders that are not the repository's own, as written."""
    ours = own_names(root, project)
    own = (text for text in project.dependencies if canonicalize_name(Requirement(text).name) not in ours)
    return (*own, *shared_dependencies(root, project))


def lock_inputs(root: Path, project: Project) -> tuple[str, ...]:
    """Everything that the verb `lock` makes a lock from, in normal form and sorted, including uv's settings.

    Source: https://docs.astral.sh/uv/reference/settings/ (constraint-dependencies, override-dependencies)
    """
    found = {normal_requirement(text) for text in third_party(root, project)}
    uv = _table(_document(root / project.folder), "tool", "uv")
    for key, word in _UV_LISTS.items():
        found.update(f"{word}: {normal_requirement(text)}" for text in _texts(uv.get(key)) if _is_requirement(text))
    return tuple(sorted(found))


def overrides_of(folder: Path) -> Mapping[str, Requirement]:
    """What uv takes instead of every requirement of a package, by its normal name.

    Source: https://docs.astral.sh/uv/reference/settings/#override-dependencies
    """
    texts = _texts(_table(_document(folder), "tool", "uv").get("override-dependencies"))
    found = (Requirement(text) for text in texts if _is_requirement(text))
    return {canonicalize_name(one.name): one for one in found}


def overridden(root: Path, project: Project, requirements: Iterable[str]) -> tuple[str, ...]:
    """The requirements as uv resolves them, with the overrides of the unit."""
    instead = overrides_of(root / project.folder)
    return tuple(str(instead.get(canonicalize_name(Requirement(text).name), text)) for text in requirements)


def asked_elsewhere(root: Path, project: Project) -> tuple[str, ...]:
    """Requirements in extras and dependency groups: not in a layer, but tools may have locked them deliberately."""
    found: set[str] = set()
    for folder in (project.folder, *project.shared):
        document = _document(root / folder)
        lists = (
            *_table(document, "project", "optional-dependencies").values(),
            *_table(document, "dependency-groups").values(),
        )
        found.update(text for texts in lists for text in _texts(texts) if _is_requirement(text))
    return tuple(sorted(found))


def _document(folder: Path) -> Mapping[str, Any]:
    try:
        return read_toml(folder / "pyproject.toml", "pyproject.toml")
    except (OSError, ConfigurationError):
        return {}  # the reader that needs the file reports what is wrong with it


def _table(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = document
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> Iterator[str]:
    # A dependency group may include another one with a table; that one is read separately.
    items: Iterable[object] = value if isinstance(value, list) else ()
    return (item for item in items if isinstance(item, str))


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except (InvalidRequirement, RecursionError):
        return False
    return True
