"""How a failed attempt is recorded, so that the next plan knows what it ran into."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed, MultiEnvLambdaError, Refused, StackError
from multi_env_lambda.model.record import Deployment, Loss, Outcome, PhysicalResource, Record
from multi_env_lambda.plan.imports import known_of, strangers
from multi_env_lambda.wording import REPAIR_IT, Advice, in_python, unit_call

__all__ = ["losses_of", "name_the_unit", "not_put_back", "put_back_error", "record_failure"]


def record_failure(
    held: HeldLease,
    entry: Deployment,
    error: MultiEnvLambdaError,
    seconds: float,
    unknown: Callable[[Iterable[PhysicalResource]], tuple[PhysicalResource, ...]],
) -> None:
    """Record how an attempt failed, and release the lease; what ran before is still recorded as running.

    ``unknown`` returns, of the resources that were met, those that are not ours.
    """
    went_back = isinstance(error, CheckFailed) and held.record.release not in (None, entry.release)
    outcome: Outcome = "went back" if went_back else "failed"
    detail = f"{error.where}: {error.what}"
    left = error.left if isinstance(error, CheckFailed) else ()
    moving = held.record.latest if held.record.is_moving_to(entry.release) else None
    latest = attrs.evolve(
        entry,
        outcome=outcome,
        detail=detail,
        seconds=round(seconds, 3),
        left=tuple(dict.fromkeys((*known_of(held.record), *_resources(left)))),
        taken=_met(held.record, error, unknown),
        losses=losses_of(error),
        alarms=() if moving is None else moving.alarms,
    )
    # Once it is certain what runs, it is a release.
    sent = None if held.unsure is None else held.record.unreleased
    held.finish(attrs.evolve(held.record, latest=latest, unsure=held.unsure, unreleased=sent))


def _met(
    record: Record,
    error: MultiEnvLambdaError,
    unknown: Callable[[Iterable[PhysicalResource]], tuple[PhysicalResource, ...]],
) -> tuple[PhysicalResource, ...]:
    """What earlier attempts ran into and none brought in, then what this one did: all of it is asked about at once."""
    met = (*record.met, *_resources(error.taken if isinstance(error, StackError) else ()))
    try:
        return tuple(dict.fromkeys(unknown(met)))
    except MultiEnvLambdaError:  # the attempt's own error is raised, and recorded with what is already known
        return tuple(dict.fromkeys(strangers(met, record)))


def _resources(named: Iterable[tuple[str, str, str]]) -> tuple[PhysicalResource, ...]:
    """As errors carry them: logical id, type and physical id."""
    return tuple(PhysicalResource(logical_id=name, type=kind, physical_id=id_) for name, kind, id_ in named)


def put_back_error(
    failure: CheckFailed, said: str, left: tuple[PhysicalResource, ...], trouble: CheckFailed | None
) -> CheckFailed:
    """The error of a release that failed its checks, after ``said`` was done.

    ``left`` stays in the account; ``trouble`` is what was not restored.
    """
    stays = "".join(
        f"\n{item.logical_id} ({item.type} {item.physical_id}) came with it and stays; the next release "
        "that has it brings it in again"
        for item in left
    )
    but = f", but {trouble.where}: {trouble.what}" if trouble else ""
    found = CheckFailed(failure.where, f"{failure.what}\n{said}{but}{stays}", hint=(trouble or failure).hint)
    found.left = tuple((item.logical_id, item.type, item.physical_id) for item in left)
    return found


def name_the_unit(error: MultiEnvLambdaError, project: str, environment: str) -> None:
    """CloudFormation's and Lambda's errors know neither unit nor environment; the command in their hint needs both."""
    named = unit_call("repair", project, environment)
    python = in_python(error.hint).replace(REPAIR_IT.python, named.python)
    error.hint = Advice(error.hint.replace(REPAIR_IT, named), python)


def losses_of(error: MultiEnvLambdaError) -> tuple[Loss, ...]:
    """What holds data, would have been lost, and nobody had agreed to lose."""
    found = error.losses if isinstance(error, Refused) else ()
    return tuple(Loss(logical_id=name, type=kind, physical_id=id_, fate=fate) for name, kind, id_, fate in found)


def not_put_back(failure: CheckFailed, stays: Refused, where: str) -> Refused:
    """The error of a release that failed its checks and still runs, since rolling it back would lose data."""
    found = Refused(failure.where, f"{failure.what}\n{where}: {stays.what}", hint=stays.hint)
    found.losses = stays.losses
    return found
