"""Three people in two clones of one repository. Git is a handful of values here: what it says of commits is worked out
from their parents, as `host/lineage.py` asks the real one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from multi_env_lambda.host.git import ROOT_TABLE, Snapshot
from multi_env_lambda.host.lineage import Asked
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.model.ancestry import Kin, Past, State
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.affected import Inputs
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world
from multi_env_lambda.world import Maker

__all__ = ["CLONES", "ENVIRONMENTS", "KEEP", "PEOPLE", "UNITS", "Clone", "Team", "config_of", "tree_of"]

PEOPLE = {"ada": "left", "bob": "right", "carol": "right"}
CLONES = ("left", "right")
UNITS = ("customers", "orders", "search")
ENVIRONMENTS = ("sandbox", "test", "prod")
KEEP = 3
"""Releases that a rollback finds, whatever was pruned."""

NEEDS = {"orders": ("customers",)}

Files = Mapping[str, str]
"""`UNIT/code`, `UNIT/table` (the name of its table), `libs/money`, and `environments` (those of the root table)."""

FIRST: Files = {
    **{f"{unit}/code": "1" for unit in UNITS},
    "orders/table": "orders",
    "search/table": "finds",
    "libs/money": "1",
    "environments": "sandbox test prod",
}


@attrs.frozen(eq=False)
class Commit:
    """``when`` in ISO 8601."""

    id: str
    parents: tuple[Commit, ...]
    files: Files
    when: str

    def history(self) -> dict[str, Commit]:
        """This one and all before it, newest first."""
        found, waiting = {}, [self]
        while waiting:
            commit = waiting.pop()
            if commit.id not in found:
                found[commit.id] = commit
                waiting += commit.parents
        return dict(sorted(found.items(), key=lambda item: item[1].when, reverse=True))


@attrs.define(eq=False)
class Clone:
    """``own``: the commits made in it, at which it has been. ``seen``: what was fetched, or made here."""

    name: str
    head: Commit
    files: dict[str, str]
    own: set[str] = attrs.field(factory=set)
    seen: dict[str, Commit] = attrs.field(factory=dict)

    def changed(self) -> set[str]:
        """The files that are not as they are committed."""
        keys = {*self.files, *self.head.files}
        return {_path(key) for key in keys if self.files.get(key) != self.head.files.get(key)}


@attrs.define(eq=False)
class Team:
    """The clones, and the branch that they share."""

    main: Commit
    clones: dict[str, Clone]
    made: int = 1

    @classmethod
    def new(cls) -> Team:
        first = Commit(_id("first"), (), FIRST, _when(1))
        clones = {name: Clone(name, first, dict(FIRST), seen={first.id: first}) for name in CLONES}
        return cls(first, clones)

    def commit(self, clone: Clone) -> None:
        if clone.changed():
            self._move(clone, self._commit(clone.name, (clone.head,), dict(clone.files)))

    def push(self, clone: Clone) -> None:
        """Refused where the shared branch has what this clone has not, as by Git."""
        if self.main.id in clone.head.history():
            self.main = clone.head

    def pull(self, clone: Clone) -> None:
        """With a merge where both have gone on; of both sides' changes of one file the own one stays."""
        self.fetch(clone)
        if clone.changed() or self.main.id in clone.head.history():
            return
        if clone.head.id in self.main.history():
            clone.head, clone.files = self.main, dict(self.main.files)
            return
        base = _base(clone.head, self.main).files
        theirs, mine = self.main.files, clone.head.files
        kept = {key: (mine if mine.get(key) != base.get(key) else theirs).get(key) for key in {*theirs, *mine}}
        files = {key: text for key, text in kept.items() if text is not None}
        self._move(clone, self._commit(clone.name, (clone.head, self.main), files))

    def back(self, clone: Clone) -> None:
        """`git reset --hard HEAD~1`."""
        if clone.head.parents:
            clone.head = clone.head.parents[0]
            clone.files = dict(clone.head.files)

    def fetch(self, clone: Clone) -> None:
        clone.seen |= self.main.history()

    def _commit(self, who: str, parents: tuple[Commit, ...], files: Files) -> Commit:
        self.made += 1
        return Commit(_id(f"{who} {self.made}"), parents, files, _when(self.made))

    def _move(self, clone: Clone, commit: Commit) -> None:
        clone.head, clone.files = commit, dict(commit.files)
        clone.own.add(commit.id)
        clone.seen[commit.id] = commit


