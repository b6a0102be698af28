"""What is to be done. Jobs name a branch, tag or pull request, never a commit: the run looks up the current one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.ci.subject import Branch, Everything, PullRequest, Subject, Tag
from multi_env_lambda.errors import DocumentError
from multi_env_lambda.model.document import is_junk, structure

__all__ = ["Bring", "Decision", "Job", "Own", "Plan", "Release", "Remove", "Upkeep", "nothing", "read_decision"]

Credentials = Literal["read", "none"]


@attrs.frozen(kw_only=True)
class Bring:
    """Bring the protected branch as far as it may go: environment by environment, until one waits for an approval.

    Args:
        to: the last environment that it may reach.
        only: the units that may change; empty: all that are affected.
        held: (unit, environment) that stay as they are; what comes after there stays, too.
    """

    branch: str
    to: str
    only: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> Subject:
        return Branch(name=self.branch)


@attrs.frozen(kw_only=True)
class Own:
    """Bring a branch into an environment of its own, which lives until then, in seconds since 1970."""

    branch: str
    environment: str
    until: float
    only: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Branch(name=self.branch)


@attrs.frozen(kw_only=True)
class Remove:
    """Remove the own environment of a branch that is gone, or whose time is over."""

    branch: str
    environment: str

    @property
    def subject(self) -> Subject:
        return Branch(name=self.branch)


@attrs.frozen(kw_only=True)
class Plan:
    """Plan the units that a pull request affects.

    Args:
        credentials: ``read``: those that a plan needs; ``none``: not even these, against a copy of the records.
        agreed: if not empty, only where the pull request stands at one of these commits: that was agreed to.
    """

    number: int
    credentials: Credentials
    agreed: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return PullRequest(number=self.number)


@attrs.frozen(kw_only=True)
class Release:
    """Bring the one unit that a tag releases as far as it may go.

    ``unit`` and ``version`` are empty if the units at the tag have not been looked up yet.
    """

    tag: str
    unit: str
    version: str
    to: str
    held: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> Subject:
        return Tag(name=self.tag)


@attrs.frozen(kw_only=True)
class Upkeep:
    """Check for drift, expired environments of branches, and lost events."""

    @property
    def subject(self) -> Subject:
        return Everything()


Job = Bring | Own | Remove | Plan | Release | Upkeep
_KINDS: Mapping[str, type] = {kind.__name__.lower(): kind for kind in (Bring, Own, Remove, Plan, Release, Upkeep)}


@attrs.frozen(kw_only=True)
class Decision:
    """What is to be done, and why it is that; ``notes`` say what is left out of it.

    A ``ci.py`` gets the default decision and returns this one or another:

    >>> default = Decision(jobs=(Bring(branch="main", to="prod"),), why="`main` moved")
    >>> default.up_to("test").jobs
    (Bring(branch='main', to='test', only=(), held=()),)
    >>> default.nothing("not on Fridays")
    Decision(jobs=(), why='not on Fridays', notes=())
    """

    jobs: tuple[Job, ...] = ()
    why: str
    notes: tuple[str, ...] = ()

    def nothing(self, why: str) -> Decision:
        """Do nothing, for this reason."""
        return nothing(why)

    def up_to(self, environment: str) -> Decision:
        """Stop after this environment; it cannot be later than the previous limit."""
        jobs = tuple(
            attrs.evolve(job, to=environment) if isinstance(job, Bring | Release) else job for job in self.jobs
        )
        return attrs.evolve(self, jobs=jobs)

    def only(self, *units: str) -> Decision:
        """Change only these units; jobs about one unit or none stay.

        Args:
            units: if there are none, all that are affected.
        """
        jobs = tuple(attrs.evolve(job, only=units) if isinstance(job, Bring | Own) else job for job in self.jobs)
        return attrs.evolve(self, jobs=jobs)

    def noting(self, *notes: str) -> Decision:
        """The same decision, with further notes."""
        return attrs.evolve(self, notes=(*self.notes, *notes))

    def to_document(self) -> dict[str, Any]:
        """As plain data, which ``read_decision`` reads."""
        jobs = [{"kind": type(job).__name__.lower(), **attrs.asdict(job)} for job in self.jobs]
        return {"jobs": jobs, "why": self.why, "notes": list(self.notes)}


def nothing(why: str) -> Decision:
    """Nothing is to be done, and why."""
    return Decision(why=why)


@attrs.frozen(kw_only=True)
class _Words:
    why: str
    notes: tuple[str, ...] = ()


def read_decision(document: object, *, where: str) -> Decision:
    """A decision from plain data.

    Raises:
        DocumentError: it is none.
    """
    words = structure(_Words, document, where=where, kind="a decision")
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if not isinstance(jobs, list):
        raise is_junk(where, "a decision", "it has no list of jobs")
    return Decision(jobs=tuple(_read_job(job, where) for job in jobs), why=words.why, notes=words.notes)


def _read_job(document: object, where: str) -> Job:
    kind = document.get("kind") if isinstance(document, dict) else None
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise _no_job(kind, where)
    job: Job = structure(cls, _with_tuples(document), where=where, kind="a job")
    return job


def _with_tuples(document: object) -> object:
    """Tuples that were never written as JSON, as the lists that they would be."""
    if isinstance(document, Mapping):
        return {key: _with_tuples(value) for key, value in document.items()}
    return [_with_tuples(item) for item in document] if isinstance(document, list | tuple) else document


def _no_job(kind: object, where: str) -> DocumentError:
    return is_junk(where, "a decision", f"found a job of the kind {kind!r:.60}, expected one of {', '.join(_KINDS)}")
