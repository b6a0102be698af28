"""The verbs that remove: destroy a unit in one environment, prune what nothing refers to any more."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import attrs
import click

from multi_env_lambda.cli.output import json_option, live, local_option, note, open_workspace, out, print_json, unit_of
from multi_env_lambda.errors import Refused, UnitsFailed
from multi_env_lambda.flow.gate import Consent, waiting_lines, waits_for_another
from multi_env_lambda.flow.prune import Prunable, find_prunable, prune
from multi_env_lambda.flow.remove import destroy, find_removal
from multi_env_lambda.flow.rules import bound_of
from multi_env_lambda.model.rules import Bound
from multi_env_lambda.plan.bucket import DAYS_UNTIL_FREED
from multi_env_lambda.plan.prune import Candidate
from multi_env_lambda.plan.removal import Removal
from multi_env_lambda.workspace import Workspace

__all__ = ["destroy_command", "prune_command"]


@click.command("destroy")
@click.argument("words", nargs=-1, required=True, metavar="UNIT ENVIRONMENT")
@click.option(
    "--out", "saved", type=click.Path(dir_okay=False, path_type=Path), help="Save the request; delete nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask; goes with --confirm.")
@click.option("--confirm", metavar="UNIT", default="", help="The unit's name once more.")
@click.option("--force", is_flag=True, help="Although other units there need it.")
@click.option(
    "--retain",
    multiple=True,
    metavar="LOGICAL-ID",
    help="Stays, where an earlier deletion failed at it; several times.",
)
@click.option("--reason", default="", help="Why; kept in the record.")
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
    """Delete UNIT from ENVIRONMENT: its stack with everything in it that is not retained. Other environments stay."""
    unit = unit_of()
    named = (unit, *words) if unit is not None and len(words) == 1 else words
    if len(named) != 2 or (unit is not None and named[0] != unit):
        raise click.UsageError("`destroy.py UNIT ENVIRONMENT`")
    name, environment = named
    quiet = open_workspace(local)
    removal = find_removal(quiet.world, name, environment, keep=tuple(sorted(retain)))
    _show(removal)
    if saved is not None:
        saved.write_text(json.dumps(removal.to_document(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        note(f"saved as {saved}; its digest is {removal.digest}")
        return 0
    bound = None if removal.gone else bound_of(quiet.world, environment)
    consent = Consent() if bound is None else _agree(quiet, removal, bound, yes, confirm)
    with live(1) as report:
        world = attrs.evolve(quiet.world, reported=report)
        result = destroy(world, removal, consent, reason=reason, force=force, bound=bound)
    if result.outcome == "destroyed":
        _tell_what_stays(removal)
    if as_json:
        print_json({**attrs.asdict(result), "retained": [attrs.asdict(item) for item in removal.retained]})
    return 0


def _show(removal: Removal) -> None:
    where = f"{removal.project} in {removal.environment}"
    if removal.gone:
        note(f"{where}: nothing of it runs there")
        return
    what = f"with version {removal.version}" if removal.version else "(of which there is no record)"
    note(f"{where}: stack {removal.stack_name} {what} would be deleted")
    for item in removal.retained:
        note(f"  {item}")
    for item in removal.lost:
        note(f"  ! {item}")
    if removal.needed_by:
        note(f"  ! still needed there by {', '.join(removal.needed_by)}")


def _tell_what_stays(removal: Removal) -> None:
    note(f"{removal.project} in {removal.environment}: deleted")
    for item in removal.retained:
        note(f"  {item}")


def _agree(workspace: Workspace, removal: Removal, bound: Bound, yes: bool, confirm: str) -> Consent:
    """The unit's name, typed by a person or given as an option; the environment's, where its author may approve."""
    name, environment = removal.project, removal.environment
    for line in bound.lines():
        note(line)
    if not sys.stdin.isatty() or os.environ.get("CI"):
        if not yes or confirm != name:
            hint = f"give `--yes --confirm {name}`"
            raise Refused(f"{name} in {environment}", "nobody confirmed its name", hint=hint)
        return Consent()
    typed = confirm if yes else click.prompt(f"type `{name}` to delete it from {environment}", default="", err=True)
    if typed != name:
        raise Refused(f"{name} in {environment}", f"`{typed}` was typed", hint=f"type `{name}`")
    if waits_for_another(workspace.world, bound, removal.digest):
        again = f"destroy.py {name} {environment}"
        note(waiting_lines(environment, removal.digest, f"`{again} --out plan.json`", again))
    elif bound.rules.approval and bound.rules.approvals_by_author:
        text = f"type `{environment}` to approve this yourself, or nothing if somebody else has approved it"
        if click.prompt(text, default="", show_default=False, err=True) == environment:
            return Consent(typed=frozenset({environment}))
    return Consent()


@click.command("prune")
@click.option("--only", multiple=True, metavar="NAME", help="Only this unit; may be given several times.")
@click.option("--apply", "really", is_flag=True, help="Remove it. Without this nothing is removed.")
@local_option
@json_option
def prune_command(only: tuple[str, ...], really: bool, local: bool | None, as_json: bool) -> int:
    """Show, and with --apply remove, what nothing refers to and no rollback within `keep` could need.

    Artifacts, releases and scripts in the bucket, versions of functions and layers in the accounts. Records and history
    always stay.
    """
    unit = unit_of()
    workspace = open_workspace(local)
    for name in only:
        workspace.project(name)
    shown = find_prunable(workspace.world, (unit,) if unit else only)
    done = prune(workspace.world, shown, lambda item: note(f"removed {_line(item)}")) if really else shown
    if as_json:
        candidates = [attrs.asdict(item) for item in done.candidates]
        copies = {"copies": [{"bucket": place.bucket, "region": place.region} for place in done.copies]}
        untouched = [attrs.asdict(item) for item in done.untouched]
        print_json({"applied": really, "size": done.size, "candidates": candidates, "untouched": untouched, **copies})
    else:
        _show_prunable(done, really)
    return UnitsFailed.exit_code if really and done.untouched else 0


def _line(item: Candidate) -> str:
    return f"{item.kind} {item.name} of {item.project}{f' in {item.environment}' if item.environment else ''}"


def _show_prunable(found: Prunable, really: bool) -> None:
    from multi_env_lambda.show.prune import prune_table

    for place in found.copies:
        note(
            f"s3://{place.bucket} has copies for {place.region}, where no environment is any more: once no rollback "
            f"needs them, `aws s3api delete-objects` and `aws s3 rb s3://{place.bucket}` end them"
        )
    for item in found.untouched:
        note(f"{item.project} is left alone: {item.why}")
    if not found.candidates:
        out("nothing to prune")
        return
    out(prune_table(found.candidates))
    if not really:
        note("nothing was removed; `--apply` removes it")
    elif any(not item.environment for item in found.candidates):
        note(f"S3 frees the room of what was removed from the bucket in {DAYS_UNTIL_FREED} days")
