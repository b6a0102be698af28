"""The verbs that move releases: plan, build, publish, deploy, promote, rollback. One flow, several sources."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Literal

import attrs
import click

from multi_env_lambda import pipeline
from multi_env_lambda.cli.options import consent_options, out_option, selection_options, target_options, upgrade_option
from multi_env_lambda.cli.output import (
    err_console,
    json_option,
    live,
    local_option,
    note,
    open_workspace,
    out,
    print_json,
    unit_of,
)
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, Refused, UnitsFailed
from multi_env_lambda.flow.act import Result
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.flow.gate import Consent, check_answers, waiting_plan, waits_for_another
from multi_env_lambda.flow.identity import advice
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.model.rules import Bound
from multi_env_lambda.pipeline import Draft
from multi_env_lambda.show.text import plan_text, results_table
from multi_env_lambda.workspace import Workspace

__all__ = [
    "build_command",
    "deploy_command",
    "finish",
    "plan_command",
    "promote_command",
    "publish_command",
    "rollback_command",
]


def _ask(
    verb: Literal["deploy", "promote"], environment: str | None, to: str | None, only: tuple[str, ...], **more: Any
) -> Ask:
    if environment is not None and to is not None:
        raise click.UsageError("give an ENVIRONMENT or --to ENVIRONMENT, not both")
    unit = unit_of()
    if unit is not None and only and set(only) != {unit}:
        raise click.UsageError(f"this script belongs to {unit}; use the one at the top for other units")
    return Ask(
        verb=verb, target=environment or to or "", through=to is not None, only=(unit,) if unit else only, **more
    )


def _first(workspace: Workspace, ask: Ask) -> Ask:
    """Without an environment, the first one is meant."""
    return ask if ask.target else attrs.evolve(ask, target=workspace.config.environments[0].name)


@click.command("plan")
@selection_options
@out_option("Save the plan as JSON.")
@upgrade_option
@click.option("--force", is_flag=True, help="Also units that run the release already.")
@local_option
@json_option
def plan_command(
    environment: str | None,
    to: str | None,
    only: tuple[str, ...],
    everything: bool,
    saved: Path | None,
    upgrade: bool,
    force: bool,
    local: bool | None,
    as_json: bool,
) -> int:
    """Show what a deploy would do, and why. Nothing is written."""
    workspace = open_workspace(local)
    request = _ask("deploy", environment, to, only, everything=everything, upgrade=upgrade, force=force)
    ask = _first(workspace, request)
    draft = _bound(workspace, workspace.draft(ask, closely=True))
    _advise(workspace)
    return _show_plan(draft, saved, as_json)


def _show(draft: Draft, *, details: bool) -> None:
    out(plan_text(draft.plan, details=details))


@click.command("build")
@selection_options
@local_option
@json_option
def build_command(
    environment: str | None, to: str | None, only: tuple[str, ...], everything: bool, local: bool | None, as_json: bool
) -> int:
    """Build the artifacts of the affected units on this machine, and check that their handlers can be imported."""
    workspace = open_workspace(local)
    draft = workspace.draft(_first(workspace, _ask("deploy", environment, to, only, everything=everything)))
    built = {name: made for name, made in sorted(draft.made.items())}
    if as_json:
        print_json({name: _artifacts(made.uploads) for name, made in built.items()})
    for name, made in built.items():
        note(f"{name} {made.release.version}")
        for upload in made.uploads:
            if isinstance(upload.content, Path):
                note(f"  {upload.content}")
    _show_notes(draft)
    for step in draft.plan.blocked:
        note(f"{step.project}: {step.what}\nhint: {step.hint}")
    if not built and not draft.plan.blocked:
        note("nothing to build: no unit is affected")
    return _exit_code({step.kind for step in draft.plan.blocked}) if draft.plan.blocked else 0


def _show_notes(draft: Draft) -> None:
    for name, made in sorted(draft.made.items()):
        for text in made.notes:
            note(f"note: {name}: {text}")


def _artifacts(uploads: tuple[Any, ...]) -> list[dict[str, str]]:
    return [{"key": item.key, "file": str(item.content)} for item in uploads if isinstance(item.content, Path)]


@click.command("publish")
@selection_options
@local_option
@json_option
def publish_command(
    environment: str | None, to: str | None, only: tuple[str, ...], everything: bool, local: bool | None, as_json: bool
) -> int:
    """Build, and publish what the bucket lacks. Deploys nothing."""
    with live(0) as report:
        workspace = open_workspace(local, report)
        draft = workspace.draft(_first(workspace, _ask("deploy", environment, to, only, everything=everything)))
        results = pipeline.publish(workspace.world, draft)
    return finish(results, as_json)


@click.command("deploy")
@selection_options
@consent_options
@upgrade_option
@click.option(
    "--plan", "plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Exactly this plan."
)
@click.option("--force", is_flag=True, help="Send stacks that run the release already.")
@click.option("--reason", default="", help="Why; kept in the record.")
@local_option
@json_option
def deploy_command(
    environment: str | None,
    to: str | None,
    only: tuple[str, ...],
    everything: bool,
    plan_file: Path | None,
    upgrade: bool,
    force: bool,
    reason: str,
    local: bool | None,
    as_json: bool,
    **consent: Any,
) -> int:
    """Build, publish and deploy: the work tree to the first environment, what runs in one environment to the next."""
    ask = None
    if plan_file is None:
        more = {"everything": everything, "upgrade": upgrade, "force": force, "reason": reason}
        ask = _ask("deploy", environment, to, only, **more)
    return _apply(ask, plan_file, local, as_json, **consent)


@click.command("promote")
@target_options
@consent_options
@click.option("--skip-order", is_flag=True, help="Take the release from another environment than the one before.")
@click.option("--from", "skip_from", metavar="ENVIRONMENT", help="With --skip-order: take it from here.")
@out_option("Save the plan as JSON, to be approved; change nothing.")
@click.option("--force", is_flag=True, help="Send stacks that run the release already.")
@click.option("--reason", default="", help="Why; kept in the record.")
@local_option
@json_option
def promote_command(
    environment: str | None,
    to: str | None,
    only: tuple[str, ...],
    skip_order: bool,
    skip_from: str | None,
    saved: Path | None,
    force: bool,
    reason: str,
    local: bool | None,
    as_json: bool,
    **consent: Any,
) -> int:
    """Bring to ENVIRONMENT what runs in the one before it: same bytes, no Git, no build, no package index."""
    if environment is None and to is None:
        raise click.UsageError("which ENVIRONMENT?")
    if skip_from and not skip_order:
        raise click.UsageError("--from goes with --skip-order")
    if skip_order and not reason:
        raise click.UsageError("--skip-order needs a --reason; it is kept in the record")
    workspace = open_workspace(local)
    source = (skip_from or workspace.config.environments[0].name) if skip_order else None
    ask = _ask("promote", environment, to, only, force=force, reason=reason, skip_from=source)
    return _apply(ask, None, local, as_json, saved=saved, **consent)


@click.command("rollback")
@click.argument("words", nargs=-1, required=True, metavar="[UNIT] ENVIRONMENT")
@consent_options
@click.option(
    "--to",
    "release",
    metavar="RELEASE",
    help="A version that ran there, or 7 characters of its digest; default: the one before.",
)
@click.option("--force", is_flag=True, help="Also where RELEASE runs already, to undo what others changed there.")
@out_option("Save the plan as JSON, to be approved; change nothing.")
@click.option("--reason", default="", help="Why; kept in the record.")
@local_option
@json_option
def rollback_command(
    words: tuple[str, ...],
    release: str | None,
    force: bool,
    saved: Path | None,
    reason: str,
    local: bool | None,
    as_json: bool,
    **consent: Any,
) -> int:
    """Bring back to ENVIRONMENT what ran there before. Builds nothing; one or several UNITs."""
    *units, environment = words
    unit = unit_of()
    only = tuple(units) or ((unit,) if unit else ())
    if not only:
        raise click.UsageError("which UNIT? `rollback.py UNIT ENVIRONMENT`")
    ask = Ask(verb="rollback", target=environment, only=only, release=release, force=force, reason=reason)
    return _apply(ask, None, local, as_json, saved=saved, **consent)


def _apply(
    ask: Ask | None,
    plan_file: Path | None,
    local: bool | None,
    as_json: bool,
    *,
    yes: bool,
    wait_seconds: float,
    agree: tuple[str, ...],
    saved: Path | None = None,
) -> int:
    """Plan, show, ask, act; or only save the plan. ``wait_seconds``: how long to try again while others deploy."""
    quiet = open_workspace(local)
    draft = _bound(quiet, _draft(quiet, ask, plan_file, soon=saved is None, closely=saved is not None or bool(agree)))
    if saved is not None:
        return _show_plan(draft, saved, as_json)
    if not as_json:
        err_console().print(plan_text(draft.plan))
    consent = check_answers(draft.plan, Consent(allowed=frozenset(agree)))
    consent = _agree(quiet, draft, yes, consent)
    with live(len(draft.plan.steps)) as report:
        world = attrs.evolve(quiet.world, reported=report)
        results = pipeline.apply(world, draft, consent, wait_seconds=wait_seconds)
    code = finish(results, as_json)
    _advise(quiet)
    if not as_json and any(result.outcome == "deployed" for result in results):
        _links(quiet, draft.plan.environments)
    return code


def _show_plan(draft: Draft, saved: Path | None, as_json: bool) -> int:
    """The whole plan, and where it was saved; the exit code says whether something is blocked."""
    if saved is not None:
        saved.write_text(json.dumps(draft.plan.to_document(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        note(f"saved as {saved}; its digest is {draft.plan.digest}")
    if as_json:
        print_json(draft.plan.to_document())
    else:
        _show(draft, details=True)
        _show_notes(draft)
    return UnitsFailed.exit_code if draft.plan.blocked else 0


def _bound(workspace: Workspace, draft: Draft) -> Draft:
    """With the rules of the environments that change, so that they are read once, shown, and then applied."""
    return attrs.evolve(draft, plan=with_rules(workspace.world, draft.plan))


def _advise(workspace: Workspace) -> None:
    """Once the bucket has an id and the table none: what to write."""
    line = advice(workspace.world)
    if line:
        note(line)


def _draft(workspace: Workspace, ask: Ask | None, plan_file: Path | None, *, soon: bool, closely: bool) -> Draft:
    if ask is not None:
        return workspace.draft(_first(workspace, ask), soon=soon, closely=closely)
    assert plan_file is not None
    try:
        document = json.loads(plan_file.read_bytes())
        asked = {"digest": document["digest"], "asked": document["asked"], "format": document.get("format", 1)}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            str(plan_file), f"not a saved plan: {error}", hint="write it with `plan.py --out`"
        ) from error
    return pipeline.same_again(workspace.world, asked, soon=soon)


def _agree(workspace: Workspace, draft: Draft, yes: bool, consent: Consent) -> Consent:
    """On a terminal a person is asked; elsewhere the options have said it all."""
    if not draft.plan.deploys or not sys.stdin.isatty() or os.environ.get("CI"):
        return consent
    allowed, typed = set(consent.allowed), set()
    for question in {question for step in draft.plan.deploys for question in step.questions}:
        if (
            question.answer not in allowed
            and click.prompt(f"{question.text}\ntype `{question.answer}` to agree", err=True) == question.answer
        ):
            allowed.add(question.answer)
    waiting = {bound.environment for bound in draft.plan.rules if _waits(workspace, draft, bound)}
    for bound in draft.plan.rules:
        if bound.rules.approval and bound.rules.approvals_by_author and _typed(bound.environment):
            typed.add(bound.environment)
    open_ones = {step.environment for step in draft.plan.deploys} - waiting
    if open_ones and not yes and not typed and not click.confirm("apply this plan?", err=True):
        raise Refused("the plan", "not applied", hint="give `--yes` to apply without being asked")
    return Consent(allowed=frozenset(allowed), typed=frozenset(typed))


def _waits(workspace: Workspace, draft: Draft, bound: Bound) -> bool:
    """Whether only somebody else can approve; the person at the terminal is told how. The gate will stop there."""
    name = bound.environment
    if not waits_for_another(workspace.world, bound, draft.plan.digest_of(name)):
        return False
    note(waiting_plan(draft.plan, name))
    return True


def _typed(name: str) -> bool:
    text = f"type `{name}` to approve this plan, or nothing to leave {name} as it is"
    return bool(click.prompt(text, default="", show_default=False, err=True) == name)


def finish(results: tuple[Result, ...], as_json: bool) -> int:
    """Show how it ended; gives the exit code."""
    bad = [result for result in results if not result.good]
    if as_json:
        print_json([attrs.asdict(result) for result in results])
    elif all(result.outcome == "unchanged" for result in results):
        _tell_nothing_to_do(results)
    else:
        out(results_table(results))
    for result in bad:
        note(f"{result.environment} {result.project} {result.outcome}: {result.detail}")
        if result.hint:
            note(f"hint: {result.hint}")
    return _exit_code({result.error for result in bad if result.error}) if bad else 0


def _tell_nothing_to_do(results: tuple[Result, ...]) -> None:
    """That nothing happens is fine only where something runs; elsewhere it is told what is missing."""
    missing: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.version is None:
            missing.setdefault((result.environment, result.detail), []).append(result.project)
    for (environment, why), units in missing.items():
        note(f"nothing runs in {environment} of {', '.join(units)}: {why}")
    for result in results if len(results) == 1 and not missing else ():
        note(f"{result.environment} {result.project}: {result.detail}")
    out("nothing to do" if missing else "nothing to do: everything runs as it should")


def _exit_code(kinds: set[str]) -> int:
    """The code of the error where all failures are of one kind, else that of "some units failed"."""
    codes = {kind.__name__: kind.exit_code for kind in _kinds(MultiEnvLambdaError)}
    return codes.get(kinds.pop(), UnitsFailed.exit_code) if len(kinds) == 1 else UnitsFailed.exit_code


def _kinds(kind: type[MultiEnvLambdaError]) -> list[type[MultiEnvLambdaError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _kinds(child))]


def _links(workspace: Workspace, environments: tuple[str, ...]) -> None:
    for name in environments:
        url = workspace.config.environment(name).switch_role_url
        if url:
            note(f"console of {name}: {url}")
