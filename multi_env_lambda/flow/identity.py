"""Which workspace this is: an id, made once, that stands in the root table and in the bucket.

Two repositories that mean one bucket by mistake, or one unit name in one account, are told apart by it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

import attrs

from multi_env_lambda.aws.kept import Kept
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure
from multi_env_lambda.model.record import Record
from multi_env_lambda.world import World

__all__ = ["WORKSPACE_KEY", "advice", "confirm", "find_id", "identified", "new_id", "of_another", "settle_id", "told"]

WORKSPACE_KEY = "workspace.json"
"""The object of the bucket that says whose bucket it is; written once."""


@attrs.frozen(kw_only=True)
class _Document:
    id: str


def new_id() -> str:
    """A word for a workspace that has none: 48 bits, so that no two of an organisation are ever the same."""
    return secrets.token_hex(6)


def find_id(world: World, records: Iterable[Record]) -> str:
    """The id of the workspace, or nothing where neither the table nor the bucket has one. Nothing is written.

    Costs nothing once a record was read that carries the id; before that one GET, once per machine. Where a record has
    another workspace's, the bucket is asked.

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
    """Ask the bucket itself whose it is, before anything is changed by what lies in it. One GET.

    What this machine has kept, and what single records say, may be of a time when the bucket was this workspace's.

    Raises:
        ConfigurationError: the table says one id, the bucket another.
    """
    _agree(world, _ask(world))


def told(world: World) -> str:
    """What somebody who only reads has to hear of the bucket; empty where it is this workspace's. One GET."""
    try:
        confirm(world)
    except MultiEnvLambdaError as error:
        return f"{error.where}: {error.what}\nhint: {error.hint}"
    return ""


def of_another(record: Record, id: str) -> ConfigurationError | None:
    """Why nothing is taken from a record that another workspace wrote into this bucket."""
    if record.workspace in ("", id) or not id:
        return None
    where = f"{record.project} in {record.environment}"
    what = f'its record is of the workspace "{record.workspace}", this one is "{id}"'
    hint = f"see `history {record.project} {record.environment}`; deploying it there anew makes the record this one's"
    return ConfigurationError(where, what, hint=hint)


def settle_id(world: World, records: Iterable[Record]) -> str:
    """As ``find_id``; where the bucket has no id, it gets the table's, or a new one.

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
    # Somebody else was first; whose the stacks are is looked at before each change anyway.
    there = _ask(world)
    _agree(world, there)
    return there or found


def identified(world: World, id: str) -> World:
    """The same world, whose configuration knows the id, wherever that was found."""
    return attrs.evolve(world, config=attrs.evolve(world.config, id=id)) if id != world.config.id else world


def advice(world: World) -> str:
    """What a person should write where only the bucket knows the id; empty where there is nothing to say."""
    found = "" if world.config.id else _kept(world)
    where = "[tool.multi_env_lambda] of the root pyproject.toml (begin that table, if there is none)"
    return f'write `id = "{found}"` into {where}' if found else ""


def _ask(world: World) -> str:
    """What the bucket says; empty where it says nothing."""
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
    """Whose a bucket is whose own object is gone, by what its records say."""
    return table if table in recorded else min(recorded, default="")


def _agree(world: World, bucket: str) -> None:
    if world.config.id and bucket not in ("", world.config.id):
        what = f'the root pyproject.toml says id = "{world.config.id}", the bucket says "{bucket}"'
        hint = "is `bucket` the one of this repository? Two repositories cannot share one; else write the bucket's id"
        raise ConfigurationError(_where(world), what, hint=hint)


def _kept(world: World) -> str:
    """What this machine has seen the bucket say. It never changes as long as the bucket is the same one."""
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
