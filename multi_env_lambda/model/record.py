"""What is deployed in (project, environment): which release, from which inputs, by whom, when, and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import attrs

from multi_env_lambda.masking import masked
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, in_lines, is_junk, is_plain, read_document, structure, unknown_keys
from multi_env_lambda.model.record_of_1 import from_1, shift_of_1
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.unreleased import Unreleased

__all__ = [
    "REVIEWED",
    "WITNESSED",
    "approvals_folder",
    "Action",
    "Deployment",
    "Hold",
    "Holder",
    "LayerReceipt",
    "Loss",
    "ObjectReceipt",
    "Outcome",
    "PhysicalResource",
    "Record",
    "RolledBack",
    "current_key",
    "current_prefix",
    "environment_folder",
    "history_key",
    "read_history",
    "summary_key",
]

Action = Literal["deploy", "promote", "rollback", "repair", "destroy"]
Outcome = Literal["succeeded", "failed", "went back", "destroyed", "shifting"]


def environment_folder(environment: str) -> str:
    """Everything that the bucket has about an environment; a bucket policy can separate environments by it."""
    return f"environments/{environment}/"


def current_prefix(environment: str) -> str:
    """The prefix of all records and of their summary: one LIST sees every change."""
    return f"{environment_folder(environment)}current"


WITNESSED = "witness"
"""Ends the key of an approval that was given in CodePipeline. What people write ends in their own user id, which always
has a colon in a role; so only the witness's role may write this one."""

REVIEWED = "github"
"""The same for one that a reviewer gave at GitHub: only the role of that environment's job may write it."""


def approvals_folder(environment: str) -> str:
    """All that was ever agreed to for an environment."""
    return f"{environment_folder(environment)}approvals/"


def summary_key(environment: str) -> str:
    """One object that repeats all records of an environment, so that a fresh machine need not fetch each."""
    return f"{current_prefix(environment)}.json.gz"


def current_key(environment: str, project: str) -> str:
    """The object that holds the current state of a unit."""
    return f"{current_prefix(environment)}/{project}.json"


def history_key(environment: str, project: str = "", sequence: int | None = None) -> str:
    """One object per past deployment, never changed; without a sequence or a project, the prefix of all of them."""
    prefix = f"{environment_folder(environment)}history/" + (f"{project}/" if project else "")
    return prefix if sequence is None else f"{prefix}{sequence:08d}.json"


@attrs.frozen(kw_only=True)
class ObjectReceipt:
    """An object as it was compared and passed to AWS: only S3 knows its version, and only after the upload."""

    key: str
    sha256: str
    version_id: str


@attrs.frozen(kw_only=True)
class LayerReceipt:
    """A layer version that a function was seen to use; the content of its ARN never changes."""

    arn: str
    sha256: str


_LONG = ("detail", "inputs", "reason")
"""Fields of a deployment that may have several lines: ``in_lines``."""

_LOCAL_ADDRESS = re.compile(r"^http://[^/]*")
"""AWS itself has ``https``."""


@attrs.frozen(kw_only=True)
class PhysicalResource:
    """Something that holds data, by its name in AWS; with it, what was lost can be recovered."""

    logical_id: str
    type: str
    physical_id: str

    @property
    def identity(self) -> str:
        """The name, without the port of the local cloud in a queue's address: it may change, and the queue stays."""
        return _LOCAL_ADDRESS.sub("http://", self.physical_id)


@attrs.frozen(kw_only=True)
class Loss:
    """Something that holds data, and what a stack change would do to it, as CloudFormation computed it.

    ``fate``: deleted, replaced, or perhaps replaced.
    """

    logical_id: str
    type: str
    physical_id: str
    fate: str


