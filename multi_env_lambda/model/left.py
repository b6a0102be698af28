"""An environment that was removed from the table, as its records in the bucket describe it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.wording import advice, unit_call

__all__ = ["left_environment", "left_line"]


def left_environment(config: WorkspaceConfig, name: str, records: Iterable[Record]) -> Environment | None:
    """Where it is: account and region from its newest record, with the same kind of access as the first of the table.

    None if no record says where that was: records of 0.1.1 do not.
    """
    past = [entry for record in records for entry in (record.running, record.latest) if entry is not None]
    newest = max((entry for entry in past if entry.account_id), key=lambda entry: entry.when, default=None)
    if newest is None:
        return None
    known = next((item for item in config.environments if item.account_id == newest.account_id), config.environments[0])
    return attrs.evolve(
        known,
        name=name,
        role_name=_role_name(known, name),
        account_id=newest.account_id,
        region=newest.region,
        position=len(config.environments),
        approval=False,
        releases_only=False,
        protect=False,
        stage="",
    )


def _role_name(known: Environment, name: str) -> str:
    """The roles of an environment have its name in theirs."""
    made = (known.role_for("deploy"), known.role_for("read")) if known.prefix else ()
    return known.role_name.replace(f"-{known.name}-", f"-{name}-") if known.role_name in made else known.role_name


def left_line(environment: Environment, records: Iterable[Record]) -> str:
    """What still runs there, and how to remove it; empty if nothing does."""
    running = sorted((record.project, record.running.version) for record in records if record.running is not None)
    if not running:
        return ""
    units = ", ".join(f"{project} {version}" for project, version in running)
    verb = "runs" if len(running) == 1 else "run"
    where = (
        f"! {environment.name} left the table: {units} still {verb} in {environment.account_id} {environment.region}"
    )
    return advice("{}; `{}` removes a unit", where, unit_call("destroy", "UNIT", environment.name))
