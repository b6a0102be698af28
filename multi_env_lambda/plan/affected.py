"""Which units may have changed: the ids of all their inputs, compared with those of what runs.

A *candidate* differs in some input. Whether anything really changes is decided later by the release digest, so an
extra input costs a comparison, and a missing input would lose a change. Therefore everything that a release is built
from is an input.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.outline import Outline, Outlined, folders_of
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

__all__ = ["Candidate", "Inputs", "inputs_of", "is_upgrade", "reasons", "tracked_paths"]

Inputs = tuple[tuple[str, str], ...]

SETTINGS = "settings of the workspace"
LIBRARY = "multi_env_lambda"
RUNTIME = "runtime"


@attrs.frozen(kw_only=True)
class Candidate:
    """A unit that may have changed, and why it is compared."""

    unit: Outline
    inputs: Inputs
    why: tuple[str, ...]


def tracked_paths(projects: Collection[Outlined]) -> tuple[str, ...]:
    """Every folder that a unit is built from, once, and the file that locks the build tools."""
    return tuple(sorted({BUILD_CONSTRAINTS, *(path for project in projects for path in folders_of(project))}))


def inputs_of(project: Outlined, ids: Mapping[str, str], *, settings: str, library: str) -> Inputs:
    """The ids of everything that a release of this unit is built from, in a fixed order.

    Raises:
        ConfigurationError: a folder in ``shared`` does not exist, or has nothing that Git would track.
    """
    for path in project.shared:
        if path not in ids:
            raise ConfigurationError(
                f"{project.folder}/pyproject.toml: tool.multi_env_lambda.shared",
                f"the folder `{path}` is not in the repository",
                hint="correct the path; it is relative to the repository's root",
            )
    folders = [(path, ids.get(path, "")) for path in folders_of(project)]
    backends = [(BUILD_CONSTRAINTS, ids[BUILD_CONSTRAINTS])] if BUILD_CONSTRAINTS in ids else []
    runtime = f"{project.runtime} {project.architecture}"
    return (*folders, *backends, (SETTINGS, settings), (LIBRARY, library), (RUNTIME, runtime))


def is_upgrade(now: Inputs, before: Inputs | None) -> bool:
    """Whether nothing of the unit itself has changed since: at most this library and the workspace's settings.

    >>> is_upgrade((("projects/orders", "c0a6"), ("multi_env_lambda", "2")), None)
    False
    """
    tools = {LIBRARY, SETTINGS}
    return before is not None and {item for item in now if item[0] not in tools} == {
        item for item in before if item[0] not in tools
    }


def reasons(now: Inputs, before: Inputs | None) -> tuple[str, ...]:
    """Why a unit is a candidate, as sentences; empty: it is not.

    >>> reasons((("projects/orders", "c0a6"),), (("projects/orders", "7f01"),))
    ('projects/orders changed',)
    """
    if before is None:
        return ("never deployed here",)
    old, new = dict(before), dict(now)
    changed = [f"{name} changed" for name, id_ in now if name in old and old[name] != id_]
    added = [f"{name} is a new input" for name, _ in now if name not in old]
    removed = [f"{one_line(name)} is no longer an input" for name, _ in before if name not in new]
    return (*changed, *added, *removed)