@shown_as_text
@attrs.frozen(kw_only=True)
class Deployment:
    """One attempt to change what runs, numbered from 1 in its (project, environment).

    Args:
        who, user_id: the ARN of the caller, and the id that IAM calls ``aws:userid``.
        made_by: the ARN of the person who brought these inputs; a repair, a rollback and a redeploy keep it.
        when, committed: ISO 8601 in UTC.
        inputs: the ids of everything that the release was built from: git tree ids, settings, the library's version.
        account_id, region: where it happened; empty in records of 0.1.1.
        step: how far a traffic shift has got, counted from 1; 0 if no traffic is being moved or about to be moved.
        alarms: those that were on before the traffic began to move, and have stayed on since.
        stack_id: the ARN of the stack.
        objects, layers: what was compared before and after the change.
        resources: its resources that hold data. left: earlier ones that were retained when they left the stack.
        taken: what it was to create, but existed already and is not known to be ours.
        losses: what holds data and would have been lost without anybody's consent; it was stopped before that.
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
    reason: str = attrs.field(default="", converter=masked)
    detail: str = attrs.field(default="", converter=masked)
    plan: str = ""
    approved: str = ""
    seconds: float = 0.0
    user_id: str = ""
    account_id: str = ""
    region: str = ""
    step: int = 0
    alarms: tuple[str, ...] = ()
    stack_id: str = ""
    template_sha256: str = ""
    objects: tuple[ObjectReceipt, ...] = ()
    layers: tuple[LayerReceipt, ...] = ()
    resources: tuple[PhysicalResource, ...] = ()
    left: tuple[PhysicalResource, ...] = ()
    taken: tuple[PhysicalResource, ...] = ()
    losses: tuple[Loss, ...] = ()
    made_by: str = ""

    @property
    def author(self) -> str:
        """The ARN of the person who brought the inputs; empty if an earlier version of this library recorded none."""
        return self.made_by or (self.who if self.action == "deploy" else "")

    @property
    def folder(self) -> str:
        """The folder that it was built from, the first of its inputs; empty if none was recorded."""
        return self.inputs[0][0] if self.inputs else ""

    def to_bytes(self) -> bytes:
        """An entry in the history."""
        return canonical_json({"format": FORMAT, **attrs.asdict(self)}).encode("ascii")

    def text(self) -> str:
        """Its line in the history."""
        from multi_env_lambda.show.history import deployments_table
        from multi_env_lambda.show.render import text_of

        return text_of(deployments_table([self]))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)


@attrs.frozen(kw_only=True)
class RolledBack:
    """A release that somebody rolled back in an environment; the next deploy of it asks first."""

    release: str
    version: str
    who: str
    when: str
    reason: str = attrs.field(default="", converter=masked)


@attrs.frozen(kw_only=True)
class Hold:
    """A person's decision that this unit stays as it is in this environment until somebody lifts the hold."""

    who: str
    when: str
    reason: str = attrs.field(default="", converter=masked)


