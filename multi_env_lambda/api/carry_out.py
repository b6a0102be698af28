"""Everything between a request and its results: plan, show, ask for consent, apply, and return a listing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api import tables
from multi_env_lambda.api.dialog import Asked, agreed_by
from multi_env_lambda.api.failed import UnitsFailed, listed
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.consent import Consent, check_answers, check_kinds
from multi_env_lambda.flow.left import lines_of_left
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.model.duration import seconds_to_wait
from multi_env_lambda.model.plan import Plan, with_steps
from multi_env_lambda.model.request import Request

if TYPE_CHECKING:
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.names import Names
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.flow.saved import Saved
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.pipeline import PreparedPlan
    from multi_env_lambda.world import ProgressEvent, World

__all__ = [
    "apply",
    "build",
    "carried_out",
    "deploy",
    "must_be_good",
    "plan",
    "publish",
    "request",
    "several",
    "watched",
]


def several(words: str | Iterable[str]) -> tuple[str, ...]:
    """A single string is one word: iterating over its letters is never intended here."""
    return (words,) if isinstance(words, str) else tuple(words)


def request(
    opened: Opened,
    verb: Literal["deploy", "promote", "rollback", "repair"],
    names: Names,
    environment: str | None,
    to: str | None,
) -> Request:
    """The request. It may name a unit whose folder is gone; whether that unit exists anywhere is checked later.

    Raises:
        ConfigurationError: a unit's name is empty, or the environment is given twice or not at all.
    """
    if environment is not None and to is not None:
        what = f"found both `environment={environment}` and `to={to}`"
        raise ConfigurationError(
            verb,
            what,
            hint="`environment` changes only that environment; `to` changes every environment up to and including it",
        )
    units = several(names)
    if wrong := next((unit for unit in units if not isinstance(unit, str)), None):
        what = f"found {wrong!r} where a unit's name was expected"
        raise ConfigurationError("units", what, hint=f'pass each name on its own: `{verb}("orders", "reports")`')
    if not all(units):
        raise ConfigurationError("units", "the name of a unit is empty", hint="name a folder of `projects`")
    if verb == "rollback" and not units:
        raise ConfigurationError(verb, "no unit is named", hint="name the units to roll back")
    target = to if environment is None else environment
    if target is None and verb != "deploy":
        raise ConfigurationError(verb, "no environment is named", hint="give `environment` or `to`")
    return Request(verb=verb, target=opened.target(verb, target), through=to is not None, only=units)


def plan(opened: Opened, request: Request, *, publish: bool = False) -> Plan:
    """The complete plan to be shown: the questions of every stack, the rules, and the notes of the builds.

    Args:
        publish: publish the releases that await approval, since approvals refer to published bytes.
    """
    draft = pipeline.fitting(opened.world, pipeline.plan(opened.world, request, closely=True))
    notes = tuple((name, text) for name, made in sorted(draft.made.items()) for text in made.notes)
    found = attrs.evolve(with_rules(opened.world, draft.plan), notes=notes, left=lines_of_left(opened.world))
    if not publish or not draft.made or not any(bound.asks or bound.unreadable for bound in found.rules):
        return found
    blocked = {step.project for step in found.blocked}
    with watched(opened, 0) as world:
        must_be_good(result for result in pipeline.publish(world, draft) if result.project not in blocked)
    return with_steps(found, (attrs.evolve(step, publish=()) for step in found.deploys))


def build(opened: Opened, request: Request) -> Listing[Build]:
    """Build the affected units."""
    from multi_env_lambda.api.build import Build

    draft = pipeline.plan(opened.world, request)
    builds = Listing(
        tuple(Build(opened=opened, made=made) for _, made in sorted(draft.made.items())), tables.builds, Build.to_dict
    )
    if blocked := draft.plan.blocked:
        results = listed(step.result for step in blocked)
        error = UnitsFailed.of(f"{len(blocked)} not built", results, named=lambda result: result.project)
        error.built = builds
        raise error
    return builds


def publish(opened: Opened, request: Request) -> Listing[Result]:
    """Build and publish the affected units."""
    before = opened.world.retries.count()
    with watched(opened, 0) as world:
        results = pipeline.publish(world, pipeline.plan(world, request))
    return must_be_good(results, opened.world.retries.since(before))


def deploy(
    opened: Opened, request: Request, agree: Iterable[str], approve: Iterable[str], wait: float | str
) -> Listing[Result]:
    """Plan and apply in one step. ``wait``: how long to keep retrying while others are deploying."""
    consent, seconds = _consent(opened, agree, approve), seconds_to_wait(wait)
    before = opened.world.retries.count()
    draft = pipeline.plan(opened.world, request, soon=True, closely=bool(consent.allowed))
    results = carried_out(opened, draft, consent, seconds)
    return must_be_good(results, opened.world.retries.since(before))


def apply(
    opened: Opened, saved: Saved, agree: Iterable[str], approve: Iterable[str], wait: float | str
) -> Listing[Result]:
    """Recompute the same plan and apply it."""
    consent, seconds = _consent(opened, agree, approve), seconds_to_wait(wait)
    before = opened.world.retries.count()
    results = carried_out(opened, pipeline.same_again(opened.world, saved, soon=True), consent, seconds)
    return must_be_good(results, opened.world.retries.since(before))


def _consent(opened: Opened, agree: Iterable[str], approve: Iterable[str]) -> Consent:
    """The consent given up front.

    Raises:
        ConfigurationError: an approval names an environment that does not exist, or an answer answers no question.
    """
    answers, typed = several(agree), frozenset(opened.place(name).name for name in several(approve))
    check_kinds(answers)
    return Consent(allowed=frozenset(answers), typed=typed)


def carried_out(opened: Opened, draft: PreparedPlan, consent: Consent, seconds: float) -> tuple[Result, ...]:
    """Show the plan, ask for the consent that is missing, and apply it."""
    dialog = opened.dialog
    if dialog is not None:
        # Nobody is asked about what cannot be done.
        draft = pipeline.fitting(opened.world, draft)
        draft = attrs.evolve(draft, plan=with_rules(opened.world, draft.plan))
        dialog.show(draft.plan)
        given = check_answers(draft.plan, consent)
        consent = agreed_by(dialog, Asked(plan=draft.plan, given=given, world=opened.world))
    with watched(opened, len(draft.plan.steps)) as world:
        return pipeline.apply(world, draft, consent, wait_seconds=seconds)


@contextmanager
def watched(opened: Opened, total: int) -> Iterator[World]:
    """The world, with its events also displayed as they happen. ``total``: the number of steps."""
    world = opened.world
    with opened.watching(total) as show:

        def told(event: ProgressEvent) -> None:
            # A failing observer must not abort a deploy halfway through.
            for look in (world.reported, show):
                try:
                    look(event)
                except Exception:
                    logging.getLogger(__name__).exception("what shows events failed")

        yield attrs.evolve(world, reported=told)


def must_be_good(results: Iterable[Result], *notes: str) -> Listing[Result]:
    """The outcome of every step, provided that all of them succeeded.

    Raises:
        UnitsFailed: at least one did not; the error carries all results.
    """
    found = listed(results, *notes)
    bad = [result for result in found if not result.good]
    if bad:
        raise UnitsFailed.of(f"{len(bad)} of {len(found)}", found, named=_ending)
    return found


def _ending(result: Result) -> str:
    return f"{result.project} in {result.environment} {result.outcome}"
