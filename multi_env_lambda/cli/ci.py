"""The verb ``ci``: what a build of the CI runs, and the one command that agrees to what waits."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from multi_env_lambda.cli.approve import show_approvals
from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json

__all__ = ["ci_command"]

FAILED = 1
"""The exit code of a run in which something failed; one that stops at an approval has done what it should."""


@click.group("ci")
def ci_command() -> None:
    """What a build of the CI runs, and the files that make it run there."""


@ci_command.command("run")
@click.argument("job", required=False, default="")
@click.option("--event", type=click.Path(dir_okay=False, path_type=Path), help="An event of GitHub Actions, as JSON.")
@click.option("--leave-cells", is_flag=True, help="Leave the cells of a stage to jobs beside each other.")
@click.option("--reviewed", nargs=2, metavar="ENVIRONMENT DIGEST", help="Go on after a review of this plan at GitHub.")
@click.option("--gitlab", is_flag=True, help="Look, in a job of the protected branch or a merge request at GitLab.")
@click.option(
    "--bitbucket", is_flag=True, help="Look, in a step of the protected branch or a pull request at Bitbucket."
)
@click.option("--codepipeline", is_flag=True, help="Do one step, in an action of a pipeline of CodePipeline.")
@json_option
def run_(
    job: str,
    event: Path | None,
    leave_cells: bool,
    reviewed: tuple[str, str] | None,
    gitlab: bool,
    bitbucket: bool,
    codepipeline: bool,
    as_json: bool,
) -> int:
    """Do what JOB wants; without it, what the variable MULTI_ENV_LAMBDA_JOB names, or what follows from an event.

    What the branch says now counts, and not what it said when the job was made. Stopping in front of an approval is
    success: the exit code is 0, and the last lines say what waits, for whom, and the one command that agrees.
    """
    from multi_env_lambda.runs import start as runs

    context = click.get_current_context().obj
    root, shown = Path(context["start"]), {"say": note, "opener": context["opener"]}
    _at_most_one(bool(job), event is not None, reviewed is not None, gitlab, bitbucket, codepipeline)
    if leave_cells and event is None and not gitlab:
        raise click.UsageError("--leave-cells is for --event and --gitlab")
    if codepipeline:
        report, found = runs.start_codepipeline(root, **shown)
        if not as_json:
            for line in (found.changes, found.digest, found.summary):
                out(line)
    elif reviewed is not None:
        report = runs.start_reviewed(root, *reviewed, **shown)
    elif gitlab:
        report = runs.start_at("gitlab", root, leaves=leave_cells, **shown)
    elif bitbucket:
        report = runs.start_at("bitbucket", root, **shown)
    elif event is not None:
        report = runs.start_event(root, event, leaves=leave_cells, **shown)
    else:
        report = runs.start(root, job, **shown)
    if as_json:
        print_json(report.to_document())
    return FAILED if report.failures else 0


def _at_most_one(*said: bool) -> None:
    if sum(said) > 1:
        others = "--reviewed, --gitlab, --bitbucket or --codepipeline"
        raise click.UsageError(f"an event says itself what is to be done: give JOB, --event, {others}")


@ci_command.command("cell")
@click.argument("cell")
def cell_(cell: str) -> int:
    """Do what a run at GitHub or GitLab has left to CELL, one account and region of a stage."""
    from multi_env_lambda.runs.start import start_cell

    context = click.get_current_context().obj
    report = start_cell(Path(context["start"]), cell, say=note, opener=context["opener"])
    return FAILED if report.failures else 0


@ci_command.command("go-on")
@click.option("--leave-cells", is_flag=True, help="Leave the cells of the next stage to jobs beside each other, too.")
def go_on_(leave_cells: bool) -> int:
    """Go on at GitHub or GitLab after the cells of a stage, if all of them have ended."""
    from multi_env_lambda.runs.start import start_after_cells

    context = click.get_current_context().obj
    report = start_after_cells(Path(context["start"]), say=note, opener=context["opener"], leaves=leave_cells)
    return FAILED if report.failures else 0


@ci_command.command("approve")
@click.argument("environment")
@click.argument("digest")
@local_option
@json_option
def approve_(environment: str, digest: str, local: bool | None, as_json: bool) -> int:
    """Agree, under your own identity, to the plan DIGEST with which a run stopped in front of ENVIRONMENT.

    The plan is made again first, from what is published; no code of a unit runs. Your yes starts the next run.
    """
    from multi_env_lambda.api.approving import refuse_builds

    refuse_builds()
    workspace = open_workspace(local, TerminalDialog(details=True))
    return show_approvals(workspace.approve(workspace.environment(environment).waiting_plan(digest)), as_json)


@ci_command.command("write")
@click.argument("host", type=click.Choice(["codepipeline", "github", "gitlab", "bitbucket"]))
@click.option("--plan", "only_plan", is_flag=True, help="Say what would change, and change nothing.")
def write_(host: str, only_plan: bool) -> int:
    """Write the file that HOST runs, from the table; run it again after an upgrade.

    What stands outside of the marked part stays. Jobs take the library from the bucket, where `bootstrap` puts it.
    For CodePipeline it is a template, which an administrator applies: no pipeline changes itself.
    """
    workspace = open_workspace(False)
    written = workspace.write_ci(host, really=not only_plan)
    for line in written:
        note(line)
    if not written:
        note("nothing would change" if only_plan else "nothing has changed")
    elif not only_plan and host == "codepipeline":
        note("next: `bootstrap.py devops`, then apply the template in the devops account, as an administrator")
    elif not only_plan:
        note("next: `bootstrap.py devops`, then commit the file to the protected branch")
    github = workspace.config.github
    if host == "github" and github is not None and github.reviewed:
        names = " and ".join(github.reviewed)
        note(f"at GitHub, reviewers have to protect the environment {names}: with GH_TOKEN set, `doctor.py` checks it")
    return 0


@ci_command.command("copy")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def copy_(file: Path) -> int:
    """Write to FILE what a plan reads: records, rules, manifests and templates, without artifacts and approvals.

    Against it, changes of strangers are planned without credentials (`strangers = "copy"`). Anyone can read it who has
    the file.
    """
    from multi_env_lambda.runs.strangers import write_copy

    write_copy(open_workspace(None).world, file)
    note(f"{file}: written")
    return 0


@ci_command.command("preview")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path), required=False)
def preview_(file: Path, out: Path | None) -> int:
    """Plan the work tree against the copy in FILE, without credentials; no account and no bucket is asked.

    It does not know what only the accounts know, and says so. OUT gets the lines that `ci tell` shows.
    """
    from multi_env_lambda.runs.strangers import preview

    root = Path(click.get_current_context().obj["start"])
    lines = preview(root, file, say=note, now=time.time())
    if out is not None:
        out.write_text(f"{lines}\n", "ascii")
    return 0


@ci_command.command("tell")
@click.argument("event", type=click.Path(dir_okay=False, path_type=Path))
def tell_(event: Path) -> int:
    """Show in its pull request what the job of a stranger's change said; EVENT is GitHub's `workflow_run`, as JSON."""
    from multi_env_lambda.runs.strangers import tell_preview

    note(tell_preview(event, os.environ))
    return 0


@ci_command.command("show")
@click.argument("environment")
@click.argument("digest")
def show_(environment: str, digest: str) -> int:
    """Show the plan DIGEST that waits for ENVIRONMENT on the page of a run at GitHub, for the review there.

    It is made again first, from what is published; no code of a unit runs. Refused if GitHub would ask nobody.
    """
    from multi_env_lambda.runs.reviews import leave_shown, show
    from multi_env_lambda.show.text import plan_text

    context = click.get_current_context().obj
    shown = show(Path(context["start"]), environment, digest, say=note, opener=context["opener"], variables=os.environ)
    text = None if shown.plan is None else plan_text(shown.plan, details=True)
    leave_shown(shown, () if text is None else text.plain.splitlines(), os.environ)
    note(shown.note if text is None else text.plain)
    return 0


@ci_command.command("reviewed")
@click.argument("environment")
@click.argument("digest")
@click.argument("branch")
def reviewed_(environment: str, digest: str, branch: str) -> int:
    """Write the approval of the person who has reviewed the plan DIGEST of ENVIRONMENT at GitHub, in this very run.

    BRANCH is the protected one. Who it was, GitHub's API says; only the job that a review starts has the role for it.
    """
    from multi_env_lambda.runs.reviews import reviewed

    note(reviewed(environment, digest, branch, os.environ).text())
    return 0
