"""What Git says about the work tree: the commit, and one content hash per folder, dirty or not.

Tree ids are a *state*: they are compared with what is deployed, so no base commit is needed, and force pushes,
squashes, superseded runs and clones of depth 1 are not special cases.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.process import run

__all__ = [
    "ROOT_TABLE",
    "Clone",
    "Entry",
    "Snapshot",
    "clone_settings",
    "content_ids",
    "entries",
    "filters",
    "last_change",
    "left_out",
    "run_git",
    "snapshot",
    "with_crlf",
]

ROOT_TABLE = "pyproject.toml"
"""The file with the settings of the workspace, at its root."""

_ON, _OFF = ("true", "yes", "on", "1"), ("false", "no", "off", "0", "")
_MAX_ARGUMENTS = 200
_FEW = 20
_NO_REPOSITORY = "run this inside a Git work tree; create one with `git init` and a commit"
_DAMAGED = "let `git status` work here first"


@attrs.frozen(kw_only=True)
class Snapshot:
    """The work tree at one moment. ``ids`` has the git object id of each requested path that exists.

    ``committed`` is the commit's time in ISO 8601; both are empty before the first commit. ``changed`` are the files
    below the requested paths, and the root table, that differ from the commit. ``unreadable``: Git's messages about
    paths in which it could not read everything.
    """

    commit: str
    committed: str
    changed: tuple[str, ...]
    ids: Mapping[str, str]
    unreadable: Mapping[str, ToolError] = attrs.field(factory=dict)

    @property
    def dirty(self) -> bool:
        return bool(self.changed)

    def is_dirty(self, paths: Iterable[str]) -> bool:
        """Whether something below these paths is not committed."""
        below = tuple(f"{path}/" for path in paths)
        return any(f"{file}/".startswith(below) for file in self.changed)


@attrs.frozen(kw_only=True)
class Entry:
    """A file in Git's index: ``mode`` as in a tree ("100644", "160000" is a submodule), ``id`` of its blob.

    ``skipped``: a sparse checkout leaves it out. ``assumed``: changes to it are ignored.
    `git status` is silent about both.
    """

    path: str
    mode: str
    id: str
    skipped: bool
    assumed: bool


def snapshot(root: Path, paths: Sequence[str]) -> Snapshot:
    """Read ``paths`` (relative to ``root``) as they are in the work tree, with untracked but without ignored files.

    Raises:
        ToolError: Git is missing, or ``root`` is not inside a work tree.
    """
    commit, committed = _head(root)
    changed = _changed(root, paths)
    touched = {above for file in changed for above in _above(file)}
    dirty = [path for path in paths if path in touched or not commit]
    unreadable: dict[str, ToolError] = {}
    ids = _ids_in(root, "HEAD", [path for path in paths if path not in touched]) if commit else {}
    if dirty:
        ids |= _readable_ids(root, dirty, unreadable)
    return Snapshot(commit=commit, committed=committed, changed=changed, ids=ids, unreadable=unreadable)


def entries(root: Path, folder: str) -> tuple[Entry, ...]:
    """What the index has below ``folder``; paths are relative to ``root``.

    Source: https://git-scm.com/docs/git-ls-files (the tags of ``-t`` and ``-v``)
    """
    listing = run_git(root, "--literal-pathspecs", "ls-files", "--cached", "--stage", "-v", "-z", "--", folder)
    return tuple(_entry(line) for line in listing.split(b"\0") if line)


def untracked(root: Path, folder: str) -> tuple[str, ...]:
    """Files below ``folder`` that Git neither tracks nor ignores; paths are relative to ``root``."""
    listing = run_git(root, "--literal-pathspecs", "ls-files", "--others", "--exclude-standard", "-z", "--", folder)
    return tuple(os.fsdecode(name) for name in listing.split(b"\0") if name)


def committed_text(root: Path, path: str) -> str | None:
    """A file as the last commit has it; ``path`` is relative to ``root``. None: there is no commit, or no such file.

    Raises:
        ToolError: the commit has it, but Git cannot show it.
        UnicodeDecodeError: it is not text.
    """
    try:
        return run_git(root, "show", f"HEAD:./{path}").decode("utf-8")
    except ToolError:
        if _commit_has(root, path):
            raise
        return None


def _commit_has(root: Path, path: str) -> bool:
    try:
        return bool(run_git(root, "ls-tree", "HEAD", "--", path))
    except ToolError:
        return False


def left_out(root: Path, folders: Iterable[str]) -> frozenset[str]:
    """Of these folders, those that are in the index and that a sparse checkout leaves out completely."""
    wanted = {folder: entries(root, folder) for folder in folders if not (root / folder).exists()}
    return frozenset(folder for folder, found in wanted.items() if found and all(entry.skipped for entry in found))


def _entry(line: bytes) -> Entry:
    meta, _, path = line.partition(b"\t")
    tag, mode, id_, _ = meta.decode("ascii").split()
    return Entry(path=os.fsdecode(path), mode=mode, id=id_, skipped=tag in "Ss", assumed=tag.islower())


def content_ids(root: Path, paths: Sequence[str]) -> Mapping[str, str]:
    """The blob ids that files and links of the work tree would get now, after filters; other kinds are left out."""
    links = [path for path in paths if (root / path).is_symlink()]
    files = [path for path in paths if path not in links and (root / path).is_file()]
    found: dict[str, str] = {}
    for path in links:
        target = os.fsencode(os.readlink(root / path))
        found[path] = run_git(root, "hash-object", "--stdin", stdin=target).decode("ascii").strip()
    for start in range(0, len(files), _MAX_ARGUMENTS):
        some = files[start : start + _MAX_ARGUMENTS]
        found |= zip(some, run_git(root, "hash-object", "--", *some).decode("ascii").split(), strict=True)
    return found


def filters(root: Path, files: Sequence[str]) -> Mapping[str, str]:
    """The name of the content filter for each file for which `.gitattributes` names one."""
    given = b"".join(os.fsencode(file) + b"\0" for file in files)
    words = run_git(root, "check-attr", "-z", "--stdin", "filter", stdin=given).split(b"\0")
    pairs = zip(words[0::3], words[2::3], strict=False)
    return {
        os.fsdecode(file): os.fsdecode(name) for file, name in pairs if name not in (b"unspecified", b"unset", b"set")
    }


@attrs.frozen(kw_only=True)
class Clone:
    """How this clone's settings, which are in no commit, affect a checkout.

    ``filters`` are those for which it has a program.
    """

    filters: frozenset[str]
    keeps_modes: bool
    keeps_links: bool
    writes_crlf: bool


def clone_settings(root: Path) -> Clone:
    """Source: https://git-scm.com/docs/git-config (core.fileMode, core.symlinks, core.autocrlf, core.eol)."""
    found: dict[str, str] = {}
    for item in os.fsdecode(run_git(root, "config", "--list", "-z")).split("\0"):
        name, separator, value = item.partition("\n")
        found[name] = value.lower() if separator else "true"
    return Clone(
        filters=frozenset(name[len("filter.") :].rpartition(".")[0] for name in found if name.startswith("filter.")),
        keeps_modes=found.get("core.filemode", "true") not in _OFF,
        keeps_links=found.get("core.symlinks", "true") not in _OFF,
        writes_crlf=found.get("core.autocrlf", "false") in _ON or found.get("core.eol") == "crlf",
    )


