"""The template of a stack from which something is moved out: first retained, then released, with nothing else changed.

What others in the stack know of a moved resource (its name, its ARN) becomes a text. CloudFormation itself says these
texts: the first update adds them as outputs, so nothing is computed here, of whatever type.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/refactor-stacks.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.changes import STAYS
from multi_env_lambda.plan.template_text import references

__all__ = ["JOURNAL", "as_text", "is_retained", "journal_of", "released", "retaining", "values_asked"]

JOURNAL = "multi_env_lambda:adopted"
"""Below ``Metadata`` of the old stack's template: what was released from it, and has to be imported."""

_PREFIX = "Adopted"
_TEXTS = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::FindInMap", "Fn::ImportValue", "Fn::Base64")
"""What gives a text wherever it stands; ``Fn::If`` may give nothing, or a list."""

_NAME = re.compile(r"\$\{([^!}][^}]*)\}")
_RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}

Template = Mapping[str, Any]


def is_retained(body: Template) -> bool:
    return body.get("DeletionPolicy") in STAYS and body.get("UpdateReplacePolicy") == "Retain"


def retaining(template: Template, kept: Collection[str], moved: Collection[str]) -> dict[str, Any]:
    """The template in which nothing that is ``kept`` can be deleted, and that says what ``moved`` is known by."""
    resources = {
        name: {**body, **_RETAINED, "Metadata": {**body.get("Metadata", {}), "multi_env_lambda": "kept"}}
        if name in kept and not is_retained(body)
        else body
        for name, body in template["Resources"].items()
    }
    outputs = {key: {"Value": node} for key, node in values_asked(template, moved).items()}
    found = {**template, "Resources": resources}
    return {**found, "Outputs": {**template.get("Outputs", {}), **outputs}} if outputs else found


def values_asked(template: Template, moved: Collection[str]) -> dict[str, Any]:
    """What has to be known as a text, by the name of the output that says it."""
    nodes: list[Any] = []
    for name, body in template["Resources"].items():
        found = _of_moved(template, body) if name in moved else _of_others(body, moved)
        nodes += list(found)
    nodes += list(_of_others(_without_ours(template.get("Outputs", {})), moved))
    return {_output(node): node for node in nodes}


