"""The verbs that move releases: plan, build, publish, deploy, promote, rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.api.names import through_all
from multi_env_lambda.cli.complete import names_argument, names_of
from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.options import consent_options, out_option, selection_options, target_options, upgrade_option
from multi_env_lambda.cli.output import (
    json_option,
    local_option,
    note,
    open_workspace,
    out,
    print_json,
)
from multi_env_lambda.cli.outputs import tell_outputs
from multi_env_lambda.cli.results import THERE, UNCHANGED, ended, finish, not_done, show_results
from multi_env_lambda.cli.target import units_and_environment, units_and_place
from multi_env_lambda.cli.watching import must_be_alone, watch_and_show

if TYPE_CHECKING:
    from multi_env_lambda import Plan, Result
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.workspace import Workspace

__all__ = [
    "apply_and_show",
    "build_command",
    "deploy_command",
    "plan_command",
    "promote_command",
    "publish_command",
    "rollback_command",
    "show_plan",
]


@click.command("plan")
@selection_options
@out_option("Save the plan as JSON, and publish what an approval refers to.")
@upgrade_option
@click.option("--force", is_flag=True, help="Include units that already run this release.")
@local_option
@json_option
def plan_command(
    words: tuple[str, ...],
    to: str | None,
    only: tuple[str, ...],
    everything: bool,
    saved: Path | None,
    upgrade: bool,
    force: bool,
    local: bool | None,
    as_json: bool,
) -> int:
    """Show what a deploy would do, and why. Nothing is deployed, and without --out nothing is written."""
    workspace = open_workspace(local)
    names, environment = units_and_place(workspace, words, to=to, only=only)
    plan = workspace.plan(
        *names,
        environment=environment,
        to=to,
        everything=everything,
        upgrade=upgrade,
        force=force,
        publish=saved is not None,
    )
    _advise(workspace)
    return show_plan(plan, saved, as_json)


@click.command("build")
@selection_options
@local_option
@json_option
def build_command(
    words: tuple[str, ...], to: str | None, only: tuple[str, ...], everything: bool, local: bool | None, as_json: bool
) -> int:
    """Build the artifacts of the affected units on this machine, and check that their handlers can be imported."""
    workspace = open_workspace(local)
    names, environment = units_and_place(workspace, words, to=to, only=only)
    failed: UnitsFailed | None = None
    try:
        built = workspace.build(*names, environment=environment, to=to, everything=everything)
    except UnitsFailed as error:
        failed, built = error, error.built
    _show_built(built, as_json)
    if failed is not None:
        return not_done(failed)
    if not len(built):
        note("nothing to build: no unit is affected")
    return 0


def _show_built(built: Listing[Build], as_json: bool) -> None:
    if as_json:
        print_json({item.name: item.to_dict() for item in built})
    for item in built:
        note(item.text())
    _show_notes((item.name, text) for item in built for text in item.notes)


def _show_notes(notes: Iterable[tuple[str, str]]) -> None:
    for name, text in notes:
        note(f"note: {name}: {text}")


@click.command("publish")
@selection_options
@local_option
@json_option
def publish_command(
    words: tuple[str, ...], to: str | None, only: tuple[str, ...], everything: bool, local: bool | None, as_json: bool
) -> int:
    """Build, and publish what the bucket lacks. Deploys nothing."""
    workspace = open_workspace(local)
    names, environment = units_and_place(workspace, words, to=to, only=only)
    return finish(lambda: workspace.publish(*names, environment=environment, to=to, everything=everything), as_json)


@click.command("deploy")
@selection_options
@consent_options
@upgrade_option
@click.option(
    "--plan", "plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Apply this saved plan."
)
@click.option("--force", is_flag=True, help="Redeploy units that already run this release.")
@click.option("--watch", is_flag=True, help="Go on with each file that you save, until you press Ctrl-C.")
@click.option("--reason", default="", help="Why; stored in the record.")
@local_option
@json_option
def deploy_command(
    words: tuple[str, ...],
    to: str | None,
    only: tuple[str, ...],
    everything: bool,
    plan_file: Path | None,
    upgrade: bool,
    force: bool,
    watch: bool,
    reason: str,
    yes: bool,
    wait: str,
    agree: tuple[str, ...],
    local: bool | None,
    as_json: bool,
) -> int:
    """Build, publish and deploy the work tree to the first environment; others get what runs in the one before."""
    workspace = open_workspace(local, TerminalDialog(yes=yes, quiet=as_json))
    names, environment = units_and_place(workspace, words, to=to, only=only)
    if watch:
        must_be_alone(plan=plan_file, to=to, all=everything, upgrade=upgrade, force=force, reason=reason)
        return watch_and_show(workspace, names, environment, agree, wait, as_json)
    if plan_file is not None:
        return apply_and_show(workspace, lambda: workspace.apply(plan_file, agree=agree, wait=wait), as_json)
    return apply_and_show(
        workspace,
        lambda: workspace.deploy(
            *names,
            environment=environment,
            to=to,
            everything=everything,
            upgrade=upgrade,
            force=force,
            reason=reason,
            agree=agree,
            wait=wait,
        ),
        as_json,
        still=THERE if everything else UNCHANGED,
    )


@click.command("promote")
@target_options
@consent_options
@click.option("--skip-order", is_flag=True, help="Take the release from an environment other than the one before.")
@click.option(
    "--from",
    "skip_from",
    metavar="ENVIRONMENT",
    shell_complete=names_of,
    help="With --skip-order: the environment to take it from.",
)
@out_option("Save the plan as JSON for approval; change nothing.")
@click.option("--force", is_flag=True, help="Redeploy units that already run this release.")
@click.option("--reason", default="", help="Why; stored in the record.")
@local_option
@json_option
def promote_command(
    words: tuple[str, ...],
    to: str | None,
    only: tuple[str, ...],
    skip_order: bool,
    skip_from: str | None,
    saved: Path | None,
    force: bool,
    reason: str,
    yes: bool,
    wait: str,
    agree: tuple[str, ...],
    local: bool | None,
    as_json: bool,
) -> int:
    """Deploy to ENVIRONMENT what runs in the one before it: same bytes, no Git, no build, no package index."""
    if skip_from and not skip_order:
        raise click.UsageError("--from requires --skip-order")
    if skip_order and not reason:
        raise click.UsageError("--skip-order requires --reason; it is stored in the record")
    workspace = open_workspace(local, TerminalDialog(yes=yes, quiet=as_json))
    names, environment = units_and_place(workspace, words, to=to, only=only)
    if environment is None and to is None:
        raise click.UsageError("ENVIRONMENT is required")
    source = (skip_from or next(iter(workspace.environments))) if skip_order else None
    if saved is not None:
        plan = workspace.plan_promotion(
            *names, environment=environment, to=to, skip_from=source, force=force, reason=reason
        )
        return show_plan(plan, saved, as_json)
    return apply_and_show(
        workspace,
        lambda: workspace.promote(
            *names,
            environment=environment,
            to=to,
            skip_from=source,
            force=force,
            reason=reason,
            agree=agree,
            wait=wait,
        ),
        as_json,
        missing=through_all(names, environment) if environment is not None else "",
    )


@click.command("rollback")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] ENVIRONMENT")
@consent_options
@click.option(
    "--to",
    "release",
    metavar="RELEASE",
    help="A version that has run there, or 7 characters of its digest; default: the one before.",
)
@click.option("--force", is_flag=True, help="Redeploy even if RELEASE already runs there, to undo manual changes.")
@out_option("Save the plan as JSON for approval; change nothing.")
@click.option("--reason", default="", help="Why; stored in the record.")
@local_option
@json_option
def rollback_command(
    words: tuple[str, ...],
    release: str | None,
    force: bool,
    saved: Path | None,
    reason: str,
    yes: bool,
    wait: str,
    agree: tuple[str, ...],
    local: bool | None,
    as_json: bool,
) -> int:
    """Roll ENVIRONMENT back to what ran there before. Builds nothing; takes one or more UNITs."""
    names, environment = units_and_environment(words)
    if not names:
        raise click.UsageError("expected UNIT and ENVIRONMENT")
    workspace = open_workspace(local, TerminalDialog(yes=yes, quiet=as_json))
    if saved is not None:
        plan = workspace.plan_rollback(names, environment, to=release, force=force, reason=reason)
        return show_plan(plan, saved, as_json)
    return apply_and_show(
        workspace,
        lambda: workspace.rollback(names, environment, to=release, force=force, reason=reason, agree=agree, wait=wait),
        as_json,
    )


def apply_and_show(
    workspace: Workspace,
    change: Callable[[], Listing[Result]],
    as_json: bool,
    *,
    still: str = UNCHANGED,
    missing: str = "",
) -> int:
    """Change something, show how it ended, and where to look at it."""
    results, code = ended(change)
    show_results(results, as_json, still=still, missing=missing)
    _advise(workspace)
    if not as_json and any(result.outcome == "deployed" for result in results):
        _links(workspace, dict.fromkeys(result.environment for result in results))
        tell_outputs(workspace, results)
    return code


def show_plan(plan: Plan, saved: Path | None, as_json: bool) -> int:
    """The whole plan, and where it was saved; the exit code says whether something is blocked."""
    from multi_env_lambda.api.saved import save
    from multi_env_lambda.show.text import plan_text

    if saved is not None:
        save(plan, saved)
        note(f"saved as {saved}; its digest is {plan.digest}")
    if as_json:
        print_json(plan.to_dict())
    else:
        out(plan_text(plan, details=True))
        _show_notes(plan.notes)
    return UnitsFailed.exit_code if plan.blocked else 0


def _advise(workspace: Workspace) -> None:
    """Once the bucket has an id and the table does not: what to write."""
    if line := workspace.advice():
        note(line)


def _links(workspace: Workspace, environments: Iterable[str]) -> None:
    for name in environments:
        if url := workspace.environment(name).links().get("switch role"):
            note(f"console of {name}: {url}")