@attrs.frozen(kw_only=True)
class Holder:
    """Who is changing this unit here right now. ``process`` says whether it is still alive, on the same machine.

    ``renewals`` counts signs of life, so that each has different content and a different ETag.
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

    Args:
        project, environment: the names of the unit and the environment.
        running: the last deployment that succeeded; None: there was none.
        latest: the last attempt, which differs from ``running`` after a failure.
        rolled_back, rolled_back_before: what was rolled back since the last step forward: last, and before that.
        holder: who is changing the unit here right now; None: nobody.
        fencing: a number that grows with every holder.
        unsure: the release of an attempt that has no known outcome yet; it may be deployed, or partly deployed.
        workspace: the id of the workspace that the stack belongs to.
        hold: keeps the unit as it is in this environment until somebody lifts it.
        unreleased: what ``deploy --watch`` sent.
        unknown: fields of a newer version of this library, written back unchanged.
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
    workspace: str = ""
    hold: Hold | None = None
    unreleased: Unreleased | None = None
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def met(self) -> tuple[PhysicalResource, ...]:
        """What the last attempts found under the template's names that could not be shown to be this unit's."""
        return () if self.latest is None else self.latest.taken

    @property
    def release(self) -> str | None:
        """The digest of the release that runs; None if nothing does."""
        return None if self.running is None else self.running.release

    @property
    def gone(self) -> bool:
        """Whether nothing of the unit is there: never deployed, or destroyed. A failed deploy may leave something."""
        return self.running is None and (self.latest is None or self.latest.outcome == "destroyed")

    @property
    def may_be_there(self) -> bool:
        """Whether something of the unit may be there: also where it is unknown how its first attempt ended."""
        return not self.gone or self.unsure is not None

    @property
    def taken_away(self) -> tuple[RolledBack, ...]:
        """Everything that was rolled back here since the last step forward, newest first."""
        return () if self.rolled_back is None else (self.rolled_back, *self.rolled_back_before)

    def next_sequence(self, release: str | None = None) -> int:
        """The number of the next attempt; one that is still moving traffic to this release keeps its own."""
        if self.latest is None:
            return 1
        return self.latest.sequence + (not self.is_moving_to(release))

    def is_moving_to(self, release: str | None) -> bool:
        """Whether the last attempt stopped while moving traffic to this release."""
        return self.latest is not None and self.latest.outcome == "shifting" and self.latest.release == release

    def after(self, past: Mapping[int, Deployment | None]) -> Record:
        """This record, numbered after an existing history of other deployments under the same numbers, if there is one.

        A record that somebody deleted by hand starts again at 1. An entry that cannot be read is None.
        """
        if self.latest is None or past.get(self.latest.sequence, self.latest) == self.latest:
            return self
        shift = max(past)
        running = self.running and attrs.evolve(self.running, sequence=self.running.sequence + shift)
        latest = attrs.evolve(self.latest, sequence=self.latest.sequence + shift)
        return attrs.evolve(self, running=running, latest=latest)

    def to_bytes(self) -> bytes:
        """The record as it is stored, including the fields of a newer version of this library."""
        document = attrs.asdict(self)
        del document["unknown"]
        unknown = {key: json.loads(text) for key, text in self.unknown}
        return canonical_json({**unknown, "format": FORMAT, **document}).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> Record:
        """Read a record of any format up to this version's; ``where`` is its key.

        Raises:
            UpgradeNeeded: it was written by a newer version of this library.
            DocumentError: it is not a record, or not the one that its key names.
        """
        document = read_document(body, where=where, kind="a record")
        older = document.get("format", 1) == 1
        document = from_1(document) if older else document
        record = _structured(document, where)
        if not is_plain(body) and (lines := in_lines(document, _LONG)) != document:
            record = _structured(lines, where)
        if current_key(record.environment, record.project) != where:
            raise is_junk(where, "a record", f"it is about {record.project} in {record.environment}")
        unknown = () if older else unknown_keys(cls, document)
        return attrs.evolve(record, unknown=unknown) if unknown else record


def _structured(document: dict[str, Any], where: str) -> Record:
    # What runs is nearly always the last attempt: of thousands of records, half need not be read.
    same = document.get("running") == document.get("latest")
    record = structure(
        Record, {**document, **({"latest": None} if same else {}), "unknown": []}, where=where, kind="a record"
    )
    for name, deployment in (("running", record.running), ("latest", record.latest)):
        _check(deployment, where, f"a record: {name}")
    return attrs.evolve(record, latest=record.running) if same else record


def read_history(body: bytes, *, where: str) -> Deployment:
    """An entry in the history.

    Raises:
        UpgradeNeeded: it was written by a newer version of this library.
        DocumentError: it is not such an entry.
    """
    document = read_document(body, where=where, kind="a deployment")
    if document.get("format", 1) == 1:
        document = shift_of_1(document)
    deployment = structure(Deployment, document, where=where, kind="a deployment")
    _check(deployment, where, "a deployment")
    return structure(Deployment, in_lines(document, _LONG), where=where, kind="a deployment")


def _check(deployment: Deployment | None, where: str, kind: str) -> None:
    """Refuse text that is not what the code computes with and shows everywhere: a time, a name of a release."""
    if deployment is None:
        return
    times = [("when", deployment.when), *([("committed", deployment.committed)] if deployment.committed else [])]
    for name, text in times:
        if not _is_time(text):
            raise is_junk(where, kind, f"{name}: found {text!r}; expected a time such as 2026-01-31T12:00:00Z"[:200])
    for name, text in (("version", deployment.version), ("release", deployment.release)):
        if not text.isprintable() or "/" in text:
            raise is_junk(where, kind, f"{name}: found {text!r}; expected a name"[:200])


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
