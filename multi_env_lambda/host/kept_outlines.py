"""What this machine has read in the units' tables before, so that a table that is the same is not read again.

It is known by the bytes of the table and by everything else that decides what they mean (``stamp``). A file that is
damaged, cut, or of another version is as if there were none. There is no setting in it: those are always read from the
table itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.model.outline import Claims, Outline, ValueRead

__all__ = ["KeptOutlines", "read_kept", "write_kept"]

_FORMAT = "2"
_UNUSABLE = (TypeError, ValueError, KeyError, AttributeError, RecursionError)


@attrs.frozen
class KeptOutlines:
    """``sound`` is the digest of the tables whose units fit together. The rest is decoded as it is asked for."""

    sound: str = ""
    _outlines: Mapping[str, Any] = attrs.field(factory=dict)
    _claims: bytes = b""
    _stamp: str = ""

    def outline(self, folder: str, table: str) -> Outline | None:
        """That of a folder whose table has this SHA-256; None: it is not known."""
        match self._outlines.get(folder):
            case [str(known), str(name), [*needs], [*shared], str(runtime), str(architecture), str(layer_of)] if (
                known == table
            ):
                return Outline(
                    name=name,
                    folder=folder,
                    needs=tuple(needs),
                    shared=tuple(shared),
                    runtime=runtime,
                    architecture=architecture,
                    layer_of=layer_of,
                )
            case _:
                return None

    def claims(self, tables: Mapping[str, str]) -> Mapping[str, Claims]:
        """Those of these folders, by the SHA-256 of their tables, that are known."""
        kept = _unsealed(self._claims, self._stamp)
        try:
            return {
                folder: _decoded(folder, kept[folder][1:])
                for folder, table in tables.items()
                if folder in kept and kept[folder][0] == table
            }
        except _UNUSABLE:
            return {}


def read_kept(path: Path, stamp: str) -> KeptOutlines:
    """What was written under the same stamp."""
    try:
        first, _, claims = path.read_bytes().partition(b"\n")
    except OSError:
        return KeptOutlines()
    kept = _unsealed(first, stamp)
    match kept:
        case {"sound": str(sound), "units": dict(outlines)}:
            return KeptOutlines(sound, outlines, claims, stamp)
        case _:
            return KeptOutlines()


def write_kept(
    path: Path,
    stamp: str,
    tables: Mapping[str, str],
    outlines: Mapping[str, Outline],
    claims: Mapping[str, Claims],
    sound: str,
) -> None:
    """Keep the units in ``tables`` (folder -> SHA-256). A folder that cannot be written to keeps nothing."""
    short = {folder: [table, *_outline(outlines[folder])] for folder, table in tables.items()}
    long = {folder: [table, *_encoded(claims[folder])] for folder, table in tables.items()}
    with suppress(OSError):
        write_atomically(path, _sealed({"sound": sound, "units": short}, stamp) + b"\n" + _sealed(long, stamp))


def _outline(outline: Outline) -> list[Any]:
    return [outline.name, outline.needs, outline.shared, outline.runtime, outline.architecture, outline.layer_of]


def _encoded(claims: Claims) -> list[Any]:
    reads = [[read.environment, read.place, read.unit, read.parameter] for read in claims.reads]
    layer = [claims.runtime, claims.architecture, claims.layer_of, claims.lends, claims.has_jobs]
    return [claims.name, claims.needs, claims.made, claims.parameters, reads, layer]


def _decoded(folder: str, kept: list[Any]) -> Claims:
    name, needs, made, parameters, reads, (runtime, architecture, layer_of, lends, has_jobs) = kept
    return Claims(
        name=name,
        folder=folder,
        needs=tuple(needs),
        made={place: tuple((kind, each) for kind, each in names) for place, names in made.items()},
        parameters={place: tuple(keys) for place, keys in parameters.items()},
        reads=tuple(ValueRead(environment=one, place=at, unit=unit, parameter=key) for one, at, unit, key in reads),
        runtime=runtime,
        architecture=architecture,
        layer_of=layer_of,
        lends=lends,
        has_jobs=has_jobs,
    )


def _sealed(value: Any, stamp: str) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    return _seal(body, stamp) + b" " + body


def _unsealed(line: bytes, stamp: str) -> Any:
    """What was sealed under this stamp; else an empty table."""
    seal, _, body = line.partition(b" ")
    try:
        return json.loads(body) if seal == _seal(body, stamp) else {}
    except (ValueError, RecursionError):
        return {}


def _seal(body: bytes, stamp: str) -> bytes:
    return sha256(f"{_FORMAT} {stamp}\n".encode() + body).hexdigest().encode("ascii")
