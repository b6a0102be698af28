"""What Git says about the work tree: the commit, and one content hash per folder, dirty or not.

Tree ids are a *state*: they are compared with what is deployed, so no base commit is needed, and force pushes,
squashes, superseded runs and clones of depth 1 are no special cases.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.process import run

__all__ = ["Snapshot", "snapshot"]

_HINT = "run inside a Git work tree; `git init` and one commit make one"


@attrs.frozen(kw_only=True)
class Snapshot:
    """The work tree at one moment. ``ids`` has the git object id of each asked path that exists.

    ``committed`` is the commit's time in ISO 8601; both are empty before the first commit.
    """

    commit: str
    committed: str
    dirty: bool
    ids: Mapping[str, str]


def snapshot(root: Path, paths: Sequence[str]) -> Snapshot:
    """Look at ``paths`` (relative to ``root``) as they are in the work tree: untracked files too, ignored ones not.

    Raises:
        ToolError: Git is missing, or ``root`` is not inside a work tree.
    """
    commit, committed = _head(root)
    dirty = _is_dirty(root, paths)
    if dirty or not commit:
        ids = _work_tree_ids(root, paths)
    else:
        ids = _ids(_git(root, "ls-tree", "-z", "HEAD", "--", *paths))
    return Snapshot(commit=commit, committed=committed, dirty=dirty, ids=ids)


def _git(root: Path, *words: str, env: Mapping[str, str] | None = None) -> bytes:
    return run(["git", *words], cwd=root, env=env, where=f"git in {root.name}", hint=_HINT)


def _head(root: Path) -> tuple[str, str]:
    _git(root, "rev-parse", "--is-inside-work-tree")
    try:
        answer = _git(root, "log", "-1", "--format=%H %cI", "HEAD")
    except ToolError:
        return "", ""
    commit, _, committed = answer.decode("ascii").strip().partition(" ")
    return commit, committed


def _is_dirty(root: Path, paths: Sequence[str]) -> bool:
    return bool(paths) and bool(_git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", *paths))


def _ids(listing: bytes) -> dict[str, str]:
    ids = {}
    for line in listing.split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            ids[os.fsdecode(path)] = meta.split()[2].decode("ascii")
    return ids


def _work_tree_ids(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """Hash a dirty work tree the way `git add` would, in an index and an object folder of its own.

    The user's index and object store are only read.
    """
    with tempfile.TemporaryDirectory(prefix="multi_env_lambda-") as scratch:
        env = _scratch_environment(root, Path(scratch))
        present = [path for path in paths if (root / path).exists()]
        if present:
            _git(root, "add", "--all", "--", *present, env=env)
        prefix = _git(root, "rev-parse", "--show-prefix").decode().strip()
        tree = _git(root, "write-tree", env=env).decode("ascii").strip()
        where = ["--", *(prefix + path for path in paths)]
        listed = _ids(_git(root, "ls-tree", "-z", "--full-tree", tree, *where, env=env))
        return {path.removeprefix(prefix): id_ for path, id_ in listed.items()}


def _scratch_environment(root: Path, scratch: Path) -> dict[str, str]:
    folder = Path(os.fsdecode(_git(root, "rev-parse", "--absolute-git-dir").strip()))
    common = Path(os.fsdecode(_git(root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()))
    if (folder / "index").exists():
        # A copy keeps the stat cache, so that only touched files are hashed.
        shutil.copy2(folder / "index", scratch / "index")
    (scratch / "objects").mkdir()
    return {
        **os.environ,
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common / "objects"),
    }
