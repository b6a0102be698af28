"""Freezes: read them where something may change, write one, lift one. A hold of a rollback is lifted here as well.

One object per environment, changed by conditional writes. What cannot be read freezes the environment: somebody wanted
something, and it is unknown what.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import Busy, ConfigurationError, DocumentError, MultiEnvLambdaError, SessionEnded
from multi_env_lambda.flow.identity import confirm
from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes, read_freezes, time_of
from multi_env_lambda.model.reading import no_such_unit

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Record
    from multi_env_lambda.world import World

__all__ = ["TRIES", "freeze", "freezes_of", "holds_of", "unfreeze"]

TRIES = 5
"""How often to retry when others write the same small object in between."""


def freezes_of(world: World, environment: str, *, again: bool = False) -> tuple[Freeze, ...]:
    """Those in force. One GET, and none if the last listing has shown that there are none.

    Args:
        again: the object may have appeared since that listing.
    """
    key = freeze_key(environment)
    if not again and world.ledger.shows_no(environment, key):
        return ()
    try:
        stored = world.store.get(key)
        found = () if stored is None else read_freezes(stored.body, where=key)
    except SessionEnded:
        raise
    except MultiEnvLambdaError as error:
        logging.getLogger(__name__).warning("%s", error)
        return (_unknown(environment),)
    return tuple(one for one in found if not one.is_over(world.store.now())) if found else ()


def holds_of(environment: str, records: Mapping[str, Record]) -> tuple[Freeze, ...]:
    """What rollbacks hold there, as freezes of units."""
    return tuple(
        Freeze(
            environment=environment,
            unit=unit,
            who=record.hold.who,
            when=record.hold.when,
            reason=record.hold.reason,
            kind="hold",
        )
        for unit, record in sorted(records.items())
        if record.hold is not None
    )


def freeze(
    world: World, environment: str, units: tuple[str, ...], *, reason: str, until: str = ""
) -> tuple[Freeze, ...]:
    """Freeze the units there, or the whole environment. Freezing again replaces reason and time.

    Raises:
        ConfigurationError: no reason is given, there is no such unit, ``until`` is no time to come, or the bucket
            belongs to another workspace.
        Busy: others keep writing the object.
    """
    if not reason.strip():
        raise ConfigurationError("freeze", "no reason is given", hint="say why; everybody who is stopped reads it")
    _must_exist(world, environment, units)
    confirm(world)
    ends, writer = time_of(until, world.store.now()), world.platform.writer()
    made = tuple(
        Freeze(environment=environment, unit=unit, who=writer.arn, when=world.now(), reason=reason, until=ends)
        for unit in units or ("",)
    )
    names = {one.unit for one in made}
    _changed(world, environment, lambda found: (*(one for one in found if one.unit not in names), *made))
    return made


def unfreeze(world: World, environment: str, units: tuple[str, ...]) -> tuple[Freeze, ...]:
    """Lift the freeze of the environment, or freezes and holds of the units. Returns what was lifted.

    Raises:
        ConfigurationError: there is no such unit, or the bucket belongs to another workspace.
        Busy: others keep writing the object, or somebody is deploying the unit.
        DocumentError: the object cannot be read, so it is unknown what holds a unit; lift it for the environment.
    """
    _must_exist(world, environment, units)
    confirm(world)
    names = set(units or ("",))
    before = _changed(
        world, environment, lambda found: tuple(one for one in found if one.unit not in names), whole=not units
    )
    lifted = tuple(one for one in before if one.unit in names and not one.is_over(world.store.now()))
    return (*lifted, *(one for unit in units for one in _lift_hold(world, environment, unit)))


def _lift_hold(world: World, environment: str, unit: str) -> tuple[Freeze, ...]:
    """Under the lease, since the hold is part of the record."""
    records = world.ledger.read_one(environment, unit)
    if unit in records.unreadable:
        raise records.unreadable[unit]
    found = holds_of(environment, records.records)
    if found:
        from multi_env_lambda.flow.hold import hold

        with hold(world, environment, unit, running=records.records[unit].release) as held:
            held.finish(attrs.evolve(held.record, hold=None, unsure=held.unsure))
    return found


def _must_exist(world: World, environment: str, units: tuple[str, ...]) -> None:
    known = set(world.unit_names) | (world.ledger.records(environment).keys() if units else set())
    for unit in units:
        if unit not in known:
            raise no_such_unit(unit, known)


def _changed(
    world: World,
    environment: str,
    change: Callable[[tuple[Freeze, ...]], tuple[Freeze, ...]],
    *,
    whole: bool = False,
) -> tuple[Freeze, ...]:
    """Rewrite the object unless nothing changes; what it had before."""
    key = freeze_key(environment)
    for _ in range(TRIES):
        stored = world.store.get(key)
        before = () if stored is None else _read(environment, stored.body, whole=whole)
        after = change(before)
        if after == before:
            return before
        body = freezes_to_bytes(one for one in after if not one.is_over(world.store.now()))
        if _write(world, key, body, None if stored is None else stored.etag):
            return before
    raise Busy(key, "others keep writing it", hint="run the same command again")


def _write(world: World, key: str, body: bytes, etag: str | None) -> bool:
    if etag is None:
        return world.store.put_new(key, body) is not None
    return world.store.replace(key, body, etag=etag) is not None


def _read(environment: str, body: bytes, *, whole: bool) -> tuple[Freeze, ...]:
    """What is frozen; ``whole``: it may be given up as a whole, so junk is one freeze."""
    try:
        return read_freezes(body, where=freeze_key(environment))
    except DocumentError:
        if not whole:
            raise
        return (_unknown(environment),)


def _unknown(environment: str) -> Freeze:
    return Freeze(environment=environment, who="somebody", reason=f"{freeze_key(environment)} cannot be read")
