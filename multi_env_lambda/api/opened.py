"""A workspace that is open: what its files say, how it is shown, and the handles to everything outside.

Every handle of the public face holds one; none of them holds another handle.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.api import opening
from multi_env_lambda.api.by_name import ByName
from multi_env_lambda.api.dialog import Dialog
from multi_env_lambda.api.local import LocalCloudSwitch
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.broken import BrokenUnit
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.show.progress import Live, where_this_runs
from multi_env_lambda.world import ProgressEvent, World

if TYPE_CHECKING:
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.local.cloud import LocalCloud

__all__ = ["LOCAL_USER_VARIABLE", "LOCAL_VARIABLE", "Opened", "silent"]

LOCAL_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL"
"""Set to 1, every command means the local cloud."""

LOCAL_USER_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL_USER"
"""Who works in the local cloud; another name is another person, who may approve the plan of the first."""


_SHOWN = ("report", "progress", "live", "dialog")
"""Who looks on: fields of ``Opened``."""


def silent(_: object) -> None:
    """Looks on and says nothing."""


@attrs.frozen(kw_only=True, slots=False)
class Opened:
    """What was read and how it is to be shown. Opening one reads files only; the other side is met when needed.

    Args:
        report: called for every event of a deploy, from several threads.
        progress: called with a sentence when something takes long.
        live: shows events while they happen; None: what suits where this runs.
        dialog: is shown every plan before anything is written.
    """

    root: Path
    config: WorkspaceConfig = attrs.field(hash=False)
    projects: tuple[Project, ...] = attrs.field(hash=False)
    broken: tuple[BrokenUnit, ...] = attrs.field(default=(), hash=False)
    local: bool = False
    user: str = ""
    report: Callable[[ProgressEvent], None] = attrs.field(default=silent, eq=False, repr=False)
    progress: Callable[[str], None] = attrs.field(default=silent, eq=False, repr=False)
    live: Live | None = attrs.field(default=None, eq=False, repr=False)
    dialog: Dialog | None = attrs.field(default=None, eq=False, repr=False)

    @classmethod
    def at(cls, path: str | os.PathLike[str], *, local: bool | None, user: str | None = None, **shown: Any) -> Opened:
        """Read the workspace that ``path`` lies in; None means what the two variables say, ``shown`` the other fields.

        Raises:
            ConfigurationError: there is none, or its root table cannot be read.
        """
        if not Path(path).exists():
            raise ConfigurationError(os.fspath(path), "there is no such folder", hint="name one of the workspace")
        found = opening.read(Path(path))
        wished = os.environ.get(LOCAL_VARIABLE, "") not in ("", "0") if local is None else local
        return cls(
            root=found.root,
            config=found.config.with_roles() if wished else found.config,
            projects=found.projects,
            broken=found.broken,
            local=wished,
            user=os.environ.get(LOCAL_USER_VARIABLE, "") if user is None else user,
            **shown,
        )

    def __getstate__(self) -> dict[str, Any]:
        """For another process: what was read. Open connections and who looks on stay in this one."""
        shown = {name: getattr(attrs.fields(Opened), name).default for name in _SHOWN}
        return {field.name: shown.get(field.name, getattr(self, field.name)) for field in attrs.fields(Opened)}

    def __deepcopy__(self, _: object) -> Opened:
        """It does not change, and what it has open cannot be doubled."""
        return self

    def again(self) -> Opened:
        """The same workspace, with its files read anew and nothing met yet."""
        shown = {name: getattr(self, name) for name in _SHOWN}
        return Opened.at(self.root, local=self.local, user=self.user, **shown)

    @cached_property
    def world(self) -> World:
        """The handles to everything outside; the first look starts the local cloud, if that is meant."""
        return opening.connect(
            self.root,
            self.config,
            self.projects,
            self.broken,
            cloud=self._cloud,
            report=self.report,
            said=self.progress,
        )

    def sessions(self) -> Sessions:
        """New ones, of whoever works here."""
        return opening.sessions(self._cloud)

    @property
    def local_cloud(self) -> LocalCloudSwitch:
        return LocalCloudSwitch(
            root=self.root, config=self.config, projects=self.projects, user=self.user, progress=self.progress
        )

    @property
    def watching(self) -> Live:
        return self.live or where_this_runs()

    def project(self, name: str) -> Project:
        """What the files say of a unit.

        Raises:
            ConfigurationError: there is none of that name, or it is broken.
        """
        return ByName("unit", {project.name: project for project in self.projects}, self.faults)[name]

    @property
    def faults(self) -> Mapping[str, MultiEnvLambdaError]:
        """What is wrong with the broken units, by name."""
        # Two may have one name; the first is the one that is told.
        return {unit.name: unit.error for unit in sorted(reversed(self.broken), key=lambda unit: unit.name)}

    def place(self, environment: str | None = None) -> Environment:
        """What the root table says of an environment; without a name, of the first one.

        Raises:
            ConfigurationError: there is none of that name.
        """
        return self.config.environments[0] if environment is None else self.config.environment(environment)

    @property
    def _cloud(self) -> LocalCloud | None:
        """Running, if it is meant."""
        return self.local_cloud.up() if self.local else None
