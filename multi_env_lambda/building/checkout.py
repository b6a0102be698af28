"""Whether the work tree really has what Git says it has: a folder in, nothing or the missing file out.

`git status` calls a work tree clean in which files are missing (a sparse checkout), were edited behind its back
(`assume-unchanged`), or have a placeholder instead of their content (Git LFS and similar). What is packed are the bytes
that are there, so each of these would be published as if it were the commit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.git import Clone, Entry, content_ids, entries, filters, with_crlf

__all__ = ["HEAD_BYTES", "check_checked_out", "check_is_content", "committed_executables", "without_their_filter"]

HEAD_BYTES = 512
"""The first bytes show whether a file is a placeholder."""

_PLACEHOLDERS = (
    (b"version https://git-lfs.github.com/spec/v", "is a Git LFS pointer, not its content", "git lfs pull"),
    (b"/annex/objects/", "is a git-annex pointer, not its content", "git annex get"),
    (b"\0GITCRYPT\0", "is still encrypted by git-crypt", "git-crypt unlock"),
)
_EXECUTABLE, _LINK, _SUBMODULE = "100755", "120000", "160000"
# Whether these ran can be seen in the content, see above.
_SEEN_IN_CONTENT = frozenset({"lfs", "annex", "git-crypt"})


def check_checked_out(root: Path, folder: str, clone: Clone) -> None:
    """Refuse a folder if `git status` would not show that it differs from what is committed.

    A file that is visibly missing or edited is an edit like any other, and not checked here.

    Raises:
        BuildError: with the file, and the command that restores it.
    """
    hidden: list[Entry] = []
    for entry in entries(root, folder):
        if entry.mode == _SUBMODULE:
            what = f"{entry.path} is a separate repository (a Git submodule)"
            raise BuildError(folder, what, hint="replace it with regular files, or move it out of the folder")
        if entry.skipped or entry.assumed:
            if not os.path.lexists(root / entry.path):
                raise _missing(folder, entry)
            hidden.append(entry)
        if entry.mode == _LINK and not clone.keeps_links and not (root / entry.path).is_symlink():
            what = f"{entry.path} is committed as a symbolic link, but this clone has links as text files"
            raise BuildError(folder, what, hint=f"run `git config core.symlinks true`, then {_again(entry.path)}")
    _check_unchanged(root, folder, hidden)
    if clone.writes_crlf:
        for path in with_crlf(root, folder):
            what = f"{path} has CRLF line endings here but LF in the commit, because of this clone's settings"
            raise BuildError(folder, what, hint=f"run `git config core.autocrlf input`, then {_again(path)}")


def _again(path: str) -> str:
    return f"delete the file and run `git checkout -- {path}`"


def committed_executables(root: Path, folder: str, clone: Clone) -> frozenset[str] | None:
    """The files that are committed as executable, if the file system cannot say; None: it can."""
    if clone.keeps_modes:
        return None
    return frozenset(entry.path for entry in entries(root, folder) if entry.mode == _EXECUTABLE)


def _missing(folder: str, entry: Entry) -> BuildError:
    what = f"{entry.path} is committed but not checked out here"
    if entry.skipped:
        hint = "run `git sparse-checkout disable`, or add its folder to the sparse checkout"
    else:
        hint = f"run `git update-index --no-assume-unchanged {entry.path}`, then `git checkout -- {entry.path}`"
    return BuildError(folder, what, hint=hint)


def _check_unchanged(root: Path, folder: str, hidden: Sequence[Entry]) -> None:
    now = content_ids(root, [entry.path for entry in hidden])
    for entry in hidden:
        if now.get(entry.path) != entry.id:
            word = "skip-worktree" if entry.skipped else "assume-unchanged"
            what = f"{entry.path} differs from what is committed, but Git is set to ignore that ({word})"
            hint = f"run `git update-index --no-{word} {entry.path}`; then it is an edit like any other"
            raise BuildError(folder, what, hint=hint)


def check_is_content(file: str, head: bytes) -> None:
    """Refuse a file that starts like a placeholder; ``head`` are its first ``HEAD_BYTES``.

    Sources: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md,
    https://git-annex.branchable.com/internals/pointer_file/, https://github.com/AGWA/git-crypt (commands.cpp)

    Raises:
        BuildError: with the file, and the command that fetches its content.
    """
    for start, reason, command in _PLACEHOLDERS:
        if head.startswith(start):
            size = re.search(rb"\nsize (\d+)", head)
            missing = f" ({int(size[1])} bytes are missing)" if size else ""
            raise BuildError(file, f"{reason}{missing}", hint=f"run `{command}`, then run the same command again")


def without_their_filter(root: Path, files: Sequence[str], clone: Clone) -> Mapping[str, str]:
    """The filter's name for each file that `.gitattributes` wants filtered by a program that this clone does not know.

    Git then silently checks out what is stored: other bytes than on a machine that has the program.
    """
    wanted = filters(root, files) if files else {}
    known = clone.filters | _SEEN_IN_CONTENT
    return {file: name for file, name in wanted.items() if name not in known}
