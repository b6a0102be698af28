"""Controls a workspace's local cloud: five accounts on 127.0.0.1."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api.arguments import checked_methods
from multi_env_lambda.host.folders import workspace_cache

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.api.push_ending import PushEnding
    from multi_env_lambda.local.cloud import LocalCloud, ServerStatus

__all__ = ["LocalCloudSwitch"]


@checked_methods
@attrs.frozen(repr=False)
class LocalCloudSwitch:
    """Starts and stops the local cloud, whose state is kept in ``.multi_env_lambda/local``."""

    _opened: Opened

    def up(self) -> LocalCloud:
        """Start it unless it is running; returns its address and its credential files."""
        return self._opened.local_cloud()

    def down(self) -> bool:
        """Stop it and keep its state; returns False if it was not running."""
        from multi_env_lambda.local.server import down

        self._opened.disconnect()
        return down(self._opened.root)

    def push(self, branch: str = "") -> PushEnding:
        """Send the current commit to the repository beside the local cloud, as to a Git host, and follow what it does.

        What runs is the CI that `bootstrap` makes, and each part of it in its own role. Blocks until nothing more
        comes of it: until it is in the last environment, waits for an approval, or failed.

        Args:
            branch: to which it is pushed; empty: the protected one.
        """
        from multi_env_lambda.api.local_push import push

        return push(self._opened, branch)

    def approve(self, environment: str = "", digest: str = "") -> PushEnding:
        """Agree, as somebody else than who pushes, to what waits, and follow what comes of it.

        Args:
            environment: in front of which it waits; digest: of the plan, or its beginning; empty: the only one.
        """
        from multi_env_lambda.api.local_push import approve

        return approve(self._opened, environment, digest)

    def reset(self) -> None:
        """Stop it and delete its state."""
        from multi_env_lambda.local.server import reset

        self._opened.disconnect()
        reset(self._opened.root)
        shutil.rmtree(workspace_cache(self._opened.root) / "local", ignore_errors=True)

    def status(self) -> ServerStatus:
        """Whether it is running, and where."""
        from multi_env_lambda.local.server import status

        return status(self._opened.root)

    def __repr__(self) -> str:
        return f"<LocalCloudSwitch of {self._opened.root.name}>"
