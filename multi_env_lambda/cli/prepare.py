"""The verbs that set things up: lock, new, init, bootstrap."""

from __future__ import annotations

import click

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import local_option, note, open_workspace, out, unit_of
from multi_env_lambda.cli.results import not_done

__all__ = ["bootstrap_command", "init_command", "lock_command", "new_command"]


@click.command("lock")
@names_argument("names", nargs=-1, metavar="[UNIT]...")
@click.option("--upgrade", is_flag=True, help="Upgrade to newer versions than the lock has.")
def lock_command(names: tuple[str, ...], upgrade: bool) -> int:
    """Write `pylock.toml` for the named units: every dependency with version and hash, for every platform.

    Without UNIT: for all units, and `build-constraints.txt`, which locks their build dependencies in the same way.
    """
    unit = unit_of()
    try:
        open_workspace(False).lock(*((unit,) if unit else names), upgrade=upgrade)
    except UnitsFailed as error:
        return not_done(error)
    return 0


@click.command("new")
@click.argument("name")
@click.option("--runtime", default="python3.13", show_default=True)
@click.option("--architecture", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True)
@click.option("--flat", is_flag=True, help="Only modules in a folder: no package, and no build backend.")
def new_command(name: str, runtime: str, architecture: str, flat: bool) -> int:
    """Create the unit NAME, ready to be deployed."""
    workspace = open_workspace(False)
    for path in workspace.new(name, runtime=runtime, architecture=architecture, flat=flat):
        note(f"created {path}")
    note(f"next: python bin/automation/deploy.py {name} {next(iter(workspace.environments))}")
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
@names_argument("place", required=False, metavar="[ENVIRONMENT|devops]")
@click.option("--plan", "only_plan", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--template", is_flag=True, help="Print what ENVIRONMENT or devops gets, and ask nothing.")
@click.option("--files", metavar="FOLDER", help="With --template devops: write what has to be uploaded.")
@click.option("--remove", is_flag=True, help="Delete the roles that it made; the bucket stays.")
@local_option
def bootstrap_command(
    place: str | None, only_plan: bool, template: bool, files: str | None, remove: bool, local: bool | None
) -> int:
    """Create the artifact bucket and, where the table has `roles`, the roles of every account.

    Safe to repeat: only what differs is changed, and what others have set is kept. To set up a single ENVIRONMENT, use
    credentials of its own account; without them, its `role_name` is assumed.
    """
    workspace = open_workspace(local)
    if template:
        if place is None:
            raise click.UsageError("--template prints one place: name its environment, or devops")
        out(workspace.bootstrap_template(place, files=files))
        return 0
    try:
        changes = workspace.bootstrap(place, really=not only_plan, remove=remove)
    except UnitsFailed as error:
        for change in error.changes:
            note(change)
        return not_done(error)
    for change in changes:
        note(change)
    bucket = workspace.config.devops.bucket
    note(_ending(bucket if place is None else place, bool(changes), only_plan, remove))
    if remove and changes and not only_plan and place in (None, "devops"):
        note(f"s3://{bucket} stays, with all artifacts, records and what the CI left in it")
    if not only_plan and place is None and (line := workspace.advice()):
        note(line)
    return 0


def _ending(what: str, changed: bool, only_plan: bool, remove: bool) -> str:
    if only_plan:
        command = "`bootstrap --remove`" if remove else "`bootstrap`"
        return f"nothing was changed; {command} without `--plan` does it" if changed else "nothing would change"
    if remove:
        return "the roles are gone" if changed else "there are no roles to remove"
    return f"{what} is ready" if changed else f"{what} is ready; no changes needed"