def as_text(template: Template, name: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    """The properties of one resource, without any reference.

    What may be secret, and what could be more than a text, is left out: the change that follows sets it.
    """
    properties = template["Resources"][name].get("Properties", {})
    hidden = _hidden(template)
    return {
        key: _with_texts(value, outputs)
        for key, value in properties.items()
        if not set(references(value)) & hidden and not _has_more(value)
    }


def released(
    template: Template, moved: Collection[str], outputs: Mapping[str, str], journal: Mapping[str, Any]
) -> dict[str, Any]:
    """The template without what is ``moved``; what refers to it has a text instead, and ``journal`` is noted."""
    rest = {name: body for name, body in template["Resources"].items() if name not in moved}
    resources = {name: _released(body, moved, outputs) for name, body in rest.items()}
    said = {name: _released(body, moved, outputs) for name, body in _without_ours(template.get("Outputs", {})).items()}
    before = template.get("Metadata", {})
    found = {**template, "Resources": resources or _NOTHING, "Metadata": {**before, JOURNAL: dict(journal)}}
    found.pop("Outputs", None)
    return {**found, "Outputs": said} if said else found


_NOTHING = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
"""A stack must have a resource."""


def journal_of(template: Template) -> Mapping[str, Any]:
    """What was released from a stack with this template."""
    found: Mapping[str, Any] = template.get("Metadata", {}).get(JOURNAL, {})
    return found


def _without_ours(outputs: Template) -> dict[str, Any]:
    return {name: body for name, body in outputs.items() if not re.fullmatch(f"{_PREFIX}[0-9a-f]{{40}}", name)}


def _output(node: Any) -> str:
    return f"{_PREFIX}{hashlib.sha256(canonical_json(node).encode()).hexdigest()[:40]}"


def _hidden(template: Template) -> set[str]:
    """Parameters that CloudFormation shows nobody: an output would."""
    parameters = template.get("Parameters", {}).items()
    return {name for name, body in parameters if str(body.get("NoEcho", "")).lower() == "true"}


def _of_moved(template: Template, body: Template) -> Iterator[Any]:
    hidden = _hidden(template)
    for value in body.get("Properties", {}).values():
        if not set(references(value)) & hidden and not _has_more(value):
            yield from _outermost(value)


def _outermost(value: Any) -> Iterator[Any]:
    if _is_text(value):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _outermost(each)


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _TEXTS


def _has_more(value: Any) -> bool:
    """Whether something in it may be a list or nothing at all."""
    if isinstance(value, Mapping):
        if _is_text(value):
            return value == {"Ref": "AWS::NoValue"}
        is_call = len(value) == 1 and next(iter(value)).startswith("Fn::")
        return is_call or any(map(_has_more, value.values()))
    return isinstance(value, list) and any(map(_has_more, value))


def _with_texts(value: Any, outputs: Mapping[str, str]) -> Any:
    if _is_text(value):
        return outputs[_output(value)]
    if isinstance(value, Mapping):
        return {key: _with_texts(each, outputs) for key, each in value.items()}
    return [_with_texts(each, outputs) for each in value] if isinstance(value, list) else value


def _of_others(value: Any, moved: Collection[str]) -> Iterator[Any]:
    """Each reference to something that is moved, as ``Ref`` or ``Fn::GetAtt``."""
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            if name in moved:
                yield value
        case {"Fn::GetAtt": _} if len(value) == 1:
            if _attribute(value)[0] in moved:
                yield value
        case {"Fn::Sub": _} if len(value) == 1:
            text, given = _substitution(value)
            yield from (_reference(name) for name in _NAME.findall(text) if _is_of(name, given, moved))
            yield from _of_others(given, moved)
        case dict():
            for each in value.values():
                yield from _of_others(each, moved)
        case list():
            for each in value:
                yield from _of_others(each, moved)
        case _:
            pass


def _released(value: Any, moved: Collection[str], outputs: Mapping[str, str]) -> Any:
    match value:
        case {"Type": str(), "DependsOn": waits_for, **rest}:
            names = [waits_for] if isinstance(waits_for, str) else waits_for
            left = [name for name in names if name not in moved]
            return {**_released(rest, moved, outputs), "Type": value["Type"], **({"DependsOn": left} if left else {})}
        case {"Ref": str(name)} if len(value) == 1 and name in moved:
            return outputs[_output(value)]
        case {"Fn::GetAtt": _} if len(value) == 1 and _attribute(value)[0] in moved:
            return outputs[_output(value)]
        case {"Fn::Sub": _} if len(value) == 1:
            return _substituted(value, moved, outputs)
        case dict():
            return {key: _released(each, moved, outputs) for key, each in value.items()}
        case list():
            return [_released(each, moved, outputs) for each in value]
        case _:
            return value


def _substituted(value: Mapping[str, Any], moved: Collection[str], outputs: Mapping[str, str]) -> Any:
    text, given = _substitution(value)

    def known(found: re.Match[str]) -> str:
        return outputs[_output(_reference(found[1]))] if _is_of(found[1], given, moved) else found[0]

    text, given = _NAME.sub(known, text), _released(given, moved, outputs)
    return {"Fn::Sub": [text, given] if given else text}


def _substitution(value: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    body = value["Fn::Sub"]
    return (body, {}) if isinstance(body, str) else (body[0], body[1])


def _is_of(name: str, given: Collection[str], moved: Collection[str]) -> bool:
    return name.strip() not in given and name.strip().partition(".")[0] in moved


def _reference(name: str) -> dict[str, Any]:
    first, _, rest = name.strip().partition(".")
    return {"Fn::GetAtt": [first, rest]} if rest else {"Ref": first}


def _attribute(value: Mapping[str, Any]) -> tuple[str, str]:
    body = value["Fn::GetAtt"]
    first, _, rest = body.partition(".") if isinstance(body, str) else (body[0], "", body[1])
    return first, str(rest)
