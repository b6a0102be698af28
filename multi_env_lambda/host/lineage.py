"""How commits relate to the one that is checked out, and what folders were where the two diverged.

The number of processes depends on how many *different* commits are asked about, never on how many folders. A commit
that this clone does not have is fetched from its remotes, and a shallow clone gets its history first; neither moves a
branch or a remote-tracking branch of a full clone. If that fails, the commit stays unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.host.process import run
from multi_env_lambda.model.ancestry import Kin, Past, State

__all__ = ["Asked", "pasts", "restored"]

Asked = Mapping[str, Mapping[str, Collection[str]]]
"""commit -> folder or file, relative to the root -> the git ids of it in releases built from that commit."""

_MOST_STATES = 500
"""Commits of HEAD's history that are searched; further back nothing is found, and a person is asked."""

_MOST_FETCHED_ALONE = 8
_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EMAIL = re.compile(r"<([^>]+)>")
_CALMLY = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=20", "-c", "maintenance.auto=false")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")


def pasts(root: Path, asked: Asked) -> dict[str, Past]:
    """How each commit relates to HEAD, which must exist. ``""`` means "before the first commit".

    Raises:
        ToolError: Git is missing, or ``root`` is not inside a work tree.
    """
    if not asked:
        return {}
    # The content of a record is untrusted: only names of objects get into a command.
    commits = sorted(commit for commit in asked if _OBJECT.fullmatch(commit))
    missing = set(asked) - {"", *commits} | (_without(root, commits) if commits else set())
    ahead = _not_in_head(root, [commit for commit in commits if commit not in missing])
    head = _git(root, "rev-parse", "HEAD").strip().decode()
    found = in_parallel(lambda commit: _place(root, head, commit, missing, ahead), sorted(asked))
    ids = _ids(root, {(rev, path) for place in found for rev in place.revisions for path in asked[place.commit]})
    return dict(in_parallel(lambda place: (place.commit, _past(root, place, asked[place.commit], ids)), found))


