"""Makes the copy of the records against which changes of strangers are planned. It reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs

from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.masking import masked
from multi_env_lambda.model.freeze import freeze_key
from multi_env_lambda.model.plan_copy import LARGEST_PACKED, CopiedObject, PlanCopy
from multi_env_lambda.model.published import index_key
from multi_env_lambda.model.record import Record, current_key
from multi_env_lambda.model.release import release_folder, template_key
from multi_env_lambda.model.rules import rules_key
from multi_env_lambda.model.summary import unpack
from multi_env_lambda.world import World

__all__ = ["copied"]

_WORKSPACE = "workspace.json"


def copied(world: World, commit: str) -> bytes:
    """The copy, as it is now.

    Args:
        commit: of the protected branch, which the workspace has checked out.

    Raises:
        DocumentError: it would be too large to be read back.
    """
    places = [place.name for place in world.config.environments]
    records = {place: world.ledger.records(place) for place in places}
    unreadable = [key for place in places for key in _unreadable(world, place)]
    found = {item.key: item for item in in_parallel(world.store.get, sorted({*_keys(world, records)})) if item}
    own = {
        current_key(place, name): _public(record).to_bytes()
        for place in places
        for name, record in records[place].items()
    }
    bodies = {**{key: item.body for key, item in found.items()}, **own}
    hidden = {key for key, body in bodies.items() if _is_secret(key, body)} | set(unreadable)
    records_of = {*own, *unreadable}
    devops = world.config.devops
    copy = PlanCopy(
        made=world.store.now(),
        commit=commit,
        bucket=devops.bucket,
        account_id=devops.account_id,
        region=devops.region,
        places=tuple((place.name, place.account_id) for place in world.config.environments),
        objects=tuple(
            CopiedObject(key=key, text=_shown(key, bodies, hidden).decode("latin-1"))
            for key in sorted({*bodies, *unreadable})
            if key not in hidden or key in records_of
        ),
        hidden=tuple(sorted(hidden - records_of)),
    )
    body = copy.to_bytes()
    if len(body) > LARGEST_PACKED:
        what = f"the copy of the records has {len(body)} bytes; {LARGEST_PACKED} can be read"
        raise DocumentError(
            "the copy of the records", what, hint='set `strangers = "ask"` in [tool.multi_env_lambda.ci]'
        )
    return body


def _keys(world: World, records: Mapping[str, Mapping[str, Record]]) -> Iterator[str]:
    yield _WORKSPACE
    for place, units in records.items():
        yield from (rules_key(place), freeze_key(place))
        for name, record in units.items():
            for release in _releases(record):
                yield f"{release_folder(name, release)}/manifest.json"
                yield from (template_key(name, release, each) for each in records)
    yield from (index_key(name) for name in world.store.folders("projects/"))


def _shown(key: str, bodies: Mapping[str, bytes], hidden: Collection[str]) -> bytes:
    """Of a record that is left out it has to be seen that there is one: its unit is not new, but cannot be planned."""
    return b"left out of the copy" if key in hidden else bodies[key]


def _releases(record: Record) -> Iterator[str]:
    yield from (one.release for one in (record.running, record.latest) if one is not None)


def _unreadable(world: World, place: str) -> Iterator[str]:
    """Records that exist and cannot be read: who plans has to hear of them, not to take the unit for new."""
    for name in world.ledger.read(place).unreadable:
        yield current_key(place, name)


def _public(record: Record) -> Record:
    """Without the machine and the process of the one who changes the unit right now."""
    if record.holder is None:
        return record
    return attrs.evolve(record, holder=attrs.evolve(record.holder, nonce="", host="elsewhere", process=""))


def _is_secret(key: str, body: bytes) -> bool:
    """Whether something in it looks like one: records and templates have none, and this makes sure of it."""
    try:
        text = str(unpack(body, where=key, kind="")) if key.endswith(".gz") else body.decode("utf-8")
    except (MultiEnvLambdaError, UnicodeDecodeError):
        return True
    return masked(text) != text
