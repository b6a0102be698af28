"""Refuses what CloudFormation would refuse only in the middle of a deploy, and cottonformation accepts."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.sendable import HINT_UNSENDABLE, unsendable
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.pins import is_pin
from multi_env_lambda.plan.template.bucket_notifications import check_bucket_notifications
from multi_env_lambda.plan.template.deletion_policy import check_deletion_policies
from multi_env_lambda.plan.template.event_sources import check_event_sources
from multi_env_lambda.plan.template.job_schedules import check_job_schedules
from multi_env_lambda.plan.template.layer_versions import check_layer_versions
from multi_env_lambda.plan.template.parts import Json
from multi_env_lambda.plan.template.policy_grammar import check_policy_grammar
from multi_env_lambda.plan.template.policy_size import check_policy_sizes
from multi_env_lambda.plan.template.property_limits import check_property_limits
from multi_env_lambda.plan.template.subscriptions import check_subscriptions
from multi_env_lambda.plan.template.trust import check_trust
from multi_env_lambda.plan.template_text import references

__all__ = ["check_document", "check_size"]

LARGEST_BODY = 1_000_000
MOST_RESOURCES = 500
MOST_OUTPUTS = 200
MOST_DYNAMIC_REFERENCES = 60

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")


def check_size(template: str, *, where: str) -> None:
    size = len(template.encode("utf-8"))
    if size > LARGEST_BODY:
        raise _refusal(where, f"the template has {size:,} bytes; CloudFormation accepts {LARGEST_BODY:,}")
    count = template.count("{{resolve:")
    if count > MOST_DYNAMIC_REFERENCES:
        raise _refusal(where, f"{count} parameters are resolved; CloudFormation resolves {MOST_DYNAMIC_REFERENCES}")


def check_document(document: Json, *, where: str) -> None:
    """Raise the first thing that CloudFormation would refuse; no text of the template begins a line of the message."""
    try:
        _check_document(document, where)
    except ConfigurationError as error:
        raise ConfigurationError(where, one_line(error.what), hint=error.hint) from None


def _check_document(document: Json, where: str) -> None:
    _check_texts(document, where)
    resources: Json = document.get("Resources", {})
    if not resources:
        raise ConfigurationError(
            where,
            "there is no function, job or other resource",
            hint="add a table [tool.multi_env_lambda.functions.NAME]",
        )
    for section, most in (("Resources", MOST_RESOURCES), ("Outputs", MOST_OUTPUTS)):
        count = len(document.get(section, {}))
        if count > most:
            raise _refusal(where, f"the template has {count} {section.lower()}; CloudFormation accepts {most}")
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        _check_names(section, document.get(section, {}), where)
    _check_parameters(document, where)
    _check_targets(document, where)
    _check_conditions(document, where)
    _check_circles(resources, where)
    check_deletion_policies(resources, where)
    check_trust(resources, where)
    check_policy_sizes(resources, where)
    check_policy_grammar(resources, where)
    check_property_limits(resources, where)
    check_event_sources(resources, where)
    check_bucket_notifications(resources, where)
    check_job_schedules(resources, where)
    check_layer_versions(resources, where)
    check_subscriptions(resources, where)


def _check_texts(document: Json, where: str) -> None:
    found = unsendable(document)
    if found is not None:
        path, character = found
        raise ConfigurationError(where, f"{'.'.join(map(str, path))}: a text has {character}", hint=HINT_UNSENDABLE)


def _refusal(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(where, what, hint="split the unit in two")


def _check_names(section: str, names: Json, where: str) -> None:
    for name in names:
        if not _LOGICAL_ID.fullmatch(name):
            raise ConfigurationError(
                where, f"{section}: {name!r} is not a logical id", hint="use only letters and digits"
            )


def _check_parameters(document: Json, where: str) -> None:
    for name, parameter in document.get("Parameters", {}).items():
        if "Default" not in parameter and not is_pin(name):
            raise ConfigurationError(
                where,
                f"the template's parameter {name} has no default, and a deploy passes no value for it",
                hint="add a default, or take the value from context.environment",
            )


def _check_targets(document: Json, where: str) -> None:
    resources = document["Resources"]
    known = resources.keys() | document.get("Parameters", {}).keys()
    for section in ("Resources", "Outputs"):
        for name, body in document.get(section, {}).items():
            for target in references(body):
                if target not in known and not target.startswith("AWS::"):
                    raise ConfigurationError(
                        where,
                        f"{section}.{name} refers to {target!r}, which is not in the template",
                        hint="add the resource to the template, or correct the name",
                    )


def _check_conditions(document: Json, where: str) -> None:
    conditions: Json = document.get("Conditions", {})
    for section in ("Conditions", "Resources", "Outputs"):
        for name, body in document.get(section, {}).items():
            named = [body["Condition"]] if section != "Conditions" and "Condition" in body else []
            for condition in (*named, *_conditions(body, inside=section == "Conditions")):
                if condition not in conditions:
                    what = f"{section}.{name} has the condition {condition!r}, which is not in the template"
                    raise ConfigurationError(
                        where, what, hint="add it to the template's Conditions, or correct the name"
                    )


def _conditions(value: Any, *, inside: bool) -> Iterator[str]:
    """The conditions that part of a template uses; ``inside``: of another condition, where ``Condition`` refers to one.

    Elsewhere ``Condition`` may be a property, for example of a state machine.
    """
    match value:
        case {"Fn::If": [str(name), *rest]} if len(value) == 1:
            yield name
            yield from _conditions(rest, inside=inside)
        case {"Condition": str(name)} if inside and len(value) == 1:
            yield name
        case dict():
            for each in value.values():
                yield from _conditions(each, inside=inside)
        case list():
            for each in value:
                yield from _conditions(each, inside=inside)
        case _:
            pass


def _check_circles(resources: Json, where: str) -> None:
    graph = {name: resources.keys() & set(references(body)) for name, body in resources.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ConfigurationError(
            where,
            f"circular dependency between resources: {circle}",
            hint="break it with a name that is known in advance instead of a reference",
        ) from error
