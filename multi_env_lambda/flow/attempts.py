"""Attempts that are not over: what they may have left besides what runs by the record."""

from __future__ import annotations

from contextlib import suppress

from multi_env_lambda.aws.index import read_release
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.record import Record
from multi_env_lambda.world import World

__all__ = ["attempted_codes", "attempts", "is_shifting"]


def is_shifting(record: Record) -> bool:
    """Whether the last attempt stopped while moving traffic, or is still moving it."""
    return record.latest is not None and record.latest.outcome == "shifting"


def attempts(record: Record, unsure: str | None) -> list[str]:
    """The releases of attempts that are not over. ``unsure``: the release of one whose end nobody saw."""
    shifting = record.latest.release if record.latest is not None and is_shifting(record) else ""
    return sorted({unsure or "", shifting} - {""})


def attempted_codes(world: World, record: Record, unsure: str | None) -> dict[str, str]:
    """The code that such attempts may have sent, as base64 SHA-256, and which version each is, where readable."""
    found: dict[str, str] = {}
    for digest in attempts(record, unsure):
        with suppress(MultiEnvLambdaError):
            release = read_release(world.store, world.cache, record.project, digest)
            found.update(dict.fromkeys(release.wheels.values(), release.version))
    return found
