"""What an event can be about."""

from __future__ import annotations

import attrs

__all__ = ["Branch", "Cell", "Everything", "PullRequest", "Subject", "Tag", "subject_of"]


@attrs.frozen(kw_only=True)
class Branch:
    """A branch, in its current state: its commit, or that it was deleted."""

    name: str

    @property
    def key(self) -> str:
        return f"branch {self.name}"


@attrs.frozen(kw_only=True)
class PullRequest:
    """A pull request, by its number at the host."""

    number: int

    @property
    def key(self) -> str:
        return f"pull request {self.number}"


@attrs.frozen(kw_only=True)
class Tag:
    """A tag, by its name."""

    name: str

    @property
    def key(self) -> str:
        return f"tag {self.name}"


@attrs.frozen(kw_only=True)
class Everything:
    """What is checked every hour: drift, and expired environments of branches."""

    @property
    def key(self) -> str:
        return "everything"


@attrs.frozen(kw_only=True)
class Cell:
    """What is left to do for a branch or a tag in one account and region of a stage; a run of ``of`` hands it on.

    Args:
        place: account and region, with a slash between them.
    """

    of: Branch | Tag
    stage: str
    place: str

    @property
    def key(self) -> str:
        return f"cell {self.stage} {self.place} {self.of.key}"


Subject = Branch | PullRequest | Tag | Everything | Cell
"""``key`` names it: two events about the same thing have the same."""


def subject_of(key: str) -> Subject | None:
    """The subject that a key names; None where it names none.

    >>> subject_of("branch feature/x")
    Branch(name='feature/x')
    """
    if key.startswith("cell "):
        return _cell(key)
    kind, _, rest = key.rpartition(" ")
    if kind == "branch" and rest:
        return Branch(name=rest)
    if kind == "tag" and rest:
        return Tag(name=rest)
    if kind == "pull request" and rest.isascii() and rest.isdecimal() and len(rest) < 16:
        return PullRequest(number=int(rest))
    return Everything() if key == "everything" else None


def _cell(key: str) -> Cell | None:
    _, stage, place, rest = (*key.split(" ", 3), "", "", "")[:4]
    of = subject_of(rest)
    return Cell(of=of, stage=stage, place=place) if stage and place and isinstance(of, Branch | Tag) else None
