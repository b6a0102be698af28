"""Environments of branches: what a branch affects, deployed beside the first environment, for a time.

They are in no table, so no release has a template for them, and nothing is promoted from them. What they hold is
scratch: questions about data are answered with yes. The bucket's marks say which there are, and until when.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api.unit_tables import read_units
from multi_env_lambda.ci.decision import Own, Remove
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.host.repository import read_repository
from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.own_kept import mark_own
from multi_env_lambda.plan.access_of_branches import beside
from multi_env_lambda.runs.bring import about, tested
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.passage import dependents
from multi_env_lambda.runs.report import Report, of_results
from multi_env_lambda.world import World

__all__ = ["bring_own", "in_own", "remove_own"]

_ANSWERED = ("older", "rolled back", "destructive", "traffic")
"""Kinds of questions that nobody is asked: what stands there was made from the branch, and is scratch."""


def bring_own(hands: Hands, world: World, root: Path, commit: str, job: Own) -> Report:
    """Deploy what the branch affects, compared with what runs in the first environment."""
    if world.config.environments[0].only_looks:
        what = f"{job.environment} is not made: builds may not deploy to {world.config.environments[0].name}"
        return Report(stops=(what,))
    first = world.config.environments[0].name
    draft = pipeline.plan(world, Request(verb="deploy", target=first))
    affected = {step.project for step in draft.plan.steps if isinstance(step, DeployStep)}
    there = {unit for unit, record in world.ledger.records(job.environment).items() if record.may_be_there}
    names = (affected | there) & set(world.unit_names) & set(job.only or world.unit_names)
    # No other environment has the layer for this one.
    names |= {unit.layer_of for unit in world.projects.outlines if unit.name in names and unit.layer_of}
    broken = tested(hands, world, root, sorted(names), {})
    failures = tuple(f"{job.environment} {unit}: its tests failed: {text}" for unit, text in broken.items())
    names -= dependents(world, broken)
    mark = BranchEnvironment(
        name=job.environment,
        branch=job.branch,
        commit=commit,
        until=job.until,
        units=tuple(sorted(names | there)),
        owner=hands.repository.author(commit),
    )
    mark_own(world.store, mark)
    if not names:
        return Report(failures=failures, notes=(f"{quoted(job.branch)} affects nothing",))
    own = hands.opens_own(root, job.environment)
    reason = about(hands, commit, quoted(job.branch))
    plan = pipeline.plan(own, Request(verb="deploy", target=job.environment, only=tuple(sorted(names)), reason=reason))
    answers = frozenset(one.answer for one in plan.plan.questions if one.kind in _ANSWERED)
    done = of_results(pipeline.apply(own, plan, Consent(allowed=answers)))
    if done.failures:
        mark_own(world.store, attrs.evolve(mark, failed=True))
    return done + Report(failures=failures)


def remove_own(hands: Hands, world: World, job: Remove) -> Report:
    """Delete what is in it, what needs others first; what could not be deleted is tried again by the next look."""
    done = Report()
    place = beside(world.config.environments[0], job.environment)
    world = attrs.evolve(world, config=attrs.evolve(world.config, left=(*world.config.left, place)))
    records = world.ledger.records(job.environment)
    left = {unit for unit, record in records.items() if record.may_be_there}
    reason = f"job {hands.job}: the environment of {quoted(job.branch)} is over"
    while left:
        unit = min(left, key=lambda name: (len(find_removal(world, name, job.environment).needed_by), name))
        left.remove(unit)
        done += of_results((_removed(world, unit, job.environment, reason),))
        if done.again:
            return done
    if all(result.good for result in done.results):
        mark_own(world.store, BranchEnvironment(name=job.environment, branch=job.branch, commit="", until=0.0))
    return done


def _removed(world: World, unit: str, environment: str, reason: str) -> Result:
    removal = find_removal(world, unit, environment)
    if removal.needed_by:  # by what was to be deleted before it, and could not be
        detail = f"still needed there by {', '.join(removal.needed_by)}"
        return Result(project=unit, environment=environment, outcome="skipped", detail=detail)
    try:
        return destroy(world, removal, reason=reason, force=True)
    except MultiEnvLambdaError as error:
        return Result.of_error(unit, environment, error)


def in_own(world: World, root: Path, name: str) -> World:
    """The same workspace with one environment, beside the first of the table, and the settings of that."""
    first = world.config.environments[0]
    own = beside(first, name)
    config = attrs.evolve(world.config, environments=(own,))
    documents = {
        folder: document if isinstance(document, ConfigurationError) else _with_settings_of(document, first.name, name)
        for folder, document in read_repository(root).units.items()
    }
    projects, broken = read_units(root, documents, config)
    maker: Any = world.maker
    return attrs.evolve(
        world, config=config, projects=projects, broken=broken, maker=attrs.evolve(maker, config=config)
    )


def _with_settings_of(document: Mapping[str, Any], first: str, name: str) -> Mapping[str, Any]:
    """The table of a unit with the settings of an environment under another name, and no others."""
    tool = document.get("tool")
    table = tool.get("multi_env_lambda") if isinstance(tool, dict) else None
    places = table.get("environments", {}) if isinstance(table, dict) else None
    if not isinstance(tool, dict) or not isinstance(table, dict) or not isinstance(places, dict):
        return document  # which is refused for that
    changed = {**table, "environments": {name: places[first]} if first in places else {}}
    return {**document, "tool": {**tool, "multi_env_lambda": changed}}
