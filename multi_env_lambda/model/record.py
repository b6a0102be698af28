"""What is deployed in (project, environment): which release, from which inputs, who, when, how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.digest import canonical_json

__all__ = ["Action", "Deployment", "Holder", "Outcome", "Record", "RolledBack", "current_key", "history_key"]

FORMAT = 1

Action = Literal["deploy", "promote", "rollback", "destroy"]
Outcome = Literal["succeeded", "failed", "went back", "destroyed", "shifting"]


def current_key(environment: str, project: str = "") -> str:
    """The object that holds the current state; without a project, the prefix of them all: one LIST sees all changes."""
    return f"environments/{environment}/current/" + (f"{project}.json" if project else "")


def history_key(environment: str, project: str = "", sequence: int | None = None) -> str:
    """One object per past deployment, never changed; without a sequence, or a project, the prefix of them all."""
    prefix = f"environments/{environment}/history/" + (f"{project}/" if project else "")
    return prefix if sequence is None else f"{prefix}{sequence:08d}.json"


@attrs.frozen(kw_only=True)
class Deployment:
    """One attempt to change what runs, numbered from 1 in its (project, environment).

    ``inputs`` are the ids of all that the release was made from: git tree ids, settings, the library's version.
    ``when`` is ISO 8601 in UTC.
    """

    sequence: int
    action: Action
    outcome: Outcome
    release: str
    version: str
    layer: int | None
    who: str
    when: str
    commit: str
    committed: str = ""
    dirty: bool = False
    inputs: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    detail: str = ""
    plan: str = ""
    approved: str = ""
    seconds: float = 0.0


@attrs.frozen(kw_only=True)
class RolledBack:
    """A release that somebody took away from an environment; the next deploy of it asks first."""

    release: str
    version: str
    who: str
    when: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class Holder:
    """Who is changing this unit here right now. ``process`` tells on the same machine whether it still lives.

    ``renewals`` counts signs of life, so that each of them is another content with another ETag.
    """

    nonce: str
    who: str
    host: str
    process: str
    since: str
    fencing: int
    renewals: int = 0


@attrs.frozen(kw_only=True)
class Record:
    """The current state of one unit in one environment.

    ``running`` is the last deployment that succeeded, ``latest`` the last attempt; they differ after a failure.
    ``unsure`` is the release of an attempt that is under way or whose end nobody saw: what is there may be ``running``,
    this one, or something between. ``rolled_back_before`` are older ones that were taken away before ``rolled_back``.
    """

    project: str
    environment: str
    running: Deployment | None = None
    latest: Deployment | None = None
    rolled_back: RolledBack | None = None
    holder: Holder | None = None
    fencing: int = 0
    unsure: str | None = None
    rolled_back_before: tuple[RolledBack, ...] = ()

    @property
    def release(self) -> str | None:
        return None if self.running is None else self.running.release

    @property
    def gone(self) -> bool:
        """Whether nothing of the unit is there: never deployed, or destroyed. After a failed deploy there may be."""
        return self.running is None and (self.latest is None or self.latest.outcome == "destroyed")

    @property
    def taken_away(self) -> tuple[RolledBack, ...]:
        """Everything that was rolled back here since the last step forward, newest first."""
        return () if self.rolled_back is None else (self.rolled_back, *self.rolled_back_before)

    def next_sequence(self, release: str | None = None) -> int:
        """The number of the next attempt; one whose traffic still moves to this release goes on under its own."""
        if self.latest is None:
            return 1
        return self.latest.sequence + (not self.is_moving_to(release))

    def is_moving_to(self, release: str | None) -> bool:
        """Whether the last attempt stopped while it moved traffic to this release."""
        return self.latest is not None and self.latest.outcome == "shifting" and self.latest.release == release

    def to_bytes(self) -> bytes:
        return canonical_json({"format": FORMAT, **attrs.asdict(self)}).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> Record:
        """Read a record.

        Raises:
            PublishError: the record was written by a newer version of this library.
        """
        document = json.loads(body)
        if document.pop("format", None) != FORMAT:
            raise PublishError(where, f"the record has another format than {FORMAT}", hint="upgrade multi_env_lambda")
        return cls(
            project=document["project"],
            environment=document["environment"],
            running=read_deployment(document["running"]),
            latest=read_deployment(document["latest"]),
            rolled_back=None if document["rolled_back"] is None else RolledBack(**document["rolled_back"]),
            unsure=document.get("unsure"),
            rolled_back_before=tuple(RolledBack(**item) for item in document.get("rolled_back_before", ())),
            holder=None if document["holder"] is None else Holder(**document["holder"]),
            fencing=document["fencing"],
        )


def read_deployment(document: Mapping[str, Any] | None) -> Deployment | None:
    """A deployment as it lies in a record or in the history."""
    if document is None:
        return None
    return Deployment(**{**document, "inputs": tuple((name, id_) for name, id_ in document["inputs"])})
