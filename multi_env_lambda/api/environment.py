"""One environment as a handle: where it is, how one gets there, and what runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api.looking import status
from multi_env_lambda.api.opened import Opened

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment as EnvironmentConfig
    from multi_env_lambda.model.status import Status

__all__ = ["Environment"]


@attrs.frozen(repr=False)
class Environment:
    """One stage of the chain. ``config`` is what the root ``pyproject.toml`` says of it."""

    _opened: Opened
    config: EnvironmentConfig

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def account_id(self) -> str:
        return self.config.account_id

    @property
    def region(self) -> str:
        return self.config.region

    @property
    def role_arn(self) -> str:
        """The role that is assumed; empty where the caller's own credentials are used."""
        return self.config.role_arn

    @property
    def switch_role_url(self) -> str:
        """The console page that switches to its role; empty where there is none."""
        return self.config.switch_role_url

    def status(self) -> Status:
        """What runs in it: the matrix with one column."""
        return status(self._opened, environment=self.name)

    def units(self) -> dict[str, str]:
        """The version of each unit that runs in it, by name."""
        records = self._opened.world.ledger.records(self.name)
        return {name: record.running.version for name, record in sorted(records.items()) if record.running is not None}

    def links(self) -> dict[str, str]:
        """Addresses in the console: the role, and the stacks of this workspace."""
        config = self.config
        stacks = f"https://{config.region}.console.aws.amazon.com/cloudformation/home?region={config.region}#/stacks"
        role = {"switch role": config.switch_role_url} if config.switch_role_url else {}
        return {**role, "stacks": f"{stacks}?filteringText=-{config.name}"}

    def __repr__(self) -> str:
        return f"<Environment {self.name}: {self.account_id} {self.region}>"
