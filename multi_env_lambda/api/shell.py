"""Runs a program of the user's with the role of an environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from multi_env_lambda.errors import ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened

__all__ = ["run"]


def run(opened: Opened, environment: str, command: Sequence[str]) -> int:
    """The program's exit status. Its variables have the role's keys; nothing else of this machine ever has.

    Raises:
        ConfigurationError: there is no environment of that name, or no command.
        AccountError: the role cannot be assumed.
        ToolError: the program could not be started.
    """
    from multi_env_lambda.aws.child import endpoint_of_profile, variables_of_child
    from multi_env_lambda.host.process import run_attached

    if not command or not command[0]:
        raise ConfigurationError("command", "there is none", hint="name a program, such as `aws`")
    place = opened.reached(opened.place(environment).name)
    env = variables_of_child(
        os.environ,
        opened.sessions().credentials(place),
        region=place.region,
        endpoint_url=opened.local_cloud().endpoint if opened.local else endpoint_of_profile(opened.profile),
    )
    return run_attached(command, env=env, where="command", hint="name a program that is on the PATH")
