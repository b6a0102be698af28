"""What people know already, beside what is wanted."""

from __future__ import annotations

from multi_env_lambda.ci.telling import Told
from multi_env_lambda.ci.wanted import FOLDER, place_of
from multi_env_lambda.errors import Busy, DocumentError
from multi_env_lambda.model.store import ObjectStore

__all__ = ["read_told", "told_place", "write_told"]

_TOLD = "ci/told/"


def told_place(key: str) -> str:
    """Where the bucket has what people know of a subject, under the name that its wish has."""
    return f"{_TOLD}{place_of(key).removeprefix(FOLDER)}"


def read_told(store: ObjectStore, key: str) -> Told:
    """What people know; nothing, if nothing is there, or something that cannot be read: then they hear it again."""
    place = told_place(key)
    there = store.get(place)
    try:
        return Told(key=key) if there is None else Told.from_bytes(there.body, key=key, where=place)
    except DocumentError:
        return Told(key=key)


def write_told(store: ObjectStore, told: Told) -> None:
    """Keep it. One run of a subject writes it at a time.

    Raises:
        Busy: somebody else wrote at the same moment; people may hear it again.
    """
    place, body = told_place(told.key), told.to_bytes()
    there = store.get(place)
    if told == Told(key=told.key) if there is None else there.body == body:
        return
    made = store.put_new(place, body) if there is None else store.replace(place, body, etag=there.etag)
    if made is None:
        raise Busy(place, "somebody else wrote it at the same moment", hint="the next look says it again")
