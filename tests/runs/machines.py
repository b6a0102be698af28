"""The machines of a town: a store at which others may come first, a remote, a clone for each build, its memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.host.branches import Ref
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.store import Stored
from multi_env_lambda.testing.memory_store import MemoryStore
from tests.runs.village import Proofs, Repository

__all__ = ["Clone", "Flaky", "MemoryLedger", "Remote", "Street"]


class Street(MemoryStore):
    """A store at which something else happens before a call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_left, self.meanwhile = 0, list[Callable[[], None]]()

    def _turn(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0 and self.meanwhile:
            self.meanwhile.pop()()

    def get(self, key: str) -> Stored | None:
        self._turn()
        return super().get(key)

    def put_new(self, key: str, body: bytes, metadata: Any = None) -> Any:
        self._turn()
        return super().put_new(key, body, metadata)

    def replace(self, key: str, body: bytes, *, etag: str) -> Any:
        self._turn()
        return super().replace(key, body, etag=etag)


class Remote(Repository):
    """Each commit has its time."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.times = store, dict[str, float]()
        super().__init__({"billing": "b1", "orders": "o1"})

    def push(self, branch: str, **more: Any) -> str:
        made = super().push(branch, **more)
        self.times[made] = self.store.time
        return made


class Clone(Repository):
    """Of one build; it notes what the branch was when it was last asked, and what was checked out."""

    def __init__(self, town: Any) -> None:
        vars(self).update(vars(town.repository))
        self.town, self.seen = town, {}

    def fetch(self) -> None:
        super().fetch()
        self.head_now("main")

    def head_now(self, branch: str) -> str:
        self.town.checked[self.town.stack[-1]] = set(self.past(self.remote[branch]))
        return super().head_now(branch)

    def check_out(self, commit: str) -> Path:
        self.town.opened_up.add(commit)
        return super().check_out(commit)

    def heads(self) -> dict[str, Ref]:
        return {name: Ref(commit=commit, made=self.town.times[commit]) for name, commit in self.seen.items()}

    def tags(self) -> dict[str, Ref]:
        return {name: Ref(commit=commit, made=self.town.times[commit]) for name, commit in self.marks.items()}


@attrs.define
class Flaky(Proofs):
    """Tests that fail on the protected branch alone: those of a branch are tried again with its next commit only."""

    town: Any = None

    def unit(self, root: Path, unit: Project) -> str:
        repository = self.town.repository
        return super().unit(root, unit) if repository.has(repository.remote["main"], root.name) else ""


class Memory:
    """What a machine has seen of a bucket, without a disk: each build has a machine of its own."""

    def __init__(self) -> None:
        self.there: dict[str, Stored] = {}

    def recall(self, key: str) -> Stored | None:
        return self.there.get(key)

    def is_empty(self, prefix: str) -> bool:
        return not any(key.startswith(prefix) for key in self.there)

    def body(self, key: str, etag: str) -> bytes | None:
        seen = self.there.get(key)
        return seen.body if seen is not None and seen.etag == etag else None

    def keep(self, key: str, etag: str, body: bytes) -> None:
        self.there[key] = Stored(key=key, body=body, etag=etag, metadata={})


@attrs.frozen
class MemoryLedger(Ledger):
    memory: Any = attrs.field(factory=Memory)

    @property
    def _kept(self) -> Any:
        return self.memory
