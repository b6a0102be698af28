"""From a function's settings to its resources: function, role, log group, alias, alarm; and the unit's layer."""

from __future__ import annotations

import re
from typing import assert_never

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import (
    Alarms,
    Function,
    ParameterReference,
    PlainValue,
    ResourceReference,
    SecretReference,
    UnitValue,
)
from multi_env_lambda.plan.lent import lent_pin
from multi_env_lambda.plan.pins import LAYER_PIN, SOURCE_PIN, root_pin
from multi_env_lambda.plan.template.events import event_part
from multi_env_lambda.plan.template.own_resources import uses, value_of
from multi_env_lambda.plan.template.parts import (
    ALIAS,
    Json,
    Part,
    Resource,
    StackInput,
    get_att,
    join_parts,
    logical_id,
    ref,
)
from multi_env_lambda.plan.template.roles import check_role, declared, function_needs, role
from multi_env_lambda.plan.template.security_groups import rules_of, vpc_config

__all__ = ["code", "function_part", "layer_part"]

_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_./-]+")


def layer_id(unit: StackInput) -> str | None:
    """A new layer is a new resource, so that the old one can be retained."""
    return None if unit.layer is None else logical_id("Layer", unit.layer.digest[:12])


def layer_part(unit: StackInput) -> Part:
    name = layer_id(unit)
    if unit.layer is None or name is None or not (unit.settings.functions or unit.project.layer_for_others):
        return Part()
    properties = {
        "LayerName": unit.stack_name,
        "Description": f"{unit.layer.number:06d} {unit.layer.digest[:12]}",
        "Content": {"S3Bucket": unit.bucket, "S3Key": unit.layer.layer_key, "S3ObjectVersion": ref(LAYER_PIN)},
        "CompatibleRuntimes": [unit.project.runtime],
        "CompatibleArchitectures": [unit.project.architecture],
    }
    layer = Resource(
        logical_id=name, type="AWS::Lambda::LayerVersion", properties=properties, made_by="the layer", retain=True
    )
    return Part(resources=(layer,))


def function_part(unit: StackInput, function: Function) -> Part:
    """All resources of one function except its version, whose name depends on the finished template."""
    made_by = f"functions.{function.key}"
    physical = unit.project.function_name(unit.environment.name, function.key)
    group = f"/aws/lambda/{physical}"
    events = join_parts(event_part(unit, function, event) for event in function.events)
    statements = (
        *map(declared, function.policies),
        *uses(unit, function),
        *function_needs(unit, function, group),
        *events.statements,
    )
    name = logical_id(function.key)
    return Part(
        resources=(
            *_own_role(unit, function, statements),
            _log_group(unit, function, group),
            Resource(
                logical_id=f"{name}Function",
                type="AWS::Lambda::Function",
                properties=_function_properties(unit, function, physical),
                made_by=made_by,
                depends_on=rules_of(unit, function),
            ),
            Resource(
                logical_id=f"{name}Alias",
                type="AWS::Lambda::Alias",
                properties={"FunctionName": ref(f"{name}Function"), "Name": ALIAS, **_no_weights(function)},
                made_by=made_by,
            ),
            *_on_failure(function),
            *_alarm(unit, function, physical),
            *events.resources,
        ),
        outputs=(
            (f"{name}FunctionName", {"Value": ref(f"{name}Function")}),
            (f"{name}AliasArn", {"Value": ref(f"{name}Alias")}),
            *events.outputs,
        ),
    )


def _own_role(unit: StackInput, function: Function, statements: tuple[Json, ...]) -> tuple[Resource, ...]:
    if function.role is not None:
        check_role(unit, function.role, made_by=f"functions.{function.key}")
        return ()
    name, made_by = logical_id(function.key, "Role"), f"functions.{function.key}"
    return (role(unit, name, "lambda.amazonaws.com", statements, function.managed_policies, made_by),)


def _no_weights(function: Function) -> Json:
    """Explicit where weights are added and removed: in Lambda, an alias without this property keeps those that it has.

    Source: RoutingConfig in https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
    """
    return {} if function.traffic is None else {"RoutingConfig": {"AdditionalVersionWeights": []}}


def code(unit: StackInput, function: Function) -> Json:
    pin = root_pin(function.root) if function.root else SOURCE_PIN
    return {"S3Bucket": unit.bucket, "S3Key": unit.wheel_of(function).wheel_key, "S3ObjectVersion": ref(pin)}