def config_of(files: Files) -> WorkspaceConfig:
    """The environments of the root table; nothing is done in prod that nobody else has approved."""
    places = {place.name: place for place in fake_config(prod={"approval": True}).environments}
    names = files["environments"].split()
    found = tuple(_at(places[name], position) for position, name in enumerate(names))
    return attrs.evolve(fake_config(), environments=found, keep=KEEP)


def _at(place: Environment, position: int) -> Environment:
    return attrs.evolve(place, position=position)


def tree_of(files: Files) -> FakeTree:
    units = [unit for unit in UNITS if f"{unit}/code" in files]
    return FakeTree(
        content={unit: files[f"{unit}/code"] for unit in units},
        data={unit: files[f"{unit}/table"] for unit in units if f"{unit}/table" in files},
        needs={unit: needs for unit, needs in NEEDS.items() if unit in units},
        shared={"orders": ("libs/money",)} if "orders" in units else {},
        libraries={"libs/money": files["libs/money"]},
        smoke={unit: Smoke(payload='{"id": 1}', expect='{"ok": true}') for unit in units},
        traffic={"search": ("linear", 50, 1)} if "search" in units else {},
    )


@attrs.frozen
class OfClone:
    """Says of commits what Git would, and builds values."""

    team: Team
    clone: Clone
    values: Maker
    folder: Path

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        found, head = self.values.snapshot(paths), self.clone.head
        return attrs.evolve(found, commit=head.id, committed=head.when, changed=tuple(sorted(self.clone.changed())))

    def pasts(self, asked: Asked) -> Mapping[str, Past]:
        self.team.fetch(self.clone)
        return {commit: self._past(self.clone.seen.get(commit), tuple(paths)) for commit, paths in asked.items()}

    def _past(self, commit: Commit | None, paths: tuple[str, ...]) -> Past:
        head = self.clone.head
        if commit is None:
            return Past(kin="unknown", since=self._states(head.history(), paths))
        base = _base(head, commit)
        kin: Kin = "rewritten" if commit.id in self.clone.own else "diverged"
        if base is commit:
            kin = "ancestor"
        elif base is head:
            kin = "newer"
        after = {id_: found for id_, found in head.history().items() if id_ not in base.history()}
        since = () if kin == "newer" else self._states(after, paths)
        return Past(kin=kin, there=self._ids(commit, paths), common=self._ids(base, paths), since=since)

    def _states(self, commits: Mapping[str, Commit], paths: tuple[str, ...]) -> tuple[State, ...]:
        return tuple(
            State(committed=commit.when, ids=ids)
            for commit in commits.values()
            if any((ids := self._ids(commit, paths)) != self._ids(parent, paths) for parent in commit.parents)
            or (not commit.parents and (ids := self._ids(commit, paths)))
        )

    def restored(self, asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
        return {commit: self._once(commit, ids) for commit, ids in asked.items()}

    def _once(self, commit: str, ids: Mapping[str, str]) -> frozenset[str]:
        before = self.clone.seen[commit].history()
        after = {id_: found for id_, found in self.clone.head.history().items() if id_ not in before}
        found = [self._had(commits.values(), ids) for commits in (before, after)]
        return found[0] - found[1]

    def _had(self, commits: Iterable[Commit], ids: Mapping[str, str]) -> frozenset[str]:
        paths = tuple(ids)
        return frozenset(
            path for commit in commits for path, id_ in self._ids(commit, paths).items() if ids[path] == id_
        )

    def _ids(self, commit: Commit, paths: tuple[str, ...]) -> dict[str, str]:
        maker = fake_world(tree_of(commit.files), self.folder).world.maker
        found = dict(maker.snapshot(paths).ids)
        if ROOT_TABLE in paths:
            found[ROOT_TABLE] = _id(commit.files["environments"])
        return found

    def left_out(self, folders: Iterable[str]) -> frozenset[str]:
        return frozenset()

    def committed(self) -> WorkspaceConfig | None:
        return config_of(self.clone.head.files)

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        return self.values.make(project, inputs, published)

    def forget(self, inputs: Inputs) -> None:
        self.values.forget(inputs)


def _base(one: Commit, other: Commit) -> Commit:
    """The newest commit that both histories have."""
    theirs = other.history()
    return next(commit for id_, commit in one.history().items() if id_ in theirs)


def _path(key: str) -> str:
    unit, _, part = key.partition("/")
    if not part:
        return ROOT_TABLE
    return f"libs/{part}/main.py" if unit == "libs" else f"projects/{unit}/{part}.py"


def _id(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _when(number: int) -> str:
    return f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
