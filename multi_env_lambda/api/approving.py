"""Approve a plan that somebody else will apply."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api import tables
from multi_env_lambda.api.dialog import Dialog
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.flow.gate import APPROVAL_HOURS, Approval
from multi_env_lambda.flow.gate import approve as write_approval
from multi_env_lambda.flow.left import with_left
from multi_env_lambda.flow.rules import bound_of, with_rules
from multi_env_lambda.flow.saved import Saved, SavedPlan, read_saved
from multi_env_lambda.host.build_run import build_that_runs
from multi_env_lambda.model.rules import Bound
from multi_env_lambda.plan.removal import Removal
from multi_env_lambda.world import World

__all__ = ["APPROVAL_HOURS", "approve", "must_be_a_person", "refuse_builds", "waiting_plan"]


def approve(opened: Opened, saved: Saved) -> Listing[Approval]:
    """Approve each environment of a plan that requires it; the listing is empty if none does.

    Approvals are for published releases, identified by their digests; no code of a unit runs here.

    Raises:
        PublishError: a release of the plan is not published.
        Refused: this runs in a build, or the rules of an environment cannot be read.
        PlanStale: the same request would now do something different.
    """
    refuse_builds()
    found, world, dialog = read_saved(saved), opened.acting_as("approver").world, opened.dialog
    approvals = _of_a_removal(world, found, dialog) if found.removes else _of_a_plan(world, saved, found, dialog)
    return Listing(approvals, tables.approvals, Approval.to_dict)


def _of_a_plan(world: World, saved: Saved, found: SavedPlan, dialog: Dialog | None) -> tuple[Approval, ...]:
    plan = with_rules(world, pipeline.same_again(world, saved, published=True).plan)
    if dialog is not None:
        dialog.show(plan)
    waiting = [bound for bound in plan.rules if _asks(bound, found)]
    return tuple(_approve(world, bound, plan.digest_of(bound.environment)) for bound in waiting)


def _of_a_removal(world: World, found: SavedPlan, dialog: Dialog | None) -> tuple[Approval, ...]:
    from multi_env_lambda.operations.destroy import same_removal

    environment = found.asked.get("target", "")
    world = with_left(world, environment)
    removal = same_removal(world, found)
    bound = bound_of(world, environment)
    shown: Removal = attrs.evolve(removal, rules=bound)
    if dialog is not None:
        dialog.show(shown)
    return (_approve(world, bound, removal.digest),) if _asks(bound, found) else ()


def waiting_plan(opened: Opened, environment: str, digest: str) -> Mapping[str, Any]:
    """The plan with which a run of the CI stopped in front of an environment.

    Raises:
        ConfigurationError: there is no such environment, or no plan of this digest has stopped there.
    """
    from multi_env_lambda.operations.ci_kept import kept_plan

    place = opened.place(environment).name
    found = kept_plan(opened.acting_as("approver").world.store, place, digest)
    if found is None:
        what = f"no run of the CI has stopped in front of {place} with a plan `{digest}`"
        raise ConfigurationError("approve", what, hint="copy the digest from the last lines of the run")
    return found


def refuse_builds() -> None:
    """The author of a change also controls what runs in its build, so a build cannot approve on somebody else's behalf.

    Raises:
        Refused: this runs in a build.
    """
    must_be_a_person("approve", "approve")


def must_be_a_person(verb: str, what: str) -> None:
    """Refuse to do in a build what only people decide.

    Raises:
        Refused: this runs in a build.
    """
    found = build_that_runs(os.environ, terminal=sys.stdin is not None and sys.stdin.isatty())
    if found:
        text = f"`{found}` is set: this is a build, and a build cannot {what}"
        raise Refused(verb, text, hint=f"{verb} it yourself, with your own credentials")


def _asks(bound: Bound, saved: SavedPlan) -> bool:
    """By what is known here, or where the plan was made: the approver may not have pulled the rule yet."""
    if bound.unreadable:
        raise Refused(
            bound.environment,
            f"nothing can be approved: {bound.unreadable}",
            hint="correct what is named there, then approve again",
        )
    return bound.asks or bound.environment in saved.asks


def _approve(world: World, bound: Bound, digest: str) -> Approval:
    weaker = bound.table if bound.weaker else None
    return write_approval(world, bound.environment, digest, weaker=weaker, order=bound.order)