def with_crlf(root: Path, folder: str) -> tuple[str, ...]:
    """Files whose line endings differ from what is committed, other than by `.gitattributes`."""
    listing = run_git(root, "--literal-pathspecs", "ls-files", "--eol", "-z", "--", folder)
    found = []
    for line in filter(None, listing.split(b"\0")):
        words, _, path = line.partition(b"\t")
        stored, here, rules = words.split(maxsplit=2)
        if stored == b"i/lf" and here in (b"w/crlf", b"w/mixed") and b"eol=crlf" not in rules:
            found.append(os.fsdecode(path))
    return tuple(found)


def last_change(folder: Path, paths: Sequence[str]) -> date | None:
    """The day of the last commit that changed one of these files; None if none did, or Git does not know the folder."""
    try:
        words = ("--literal-pathspecs", "log", "-1", "--format=%cs", "--", *paths)
        said = run_git(folder, *words) if paths else b""
    except ToolError:
        return None
    return date.fromisoformat(said.decode("ascii").strip()) if said.strip() else None


def run_git(root: Path, *words: str, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> bytes:
    """What Git answers in this folder.

    Raises:
        ToolError: it failed; the hint says whether there is a repository.
    """
    try:
        return run(["git", *words], cwd=root, env=env, where=f"git in {root.name}", hint=_NO_REPOSITORY, stdin=stdin)
    except ToolError as error:
        if any((folder / ".git").exists() for folder in (root, *root.parents)):
            raise ToolError(error.where, error.what, hint=_DAMAGED) from error
        raise


def _head(root: Path) -> tuple[str, str]:
    run_git(root, "rev-parse", "--is-inside-work-tree")
    try:
        answer = run_git(root, "log", "-1", "--format=%H %cI", "HEAD")
    except ToolError:
        return "", ""
    commit, _, committed = answer.decode("ascii").strip().partition(" ")
    return commit, committed


def _changed(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Files that differ from HEAD, relative to ``root``."""
    if not paths:
        return ()
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ROOT_TABLE)
    listing = run_git(root, *words, *_with_siblings(paths))
    found = [os.fsdecode(line[3:]) for line in listing.split(b"\0") if line]
    # Git prints them relative to the root of the repository, regardless of the current folder.
    prefix = os.fsdecode(run_git(root, "rev-parse", "--show-prefix")).rstrip("\n") if found else ""
    wanted = {ROOT_TABLE, *paths}
    files = (path.removeprefix(prefix) for path in found)
    return tuple(file for file in files if not wanted.isdisjoint(_above(file)))


def _with_siblings(paths: Iterable[str]) -> list[str]:
    """These paths for Git, which compares each file with each of them: of many in one folder, the folder, as ``a/``."""
    places = Counter(map(posixpath.dirname, paths))
    many = {place for place, number in places.items() if place and number > _FEW}
    return [*(f"{place}/" for place in sorted(many)), *(path for path in paths if posixpath.dirname(path) not in many)]


def _above(file: str) -> Iterator[str]:
    """The file, or a folder that Git lists as ``a/b/``, and every folder above it."""
    path = file.rstrip("/")
    while path:
        yield path
        path = posixpath.dirname(path)


def _ids_in(
    root: Path, tree: str, paths: Sequence[str], *, prefix: str = "", env: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The ids that a tree has for these paths; with ``prefix``, where they are in the repository."""
    if not paths:
        return {}
    words = ("ls-tree", "-t", "-z", *(("--full-tree",) if env else ()), tree, "--")
    listed = _ids(run_git(root, *words, *(prefix + path for path in _with_siblings(paths)), env=env))
    return {path: listed[prefix + path] for path in paths if prefix + path in listed}


def _ids(listing: bytes) -> dict[str, str]:
    ids = {}
    for line in listing.split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            ids[os.fsdecode(path)] = meta.split()[2].decode("ascii")
    return ids


def _readable_ids(root: Path, paths: Sequence[str], unreadable: dict[str, ToolError]) -> dict[str, str]:
    """The ids of those paths that can be read. Git stops at the first that cannot, so halves are tried separately."""
    try:
        return _work_tree_ids(root, paths)
    except ToolError as error:
        if len(paths) <= 1:
            unreadable |= dict.fromkeys(paths, error)
            return {}
    middle = len(paths) // 2
    return _readable_ids(root, paths[:middle], unreadable) | _readable_ids(root, paths[middle:], unreadable)


def _work_tree_ids(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """Hash a dirty work tree as `git add` would, in a separate index and object folder.

    The user's index and object store are only read.
    """
    from multi_env_lambda.host.private import private_folder

    with private_folder() as scratch:
        env = _scratch_environment(root, scratch)
        present = [path for path in paths if (root / path).exists()]
        if present:
            # A new file where a sparse checkout has nothing is a file like any other.
            run_git(root, "-c", "core.sparseCheckout=false", "add", "--all", "--", *present, env=env)
        prefix = run_git(root, "rev-parse", "--show-prefix").decode().strip()
        tree = run_git(root, "write-tree", env=env).decode("ascii").strip()
        return _ids_in(root, tree, paths, prefix=prefix, env=env)


def _scratch_environment(root: Path, scratch: Path) -> dict[str, str]:
    folder = Path(os.fsdecode(run_git(root, "rev-parse", "--absolute-git-dir").strip()))
    common = Path(os.fsdecode(run_git(root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()))
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
