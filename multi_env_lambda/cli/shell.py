"""The verb that runs a program with the role of an environment."""

from __future__ import annotations

import os

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import local_option, note, open_workspace

__all__ = ["shell_command"]


@click.command("shell")
@names_argument("environment", metavar="ENVIRONMENT")
@click.argument("command", nargs=-1, metavar="[-- COMMAND ...]")
@local_option
def shell_command(environment: str, command: tuple[str, ...], local: bool | None) -> int:
    """Run COMMAND with the role of ENVIRONMENT, as in `shell prod -- aws s3 ls`; without one, your shell.

    The role's keys are in the variables of the command only: they are neither printed nor stored, and last an hour at
    most. The exit code is the command's. The devops account is no environment, so `shell devops` is refused.
    """
    place = open_workspace(local).environment(environment)
    if not command:
        note(f"a shell with the role of {place.name} ({place.account_id} {place.region}); `exit` ends it")
    return place.run(*(command or (os.environ.get("SHELL") or "/bin/sh",)))
