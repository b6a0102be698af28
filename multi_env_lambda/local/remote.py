"""The bare repository beside the local cloud, which stands for the one at the Git host."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from multi_env_lambda.errors import LocalCloudError, ToolError
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.process import run

__all__ = ["Pushed", "push"]

_HINT = "commit something first; `git status` says where you are"


@attrs.frozen(kw_only=True)
class Pushed:
    """What was pushed: the branch, its commit, and where it stood before; zeros: nowhere."""

    branch: str
    commit: str
    before: str


def push(root: Path, state: Path, *, address: str, branch: str, protected: str) -> Pushed:
    """Send the current commit to a branch of the bare repository, which is made if it is not there.

    It goes whatever was there before, as a force push does: what follows from that is what is tried here.

    Args:
        state: the folder of the local cloud; address: how builds call the repository. protected: its default branch.

    Raises:
        ToolError: there is no commit, or Git refuses the name.
        LocalCloudError: the default branch has never been pushed; builds of the others begin there.
    """
    bare = state / "remote.git"
    if not bare.is_dir():
        _git(root, "init", "--quiet", "--bare", f"--initial-branch={protected}", "--", os.fspath(bare))
    write_atomically(state / "remote.txt", address.encode("utf-8"))
    commit = _git(root, "rev-parse", "--verify", "HEAD^{commit}")
    if branch != protected and not _stands(bare, f"refs/heads/{protected}"):
        what = f"the repository beside the local cloud has no `{protected}` yet, where every build begins"
        raise LocalCloudError(f"push to {branch}", what, hint=f"check out `{protected}`, and push it first")
    ref = f"refs/heads/{branch}"
    before = _stands(bare, ref)
    _git(root, "push", "--quiet", "--force", "--", os.fspath(bare), f"{commit}:{ref}")
    return Pushed(branch=branch, commit=commit, before=before or "0" * len(commit))


def _stands(bare: Path, ref: str) -> str:
    try:
        return _git(bare, "rev-parse", "--verify", "--quiet", ref)
    except ToolError:
        return ""


def _git(folder: Path, *words: str) -> str:
    return run(("git", *words), cwd=folder, env=dict(os.environ), where="git", hint=_HINT).decode().strip()
