"""What stays of a release when an older one is restored: what holds data, unchanged.

What would be deleted stays in the stack. What its policy retains leaves the stack and stays in the account
(``left_over``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.changes import KEPT, STAYS
from multi_env_lambda.plan.stateful import body_holds_data

__all__ = ["keeping", "left_over", "template_to_send"]

_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^{}]*)?\}")


def keeping(before: str, failed: str, only: Container[str] | None = None) -> str:
    """The template ``before`` with what holds data, is only in ``failed``, and would otherwise be deleted.

    What that refers to comes with it. If some of that is not a resource (a parameter, a condition), only ``before`` can
    be deployed, and CloudFormation says what would be deleted.

    Args:
        only: the logical ids of what may be kept; None for all.
    """
    old, new = json.loads(before), json.loads(failed)
    there, made = old["Resources"], new["Resources"]
    wanted = {name for name in made.keys() - there.keys() if _holds_data(made[name]) and (only is None or name in only)}
    known = {*there, *old.get("Parameters", {})}
    found: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in made or "Condition" in made[name]:
            return before
        found[name] = made[name]
        wanted |= {other for other in _references(made[name]) if other not in known and other not in found}
    return canonical_json({**old, "Resources": {**there, **found}}) if found else before


def template_to_send(verb: str, released: str, there: str | None) -> str:
    """The template of the release; for a rollback or a repair, with what holds data and came after it.

    Args:
        there: the stack's own template; None if there is no stack of ours, or it could not be read.
    """
    return keeping(released, there) if verb in ("rollback", "repair") and there is not None else released


def left_over(
    made: Iterable[PhysicalResource], now: Iterable[PhysicalResource], failed: str, back: str
) -> tuple[PhysicalResource, ...]:
    """What of ``made`` has left the stack but still exists, by the policies of the templates ``failed`` and ``back``.

    For what left, the stack's own template decides; for what was replaced, the new one.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
    """
    there = {item.identity for item in now}
    old, new = (json.loads(text)["Resources"] for text in (failed, back))

    def stays(item: PhysicalResource) -> bool:
        if item.logical_id in new:
            return new[item.logical_id].get("UpdateReplacePolicy") in STAYS
        return old.get(item.logical_id, {}).get("DeletionPolicy") in STAYS

    return tuple(item for item in made if item.identity not in there and stays(item))


def _holds_data(body: Mapping[str, Any]) -> bool:
    return body_holds_data(body) and body.get("DeletionPolicy") not in KEPT


def _references(value: Any) -> Iterator[str]:
    """The logical ids that a part of a template names, without pseudo parameters such as ``AWS::Region``."""
    match value:
        case {"Ref": str(name)}:
            yield from [] if name.startswith("AWS::") else [name]
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(path)}:
            yield path.partition(".")[0]
        case {"Fn::Sub": text}:
            pattern, values = text if isinstance(text, list) else (text, {})
            yield from (name for name in _IN_TEXT.findall(pattern) if name not in values)
            yield from _references(list(values.values()))
        case dict():
            for key, each in value.items():
                yield from ([each] if isinstance(each, str) else each) if key == "DependsOn" else _references(each)
        case list():
            for each in value:
                yield from _references(each)
        case _:
            return
