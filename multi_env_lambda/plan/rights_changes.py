"""Which rights come, go, grow and shrink between two templates, and which of that is more than ordinary work asks for.

What asks is in ``docs/adr/0051-rights-that-grow.rst``. The rest is shown, and nobody is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

import attrs

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.right import Right, RightChange
from multi_env_lambda.plan.rights_of import Place, rights_of

__all__ = ["covers", "is_unread", "matches", "rights_changes", "rights_question"]

_ADMINISTRATIVE = re.compile(r":aws:policy/.*(Administrat|Admin\b|PowerUser|FullAccess)")
"""AWS's own policies that allow all calls of a service, or of all, on everything."""

_LIMITS = re.compile(
    r"(?i)aws:(SourceArn|SourceAccount|SourceOwner|SourceOrgID|SourceOrgPaths|SourceIp|SourceVpc|SourceVpce|userid|"
    r"PrincipalArn|PrincipalAccount|PrincipalOrgID|PrincipalOrgPaths)|lambda:EventSourceToken"
)
_LIMITS_OF_A_PERMISSION = {"SourceArn", "SourceAccount", "PrincipalOrgID", "OrganizationId"}
"""What keeps a statement about everybody from being one about everybody, with a value of its own.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html ("public")
"""

_ACCOUNT = re.compile(r"arn:[^:\"]*:[^:\"]*:[^:\"]*:(\d{12}):")
_ANY_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*[*?][^:]*:.*")


def rights_changes(before: str | None, after: str | None, place: Place) -> tuple[RightChange, ...]:
    """What becomes of each right, those beyond the ordinary first; what stays as it is is left out.

    Args:
        before: the template that runs; None where nothing does, so that every right is added.
    """
    old, new = rights_of(before, place), rights_of(after, place)
    gone, come = [right for right in old if right not in new], [right for right in new if right not in old]
    found = [change for change in _paired(gone, come) if not _is_of_a_new_role(change, old, new)]
    holders = set() if after is None else set(json.loads(after).get("Resources", {}))
    judged = (_judged(change, old, holders, place) for change in found)
    return tuple(sorted(judged, key=lambda change: not change.alarms))


def rights_question(project: str, changes: Iterable[RightChange]) -> tuple[Question, ...]:
    """The one question about everything that is more than ordinary, if there is something."""
    lines = [f"{change.right}: {', '.join(change.alarms)}" for change in changes if change.alarms]
    text = "\n".join([f"{project}: rights beyond the ordinary:", *lines])
    return (Question(kind="rights", text=text, answer=f"rights:{project}"),) if lines else ()


def _paired(gone: list[Right], come: list[Right]) -> Iterator[RightChange]:
    """Each new right with the old one of the same resource that it is made from, if there is one."""
    left = list(gone)
    for right in come:
        same = [old for old in left if _is_about(old, right)]
        match = next(((old, word) for old in same if (word := _relation(old, right))), None)
        if match is None:
            yield RightChange(change="added", right=right)
        else:
            left.remove(match[0])
            yield RightChange(change=match[1], right=right, before=match[0])
    for right in left:
        yield RightChange(change="removed", right=right)


def _is_about(old: Right, new: Right) -> bool:
    return (old.kind, old.holder, old.effect) == (new.kind, new.holder, new.effect)


def _relation(old: Right, new: Right) -> Literal["wider", "narrower", "changed"] | None:
    if new.kind in ("boundary", "role"):
        return "changed"
    allows = new.effect == "Allow"
    if covers(new, old):
        return "wider" if allows else "narrower"
    if covers(old, new):
        return "narrower" if allows else "wider"
    return None


def covers(wide: Right, narrow: Right) -> bool:
    """Whether one right says all that the other says. A condition that another may imply counts as another."""
    return (
        _is_about(wide, narrow)
        and _all_match(wide.who, narrow.who)
        and _all_match(wide.actions, narrow.actions, ignore_case=True)
        and _all_match(wide.resources, narrow.resources)
        and wide.condition in ("", narrow.condition)
    )


def _all_match(patterns: Collection[str], texts: Iterable[str], *, ignore_case: bool = False) -> bool:
    return all(any(matches(pattern, text, ignore_case=ignore_case) for pattern in patterns) for text in texts)


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether IAM's pattern (``*`` and ``?``) takes in all that ``text``, which may be a pattern too, takes in."""
    if is_unread(pattern) or is_unread(text) or text.startswith("everything but"):
        return pattern in (text, "*")
    parts = (".*" if char == "*" else "[^*]" if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.IGNORECASE if ignore_case else 0) is not None


def is_unread(text: str) -> bool:
    """Whether this is the JSON of something that is computed."""
    return text.startswith("{")


