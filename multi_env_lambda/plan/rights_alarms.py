"""What makes a right go beyond ordinary work: ``docs/adr/0051-rights-that-grow.rst`` says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

import attrs

from multi_env_lambda.model.right import ELSEWHERE, Right
from multi_env_lambda.plan.computed import Place, is_unread
from multi_env_lambda.plan.rights_conditions import is_limited, names_a_subject
from multi_env_lambda.plan.rights_covering import matches
from multi_env_lambda.plan.rights_principals import is_named, is_service
from multi_env_lambda.plan.rights_resources import is_everything

__all__ = ["Alarm", "alarms_of"]

_ADMINISTRATIVE = re.compile(r":aws:policy/.*(Administrat|Admin\b|PowerUser|FullAccess)")
"""AWS managed policies that allow all calls of a service, or of all services, on everything."""

_UNNAMED = "somebody whose name cannot be read here"
_UNREAD_ACTION = "an action that cannot be read here"
_ACCOUNT = re.compile(r"arn:[^:\"]*:[^:\"]*:[^:\"]*:(\d{12}|[\d*?]*\d[*?][\d*?]*|[\d*?]*[*?]\d[\d*?]*):")
_ASSUMING = "sts:AssumeRole"
_ANY_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*[*?][^:]*:.*")


@attrs.frozen
class Alarm:
    """A phrase about a right, and the part of the right that it is about."""

    word: str
    about: Right


def alarms_of(right: Right, place: Place) -> Iterator[Alarm]:
    """What is alarming about a granted right; nothing about a denial is."""
    if right.denies:
        return
    if right.effect != "Allow":
        yield Alarm("an effect that cannot be read here", right)
    yield from _of_its_kind(right, place)
    if right.kind != "other words":
        for text, about in _named_accounts(right):
            yield from (Alarm(f"account {name}", about) for name in _accounts(text) if name != place.account_id)


def _of_its_kind(right: Right, place: Place) -> Iterator[Alarm]:
    match right.kind:
        case "permission":
            yield from _of_actions(right)
            # Without any action it allows nothing, and IAM refuses it, because its grammar demands one.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
            yield from _for_others(right) if right.actions else ()
        case "managed policy":
            for arn in right.resources:
                yield from (Alarm(word, attrs.evolve(right, resources=(arn,))) for word in _of_policy(arn))
        case "public":
            yield Alarm("open to everybody", right)
        case "trust" | "resource policy":
            yield from _of_principals(right, place)
        case "boundary":
            yield from (
                Alarm("a boundary that cannot be read here", right) for arn in right.resources if is_unread(arn)
            )
        case "other words":
            yield Alarm("grants rights in its own way", right)
        case "unread":
            yield Alarm("what it allows cannot be read", right)
        case "role":
            unknown = (arn for arn in right.resources if _is_of_elsewhere(arn))
            yield from (Alarm("a role that is defined elsewhere", right) for _ in unknown)
            yield from _for_others(right)
        case _:
            assert_never(right.kind)


def _for_others(right: Right) -> Iterator[Alarm]:
    others = (who for who in right.who if who.endswith(ELSEWHERE))
    yield from (Alarm("for somebody who is defined elsewhere", attrs.evolve(right, who=(who,))) for who in others)


def _named_accounts(right: Right) -> Iterator[tuple[str, Right]]:
    """The texts of a right that may name an account, each with the part of the right that it is in."""
    yield from ((text, attrs.evolve(right, resources=(text,))) for text in right.resources)
    if right.kind != "public":
        yield from ((text, attrs.evolve(right, who=(text,))) for text in right.who)
    yield right.condition, right


def _of_actions(right: Right) -> Iterator[Alarm]:
    for action in right.actions:
        about = attrs.evolve(right, actions=(action,))
        service, _, name = action.partition(":")
        if _is_any_text(action) and not action.startswith("everything but"):
            yield Alarm(_UNREAD_ACTION, about)
        elif action.startswith("everything but"):
            yield Alarm(action, about)
        elif "*" in service or "?" in service:
            yield Alarm("every action", about)
        elif _is_nearly_any(name) and any(map(is_everything, right.resources)):
            yield Alarm(f"{action} on everything", about)
        elif matches(action, _ASSUMING, ignore_case=True) and any(map(_is_of_any_account, right.resources)):
            yield Alarm("roles of any account", about)


def _is_any_text(action: str) -> bool:
    return is_unread(action) or "${" in action


def _is_of_elsewhere(role: str) -> bool:
    """Whether it is a role that is neither in this stack nor created by AWS for a single service."""
    is_role = not role.startswith("arn:") or ":iam:" in role
    return is_role and not role.startswith("${") and ":role/aws-service-role/" not in role


def _of_policy(arn: str) -> Iterator[str]:
    if is_unread(arn):
        yield "a policy that cannot be read here"
    elif _ADMINISTRATIVE.search(arn):
        yield f"{_last(arn)} allows whole services"


def _of_principals(right: Right, place: Place) -> Iterator[Alarm]:
    for who in right.who:
        yield from (Alarm(word, attrs.evolve(right, who=(who,))) for word in _of_principal(who, right, place))
    unread = filter(_is_any_text, right.actions)
    yield from (Alarm(_UNREAD_ACTION, attrs.evolve(right, actions=(action,))) for action in unread)


def _of_principal(who: str, right: Right, place: Place) -> Iterator[str]:
    if _is_unnamed(who):
        yield _UNNAMED
    elif who.startswith("everybody but"):
        yield who
    elif who == "*" or _ANY_ACCOUNT.fullmatch(who):
        if not is_limited(right.condition):
            yield "open to everybody"
    elif who.startswith("CanonicalUser ") or (who.startswith("Federated ") and not _accounts(who)):
        yield f"somebody outside account {place.account_id}"
    else:
        yield from _of_a_name(who, right)


def _of_a_name(who: str, right: Right) -> Iterator[str]:
    """What is alarming about a principal that is written out, apart from its account."""
    if who.startswith("Federated "):
        if not (names_a_subject(right.condition) or is_limited(right.condition)):
            yield f"anyone who signs in with {_last(who)}"
    elif is_service(who):
        if right.kind == "resource policy" and not is_limited(right.condition, of_a_service=True):
            yield f"{who} acts for any account"
    elif not is_named(who):
        yield _UNNAMED


def _is_unnamed(who: str) -> bool:
    """Whether the account of an ARN, or all of it, is computed; a role's own name may be computed."""
    known = re.split(r'\{[{"]', who, maxsplit=1)[0]
    return known != who and known.count(":") < 5


def _is_of_any_account(resource: str) -> bool:
    """Whether a pattern leaves the account open; one with some of its digits is a name that asks as an account."""
    if resource.startswith("everything but") or _is_unnamed(resource):
        return True
    parts = resource.split(":")
    return is_everything(resource) if len(parts) < 6 else set(parts[4]) <= {"*", "?"} and parts[4] != ""


def _is_nearly_any(name: str) -> bool:
    """Whether a pattern of calls has at most one letter: a few such patterns cover a whole service."""
    return "*" in name and len(name.replace("*", "").replace("?", "")) <= 1


def _accounts(text: str) -> tuple[str, ...]:
    """The accounts that a text names: in ARNs, or as twelve digits alone."""
    alone = re.findall(r'(?:^|")(\d{12})(?:$|")', text)
    return (*_ACCOUNT.findall(text), *alone)


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
