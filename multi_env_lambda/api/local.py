"""Controls a workspace's local cloud: five accounts on 127.0.0.1."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.host.folders import workspace_cache

if TYPE_CHECKING:
    from multi_env_lambda.api.push_ending import PushEnding
    from multi_env_lambda.local.cloud import LocalCloud, ServerStatus
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["LocalCloudSwitch"]


@attrs.frozen(kw_only=True)
class LocalCloudSwitch:
    """Starts and stops the local cloud, whose state is kept in ``.multi_env_lambda/local``."""

    root: Path
    config: WorkspaceConfig
    _projects: tuple[Project, ...]
    user: str
    progress: Callable[[str], None]
    pushes: Callable[[str], PushEnding] | None = attrs.field(default=None, repr=False, eq=False)
    approves: Callable[[str, str], PushEnding] | None = attrs.field(default=None, repr=False, eq=False)

    def up(self) -> LocalCloud:
        """Start it unless it is running; returns its address and its credential files."""
        from multi_env_lambda.local.opening import start

        return start(self.root, self.config, self._projects, user=self.user, progress=self.progress)

    def down(self) -> bool:
        """Stop it and keep its state; returns False if it was not running."""
        from multi_env_lambda.local.server import down

        return down(self.root)

    def push(self, branch: str = "") -> PushEnding:
        """Send the current commit to the repository beside the local cloud, as to a Git host, and follow what it does.

        What runs is the CI that `bootstrap` makes, and each part of it in its own role. Blocks until nothing more
        comes of it: until it is in the last environment, waits for an approval, or failed.

        Args:
            branch: to which it is pushed; empty: the protected one.
        """
        assert self.pushes is not None, "the switch of a workspace has it"
        return self.pushes(branch)

    def approve(self, environment: str = "", digest: str = "") -> PushEnding:
        """Agree, as somebody else than who pushes, to what waits, and follow what comes of it.

        Args:
            environment: in front of which it waits; digest: of the plan, or its beginning; empty: the only one.
        """
        assert self.approves is not None, "the switch of a workspace has it"
        return self.approves(environment, digest)

    def reset(self) -> None:
        """Stop it and delete its state."""
        from multi_env_lambda.local.server import reset

        reset(self.root)
        shutil.rmtree(workspace_cache(self.root) / "local", ignore_errors=True)

    def status(self) -> ServerStatus:
        """Whether it is running, and where."""
        from multi_env_lambda.local.server import status

        return status(self.root)
