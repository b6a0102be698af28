"""Whether a finished template, including what ``stack.py`` added, stays within the bounds of its environment."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.model.right import ELSEWHERE, Right
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.computed import Computed, Json, computed_of, is_unread, place_of, type_of
from multi_env_lambda.plan.rights_covering import matches
from multi_env_lambda.plan.rights_of import ROLES, rights_of
from multi_env_lambda.plan.rights_principals import may_be_of

if TYPE_CHECKING:
    from multi_env_lambda.model.bounds import Bounding, Bounds
    from multi_env_lambda.model.environment import Environment

__all__ = ["ROOT", "beyond", "files_of", "line_of"]

ROOT = "pyproject.toml"
_QUOTED = r"""\\?["']{}\\?["']"""
"""A word in either kind of quotes, and in a text within a text."""

_POLICIES = ("AWS::IAM::ManagedPolicy",)
_ROLES = (*ROLES, "AWS::IAM::Group")
_BOUNDABLE = ("AWS::IAM::Role", "AWS::IAM::User")


@attrs.frozen(kw_only=True)
class _Excess:
    """One thing that goes beyond a bound.

    ``words``: how it may be written in the unit's files; ``key``, ``said``: the bound that it breaks, as written.
    """

    what: str
    words: tuple[str, ...]
    key: str
    said: str


def beyond(template: str | None, folder: str, target: Environment, bounding: Bounding) -> tuple[str, str] | None:
    """(what goes beyond the bounds, with file and line; hint), or None if nothing does."""
    committed = bounding.committed.get(target.name)
    said = [(ROOT, target.bounds), (f"{ROOT} of the last commit", None if committed == target.bounds else committed)]
    lines = [
        one_line(f"{_place(excess, folder, bounding)}{excess.what}; {_bound(where, excess, target, bounding)}")
        for where, bounds in said
        if bounds is not None and template is not None
        for excess in _excesses(template, target, bounds)
    ]
    if not lines:
        return None
    hint = "ask for less in the unit's file or its `stack.py`, and redeploy it to the first environment"
    return "\n".join(dict.fromkeys(lines)), f"{hint}; or widen the bounds and commit that"


def _excesses(template: str, target: Environment, bounds: Bounds) -> Iterator[_Excess]:
    document = json.loads(template)
    computed = computed_of(document, place_of(target))
    types = computed.types
    rights = rights_of(template, place_of(target))
    if bounds.resource_types is not None:
        yield from _other_types(types, bounds.resource_types)
    if bounds.actions is not None:
        for right in rights:
            yield from _beyond_actions(right, bounds.actions, bounds.managed_policies, types, target.account_id)
            if right.kind == "other words":
                yield from _in_other_words(right, bounds.actions, bounds.resource_types or ())
    if bounds.permissions_boundary:
        arn = bounds.boundary_arn(target.partition, target.account_id)
        yield from _unbounded(rights, arn, types)
        yield from _own_boundaries(document["Resources"], arn, computed)


def _other_types(types: Mapping[str, str], allowed: Collection[str]) -> Iterator[_Excess]:
    for name, type_ in types.items():
        if not any(matches(pattern, type_) for pattern in allowed):
            what = f"{name} is of type {type_}"
            yield _Excess(what=what, words=(type_, name), key="resource_types", said=_list(allowed))


def _beyond_actions(
    right: Right, actions: Collection[str], policies: Collection[str], types: Mapping[str, str], account_id: str
) -> Iterator[_Excess]:
    match right.kind:
        case "permission":
            yield from _of_actions(right, right.who, "", actions)
        case "resource policy":
            if who := [each for each in right.who if may_be_of(account_id, each)]:
                yield from _of_actions(right, who, f" ({right.holder})", actions)
        case "managed policy":
            for arn in right.resources:
                if type_of(arn, types) not in _POLICIES and not any(matches(pattern, arn) for pattern in policies):
                    words = (arn, right.holder)
                    yield _Excess(what=str(right), words=words, key="managed_policies", said=_list(policies))
        case "role" | "unread":
            yield from _of_elsewhere(right, types, "actions", _list(actions))
        case "trust" | "boundary" | "public" | "other words":
            return


def _of_actions(right: Right, who: Iterable[str], where: str, actions: Collection[str]) -> Iterator[_Excess]:
    for action in () if right.denies else right.actions:
        if not any(matches(pattern, action, ignore_case=True) for pattern in actions):
            what, words = f"{', '.join(who)} may {action}{where}", (action, right.holder)
            yield _Excess(what=what, words=words, key="actions", said=_list(actions))


def _in_other_words(right: Right, actions: Collection[str], types: Collection[str]) -> Iterator[_Excess]:
    """What grants rights without an action to compare, unless the bounds allow its exact type."""
    (type_,) = right.actions
    if type_ not in types:
        what = f"{right}, which no list of actions can allow; add {type_} to `resource_types` to allow it"
        yield _Excess(what=what, words=(type_, right.holder), key="actions", said=_list(actions))


def _own_boundaries(resources: Json, arn: str, computed: Computed) -> Iterator[_Excess]:
    """Policies of the stack that are, or may become, the boundary itself: the unit would decide what it allows."""
    boundary = arn.rpartition("/")[2].casefold()
    for name, body in resources.items():
        named = computed.texts(body.get("Properties", {}).get("ManagedPolicyName"))
        if body["Type"] != "AWS::IAM::ManagedPolicy":
            continue
        if any(is_unread(text) or "${" in text or text.casefold() == boundary for text in named):
            what = f"{name} (AWS::IAM::ManagedPolicy) is, or may become, the boundary itself: {', '.join(named)}"
            yield _Excess(what=what, words=(*named, name), key="permissions_boundary", said=f'"{arn}"')


def _unbounded(rights: Collection[Right], arn: str, types: Mapping[str, str]) -> Iterator[_Excess]:
    key, said = "permissions_boundary", f'"{arn}"'
    bounded = {right.holder: right.resources for right in rights if right.kind == "boundary"}
    for name, type_ in types.items():
        if type_ in _BOUNDABLE and bounded.get(name) != (arn,):
            found = ", ".join(bounded.get(name, ())) or "nothing"
            yield _Excess(
                what=f"{name} ({type_}) has the permissions boundary {found}", words=(name,), key=key, said=said
            )
    for right in rights:
        yield from _of_elsewhere(right, types, key, said) if right.kind in ("role", "unread") else ()
        if (
            right.kind in ("permission", "role")
            and not right.denies
            and any(who.endswith(ELSEWHERE) for who in right.who)
        ):
            what = f"{right}, with a permissions boundary that is unknown here"
            yield _Excess(what=what, words=(right.holder,), key=key, said=said)


def _of_elsewhere(right: Right, types: Mapping[str, str], key: str, said: str) -> Iterator[_Excess]:
    """What is used here but defined elsewhere: it is unknown what it allows."""
    if right.kind == "unread" or not all(type_of(text, types) in _ROLES for text in right.resources):
        words = (*right.resources, right.holder)
        yield _Excess(what=f"{right}, whose content is unknown here", words=words, key=key, said=said)


def _list(items: Iterable[str]) -> str:
    quoted = ", ".join(f'"{item}"' for item in items)
    return f"[{quoted}]"


def _place(excess: _Excess, folder: str, bounding: Bounding) -> str:
    """``projects/billing/pyproject.toml:12: ``; the file alone if the line is not found."""
    for word in excess.words:
        for path in files_of(folder):
            if number := line_of(bounding.texts.get(path, ""), [_QUOTED.format(re.escape(word))]):
                return f"{path}:{number}: "
    return f"{folder}: "


def _bound(where: str, excess: _Excess, target: Environment, bounding: Bounding) -> str:
    name = rf"name\s*=\s*[\"']{re.escape(target.name)}[\"']"
    text = bounding.texts.get(ROOT, "") if where == ROOT else ""
    number = line_of(text, [name, "bounds", excess.key]) or line_of(text, [name, "bounds"])
    return f"{where}{f':{number}' if number else ''}: {target.name} has bounds.{excess.key} = {excess.said}"


def files_of(folder: str) -> tuple[str, str]:
    """The files in which a unit says what it wants."""
    return f"{folder}/pyproject.toml", f"{folder}/stack.py"


def line_of(text: str, patterns: Iterable[str]) -> int:
    """The number of the line with the last pattern, each searched for after the previous one; 0 if there is none.

    >>> line_of('name = "prod"\\nbounds = {}', ["prod", "bounds"])
    2
    """
    lines, at = text.splitlines(), 0
    for pattern in patterns:
        at = next((number for number in range(at, len(lines)) if re.search(pattern, lines[number])), -1)
        if at < 0:
            return 0
    return at + 1
