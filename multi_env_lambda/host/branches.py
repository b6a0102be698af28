"""A clone as a run of the CI sees it: what the remote has now, how commits relate, and a work tree of its own.

Names of branches and tags come from anybody who may push. They are handed to Git as parts of full references or not at
all, and what is checked out is always a commit. The clone's own branches, tags and work tree stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import run
from multi_env_lambda.model.ancestry import Kin

__all__ = ["Branches", "Ref", "cloned"]

REMOTE = "origin"
_HEADS = f"refs/remotes/{REMOTE}/"
_TAGS, _REQUESTS = "refs/multi-env-lambda/tags/", "refs/multi-env-lambda/requests/"
_HOSTS_REQUESTS = ("refs/pull/{}/head", "refs/merge-requests/{}/head", "refs/pull-requests/{}/from")
"""Under which names GitHub, GitLab and Bitbucket keep the newest commit of a pull request."""

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_COMMITS = 1000
_QUIETLY = (
    *("-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false", "-c", "maintenance.auto=false"),
    *("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60", "-c", "submodule.recurse=false"),
)
_FETCH = ("fetch", "--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
_HINT = f"the remote `{REMOTE}` of this clone has to be readable without a password prompt"


@attrs.frozen(kw_only=True)
class Ref:
    """Where a branch or a tag stands; ``made`` in seconds since 1970."""

    commit: str
    made: float


@attrs.frozen
class Branches:
    """The clone at ``root``, and a folder in which commits of it are checked out."""

    root: Path
    tree: Path

    def fetch(self) -> None:
        """Learn what the remote has now.

        Raises:
            ToolError: it does not answer.
        """
        shallow = self._git("rev-parse", "--is-shallow-repository").strip() == b"true"
        refs = (f"+refs/heads/*:{_HEADS}*", f"+refs/tags/*:{_TAGS}*")
        self._git(*_FETCH, "--prune", *(["--unshallow"] if shallow else []), "--", REMOTE, *refs)

    def heads(self) -> Mapping[str, Ref]:
        """The branches of the remote, as of the last look."""
        return {name: ref for name, ref in self._refs(_HEADS).items() if name != "HEAD"}

    def tags(self) -> Mapping[str, Ref]:
        """Its tags, each with the commit that it is about; those of something else are left out."""
        return self._refs(_TAGS)

    def head_now(self, branch: str) -> str:
        """Where a branch stands at this moment, by one question to the remote; empty if it is gone."""
        return self._asked(f"refs/heads/{branch}")

    def request(self, number: int) -> str:
        """The newest commit of a pull request, fetched; empty if the host shows it under no name that is known."""
        for name in _HOSTS_REQUESTS:
            if self._asked(name.format(number)):
                own = f"{_REQUESTS}{number}"
                self._git(*_FETCH, "--", REMOTE, f"+{name.format(number)}:{own}")
                return self._git("rev-parse", "--verify", f"{own}^{{commit}}").decode("ascii").strip()
        return ""

    def log(self, commit: str) -> Iterator[tuple[str, str]]:
        """(commit, message), newest first, first parents only."""
        words = ("log", "--first-parent", f"--max-count={_MOST_COMMITS}", "-z", "--format=%H%n%B", _checked(commit))
        for entry in self._git(*words, "--").split(b"\0"):
            name, _, message = entry.decode("utf-8", "replace").partition("\n")
            if name:
                yield name, message

    def author(self, commit: str) -> str:
        """Who made a commit, as it says; nothing proves it."""
        said = self._git("log", "-1", "--format=%an <%ae>", _checked(commit), "--")
        return said.decode("utf-8", "replace").strip()

    def file(self, commit: str, path: str) -> bytes | None:
        """A file beside the table, as a commit has it; None: it has none."""
        there = self._git("--literal-pathspecs", "ls-tree", "--name-only", "-z", _checked(commit), "--", path)
        return self._git("show", f"{commit}:./{path}") if there else None

    def has(self, tip: str, commit: str) -> bool:
        """Whether ``commit`` is part of the history that ends at ``tip``."""
        return self.kin(commit, tip) == "ancestor"

    def kin(self, there: str, mine: str) -> Kin:
        """What the commit ``there`` is to ``mine``."""
        if there == mine:
            return "ancestor"
        if not _ID.fullmatch(there) or not self._knows(there):
            return "unknown"
        if not self._outside(there, mine):
            return "ancestor"
        return "diverged" if self._outside(mine, there) else "newer"

    def check_out(self, commit: str) -> Path:
        """The work tree, as this commit has it: nothing of another is left but caches."""
        name = _checked(commit)
        if not self.tree.exists():
            self._git("worktree", "add", "--quiet", "--force", "--detach", "--", os.fspath(self.tree), name)
        self._git("-C", os.fspath(self.tree), "checkout", "--quiet", "--force", "--detach", name, "--")
        self._git("-C", os.fspath(self.tree), "clean", "--quiet", "-ffdx", "--exclude=.multi_env_lambda")
        return self.tree / os.fsdecode(self._git("rev-parse", "--show-prefix")).rstrip("\n")

    def forget(self) -> None:
        """Let the clone forget the work tree, whose folder goes next."""
        if self.tree.exists():
            self._git("worktree", "remove", "--force", "--force", "--", os.fspath(self.tree))

    def _refs(self, prefix: str) -> dict[str, Ref]:
        form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)"
        found: dict[str, Ref] = {}
        for line in self._git("for-each-ref", f"--format={form}", "--", prefix).splitlines():
            name, kind, own, kind_within, within, made = (os.fsdecode(word) for word in line.split(b"\0"))
            commit = own if kind == "commit" else within if kind_within == "commit" else ""
            if commit:
                found[name.removeprefix(prefix)] = Ref(commit=commit, made=float(made or 0))
        return found

    def _asked(self, ref: str) -> str:
        """What the remote says about one reference, in full; its patterns would take others along."""
        for line in self._git("ls-remote", "--quiet", "--", REMOTE, ref).splitlines():
            commit, _, name = line.partition(b"\t")
            if os.fsdecode(name) == ref:
                return commit.decode("ascii")
        return ""

    def _knows(self, commit: str) -> bool:
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}")
        except ToolError:
            return False
        return True

    def _outside(self, commit: str, tip: str) -> bool:
        """Whether ``commit`` is no part of the history that ends at ``tip``."""
        return bool(self._git("rev-list", "--max-count=1", _checked(commit), f"^{_checked(tip)}", "--").strip())

    def _git(self, *words: str) -> bytes:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        argv: Sequence[str] = ("git", *_QUIETLY, *words)
        where = f"git in {self.root.name}"
        return run(argv, cwd=self.root, env=environment, where=where, hint=_HINT, stdin=b"")


def _checked(commit: str) -> str:
    if not _ID.fullmatch(commit):
        raise ToolError("git", f"{commit!r:.60} is no name of a commit", hint=_HINT)
    return commit


@contextmanager
def cloned(root: Path) -> Iterator[Branches]:
    """The clone at ``root`` with a work tree of its own, which is gone afterwards."""
    with private_folder() as folder:
        found = Branches(root, folder / root.resolve().name)
        try:
            yield found
        finally:
            found.forget()
