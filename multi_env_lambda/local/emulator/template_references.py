"""CloudFormation refuses a template without resources, with references to something missing, or with circular
dependencies.

Reason: ministack passes on the name of a missing resource as a value, treats a missing condition as true, and finds
circular dependencies only after the stack operation has begun.
Texts: stilts22 in https://github.com/aws-solutions/media-insights-on-aws/issues/145 (references),
https://github.com/aws/serverless-application-model/issues/1044 (circles), https://github.com/aws/aws-cdk/issues/26560
(``Fn::If``), https://github.com/awslabs/aws-deployment-framework/issues/339 (parameters); of the condition of a
resource from CloudFormation's answers as others repeat them.
What a macro may still change is not looked at.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_EMPTY = "Template format error: At least one Resources member must be defined."
_UNRESOLVED = "Template format error: Unresolved resource dependencies [{names}] in the {section} block of the template"
_NO_CONDITION = "Template format error: Unresolved condition dependency {name} in the {section} block of the template"
_NO_CONDITION_IN_IF = "Template error: unresolved condition dependency {name} in Fn::If"
_NO_PARAMETER = "Unable to fetch parameters [{name}] from parameter store for this account."
_LACKS = re.compile(r"Parameter '.*' failed to resolve: SSM parameter '(.*)' does not exist")
_CIRCLE = "Circular dependency between resources: [{names}]"


def patch() -> None:
    """Check a template where ministack checks it too: before a stack, an update or a change set is created."""
    engine = load("ministack.services.cloudformation.engine")
    look = original(engine, "_validate_template_statics")
    for name in ("_intrinsic_references", "_extract_deps"):
        original(engine, name)

    def validate(template: Mapping[str, Any]) -> None:
        if not template.get("Resources"):
            raise ValueError(_EMPTY)
        if not template.get("Transform"):
            _check(engine, template)
        look(template)

    engine._validate_template_statics = validate
    resolve = original(engine, "_resolve_parameters")

    @functools.wraps(resolve)
    def resolved(*arguments: Any, **more: Any) -> Any:
        try:
            return resolve(*arguments, **more)
        except ValueError as error:
            lacks = _LACKS.fullmatch(str(error))
            if lacks is None:
                raise
            raise ValueError(_NO_PARAMETER.format(name=lacks.group(1))) from error

    for name in ("engine", "changesets", "handlers"):
        module = load(f"ministack.services.cloudformation.{name}")
        original(module, "_resolve_parameters")
        module._resolve_parameters = resolved


def _check(engine: Any, template: Mapping[str, Any]) -> None:
    resources, conditions = template["Resources"], template.get("Conditions") or {}
    known = {*resources, *(template.get("Parameters") or {})}
    for section, values in (("Resources", "Properties"), ("Outputs", "Value")):
        members = [one for one in (template.get(section) or {}).values() if isinstance(one, dict)]
        for member in members:
            said = member.get(values, {})
            used = {name for name, _ in engine._intrinsic_references(said) if not name.startswith("AWS::")}
            absent = (used - known) | (_depends_on(member) - resources.keys())
            if absent:
                raise ValueError(_UNRESOLVED.format(names=", ".join(sorted(absent)), section=section))
            if member.get("Condition", "") not in {"", *conditions}:
                raise ValueError(_NO_CONDITION.format(name=member["Condition"], section=section))
            for name in _asked(said):
                if name not in conditions:
                    raise ValueError(_NO_CONDITION_IN_IF.format(name=name))
    left = {name: engine._extract_deps(member, set(resources)) for name, member in resources.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    if left:
        raise ValueError(_CIRCLE.format(names=", ".join(sorted(left))))


def _depends_on(member: Mapping[str, Any]) -> set[str]:
    said = member.get("DependsOn", [])
    return {said} if isinstance(said, str) else set(said)


def _asked(value: Any) -> Iterator[str]:
    """The conditions of each ``Fn::If``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::If" and isinstance(inner, list) and inner:
                yield str(inner[0])
            yield from _asked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _asked(inner)
