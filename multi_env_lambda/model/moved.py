"""An environment that moved: a deploy must not forget what still runs in its old account or region."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Record
from multi_env_lambda.wording import advice, unit_call

__all__ = ["moved", "place_of"]


def moved(record: Record | None, environment: Environment) -> tuple[str, str] | None:
    """What is wrong and what to do, if the record says that the unit runs in another account or region.

    Two stacks of one unit would handle the same schedules and messages, and the old one would never be mentioned again.
    Records of 0.1.1 do not say where.
    """
    running = None if record is None else record.running
    if running is None or not running.account_id:
        return None
    there, here = (running.account_id, running.region), (environment.account_id, environment.region)
    if there == here:
        return None
    what = (
        f"{running.version} runs in {there[1]} of account {there[0]} ({running.stack_id or 'by its record'}), "
        f"but the table says {here[1]} of account {here[0]}"
    )
    assert record is not None
    hint = advice(
        "`{}` deletes it there, then deploy; or restore the old account and region in the table, and add an "
        "environment for the new ones",
        unit_call("destroy", record.project, environment.name),
    )
    return what, hint


def place_of(record: Record, environment: Environment) -> Environment:
    """Where the unit is by its record, if the table says something else; with the access of the environment."""
    if moved(record, environment) is None:
        return environment
    assert record.running is not None
    return attrs.evolve(environment, account_id=record.running.account_id, region=record.running.region)
