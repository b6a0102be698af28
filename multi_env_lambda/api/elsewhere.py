"""Where a unit runs, if that is not where the table says that its environment is: its record says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.moved import moved, place_of

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Record

__all__ = ["elsewhere", "record_of", "where_it_runs", "where_recorded"]


def where_it_runs(opened: Opened, project: str, place: Environment) -> Environment:
    """The environment as it is in the record; as in the table, if nothing of the unit runs or its record is unknown.

    Somebody who moves an environment in the table moves nothing that runs there.
    """
    return where_recorded(opened, project, place, record_of(opened, project, place))


def where_recorded(opened: Opened, project: str, place: Environment, record: Record | None) -> Environment:
    """The same by a record that has been read."""
    if record is None:
        return place
    there = place_of(record, place)
    if there is not place:
        opened.progress(
            f"{project} in {place.name} runs in {there.region} of account {there.account_id}, which is looked at; the "
            f"table says {place.region} of account {place.account_id}"
        )
    return there


def elsewhere(opened: Opened, project: str, place: Environment) -> tuple[str, str] | None:
    """What is wrong and what to do, if it runs in another account or region than the table says."""
    return moved(record_of(opened, project, place), place)


def record_of(opened: Opened, project: str, place: Environment) -> Record | None:
    """Its record; None if there is none, or the caller may not read it."""
    try:
        return opened.world.ledger.read_one(place.name, project).records.get(project)
    except MultiEnvLambdaError:  # may be called by a role that does not read the bucket
        return None
