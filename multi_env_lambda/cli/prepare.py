"""The verbs that set things up: lock, new, init, bootstrap."""

from __future__ import annotations

import click

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.cli.output import local_option, note, open_workspace, unit_of
from multi_env_lambda.cli.results import exit_code

__all__ = ["bootstrap_command", "init_command", "lock_command", "new_command"]


@click.command("lock")
@click.argument("names", nargs=-1, metavar="[UNIT]...")
@click.option("--upgrade", is_flag=True, help="Upgrade to newer versions than the lock has.")
def lock_command(names: tuple[str, ...], upgrade: bool) -> int:
    """Write `pylock.toml` for the named units: every dependency with version and hash, for every platform.

    Without UNIT: for all units, and `build-constraints.txt`, which locks their build dependencies in the same way.
    """
    unit = unit_of()
    try:
        open_workspace(False).lock(*((unit,) if unit else names), upgrade=upgrade)
    except UnitsFailed as error:
        note(f"{error.what}\nhint: {error.hint}")
        return exit_code(error.kinds)
    return 0


@click.command("new")
@click.argument("name")
@click.option("--runtime", default="python3.13", show_default=True)
@click.option("--architecture", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True)
def new_command(name: str, runtime: str, architecture: str) -> int:
    """Create the unit NAME, ready to be deployed."""
    workspace = open_workspace(False)
    for path in workspace.new(name, runtime=runtime, architecture=architecture):
        note(f"created {path}")
    note(f"next: python bin/automation/deploy.py {next(iter(workspace.environments))} --only {name}")
    return 0


@click.command("init")
def init_command() -> int:
    """Turn this repository into a workspace: a table in pyproject.toml, the scripts, one line in .gitignore."""
    from multi_env_lambda.api.workspace import Workspace

    for name in Workspace.init(click.get_current_context().obj["start"]):
        note(f"wrote {name}")
    note("next: put your account ids into pyproject.toml, then `python bin/automation/new.py NAME`")
    return 0


@click.command("bootstrap")
@local_option
def bootstrap_command(local: bool | None) -> int:
    """Create the artifact bucket in the devops account, readable by the accounts of all environments.

    Safe to repeat: only what is missing is set, and what others have set is kept.
    """
    workspace = open_workspace(local)
    changes = workspace.bootstrap()
    bucket = workspace.config.devops.bucket
    for change in changes:
        note(change)
    note(f"{bucket} is ready" if changes else f"{bucket} is ready; no changes needed")
    if line := workspace.advice():
        note(line)
    return 0
