"""The bundle of handles that a run may touch. Production builds it once in ``workspace.py``, tests build one in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import attrs

from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.host.git import Snapshot
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.affected import Inputs

__all__ = ["Event", "Invocation", "Made", "Maker", "Platform", "StackOutcome", "StackRequest", "Upload", "World"]

Phase = Literal["publish", "deploy", "check", "shift", "record", "done", "failed", "skipped", "unchanged"]


@attrs.frozen(kw_only=True)
class Event:
    """Something that a person would like to see while it happens."""

    project: str
    environment: str
    phase: Phase
    text: str = ""


@attrs.frozen(kw_only=True)
class StackRequest:
    """One stack as it should be.

    ``token`` is unique to this run and unit; ``template_url`` serves templates that are too large to be sent;
    ``before_execute`` is called right before the change set is executed, and may raise.
    """

    name: str
    template: str
    template_url: str
    token: str
    tags: Mapping[str, str]
    before_execute: Callable[[], None]
    deadline_seconds: float = 3600.0


@attrs.frozen(kw_only=True)
class StackOutcome:
    """How it ended; failures are errors, not values."""

    stack_id: str
    changed: bool
    outputs: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Invocation:
    """One answer of a function. ``error`` is the function's own error; ``log_tail`` the last 4 KB of its log."""

    payload: bytes
    error: str | None
    log_tail: str
    version: str


class Platform(Protocol):
    """What is done in an environment's account."""

    def verify(self, environment: Environment) -> None: ...

    def deploy(self, environment: Environment, request: StackRequest, say: Callable[[str], None]) -> StackOutcome: ...

    def delete(self, environment: Environment, stack_name: str, token: str, say: Callable[[str], None]) -> None: ...

    def code_sha256(self, environment: Environment, function_name: str) -> str: ...

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation: ...

    def outputs(self, environment: Environment, stack_name: str) -> Mapping[str, str]: ...

    def caller(self) -> str: ...


@attrs.frozen(kw_only=True)
class Upload:
    """One object to be published: a file of this machine, or bytes."""

    key: str
    content: Path | bytes
    metadata: Mapping[str, str] = attrs.field(factory=dict)

    def read(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@attrs.frozen(kw_only=True)
class Made:
    """A release as it was just made from the work tree. ``uploads`` are in the order in which they must be written."""

    release: Release
    templates: Mapping[str, str]
    uploads: tuple[Upload, ...]


class Maker(Protocol):
    """What turns folders into releases: the real one runs git and uv, a test's gives values."""

    def snapshot(self, paths: Sequence[str]) -> Snapshot: ...

    def make(self, project: Project, inputs: Inputs, published: Published) -> Made: ...

    def forget(self, inputs: Inputs) -> None: ...


@attrs.frozen(kw_only=True)
class World:
    """Everything outside the process. ``reported`` is called from several threads; ``now`` gives ISO 8601 in UTC."""

    config: WorkspaceConfig
    projects: tuple[Project, ...]
    store: ObjectStore
    ledger: Ledger
    platform: Platform
    maker: Maker
    cache: Path
    library: str
    holder: Callable[[], Holder]
    holder_is_dead: Callable[[Holder], bool]
    reported: Callable[[Event], None]
    now: Callable[[], str]
