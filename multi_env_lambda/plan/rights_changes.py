"""Which rights are added, removed, widened or narrowed between two templates, and what goes beyond ordinary work.

What needs consent is in ``docs/adr/0051-rights-that-grow.rst``. The rest is only shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.right import Right, RightChange
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.computed import Place
from multi_env_lambda.plan.rights_alarms import Alarm, alarms_of
from multi_env_lambda.plan.rights_covering import covers, is_about
from multi_env_lambda.plan.rights_of import bare, rights_of

__all__ = ["rights_changes", "rights_question"]


@attrs.frozen(kw_only=True)
class _Staying:
    """What a denial may be about: the resources that were, and the logical ids of those that are after the change."""

    was: Mapping[str, Any]
    holders: frozenset[str]

    def has(self, lost: Right) -> bool:
        """Whether something that a denial was about is still there, or may be since it is not of this stack."""
        if lost.holder in self.holders:
            return True
        body = self.was.get(lost.holder, {})
        if not body.get("Type", "").endswith("Policy"):
            return False  # an identity, or a resource, that had the denial in itself
        attached = [value for key, value in body.get("Properties", {}).items() if not key.endswith("Document")]
        own = {name for name in self.was if self._is_named(name, canonical_json(attached))}
        return not own or not own.isdisjoint(self.holders)

    def _is_named(self, name: str, text: str) -> bool:
        """Whether a text has a resource of the stack that was, by its logical id or by a name of its own."""
        properties = self.was[name].get("Properties", {})
        called = [value for key, value in properties.items() if key.endswith("Name") and isinstance(value, str)]
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in (name, *called))


def rights_changes(before: str | None, after: str | None, place: Place) -> tuple[RightChange, ...]:
    """How each right changes, those beyond the ordinary first, without those that stay as they are.

    Args:
        before: the template that runs; None if nothing does, so that every right is added.
    """
    old, new = rights_of(before, place), rights_of(after, place)
    gone, come = [right for right in old if right not in new], [right for right in new if right not in old]
    found = [change for change in _paired(gone, come) if not _is_of_a_new_role(change, old, new)]
    holders = frozenset() if after is None else frozenset(json.loads(after).get("Resources", {}))
    there = _Staying(was={} if before is None else json.loads(before).get("Resources", {}), holders=holders)
    judged = (_judged(change, old, new, there, place) for change in found)
    return tuple(sorted(judged, key=lambda change: not change.alarms))


def rights_question(project: str, changes: Iterable[RightChange]) -> tuple[Question, ...]:
    """The one question about everything that is beyond the ordinary, if there is anything."""
    lines = [f"{change.right}: {', '.join(change.alarms)}" for change in changes if change.alarms]
    text = "\n".join([f"{project}: rights beyond the ordinary:", *dict.fromkeys(lines)])
    return (Question(kind="rights", text=text, answer=f"rights:{project}"),) if lines else ()


def _paired(gone: list[Right], come: list[Right]) -> Iterator[RightChange]:
    """Each new right with the old one of the same resource from which it changed, if there is one."""
    left = list(gone)
    for right in come:
        same = [old for old in left if is_about(old, right)]
        match = next(((old, word) for old in same if (word := _relation(old, right))), None)
        if match is None:
            yield _alone(right, gone)
        else:
            left.remove(match[0])
            yield RightChange(change=match[1], right=right, before=match[0])
    for right in left:
        merged = next((new for new in come if _is_part_of(right, new)), None)
        if merged is None:
            yield RightChange(change="removed", right=right)
        else:
            yield RightChange(change="wider", right=merged, before=right)


def _alone(right: Right, gone: Iterable[Right]) -> RightChange:
    """A new right without an old one of its own: added, unless it is a part of one that was split."""
    whole = next((old for old in gone if _is_part_of(right, old)), None)
    return RightChange(change="added" if whole is None else "narrower", right=right, before=whole)


def _is_part_of(right: Right, whole: Right) -> bool:
    return right.kind not in ("boundary", "role") and covers(whole, right)


def _relation(old: Right, new: Right) -> Literal["wider", "narrower", "changed"] | None:
    if new.kind in ("boundary", "role"):
        return "changed"
    if covers(new, old):
        return "wider"
    return "narrower" if covers(old, new) else None


def _is_of_a_new_role(change: RightChange, old: Collection[Right], new: Collection[Right]) -> bool:
    """Whether something acts as a role of its own stack that comes or goes with it: the role's own lines say so."""
    if change.right.kind != "role" or change.change == "changed":
        return False
    side, other = (new, old) if change.change == "added" else (old, new)
    known = {f"${{{right.holder}.Arn}}" for right in side if right.kind == "trust"}
    before = {f"${{{right.holder}.Arn}}" for right in other if right.kind == "trust"}
    return set(change.right.resources) <= known - before


def _judged(
    change: RightChange, old: Collection[Right], new: Collection[Right], there: _Staying, place: Place
) -> RightChange:
    if change.right.kind == "boundary":
        words = list(_of_boundary(change, there.holders, place))
    elif change.right.denies:
        words = list(_of_denial(change, new, there))
    elif change.change in ("added", "wider", "changed"):
        words = [alarm.word for alarm in alarms_of(change.right, place) if not _was_there(alarm, old, place)]
        words += _of_what_it_takes(change.right, new, place)
    else:
        words = []
    return attrs.evolve(change, alarms=tuple(dict.fromkeys(map(one_line, words))))


def _of_what_it_takes(taker: Right, new: Collection[Right], place: Place) -> Iterator[str]:
    """What is alarming about a role or a policy of the stack, for somebody who did not have it before."""
    if taker.kind not in ("role", "managed policy"):
        return
    names = {bare(text) for text in taker.resources}
    for right in new:
        if right.kind not in ("permission", "managed policy"):
            continue
        if right.holder in names or (right.kind == "permission" and not names.isdisjoint(right.who)):
            yield from (alarm.word for alarm in alarms_of(right, place))
            yield from _of_what_it_takes(right, new, place)


def _was_there(alarm: Alarm, old: Collection[Right], place: Place) -> bool:
    """Whether the same resource already granted what is alarming, under a condition that was no stricter."""
    same = [right for right in old if is_about(right, alarm.about)]
    return any(covers(right, alarm.about) for right in same)


def _of_boundary(change: RightChange, holders: frozenset[str], place: Place) -> Iterator[str]:
    if change.change == "changed":
        yield "it has another permissions boundary"
    elif change.change == "removed" and change.right.holder in holders:
        yield "it no longer has a permissions boundary"
    elif change.change == "added":
        yield from (alarm.word for alarm in alarms_of(change.right, place))


def _of_denial(change: RightChange, new: Collection[Right], there: _Staying) -> Iterator[str]:
    """What a removed or narrowed denial no longer denies, unless other remaining or new ones deny it together."""
    lost = change.right if change.before is None else change.before
    parts = (attrs.evolve(lost, actions=(action,)) for action in lost.actions)
    if (
        there.has(lost)
        and change.change in ("removed", "narrower")
        and not all(_is_denied(part, new) for part in parts)
    ):
        yield "it is no longer denied" if change.change == "removed" else "less is denied"


def _is_denied(part: Right, new: Collection[Right]) -> bool:
    return any(covers(right, attrs.evolve(part, holder=right.holder)) for right in new if right.denies)
