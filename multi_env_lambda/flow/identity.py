"""Which workspace this is: an id, created once, in the root table and in the bucket.

It tells apart two repositories that use one bucket by mistake, or one unit name in one account.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.aws.kept import Kept
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Record
    from multi_env_lambda.world import World

__all__ = ["WORKSPACE_KEY", "advice", "confirm", "find_id", "identified", "new_id", "of_another", "settle_id", "told"]

WORKSPACE_KEY = "workspace.json"
"""The object that says whose bucket it is; written once."""


@attrs.frozen(kw_only=True)
class _Document:
    id: str


def new_id() -> str:
    """An id for a workspace that has none: 48 bits, so that no two in an organisation are ever the same."""
    return secrets.token_hex(6)


def find_id(world: World, records: Iterable[Record]) -> str:
    """The id of the workspace, or nothing if neither the table nor the bucket has one. Nothing is written.

    Free once a record with the id has been read; before that one GET, once per machine. If a record has another
    workspace's id, the bucket is asked.

    Raises:
        ConfigurationError: the table says one id, the bucket another.
    """
    table, kept = world.config.id, _kept(world)
    recorded = {record.workspace for record in records} - {""}
    others = recorded - {table or kept}
    if recorded and not others:
        return table or kept
    bucket = kept if kept and table in ("", kept) and not others else _ask(world) or _spoken_for(recorded, table)
    _agree(world, bucket)
    return table or bucket


def confirm(world: World) -> None:
    """Ask the bucket itself whose it is, before its contents change anything. One GET.

    What this machine remembers, and what single records say, may date from when the bucket was this workspace's.

    Raises:
        ConfigurationError: the table says one id, the bucket another.
    """
    _agree(world, _ask(world))


def told(world: World) -> str:
    """What somebody who only reads must know about the bucket; empty if it is this workspace's. One GET."""
    try:
        confirm(world)
    except MultiEnvLambdaError as error:
        return f"{error.where}: {error.what}\nhint: {error.hint}"
    return ""


def of_another(record: Record, id: str) -> ConfigurationError | None:
    """Why nothing is used from a record that another workspace wrote into this bucket."""
    if record.workspace in ("", id) or not id:
        return None
    where = f"{record.project} in {record.environment}"
    what = f'its record belongs to workspace "{record.workspace}", this one is "{id}"'
    hint = f"see `history {record.project} {record.environment}`; deploying it there again claims the record"
    return ConfigurationError(where, what, hint=hint)


def settle_id(world: World, records: Iterable[Record]) -> str:
    """As ``find_id``; a bucket without an id gets the table's, or a new one.

    Raises:
        ConfigurationError: the table says one id, the bucket another.
    """
    known = list(records)
    found = find_id(world, known) or new_id()
    if found in {record.workspace for record in known}:
        return found
    body = canonical_json({"format": FORMAT, "id": found}).encode("ascii")
    if world.store.put_new(WORKSPACE_KEY, body) is not None:
        _keep(world, "", body)
        return found
    # Somebody else was first; the stacks' owner is checked before each change anyway.
    there = _ask(world)
    _agree(world, there)
    return there or found


def identified(world: World, id: str) -> World:
    """The same world, with the id in its configuration, wherever that was found."""
    return attrs.evolve(world, config=attrs.evolve(world.config, id=id)) if id != world.config.id else world


def advice(world: World) -> str:
    """What a person should write if only the bucket knows the id; empty if there is nothing to say."""
    found = "" if world.config.id else _kept(world)
    where = "[tool.multi_env_lambda] of the root pyproject.toml (create the table if it is missing)"
    return f'write `id = "{found}"` into {where}' if found else ""


def _ask(world: World) -> str:
    """What the bucket says; empty if it says nothing."""
    stored = world.store.get(WORKSPACE_KEY)
    if stored is None:
        return ""
    found = _read(stored.body)
    _keep(world, stored.etag, stored.body)
    return found


def _read(body: bytes) -> str:
    document = read_document(body, where=WORKSPACE_KEY, kind="a workspace")
    return structure(_Document, document, where=WORKSPACE_KEY, kind="a workspace").id


def _spoken_for(recorded: set[str], table: str) -> str:
    """Whose the bucket is if its own object is gone, according to its records."""
    return table if table in recorded else min(recorded, default="")


def _agree(world: World, bucket: str) -> None:
    if world.config.id and bucket not in ("", world.config.id):
        what = f'the root pyproject.toml says id = "{world.config.id}", the bucket says "{bucket}"'
        hint = (
            "is `bucket` the one of this repository? Two repositories cannot share one; if it is, write the bucket's id"
        )
        raise ConfigurationError(_where(world), what, hint=hint)


def _kept(world: World) -> str:
    """What the bucket has said to this machine. It never changes while the bucket is the same."""
    seen = _cache(world.cache).recall(_cached(world))
    return "" if seen is None else _read(seen.body)


def _keep(world: World, etag: str, body: bytes) -> None:
    _cache(world.cache).keep(_cached(world), etag, body)


def _cache(folder: Path) -> Kept:
    return Kept(folder / "workspaces")


def _cached(world: World) -> str:
    return f"{world.config.devops.bucket}.json"


def _where(world: World) -> str:
    return f"s3://{world.config.devops.bucket}/{WORKSPACE_KEY}"
