"""What people are written about a branch or a tag, and what they know already: pure.

A message says what changed for them: something failed, something waits for their yes, or all is good again. The same
look again says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from multi_env_lambda.ci.markdown import spelled
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.subject import subject_of
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document, structure

__all__ = ["Followed", "Message", "Now", "Told", "message_of"]

_LINE, _MOST_LINES = 400, 40


@attrs.frozen(kw_only=True)
class Followed:
    """A merged pull request that has not arrived everywhere: the commit that it became, and the units it changes."""

    number: int
    commit: str
    units: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Told:
    """What people know about one subject.

    Args:
        commit, failed: what failed for them last, and at which commit.
        waits: (environment, digest) that they know of.
        head: the commit up to which merged pull requests were looked for; ``followed``: those on their way.
    """

    key: str
    commit: str = ""
    failed: tuple[str, ...] = ()
    waits: tuple[tuple[str, str], ...] = ()
    head: str = ""
    followed: tuple[Followed, ...] = ()

    def to_bytes(self) -> bytes:
        return canonical_json({"format": FORMAT, **attrs.asdict(self)}).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes, *, key: str, where: str) -> Told:
        """Read one.

        Raises:
            DocumentError: it is none, or about another subject.
        """
        document: dict[str, Any] = read_document(body, where=where, kind="what was told")
        found = structure(cls, document, where=where, kind="what was told")
        if found.key != key:
            raise is_junk(where, "what was told", f"it is about {found.key!r:.80}")
        return found


@attrs.frozen(kw_only=True)
class Now:
    """How a run ended: the commit, a line for each failure, and (environment, digest, command) of what waits."""

    commit: str
    failures: tuple[str, ...] = ()
    waits: tuple[tuple[str, str, str], ...] = ()
    link: str = ""


@attrs.frozen(kw_only=True)
class Message:
    """What people get."""

    subject: str
    text: str


def message_of(before: Told, now: Now) -> tuple[Told, Message | None]:
    """What people know from then on, and what they are written for that; None: nothing is new to them."""
    failed = tuple(dict.fromkeys(_about(one) for one in now.failures))
    waits = tuple((place, digest) for place, digest, _ in now.waits)
    told = attrs.evolve(before, commit=now.commit if failed else "", failed=failed, waits=waits)
    # What an error says may differ each time, by a duration or an address; where it was does not.
    again = set(failed) <= set(before.failed) and now.commit == before.commit
    fails = bool(failed) and not again
    asks = [one for one in now.waits if one[:2] not in before.waits]
    good = bool(before.failed) and not failed
    if not (fails or asks or good):
        return told, None
    words = [
        *(["failed"] if fails else []),
        *(["waits for a yes"] if asks else []),
        *(["is good again"] if good else []),
    ]
    lines = [*(now.failures if fails else ()), *_questions(asks), *([f"The log: {now.link}"] if now.link else [])]
    subject = f"{_named(before.key)} {', '.join(words)}"
    at = f" at {now.commit[:12]}" if now.commit else ""
    return told, Message(subject=subject, text="\n".join([f"{subject}{at}.", "", *_bounded(lines)]))


def _about(failure: str) -> str:
    return failure.partition(": ")[0][:200]


def _named(key: str) -> str:
    subject = subject_of(key)
    kind, _, name = key.rpartition(" ")
    return f"{kind} {quoted(name)}" if subject is not None and kind else key


def _questions(waits: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for place, digest, command in waits:
        yield f"{place} waits for somebody's yes to {digest[:12]}: {command}"


def _bounded(lines: Sequence[str]) -> Iterator[str]:
    yield from (spelled(" ".join(line.split()), _LINE) for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"… and {len(lines) - _MOST_LINES} more"
