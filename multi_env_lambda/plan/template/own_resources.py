"""What a unit's stack creates beside functions and jobs, and how functions and jobs refer to it: values and rights.

References instead of names let CloudFormation create a resource before the functions that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnParameter,
    OwnResource,
    OwnSecret,
    ResourceKind,
    ResourceReference,
    SecurityGroup,
    StateMachine,
    kind_of,
)
from multi_env_lambda.model.settings import Function, GlueJob
from multi_env_lambda.model.uses import ACCESS, VERBS, Verb
from multi_env_lambda.plan.template.buckets import bucket_arn, bucket_id, bucket_name, own_bucket
from multi_env_lambda.plan.template.messages import queue_id, queue_resources, topic_id, topic_resources
from multi_env_lambda.plan.template.own_values import (
    parameter_arn,
    parameter_id,
    parameter_name,
    parameter_resource,
    secret_arn,
    secret_id,
    secret_resource,
)
from multi_env_lambda.plan.template.parts import ALIAS, Json, Part, StackInput, get_att, join_parts, ref
from multi_env_lambda.plan.template.roles import allow
from multi_env_lambda.plan.template.security_groups import group_id, group_part
from multi_env_lambda.plan.template.state_machines import (
    functions_in,
    machine_arn,
    machine_id,
    machine_name,
    machine_part,
)
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
        case DataBucket(key=key):
            made = own_bucket(unit, key, made_by=f"buckets.{key}")
            return Part(resources=(made,), outputs=((f"{bucket_id(key)}Name", {"Value": ref(bucket_id(key))}),))
        case OwnParameter(key=key, value=value):
            held = value if isinstance(value, str) else value_of(unit, value)
            name = parameter_id(key)
            made = parameter_resource(unit, resource, held)
            return Part(resources=(made,), outputs=((f"{name}Name", {"Value": ref(name)}),))
        case OwnSecret(key=key):
            name = secret_id(key)
            return Part(
                resources=(secret_resource(unit, resource),), outputs=((f"{name}Arn", {"Value": secret_arn(key)}),)
            )
        case StateMachine():
            return _machine(unit, resource)
        case SecurityGroup():
            return group_part(unit, resource)
        case MessageTopic():
            name = topic_id(resource.key)
            return Part(
                resources=tuple(topic_resources(unit, resource)), outputs=((f"{name}Arn", {"Value": ref(name)}),)
            )
        case _:
            assert_never(resource)


def _machine(unit: StackInput, machine: StateMachine) -> Part:
    values = {name: _in_a_definition(unit, value) for name, value in machine.substitutions}
    called = [_alias_arn(unit, key) for key in functions_in(machine)]
    statements = [allow(ACCESS["function"]["invoke"], arn) for arn in called]
    return machine_part(unit, machine, values, [*statements, *uses(unit, machine)])


def _in_a_definition(unit: StackInput, value: str | ResourceReference) -> Any:
    """Machines that start each other are named by their texts, as functions are."""
    if isinstance(value, ResourceReference) and (value.kind, value.value) == ("state_machine", "arn"):
        return machine_arn(unit, value.key)
    return value if isinstance(value, str) else value_of(unit, value)


def value_of(unit: StackInput, reference: ResourceReference) -> Any:
    """What a variable gets."""
    return _VALUE[reference.kind, reference.value](unit, reference.key)


# Functions are named by their text: two that call each other would be a circle.
_VALUE: Mapping[tuple[ResourceKind, str], Callable[[StackInput, str], Any]] = {
    ("function", "arn"): lambda unit, key: _alias_arn(unit, key),
    ("function", "name"): lambda unit, key: unit.project.function_name(unit.environment.name, key),
    ("table", "name"): lambda unit, key: ref(table_id(key)),
    ("table", "arn"): lambda unit, key: get_att(table_id(key), "Arn"),
    ("queue", "url"): lambda unit, key: ref(queue_id(key)),
    ("queue", "arn"): lambda unit, key: get_att(queue_id(key), "Arn"),
    ("queue", "name"): lambda unit, key: get_att(queue_id(key), "QueueName"),
    ("topic", "arn"): lambda unit, key: ref(topic_id(key)),
    ("topic", "name"): lambda unit, key: get_att(topic_id(key), "TopicName"),
    ("bucket", "name"): bucket_name,
    ("bucket", "arn"): bucket_arn,
    ("parameter", "value"): lambda unit, key: _held(unit, key),
    ("parameter", "name"): parameter_name,
    ("state_machine", "arn"): lambda unit, key: ref(machine_id(key)),
    ("state_machine", "name"): machine_name,
    ("secret", "arn"): lambda unit, key: secret_arn(key),
    ("security_group", "id"): lambda unit, key: group_id(key),
}


def _held(unit: StackInput, key: str) -> Any:
    """What a parameter of the unit holds: its own functions need not read it."""
    found = next(each for each in unit.settings.resources if isinstance(each, OwnParameter) and each.key == key)
    return found.value if isinstance(found.value, str) else value_of(unit, found.value)


# --- rights ---
_OF_THE_BUCKET = {"s3:GetBucketLocation", "s3:ListBucket"}
"""What is asked of a bucket; everything else is asked of its objects."""


def uses(unit: StackInput, holder: Function | GlueJob | StateMachine) -> tuple[Json, ...]:
    """Statements for what its table names in the words of ``VERBS``, and for secrets of its variables."""
    found = [statement for verb in VERBS for key in _named(holder, verb) for statement in _allowed(unit, key, verb)]
    for _, value in holder.environment if isinstance(holder, Function) else ():
        if isinstance(value, ResourceReference) and value.kind == "secret":
            found += _allowed(unit, value.key, "read")
    return tuple(found)


def _named(holder: Function | GlueJob | StateMachine, verb: Verb) -> tuple[str, ...]:
    match verb:
        case "read":
            return holder.read
        case "write":
            return holder.write
        case "invoke":
            return holder.invoke
        case "start":
            return holder.start
        case _:
            assert_never(verb)


def _allowed(unit: StackInput, key: str, verb: Verb) -> Iterator[Json]:
    found = next((each for each in unit.settings.resources if each.key == key and verb in ACCESS[kind_of(each)]), None)
    if found is None:
        yield allow(ACCESS["function"]["invoke"], _alias_arn(unit, key))
    else:
        yield from _statements(unit, found, verb)


def _alias_arn(unit: StackInput, key: str) -> str:
    return unit.arn("lambda", f"function:{unit.project.function_name(unit.environment.name, key)}:{ALIAS}")


def _machine_and_executions(unit: StackInput, key: str) -> tuple[str, str]:
    """An execution of an express workflow has another ARN, and can neither be described nor be stopped."""
    arn = machine_arn(unit, key)
    return arn, f"{arn.replace(':stateMachine:', ':execution:')}:*"


def _statements(unit: StackInput, resource: OwnResource, verb: Verb) -> Iterator[Json]:
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
        case OwnParameter(key=key):
            yield allow(ACCESS["parameter"][verb], parameter_arn(unit, key))
        case OwnSecret(key=key):
            yield allow(ACCESS["secret"][verb], secret_arn(key))
        case StateMachine(key=key):
            yield allow(ACCESS["state_machine"][verb], *_machine_and_executions(unit, key))
        case SecurityGroup():
            return  # nobody calls it, so no table can name it in one of the words
        case DataBucket(key=key):
            whole = set(ACCESS["bucket"][verb]) & _OF_THE_BUCKET
            if whole:
                yield allow(whole, bucket_arn(unit, key))
            yield allow(set(ACCESS["bucket"][verb]) - whole, bucket_arn(unit, key, "/*"))
        case _:
            assert_never(resource)