def _function_properties(unit: StackInput, function: Function, physical: str) -> Json:
    name = logical_id(function.key)
    properties: Json = {
        "FunctionName": physical,
        "Code": code(unit, function),
        "Role": get_att(f"{name}Role", "Arn") if function.role is None else function.role,
        "Handler": function.handler,
        "Runtime": unit.project.runtime,
        "Architectures": [unit.project.architecture],
        "MemorySize": function.memory_size,
        "Timeout": function.timeout,
        "EphemeralStorage": {"Size": function.ephemeral_storage},
        "TracingConfig": {"Mode": function.tracing},
        "LoggingConfig": {"LogFormat": function.log_format, "LogGroup": ref(_id_of_logs(function))},
        **unit.tags,
    }
    optional: Json = {
        "Description": function.description or None,
        "Environment": _environment(unit, function),
        "Layers": _layers(unit, function),
        "ReservedConcurrentExecutions": function.reserved_concurrency,
        "DeadLetterConfig": function.dead_letter_arn and {"TargetArn": function.dead_letter_arn},
        "SnapStart": {"ApplyOn": "PublishedVersions"} if function.snap_start else None,
        "VpcConfig": function.vpc and vpc_config(function.vpc),
    }
    return properties | {key: value for key, value in optional.items() if value is not None}


def _layers(unit: StackInput, function: Function) -> list[object] | None:
    first = layer_id(unit) if unit.lent is None else lent_pin(unit.lent)
    return [*([] if first is None else [ref(first)]), *function.layers] or None


def _environment(unit: StackInput, function: Function) -> Json | None:
    variables: Json = {}
    for name, value in function.environment:
        match value:
            case PlainValue():
                found: Json = {name: value.text}
            case SecretReference():
                found = {name: value.name} | ({f"{name}_KEY": value.key} if value.key is not None else {})
            case ParameterReference():
                found = {name: f"{{{{resolve:ssm:{_parameter(unit, function, value.name)}}}}}"}
            case ResourceReference():
                found = {name: value_of(unit, value)} | ({f"{name}_KEY": value.part} if value.part else {})
            case UnitValue():
                theirs = f"/{value.unit}/{unit.environment.name}/{value.parameter}"
                found = {name: f"{{{{resolve:ssm:{theirs}}}}}"}
            case _:
                assert_never(value)
        _refuse_twice(unit, function, variables.keys() & found.keys())
        variables |= found
    return {"Variables": variables} if variables else None


def _refuse_twice(unit: StackInput, function: Function, names: set[str]) -> None:
    for name in sorted(names):
        raise ConfigurationError(
            unit.where,
            f"functions.{function.key}.environment: {name} is set, but also created by the reference to a secret",
            hint="rename one of them; a secret with a key sets NAME and NAME_KEY",
        )


def _parameter(unit: StackInput, function: Function, name: str) -> str:
    if not _PARAMETER_NAME.fullmatch(name):
        raise ConfigurationError(
            unit.where,
            f"functions.{function.key}.environment: {name!r} is not the name of a parameter",
            hint="use letters, digits and _ . / -",
        )
    return name


def _log_group(unit: StackInput, function: Function, group: str) -> Resource:
    keep = {"RetentionInDays": function.log_retention_days} if function.log_retention_days else {}
    return Resource(
        logical_id=_id_of_logs(function),
        type="AWS::Logs::LogGroup",
        properties={"LogGroupName": group, **keep, **unit.tags},
        made_by=f"functions.{function.key}",
        # Logs are evidence: they survive a rename, a rollback and a deletion.
        retain=True,
    )


def _id_of_logs(function: Function) -> str:
    """With a digest of a stated name, since that may change and come back, and the log group of each name stays.

    CloudFormation imports what exists only under an id that the stack does not have, and replaces nothing by it.
    """
    return logical_id(function.key, "Logs") + ("" if function.name is None else digest(function.name)[:8])


def _on_failure(function: Function) -> tuple[Resource, ...]:
    if function.on_failure_arn is None:
        return ()
    name = logical_id(function.key)
    properties = {
        "FunctionName": ref(f"{name}Function"),
        "Qualifier": ALIAS,
        "DestinationConfig": {"OnFailure": {"Destination": function.on_failure_arn}},
    }
    config = Resource(
        logical_id=f"{name}AsyncInvocations",
        type="AWS::Lambda::EventInvokeConfig",
        properties=properties,
        depends_on=(f"{name}Alias",),
        made_by=f"functions.{function.key}",
    )
    return (config,)


def _alarm(unit: StackInput, function: Function, physical: str) -> tuple[Resource, ...]:
    match function.alarms:
        case None:
            return ()
        case Alarms() as alarms:
            pass
    properties = {
        "AlarmName": f"{physical}-errors",
        "AlarmDescription": f"Errors of {physical}:{ALIAS}",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [
            {"Name": "FunctionName", "Value": physical},
            {"Name": "Resource", "Value": f"{physical}:{ALIAS}"},
        ],
        "Statistic": "Sum",
        "Period": 60 * alarms.minutes,
        "EvaluationPeriods": 1,
        "Threshold": alarms.errors,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        **({"AlarmActions": list(alarms.notify)} if alarms.notify else {}),
        **unit.tags,
    }
    alarm = Resource(
        logical_id=logical_id(function.key, "ErrorAlarm"),
        type="AWS::CloudWatch::Alarm",
        properties=properties,
        made_by=f"functions.{function.key}.alarms",
    )
    return (alarm,)
