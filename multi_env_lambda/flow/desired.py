"""Make: what each unit should be in the first target. Only a deploy of the work tree builds; the others name releases.

Input: a request and what is recorded. Output: a ``DesiredState``.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from itertools import tee
from typing import TYPE_CHECKING

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.meanwhile import noted_templates, prepare
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.make.work_tree import DesiredState, work_tree
from multi_env_lambda.model.label import label
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.plan.carried import from_deployment, from_stage
from multi_env_lambda.plan.desired import UNSURE, Broken, Desired, UpToDate
from multi_env_lambda.plan.rollback import called, candidate, release_before, went_back
from multi_env_lambda.wording import Advice, advice, option, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.flow.observe import Observed
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Deployment, Record
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.world import World

__all__ = ["desire"]


def desire(world: World, request: Request, observed: Observed, alone: str = "") -> DesiredState:
    """What the record (repair), the history (rollback), the environment before or the work tree says about each unit.

    Args:
        alone: the one unit of the work tree to make, instead of all that may have changed.
    """
    if request.verb == "repair":
        from multi_env_lambda.flow.repair import as_recorded

        return DesiredState(desired={name: as_recorded(request, observed, name) for name in observed.order})
    if request.verb == "rollback":
        older = in_parallel(lambda name: _older(world, request, observed, name), list(observed.order))
        return DesiredState(desired=dict(zip(observed.order, older, strict=True)))
    if observed.sources:
        sources = [source.name for source in observed.sources]
        return DesiredState(desired=from_stage(observed.order, sources, observed.records))
    running = {name: observed.running(name) for name in observed.order}
    here = observed.targets[0].name
    doubted = {name: _doubt(observed.records.get((here, name))) for place, name in observed.unsure if place == here}
    return work_tree(world, request, running, doubted, partial(_meanwhile, world, observed), alone)


def _doubt(record: Record | None) -> str:
    """Why it is not known, or not enough to know, what runs by the record."""
    found = unreleased_in(record)
    return UNSURE if found is None else f"{found} run there"


def _meanwhile(world: World, observed: Observed, candidates: Collection[str]) -> None:
    """While units are built, find out whose the bucket is, and fetch what a change right afterwards will need."""
    targets = observed.targets
    noted = noted_templates(observed.records, targets, candidates)
    together(observed.whose, *([partial(prepare, world, targets[0], noted)] if observed.soon else []))


def _older(world: World, request: Request, observed: Observed, name: str) -> Desired:
    """Rollback: an older successful deployment of the target; the one before, unless a release was named."""
    running, records = observed.running(name), observed.records
    if request.release is not None:
        return _named(world, request, observed, name, request.release)
    doubted = records[request.target, name].unsure if (request.target, name) in observed.unsure else None
    record = records.get((request.target, name))
    marks = () if record is None else record.taken_away
    past, past_again = tee(world.ledger.newest_first(record, request.target, name))
    sure = running is not None and not (request.force or doubted)
    if running is not None and sure and (back := went_back(running, past)) is not None:
        # So that a command that was killed can be run again: it does what is missing, and never rolls back twice.
        now = label(running.version, running.release, [(mark.version, mark.release) for mark in marks])
        said = "it was already rolled back to {} at {}; use `{}` for any other release"
        text = advice(said, now, back.when, Advice("--to", "to"))
        return UpToDate(project=name, why=text)
    here = (item for item in past_again if _is_of(item, observed.targets[0]))
    before = release_before(running, here, away={mark.release for mark in marks})
    if doubted is not None and running is not None and (before is None or before.release != doubted):
        # Unless that attempt was this very rollback, it has to be rolled back, and nothing before it.
        return from_deployment(name, running, why=f"{UNSURE}; this is what ran before")
    if before is None:
        return _nothing_older(world, observed, name, "older release")
    return _back_to(name, before, running)


def _named(world: World, request: Request, observed: Observed, name: str, release: str) -> Desired:
    """The one release with this name: a version, or the beginning of a digest."""
    running = observed.running(name)
    past = world.ledger.newest_first(observed.records.get((request.target, name)), request.target, name)
    found = called(release, running, (item for item in past if _is_of(item, observed.targets[0])))
    if not found:
        return _nothing_older(world, observed, name, f"release `{release}`")
    if len(found) > 1:
        error = ConfigurationError(
            f"rollback of {name} in {request.target}",
            f"{len(found)} releases that ran there match `{release}`: {', '.join(map(candidate, found))}",
            hint=advice("name one by its digest, as in `{}`", option("to", found[-1].release[:12])),
        )
        return Broken(project=name, error=error)
    if running is not None and found[0].release == running.release:
        return from_deployment(name, running, why="it is already running")
    return _back_to(name, found[0], running)


def _back_to(name: str, before: Deployment, running: Deployment | None) -> Desired:
    others = [] if running is None else [(running.version, running.release)]
    return from_deployment(name, before, why=f"{label(before.version, before.release, others)} ran there before")


def _is_of(item: Deployment, place: Environment) -> bool:
    """Whether it was made for where the environment is now; 0.1.1 did not note where that was."""
    return not item.account_id or (item.account_id, item.region) == (place.account_id, place.region)


def _nothing_older(world: World, observed: Observed, name: str, wanted: str) -> Broken:
    place = observed.targets[0]
    past = world.ledger.newest_first(observed.records.get((place.name, name)), place.name, name)
    moved = any(item.outcome == "succeeded" and not _is_of(item, place) for item in past)
    now = f"was made for {place.account_id} {place.region}, where {place.name} is now"
    error = ConfigurationError(
        f"rollback of {name} in {place.name}",
        f"no {wanted} of it {now if moved else 'has run there successfully'}",
        hint=advice("`{}` shows what ran there", unit_call("history", name, place.name)),
    )
    return Broken(project=name, error=error)