def _is_of_a_new_role(change: RightChange, old: Collection[Right], new: Collection[Right]) -> bool:
    """Whether something acts as a role of its own stack that comes, or went, with it: the role's own lines say it."""
    if change.right.kind != "role" or change.change == "changed":
        return False
    side, other = (new, old) if change.change == "added" else (old, new)
    known = {f"${{{right.holder}.Arn}}" for right in side if right.kind == "trust"}
    before = {f"${{{right.holder}.Arn}}" for right in other if right.kind == "trust"}
    return set(change.right.resources) <= known - before


def _judged(change: RightChange, old: Collection[Right], holders: Collection[str], place: Place) -> RightChange:
    alarms = tuple(dict.fromkeys(_alarms(change, holders, place)))
    had = {alarm for right in old if _is_about(right, change.right) for alarm in _of_right(right, place)}
    kept = any(covers(right, change.right) for right in old) and _grows(change)
    new = () if kept else tuple(alarm for alarm in alarms if alarm not in had)
    return attrs.evolve(change, alarms=new)


def _grows(change: RightChange) -> bool:
    return change.right.effect == "Allow" and change.change in ("added", "wider", "changed")


def _alarms(change: RightChange, holders: Collection[str], place: Place) -> Iterator[str]:
    right, before = change.right, change.before
    there = right.holder in holders
    if right.kind == "boundary":
        if change.change == "changed" or (change.change == "removed" and there):
            yield "it is bounded no more" if before is None else "it is bounded by another policy"
    elif right.effect == "Deny":
        if there and change.change in ("removed", "narrower"):
            yield "it is denied no more" if change.change == "removed" else "less is denied"
    elif _grows(change):
        yield from _of_right(right, place)


def _of_right(right: Right, place: Place) -> Iterator[str]:
    """What is alarming about a right that somebody has; of what is denied nothing is."""
    match right.kind:
        case "permission":
            yield from _of_actions(right)
        case "managed policy":
            yield from (f"{_last(arn)} allows whole services" for arn in right.resources if _ADMINISTRATIVE.search(arn))
        case "public":
            yield "open to everybody"
        case "trust" | "resource policy":
            yield from _of_principals(right, place)
        case "role" | "boundary":
            pass
        case "unread":
            yield "nobody can read what it allows"
    if right.effect == "Allow":
        texts = (*right.resources, *(text for text in right.who if right.kind != "public"), right.condition)
        yield from (f"account {name}" for text in texts for name in _accounts(text) if name != place.account_id)


def _of_actions(right: Right) -> Iterator[str]:
    if right.effect != "Allow":
        return
    for action in right.actions:
        service, _, name = action.partition(":")
        if is_unread(action):
            yield "an action that cannot be read here"
        elif action.startswith("everything but"):
            yield action
        elif _is_any(action) or _is_any(service):
            yield "every action"
        elif _is_any(name) and any(map(_is_everything, right.resources)):
            yield f"{action} on everything"


def _of_principals(right: Right, place: Place) -> Iterator[str]:
    if right.effect != "Allow":
        return
    for who in right.who:
        if is_unread(who):
            yield "somebody whose name cannot be read here"
        elif who.startswith("everybody but"):
            yield who
        elif who == "*" or _ANY_ACCOUNT.fullmatch(who):
            if not _is_limited(right.condition):
                yield "open to everybody"
        elif who.startswith("CanonicalUser ") or (who.startswith("Federated ") and not _accounts(who)):
            yield f"somebody outside of account {place.account_id}"


def _is_any(text: str) -> bool:
    """Whether a pattern is nothing but wildcards, one of which takes in anything."""
    return "*" in text and set(text) <= {"*", "?"}


def _is_everything(resource: str) -> bool:
    """Whether a resource is all of a service: ``*``, an ARN that ends so, or what cannot be read."""
    if resource.startswith("everything but") or is_unread(resource):
        return True
    return _is_any(resource) or (resource.startswith("arn:") and _is_any(resource.split(":", 5)[-1]))


def _is_limited(condition: str) -> bool:
    """Whether a condition says from where or from whom, by a value that is not everything itself."""
    found = json.loads(condition) if condition else {}
    for operator, keys in found.items():
        if operator in _LIMITS_OF_A_PERMISSION and not _is_any(str(keys)):
            return True
        if isinstance(keys, dict) and "Not" not in operator and not operator.startswith("Null"):
            named = [value for key, value in keys.items() if _LIMITS.fullmatch(key)]
            if any(not _is_any(str(value)) for value in named) and not operator.endswith("IfExists"):
                return True
    return False


def _accounts(text: str) -> tuple[str, ...]:
    """The accounts that a text names: in ARNs, or as twelve digits alone."""
    alone = re.findall(r'(?:^|")(\d{12})(?:$|")', text)
    return (*_ACCOUNT.findall(text), *alone)


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
