"""The bundle of handles that a run may touch. ``api/opening.py`` builds the real one, tests build one in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import attrs

from multi_env_lambda.host.endings import Endings
from multi_env_lambda.host.parallel import UNITS_HERE
from multi_env_lambda.host.retrying import Retries
from multi_env_lambda.host.sent import Sent
from multi_env_lambda.model.units import Units, units_of

if TYPE_CHECKING:
    from multi_env_lambda.aws.account import Platform
    from multi_env_lambda.aws.ledger import Ledger
    from multi_env_lambda.host.git import Snapshot
    from multi_env_lambda.host.lineage import Asked
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.host.pace import Paces
    from multi_env_lambda.model.ancestry import Past
    from multi_env_lambda.model.broken import BrokenUnit
    from multi_env_lambda.model.environment import Devops
    from multi_env_lambda.model.plan import DeployStep
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.published import Published
    from multi_env_lambda.model.record import Holder, Record
    from multi_env_lambda.model.store import ObjectStore
    from multi_env_lambda.model.workspace import WorkspaceConfig
    from multi_env_lambda.plan.affected import Inputs

__all__ = ["Maker", "Phase", "ProgressEvent", "World"]

Phase = Literal[
    "publish",
    "deploy",
    "warning",
    "check",
    "shift",
    "record",
    "done",
    "failed",
    "under way",
    "skipped",
    "not begun",
    "unchanged",
]


@attrs.frozen(kw_only=True)
class ProgressEvent:
    """Progress that a person would like to see while it happens."""

    project: str
    environment: str
    phase: Phase
    text: str = ""


class Maker(Protocol):
    """Turns folders into releases: the real one runs git and uv, a test's returns values."""

    def snapshot(self, paths: Sequence[str]) -> Snapshot: ...

    def left_out(self, folders: Iterable[str]) -> frozenset[str]: ...

    def pasts(self, asked: Asked) -> Mapping[str, Past]:
        """How commits relate to the one that is checked out; see ``host/lineage.py``."""
        ...

    def restored(self, asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
        """Which of these ids each commit's history had before, by commit and path; see ``host/lineage.py``."""
        ...

    def committed(self) -> WorkspaceConfig | None:
        """The root table as committed; None if there is none yet.

        Raises:
            ConfigurationError, ToolError: it cannot be read.
        """
        ...

    def text(self, path: str) -> str:
        """The text of a file of the work tree, for messages that point into it; empty if it cannot be read."""
        ...

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease: ...

    def forget(self, inputs: Inputs) -> None: ...


@attrs.frozen(kw_only=True)
class World:
    """Everything outside the process. ``reported`` is called from several threads; ``now`` returns ISO 8601 in UTC.

    ``sent`` knows where the buckets have what several units depend on. ``said`` is called, from other threads too, with
    what has not ended after ``slow_seconds``.
    """

    config: WorkspaceConfig
    projects: Units = attrs.field(converter=units_of)
    store: ObjectStore
    ledger: Ledger
    platform: Platform
    maker: Maker
    cache: Path
    library: str
    holder: Callable[[], Holder]
    holder_is_dead: Callable[[Holder], bool]
    reported: Callable[[ProgressEvent], None]
    now: Callable[[], str]
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    retries: Retries = attrs.field(factory=Retries)
    endings: Endings = attrs.field(factory=Endings)
    sent: Sent = attrs.field(factory=Sent)
    said: Callable[[str], None] = lambda _: None
    slow_seconds: float = 60.0
    elsewhere: Callable[[Devops], ObjectStore] | None = None
    """The bucket of another region; None if there is no other."""

    workers: int = UNITS_HERE
    """Units of an environment that change at the same time."""

    paces: Paces | None = None
    """How fast they may begin, by account and region; None: as fast as there are workers."""

    may_go: Callable[[DeployStep, Record], None] = lambda step, record: None
    """Asked once the lease of a unit is held, before anything of it changes; raises where it stays as it is."""

    broken: tuple[BrokenUnit, ...] = ()
    """Units of the work tree that cannot be built; ``projects`` has the others."""

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The units of the work tree, broken or not."""
        return tuple(
            dict.fromkeys((*(unit.name for unit in self.projects.outlines), *(unit.name for unit in self.broken)))
        )

    def store_in(self, region: str) -> ObjectStore:
        """The bucket that environments of a region take artifacts from."""
        if region == self.config.devops.region or self.elsewhere is None:
            return self.store
        return self.elsewhere(self.config.devops.at(region))

    def tell(self, project: str, environment: str, phase: Phase, text: str = "") -> None:
        """Report what becomes of a unit in an environment."""
        self.reported(ProgressEvent(project=project, environment=environment, phase=phase, text=text))
