"""What a stack's template says about its aliases, and what to ask a person if one of them points elsewhere.

CloudFormation compares a template with the previous one, never with the alias: one that was moved by hand stays where
it is as long as the template does not change it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.model.alias import AliasState, SaidAlias, StrayedAlias
from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.wording import advice, unit_call

__all__ = ["rewritten", "said_aliases", "traffic_question", "unwritten"]

_ALIAS = "AWS::Lambda::Alias"


def said_aliases(template: str, resources: Iterable[PhysicalResource]) -> tuple[SaidAlias, ...]:
    """The aliases of a stack, without those whose version only CloudFormation can work out.

    Args:
        template: as CloudFormation has it.
        resources: what is in the stack; the id of a version ends with its number.
    """
    try:
        document = json.loads(template)
    except (ValueError, RecursionError):
        return ()  # somebody else's YAML
    ids = {item.logical_id: item.physical_id for item in resources}
    bodies = document.get("Resources", {}).items()
    found = (_said(name, body.get("Properties", {}), document, ids) for name, body in bodies if body["Type"] == _ALIAS)
    return tuple(alias for alias in found if alias is not None)


def unwritten(before: str | None, template: str) -> frozenset[str]:
    """The logical ids of the aliases that CloudFormation does not write: they are the same in both templates."""
    if before is None:
        return frozenset()
    old, new = (json.loads(text)["Resources"] for text in (before, template))
    return frozenset(name for name, body in new.items() if body["Type"] == _ALIAS and old.get(name) == body)


def rewritten(before: str | None, template: str) -> frozenset[str]:
    """The functions, by physical name, whose alias CloudFormation writes although it may have weights set by hand."""
    if before is None:
        return frozenset()
    document, old = json.loads(template), json.loads(before)["Resources"]
    new = {name: body for name, body in document["Resources"].items() if body["Type"] == _ALIAS}
    said = (body["Properties"] for name, body in new.items() if name in old and old[name] != body)
    return frozenset(
        _function(item.get("FunctionName"), document, {}) for item in said if not item.get("RoutingConfig")
    )


def _said(
    logical_id: str, properties: Mapping[str, Any], document: Mapping[str, Any], ids: Mapping[str, str]
) -> SaidAlias | None:
    function = _function(properties.get("FunctionName"), document, ids)
    version = _version(properties.get("FunctionVersion"), ids)
    routing = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    weights = [(_version(item.get("FunctionVersion"), ids), float(item["FunctionWeight"])) for item in routing]
    if not (function and version and all(name for name, _ in weights) and isinstance(properties.get("Name"), str)):
        return None
    state = AliasState(version=version, weights=tuple(sorted(weights)))
    return SaidAlias(logical_id=logical_id, function=function, name=properties["Name"], state=state)


def _function(value: Any, document: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value
    name = value.get("Ref", "") if isinstance(value, dict) else ""
    told = document["Resources"].get(name, {}).get("Properties", {}).get("FunctionName")
    return told if isinstance(told, str) else ids.get(name, "")


def _version(value: Any, ids: Mapping[str, str]) -> str:
    match value:
        case str():
            return value
        case {"Fn::GetAtt": [str(name), "Version"]}:
            return ids.get(name, "").rpartition(":")[2]
        case _:
            return ""


def traffic_question(project: str, environment: str, strayed: Iterable[StrayedAlias]) -> Question:
    """The question whether traffic that somebody moved by hand may be moved again."""
    lines = [str(item) for item in strayed]
    lines += ["going on points it there again and restarts the traffic shift from its first step"]
    back = "{}\n`{}` sends all traffic to what ran before"
    text = advice(back, "\n".join(lines), unit_call("rollback", project, environment))
    return Question(kind="traffic", text=text, answer=f"traffic:{project}")
