"""What the unit would make under a name that the old stack still has, of a kind that does not move. Pure.

AWS has each of these names once in an account and region, so the deploy after the move would fail, and its rollback
would not bring the moved resources back. It is said before the first write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from multi_env_lambda.model.record import PhysicalResource

__all__ = ["clashes"]

_NAMED = {
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Crawler": "Name",
    "AWS::Glue::Job": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_ALIAS = "AWS::Lambda::Alias"


def clashes(
    resources: Iterable[PhysicalResource], template: Mapping[str, Any], *, same_stack: bool
) -> Iterator[tuple[PhysicalResource, str]]:
    """Each resource that stays in the old stack, with the logical id of the one that would have its name."""
    wanted = {name: (body["Type"], _name_of(body, template)) for name, body in template.items()}
    for item in resources:
        for name, (type_, said) in wanted.items():
            is_same = same_stack and name == item.logical_id
            if said and item.type == type_ and _last(item, said) == said and not is_same:
                yield item, name


def _name_of(body: Mapping[str, Any], template: Mapping[str, Any]) -> str:
    """As the physical id ends; "" if the template does not say it as a text."""
    properties = body.get("Properties", {})
    if body["Type"] != _ALIAS:
        said = properties.get(_NAMED.get(body["Type"], ""))
        return said if isinstance(said, str) else ""
    function = properties.get("FunctionName")
    if isinstance(function, Mapping):
        function = template.get(function.get("Ref", ""), {}).get("Properties", {}).get("FunctionName")
    return f"{function}:{properties.get('Name')}" if isinstance(function, str) else ""


def _last(item: PhysicalResource, like: str) -> str:
    """So many parts of the physical id as the name has."""
    parts = item.physical_id.replace("/", ":").replace("|", ":").split(":")
    return ":".join(parts[-1 - like.count(":") :])
