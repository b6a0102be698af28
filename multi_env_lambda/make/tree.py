"""The work tree as the maker of releases: what lies in it, and what Git says about it.

To build is imported when the first unit is built, since most commands find that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.git import Snapshot, committed_text, left_out, snapshot
from multi_env_lambda.host.lineage import Asked, pasts, restored
from multi_env_lambda.host.timing import timed
from multi_env_lambda.model.toml import parse_toml
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

if TYPE_CHECKING:
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.model.ancestry import Past
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.published import Published
    from multi_env_lambda.model.store import Stored
    from multi_env_lambda.plan.affected import Inputs

__all__ = ["TreeMaker"]


@attrs.frozen(kw_only=True)
class TreeMaker:
    """Makes releases from the work tree at ``root``.

    Args:
        interpreter: finds a Python by its version, or None.
        fetch: a published object by its key, or None.
    """

    root: Path
    cache: Path
    config: WorkspaceConfig
    interpreter: Callable[[str], Path | None]
    fetch: Callable[[str], Stored | None]
    today: Callable[[], date] = date.today

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        return snapshot(self.root, paths)

    def left_out(self, folders: Iterable[str]) -> frozenset[str]:
        return left_out(self.root, folders)

    def pasts(self, asked: Asked) -> Mapping[str, Past]:
        return pasts(self.root, asked)

    def restored(self, asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
        return restored(self.root, asked)

    def committed(self) -> WorkspaceConfig | None:
        where, hint = "pyproject.toml of the last commit", "correct it, and commit the correction"
        try:
            document = parse_toml((committed_text(self.root, "pyproject.toml") or "").encode("utf-8"), where)
            tool = document.get("tool", {})
            return read_workspace(document, where=where) if "multi_env_lambda" in tool else None
        except ConfigurationError as error:
            raise ConfigurationError(error.where, error.what, hint=hint) from error
        except (ValueError, TypeError) as error:
            raise ConfigurationError(where, f"it cannot be read: {error}", hint=hint) from error

    def text(self, path: str) -> str:
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        """Build, name, render and check one unit.

        Raises:
            ConfigurationError: the unit cannot be released as written.
            BuildError: an artifact cannot be built.
        """
        with timed("unit", f"{project.name} built"):
            from multi_env_lambda.make.maker import UnitMaker

            maker = UnitMaker(
                root=self.root,
                cache=self.cache,
                config=self.config,
                interpreter=self.interpreter,
                fetch=self.fetch,
                today=self.today,
            )
            return maker.made(project, published)

    def forget(self, inputs: Inputs) -> None:
        """Nothing to do: what was built is stored under the bytes that it was built from, regardless of Git."""
