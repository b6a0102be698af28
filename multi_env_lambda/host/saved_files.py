"""Which files somebody has saved: found by looking again and again, at what Git would track.

A few hundred files are looked at in milliseconds, on every system and file system alike, so nothing has to be
installed for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from multi_env_lambda.host.git import run_git

__all__ = ["LOOK_SECONDS", "SETTLED_SECONDS", "SavedFiles"]

LOOK_SECONDS = 0.2
"""Between two looks."""

SETTLED_SECONDS = 0.05
"""How long nothing must change until a save is complete: an editor writes several files, `git checkout` hundreds."""

_Look = dict[str, tuple[int, int, int]]
"""Path, relative to the root -> inode, size and time of its last change."""


@attrs.define
class SavedFiles:
    """The files below some folders of a work tree, and single files, as they were when they were last looked at."""

    root: Path
    paths: tuple[str, ...]
    _tracked: frozenset[str] = frozenset()
    _ignored: frozenset[str] = frozenset()
    _seen: _Look = attrs.field(factory=dict)

    @classmethod
    def of(cls, root: Path, paths: Iterable[str]) -> SavedFiles:
        """As they are now. ``paths``: folders and files, relative to ``root``; those that do not exist may come.

        Raises:
            ToolError: Git does not answer.
        """
        found = cls(root, tuple(sorted(set(paths))))
        found._ask_git()
        found._seen = found._look()
        return found

    def __len__(self) -> int:
        return len(self._tracked)

    def wait(self, sleep: Callable[[float], None]) -> tuple[str, ...]:
        """Look again and again, with ``sleep`` in between, until files have been saved and all is quiet; their paths.

        Raises:
            ToolError: Git does not answer.
        """
        while True:
            sleep(LOOK_SECONDS)
            if self._look() != self._seen and (saved := self._saved(sleep)):
                return saved

    def _saved(self, sleep: Callable[[float], None]) -> tuple[str, ...]:
        """What has changed, once it has stopped changing, without what Git ignores and what it ignored before."""
        before, now = self._seen, self._look()
        while True:
            sleep(SETTLED_SECONDS)
            if (later := self._look()) == now:
                break
            now = later
        tracked = self._tracked
        self._ask_git()
        self._seen = now
        changed = (path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        return tuple(sorted(path for path in changed if path in tracked or path in self._tracked))

    def _ask_git(self) -> None:
        """Which files it tracks or would track, and which folders it ignores, so that nobody looks into those."""
        words = ("--literal-pathspecs", "ls-files", "-z", "--others", "--exclude-standard")
        self._tracked = frozenset(_names(run_git(self.root, *words, "--cached", "--", *self.paths)))
        listing = _names(run_git(self.root, *words, "--ignored", "--directory", "--", *self.paths))
        self._ignored = frozenset(name.rstrip("/") for name in listing if name.endswith("/"))

    def _look(self) -> _Look:
        found: _Look = {}
        waiting = list(self.paths)
        while waiting:
            path = waiting.pop()
            try:
                with os.scandir(self.root / path) as entries:
                    for entry in entries:
                        below = f"{path}/{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            waiting += [below] if entry.name != ".git" and below not in self._ignored else []
                        else:
                            found[below] = _noted(entry.stat(follow_symlinks=False))
            except NotADirectoryError:
                found[path] = _noted(os.lstat(self.root / path))
            except OSError:
                continue  # it went while it was looked at, or is not there yet
        return found


def _noted(there: os.stat_result) -> tuple[int, int, int]:
    return there.st_ino, there.st_size, there.st_mtime_ns


def _names(listing: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listing.split(b"\0") if name]
