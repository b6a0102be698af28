"""What a command needs to know about a running local cloud, as values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.model.shown import shown_as_text

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["DEVELOPER", "LOG", "PROFILE", "LocalCloud", "ServerStatus", "places", "profile_of", "state_folder"]

PROFILE = "multi-env-lambda-local"
"""The profile of the base identity, in the AWS config file that belongs to one workspace."""

LOG = "server.log"
"""What the server prints, in the folder of the local cloud."""

DEVELOPER = "local-developer"
"""The user of the local cloud, unless another one is named."""


def profile_of(user: str) -> str:
    """The profile of a user."""
    return PROFILE if user == DEVELOPER else f"{PROFILE}-{user}"


def state_folder(root: Path) -> Path:
    """Everything the local cloud of one workspace keeps."""
    return root / ".multi_env_lambda" / "local"


def places(config: WorkspaceConfig) -> tuple[Devops | Environment, ...]:
    """Every account and region that the workspace works in."""
    return (config.devops, *config.environments)


@shown_as_text
@attrs.frozen(kw_only=True)
class LocalCloud:
    """A running local cloud, as seen by one user, who may only assume the accounts' roles.

    ``keys`` are the keys of all users that were ever used: (access key id, secret access key) by name.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str = attrs.field(repr=False)
    folder: Path
    user: str = DEVELOPER
    keys: Mapping[str, tuple[str, str]] = attrs.field(factory=dict, repr=False)

    @property
    def profile(self) -> str:
        """The profile of the base identity."""
        return profile_of(self.user)

    @property
    def config_file(self) -> Path:
        """The profiles of its users, in the form that every AWS tool reads."""
        return self.folder / "aws-config"

    @property
    def credentials_file(self) -> Path:
        """The keys of its users."""
        return self.folder / "aws-credentials"

    def text(self) -> str:
        """Where it is, and how another tool gets in."""
        return (
            f"the local cloud is running at {self.endpoint}\n"
            f"for other tools: AWS_CONFIG_FILE={self.config_file} "
            f"AWS_SHARED_CREDENTIALS_FILE={self.credentials_file} AWS_PROFILE={self.profile}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data, without the keys."""
        files = {"config_file": str(self.config_file), "credentials_file": str(self.credentials_file)}
        return {"endpoint": self.endpoint, "region": self.region, "profile": self.profile, **files}


@shown_as_text
@attrs.frozen(kw_only=True)
class ServerStatus:
    """Whether a workspace's server is running, and where. ``pid`` and ``endpoint`` are None while it is not."""

    running: bool
    folder: Path
    pid: int | None = None
    endpoint: str | None = None

    def text(self) -> str:
        """Whether it runs, and where."""
        return f"running at {self.endpoint} (process {self.pid})" if self.running else "not running"

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {**attrs.asdict(self), "folder": str(self.folder)}
