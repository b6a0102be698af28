"""The verbs that remove: destroy a unit in one environment, prune what nothing references any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json, unit_of

if TYPE_CHECKING:
    from multi_env_lambda import Candidate, Prunable, Removal

__all__ = ["destroy_command", "prune_command"]


@click.command("destroy")
@names_argument("words", nargs=-1, required=True, metavar="UNIT ENVIRONMENT")
@click.option(
    "--out", "saved", type=click.Path(dir_okay=False, path_type=Path), help="Save the request; delete nothing."
)
@click.option("--yes", is_flag=True, help="Skip the confirmation; requires --confirm.")
@click.option("--confirm", metavar="UNIT", default="", help="The unit's name, to confirm the deletion.")
@click.option("--force", is_flag=True, help="Delete even if other units depend on it, or it is frozen.")
@click.option(
    "--retain",
    multiple=True,
    metavar="LOGICAL-ID",
    help="Keep this resource, where an earlier deletion failed on it; can be repeated.",
)
@click.option("--reason", default="", help="Why; stored in the record.")
@local_option
@json_option
def destroy_command(
    words: tuple[str, ...],
    saved: Path | None,
    yes: bool,
    confirm: str,
    force: bool,
    retain: tuple[str, ...],
    reason: str,
    local: bool | None,
    as_json: bool,
) -> int:
    """Delete UNIT from ENVIRONMENT: its stack and all of it that is not retained. Other environments are left alone."""
    unit = unit_of()
    named = (unit, *words) if unit is not None and len(words) == 1 else words
    if len(named) != 2 or (unit is not None and named[0] != unit):
        raise click.UsageError("expected UNIT and ENVIRONMENT")
    name, environment = named
    dialog = TerminalDialog(yes=yes, confirm=confirm)
    project = open_workspace(local, dialog).unit(name)
    if saved is not None:
        from multi_env_lambda.api.saved import save

        removal = project.plan_removal(environment, retain=retain)
        dialog.show(removal)
        save(removal, saved)
        note(f"saved as {saved}; its digest is {removal.digest}")
        return 0
    result = project.destroy(environment, retain=retain, force=force, reason=reason)
    (removal,) = dialog.removals
    if result.outcome == "destroyed":
        _tell_what_stays(removal)
    if as_json:
        print_json({**attrs.asdict(result), "retained": [attrs.asdict(item) for item in removal.retained]})
    return 0


def _tell_what_stays(removal: Removal) -> None:
    note(f"{removal.project} in {removal.environment}: deleted")
    for item in removal.retained:
        note(f"  {item}")


@click.command("prune")
@click.option("--only", multiple=True, metavar="NAME", help="Only this unit; can be repeated.")
@click.option("--apply", "really", is_flag=True, help="Remove it; without this option nothing is removed.")
@local_option
@json_option
def prune_command(only: tuple[str, ...], really: bool, local: bool | None, as_json: bool) -> int:
    """Show, and with --apply remove, what nothing references and no rollback within `keep` could need.

    Artifacts, releases and scripts in the bucket, versions of functions and layers in the accounts. Records and history
    are always kept.
    """
    unit = unit_of()
    workspace = open_workspace(local)
    names = (unit,) if unit else only
    done = workspace.prune(*names, really=really, removed=lambda item: note(f"removed {_line(item)}"))
    if as_json:
        print_json({"applied": really, **done.to_dict()})
    else:
        _show_prunable(done, really)
    return UnitsFailed.exit_code if really and done.untouched else 0


def _line(item: Candidate) -> str:
    return f"{item.kind} {item.name} of {item.project}{f' in {item.environment}' if item.environment else ''}"


def _show_prunable(found: Prunable, really: bool) -> None:
    from multi_env_lambda.api.removing import DAYS_UNTIL_FREED
    from multi_env_lambda.show.prune import prune_table

    for copy in found.copies:
        note(
            f"s3://{copy.bucket} has copies for {copy.region}, which no environment uses any more: once no rollback "
            f"needs them, delete them with `aws s3api delete-objects` and `aws s3 rb s3://{copy.bucket}`"
        )
    for item in found.untouched:
        note(f"{item.project} is skipped: {item.why}")
    if not found.candidates:
        out("nothing to prune")
        return
    out(prune_table(found.candidates))
    if not really:
        note("nothing was removed; pass `--apply` to remove it")
    elif any(not item.environment for item in found.candidates):
        note(f"S3 frees the space of what was removed from the bucket in {DAYS_UNTIL_FREED} days")
