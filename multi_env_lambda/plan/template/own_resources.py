"""What a unit's stack creates beside functions and jobs, and how functions and jobs refer to it: values and rights.

References instead of names let CloudFormation create a resource before the functions that use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from multi_env_lambda.model.resources import (
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnResource,
    ResourceReference,
    kind_of,
)
from multi_env_lambda.model.settings import Function, GlueJob
from multi_env_lambda.model.uses import ACCESS, VERBS, Verb
from multi_env_lambda.plan.template.messages import queue_id, queue_resources, topic_id, topic_resources
from multi_env_lambda.plan.template.parts import ALIAS, Json, Part, StackInput, get_att, join_parts, ref
from multi_env_lambda.plan.template.roles import allow
from multi_env_lambda.plan.template.tables import data_table, table_id

__all__ = ["resources_part", "uses", "value_of"]


def resources_part(unit: StackInput) -> Part:
    return join_parts(_part(unit, resource) for resource in unit.settings.resources)


def _part(unit: StackInput, resource: OwnResource) -> Part:
    match resource:
        case DataTable():
            name = table_id(resource.key)
            return Part(resources=(data_table(unit, resource),), outputs=((f"{name}Name", {"Value": ref(name)}),))
        case MessageQueue():
            name = queue_id(resource.key)
            return Part(
                resources=tuple(queue_resources(unit, resource)), outputs=((f"{name}Url", {"Value": ref(name)}),)
            )
        case MessageTopic():
            name = topic_id(resource.key)
            return Part(
                resources=tuple(topic_resources(unit, resource)), outputs=((f"{name}Arn", {"Value": ref(name)}),)
            )
        case _:
            assert_never(resource)


def value_of(unit: StackInput, reference: ResourceReference) -> Any:
    """What a variable gets. Functions are named by their text: two that call each other would be a circle."""
    match reference.kind, reference.value:
        case "function", "arn":
            return _alias_arn(unit, reference.key)
        case "function", "name":
            return unit.project.function_name(unit.environment.name, reference.key)
        case "table", "name":
            return ref(table_id(reference.key))
        case "table", "arn":
            return get_att(table_id(reference.key), "Arn")
        case "queue", "url":
            return ref(queue_id(reference.key))
        case "queue", "arn":
            return get_att(queue_id(reference.key), "Arn")
        case "queue", "name":
            return get_att(queue_id(reference.key), "QueueName")
        case "topic", "arn":
            return ref(topic_id(reference.key))
        case "topic", "name":
            return get_att(topic_id(reference.key), "TopicName")
        case _:
            raise AssertionError(f"{reference} is read, but has no value")


# --- rights ---
def uses(unit: StackInput, holder: Function | GlueJob) -> tuple[Json, ...]:
    """Statements for what its table names in ``read``, ``write`` and ``invoke``."""
    return tuple(statement for verb in VERBS for key in _named(holder, verb) for statement in _allowed(unit, key, verb))


def _named(holder: Function | GlueJob, verb: Verb) -> tuple[str, ...]:
    match verb:
        case "read":
            return holder.read
        case "write":
            return holder.write
        case "invoke":
            return holder.invoke
        case _:
            assert_never(verb)


def _allowed(unit: StackInput, key: str, verb: Verb) -> Iterator[Json]:
    found = next((each for each in unit.settings.resources if each.key == key and verb in ACCESS[kind_of(each)]), None)
    if found is None:
        yield allow(ACCESS["function"]["invoke"], _alias_arn(unit, key))
    else:
        yield from _statements(found, verb)


def _alias_arn(unit: StackInput, key: str) -> str:
    return unit.arn("lambda", f"function:{unit.project.function_name(unit.environment.name, key)}:{ALIAS}")


def _statements(resource: OwnResource, verb: Verb) -> Iterator[Json]:
    match resource:
        case DataTable(key=key):
            arn = get_att(table_id(key), "Arn")
            # An index is asked by an ARN of its own; a new one should need no new rights.
            below = [{"Fn::Join": ["", [arn, "/index/*"]]}] if verb == "read" else []
            yield allow(ACCESS["table"][verb], arn, *below)
        case MessageQueue(key=key):
            yield allow(ACCESS["queue"][verb], get_att(queue_id(key), "Arn"))
        case MessageTopic(key=key):
            yield allow(ACCESS["topic"][verb], ref(topic_id(key)))
        case _:
            assert_never(resource)
