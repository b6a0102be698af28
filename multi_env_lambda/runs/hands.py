"""What a run has in its hands: the repository, a way to open a work tree, and the proofs that a change is sound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import attrs

from multi_env_lambda.ci.standing import Standing, standing
from multi_env_lambda.host.branches import Ref
from multi_env_lambda.model.ancestry import Kin
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.runs.voice import Voice
from multi_env_lambda.world import World

__all__ = ["Hands", "Line", "Proofs", "Repository"]


class Repository(Protocol):
    """A clone, as ``host/branches.py`` has it; a test has one in memory."""

    def fetch(self) -> None: ...

    def heads(self) -> Mapping[str, Ref]: ...

    def tags(self) -> Mapping[str, Ref]: ...

    def head_now(self, branch: str) -> str: ...

    def request(self, number: int) -> str: ...

    def log(self, commit: str) -> Iterable[tuple[str, str]]: ...

    def author(self, commit: str) -> str: ...

    def file(self, commit: str, path: str) -> bytes | None: ...

    def has(self, tip: str, commit: str) -> bool: ...

    def kin(self, there: str, mine: str) -> Kin: ...

    def check_out(self, commit: str) -> Path: ...


class Proofs(Protocol):
    """What has to succeed before something is deployed."""

    def unit(self, root: Path, unit: Project) -> str:
        """The unit's own tests; what went wrong, empty if nothing did."""
        ...

    def environment(self, root: Path, command: tuple[str, ...], environment: str) -> str:
        """The workspace's command after an environment; what went wrong, empty if nothing did."""
        ...


@attrs.frozen(kw_only=True)
class Hands:
    """All that a run uses.

    Args:
        opens: opens the workspace in a work tree, with all that it connects to.
        opens_own: the same with the environment of a branch, by its name, as the only one.
        say: a line for people, at once.
        job, build: by which ids.
        voice: where to tell people something, by the table of the protected branch.
        requested: of a pull request whose branch is in this repository, and is known: number -> branch.
        spreads: whether builds for the cells of a stage are started beside this one; otherwise they are worked on here.
    """

    repository: Repository
    opens: Callable[[Path], World]
    opens_own: Callable[[Path, str], World]
    proofs: Proofs
    say: Callable[[str], None]
    job: str
    build: str
    voice: Callable[[WorkspaceConfig], Voice] = lambda _: Voice()
    requested: Mapping[int, str] = attrs.field(factory=dict)
    spreads: bool = False


@attrs.frozen(kw_only=True)
class Line:
    """The branch that a run stands for, as it was seen, and as it is by then.

    Args:
        head: where it stood when this run looked.
    """

    repository: Repository
    branch: str
    head: str
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False, eq=False)

    def standing(self, there: str, mine: str, *, first: bool) -> Standing:
        """What a run does about a unit that runs from the commit ``there``, if it brings ``mine``.

        Args:
            first: it comes from the work tree, not from the environment before.
        """
        with self._turn:  # fetching into one clone twice at once would fail
            kin = self.repository.kin(there, mine) if there else "ancestor"
            if kin == "ancestor":
                return "goes"
            now = self.repository.head_now(self.branch)
            if now and now != self.head:
                self.repository.fetch()
            kept = bool(now) and self.repository.has(now, there)
            return standing(kin, kept=kept, newest=now == self.head or not first)