def restored(root: Path, asked: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    """By commit, HEAD or an ancestor: the paths with an id that its history once had and has not returned to.

    What a work tree has and no commit ever had costs one process, regardless of the number of folders.

    Raises:
        ToolError: Git is missing, or ``root`` is not inside a work tree.
    """
    pairs = [(commit, path, id_) for commit, ids in asked.items() for path, id_ in ids.items()]
    there = _checked(root, [id_ for _, _, id_ in pairs])
    known: dict[str, dict[str, str]] = {}
    for (commit, path, id_), found in zip(pairs, there, strict=True):
        if found:
            known.setdefault(commit, {})[path] = id_
    return {commit: _once(root, commit, ids) - _once(root, f"{commit}..HEAD", ids) for commit, ids in known.items()}


def _once(root: Path, scope: str, ids: Mapping[str, str]) -> frozenset[str]:
    """The paths that had these ids in some commit of a history."""
    words = ("log", "--full-history", f"--max-count={_MOST_STATES}", "--format=%H", scope, "--", *ids)
    commits = _git(root, "--literal-pathspecs", *words).decode().split()
    found = _ids(root, {(commit, path) for commit in commits for path in ids})
    return frozenset(path for (_, path), id_ in found.items() if id_ == ids[path])


@attrs.frozen(kw_only=True)
class _Place:
    """A commit, how it relates to HEAD, and the last commit that both have; empty if there is none."""

    commit: str
    kin: Kin
    base: str

    @property
    def revisions(self) -> tuple[str, ...]:
        known = () if self.kin == "unknown" else (self.commit,)
        return tuple(filter(None, (*known, self.base)))


def _place(root: Path, head: str, commit: str, missing: Collection[str], ahead: Collection[str]) -> _Place:
    if commit in missing:
        return _Place(commit=commit, kin="unknown", base="")
    if commit not in ahead:  # The empty one, too: nothing was committed before the first commit.
        return _Place(commit=commit, kin="ancestor", base=commit)
    base = _or_nothing(root, "merge-base", head, commit)
    if base == head:
        return _Place(commit=commit, kin="newer", base=base)
    return _Place(commit=commit, kin="rewritten" if commit in _own_once_here(root) else "diverged", base=base)


def _past(root: Path, place: _Place, asked: Mapping[str, Collection[str]], ids: Mapping[tuple[str, str], str]) -> Past:
    there = _of(ids, place.commit, asked)
    common = _of(ids, place.base, asked)
    doubtful = [path for path, known in asked.items() if {*known, there.get(path, "")} - {common.get(path, "")}]
    since = _since(root, place, doubtful, asked)
    others = _of_others(root, place.commit, asked) if place.kin == "rewritten" else frozenset()
    return Past(kin=place.kin, there=there, common=common, since=since, others=others)


def _since(root: Path, place: _Place, doubtful: Sequence[str], asked: Iterable[str]) -> tuple[State, ...]:
    """HEAD's history after what is common, or all of it, as far as it changed these paths."""
    if not doubtful or place.kin == "newer":
        return ()
    scope = f"{place.base}..HEAD" if place.base else "HEAD"
    words = ("log", "--full-history", f"--max-count={_MOST_STATES}", "--format=%H %cI", scope, "--", *doubtful)
    lines = [line.split() for line in _git(root, "--literal-pathspecs", *words).decode().splitlines()]
    ids = _ids(root, {(commit, path) for commit, _ in lines for path in asked})
    return tuple(State(committed=time, ids=_of(ids, commit, asked)) for commit, time in lines)


def _of_others(root: Path, commit: str, paths: Collection[str]) -> frozenset[str]:
    """The paths that other people's commits have changed, of those that a commit has and HEAD has not."""
    words = ("log", f"--max-count={_MOST_STATES}", "--format=%H%x00%P%x00%ce", f"HEAD..{commit}", "--")
    lines = [line.split("\0") for line in os.fsdecode(_git(root, *words)).splitlines()]
    if len(lines) == _MOST_STATES:
        return frozenset(paths)
    me = _me(root)
    theirs = [(name, parents.split()) for name, parents, email in lines if email != me]
    ids = _ids(root, {(rev, path) for name, parents in theirs for rev in (name, *parents) for path in paths})
    return frozenset(
        path
        for name, parents in theirs
        for path in paths
        if ids.get((name, path)) not in [ids.get((parent, path)) for parent in parents or [""]]
    )


def _of(ids: Mapping[tuple[str, str], str], rev: str, paths: Iterable[str]) -> dict[str, str]:
    return {path: ids[rev, path] for path in paths if (rev, path) in ids}


def _ids(root: Path, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The object ids of (commit, path), without those that do not exist; one process for all of them."""
    wanted = sorted((rev, path) for rev, path in pairs if "\n" not in path)
    answers = _checked(root, [f"{rev}:./{path}" for rev, path in wanted])
    return {pair: answer for pair, answer in zip(wanted, answers, strict=True) if answer}


def _checked(root: Path, names: Sequence[str]) -> list[str]:
    """The id of each object, empty if this clone does not have it."""
    if not names:
        return []
    said = _git(root, "cat-file", "--batch-check=%(objectname)", stdin="".join(f"{name}\n" for name in names))
    return ["" if line.endswith(" missing") else line for line in os.fsdecode(said).splitlines()]


def _not_in_head(root: Path, commits: Sequence[str]) -> frozenset[str]:
    """Of these commits, those that are not ancestors of HEAD."""
    if not commits:
        return frozenset()
    listed = _git(root, "rev-list", "--stdin", stdin="".join(f"{commit}\n" for commit in commits) + "^HEAD\n")
    return frozenset(commits) & frozenset(listed.decode().split())


def _own_once_here(root: Path) -> frozenset[str]:
    """The commits by this clone's owner to which the checked-out branch has pointed, in this clone.

    A colleague's are in the log as well, after a `pull` or a `merge` that was reset.
    """
    branch = _or_nothing(root, "symbolic-ref", "--quiet", "HEAD")
    me = _me(root)
    if not branch or not me:
        return frozenset()
    logged = _or_nothing(root, "log", "-g", f"--max-count={_MOST_STATES}", "--format=%H %ce", branch).splitlines()
    return frozenset(commit for commit, _, email in (line.partition(" ") for line in logged) if email == me)


def _me(root: Path) -> str:
    """The address that this clone commits under; empty if none is set."""
    found = _EMAIL.search(_or_nothing(root, "var", "GIT_COMMITTER_IDENT"))
    return "" if found is None else found.group(1)


def _without(root: Path, commits: Sequence[str]) -> set[str]:
    """The commits that neither this clone nor any of its remotes has."""
    remotes = os.fsdecode(_git(root, "remote")).split()
    if remotes and _or_nothing(root, "rev-parse", "--is-shallow-repository") == "true":
        _fetch(root, "--unshallow", remotes[0])
    missing = _missing(root, commits)
    for remote in remotes:
        if missing and not _fetch(root, remote, *missing) and 1 < len(missing) <= _MOST_FETCHED_ALONE:
            # A remote that lacks one of them sends none.
            in_parallel(partial(_fetch, root, remote), missing)
        missing = _missing(root, missing)
    return set(missing)


def _missing(root: Path, commits: Sequence[str]) -> list[str]:
    there = _checked(root, [f"{commit}^{{commit}}" for commit in commits])
    return [commit for commit, id_ in zip(commits, there, strict=True) if not id_]


def _fetch(root: Path, *words: str) -> bool:
    """Whether it worked. There is no password prompt."""
    try:
        _git(root, *_CALMLY, *_FETCH, *words, stdin="", env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    except ToolError:
        return False
    return True


def _or_nothing(root: Path, *words: str) -> str:
    """What Git answers; empty if it has no answer."""
    try:
        return os.fsdecode(_git(root, *words)).strip()
    except ToolError:
        return ""


def _git(root: Path, *words: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> bytes:
    given = None if stdin is None else os.fsencode(stdin)
    hint = "run this inside a readable Git work tree"
    return run(["git", *words], cwd=root, env=env, where=f"git in {root.name}", hint=hint, stdin=given)
