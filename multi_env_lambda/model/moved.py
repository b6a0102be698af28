"""An environment that is somewhere else by now: what runs in the old place is nothing that a deploy may forget."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Record
from multi_env_lambda.wording import advice, unit_call

__all__ = ["moved", "place_of"]


def moved(record: Record | None, place: Environment) -> tuple[str, str] | None:
    """What is wrong and what to do, if the record says that the unit runs in another account or region.

    Two stacks of one unit would take the same schedules and messages, and the old one would never be mentioned again.
    What 0.1.1 deployed does not say where.
    """
    running = None if record is None else record.running
    if running is None or not running.account_id:
        return None
    there, here = (running.account_id, running.region), (place.account_id, place.region)
    if there == here:
        return None
    what = (
        f"{running.version} runs in {there[1]} of account {there[0]} ({running.stack_id or 'by its record'}), "
        f"the table says {here[1]} of account {here[0]}"
    )
    assert record is not None
    hint = advice(
        "`{}` deletes it in the old place, then deploy; or write the old place into the table again, and give the new "
        "one an environment of its own",
        unit_call("destroy", record.project, place.name),
    )
    return what, hint


def place_of(record: Record, place: Environment) -> Environment:
    """Where the unit is: by its record, if that is not where the table says. One gets in as into the environment."""
    if moved(record, place) is None:
        return place
    assert record.running is not None
    return attrs.evolve(place, account_id=record.running.account_id, region=record.running.region)
