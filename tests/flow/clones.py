"""People with clones of one repository, and one set of accounts in memory: Git is real, the builds are values."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from multi_env_lambda.host.git import Snapshot, snapshot
from multi_env_lambda.host.lineage import Asked, pasts, restored
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.model.ancestry import Past
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.affected import Inputs
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from multi_env_lambda.world import Maker

__all__ = ["Clone", "UNITS", "repository"]

UNITS = tuple(f"u{number:02d}" for number in range(1, 13))
GREETERS = ("u01", "u02", "u03")
"""They are made from `libs/greet` as well."""

ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def repository(folder: Path) -> Path:
    """Twelve units and a shared folder in a bare repository with one commit."""
    _git(folder, "init", "-q", "--bare", "-b", "main", "team.git")
    first = Clone(folder / "first", "first")
    _git(folder, "clone", "-q", "team.git", "first")
    _git(first.root, "checkout", "-q", "-B", "main")
    first.introduce()
    first.write(**{unit: "1" for unit in UNITS}, greet="hello")
    (first.root / "pyproject.toml").write_text("")
    first.commit()
    first.push()
    return folder / "team.git"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, env=ENV, check=True, capture_output=True, text=True).stdout.strip()


@attrs.frozen
class Clone:
    """Somebody's clone."""

    root: Path
    who: str

    @classmethod
    def of(cls, team: Path, who: str, *options: str) -> Clone:
        _git(team.parent, "clone", "-q", *options, team.as_uri(), who)
        clone = cls(team.parent / who, who)
        clone.introduce()
        return clone

    def introduce(self) -> None:
        """Say to Git whose clone it is."""
        self.git("config", "user.name", self.who)
        self.git("config", "user.email", f"{self.who}@example.com")

    def write(self, **content: str) -> None:
        """Change units, or `greet`; nothing is committed."""
        for name, text in content.items():
            file = self.root / ("libs" if name == "greet" else "projects") / name / "main.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def commit(self, **content: str) -> str:
        self.write(**content)
        _git(self.root, "add", "-A")
        _git(self.root, "commit", "-q", "-m", f"{self.who}: {sorted(content)}")
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        _git(self.root, "push", "-q", "origin", "HEAD")

    def git(self, *words: str) -> str:
        return _git(self.root, *words)

    def world(self, fake: FakeWorld | None = None) -> FakeWorld:
        """The accounts as this person's work tree sees them now."""
        content = {file.parent.name: file.read_text() for file in sorted(self.root.glob("projects/*/main.py"))}
        tree = FakeTree(
            content=content,
            shared=dict.fromkeys(GREETERS, ("libs/greet",)),
            libraries={"libs/greet": (self.root / "libs/greet/main.py").read_text()},
        )
        cache = self.root.parent / f"cache of {self.who}"
        store, platform = (None, None) if fake is None else (fake.store, fake.platform)
        seen = fake_world(tree, cache, store=store, platform=platform)
        seen.platform.who = f"arn:aws:iam::111111111111:user/{self.who}"
        return attrs.evolve(seen, world=attrs.evolve(seen.world, maker=_OfClone(self.root, seen.world.maker)))


@attrs.frozen
class _OfClone:
    """Asks Git what Git knows, and builds values."""

    root: Path
    values: Maker

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        return snapshot(self.root, paths)

    def pasts(self, asked: Asked) -> Mapping[str, Past]:
        return pasts(self.root, asked)

    def restored(self, asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
        return restored(self.root, asked)

    def left_out(self, folders: Iterable[str]) -> frozenset[str]:
        return self.values.left_out(folders)

    def committed(self) -> WorkspaceConfig | None:
        return self.values.committed()

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        return self.values.make(project, inputs, published)

    def forget(self, inputs: Inputs) -> None:
        self.values.forget(inputs)
