"""An alias must point to existing versions, and can split traffic only between two versions that differ in code and
share a role.

Reason: ministack accepts anything. A shift of traffic to the version that already runs, or to one with another role or
dead-letter queue, would succeed only here: Lambda refuses it, and CloudFormation rolls back.
Text: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html and LocalStack's Lambda provider,
whose tests were recorded at AWS; of roles https://github.com/serverless-heaven/serverless-aws-alias/issues/64; of dead
letter queues none is known
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original

__all__ = ["patch"]

_ALIAS = "AWS::Lambda::Alias"
_LATEST = "$LATEST"
_INCLUDED = "Invalid function version {0}. Function version {0} is already included in routing configuration."
_OF_LATEST = "$LATEST is not supported for an alias pointing to more than 1 version."
_ABSENT = "Function not found: {arn}:{version}"
_OTHER_ROLE = "Specified versions must be associated with the same execution role"
_OTHER_QUEUE = "Specified versions must be associated with the same dead letter queue configuration"
_TOO_MANY = "Number of items in AdditionalVersionWeights cannot be greater than 1"
_WEIGHT = (
    "1 validation error detected: Value '{{{version}={weight}}}' at 'routingConfig.additionalVersionWeights' failed to "
    "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member "
    "must have value greater than or equal to 0.0, Member must not be null]"
)


def patch() -> None:
    """Validate an alias before it is created or changed, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    stored = original(functions, "_functions")
    respond = original(functions, "error_response_json")

    def create(name: str, data: dict[str, Any]) -> Any:
        return checked(name, data, lambda: make(name, data))

    def update(name: str, alias: str, data: dict[str, Any]) -> Any:
        now = (stored.get(name) or {}).get("aliases", {}).get(alias) or {}
        return checked(name, {**now, **data}, lambda: change(name, alias, data))

    def checked(name: str, wanted: Mapping[str, Any], go_on: Callable[[], Any]) -> Any:
        return unless_refused(lambda: _check(stored.get(name), wanted), go_on, respond)

    make, change = original(functions, "_create_alias"), original(functions, "_update_alias")
    functions._create_alias, functions._update_alias = create, update
    _patch_resource(stored)


def _check(function: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> None:
    if function is None:
        return  # ministack has words for that
    version = str(wanted.get("FunctionVersion") or _LATEST)
    weights = (wanted.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise LambdaRefusal("InvalidParameterValueException", 400, _TOO_MANY)
    for other, weight in weights.items():
        if not 0 <= float(weight) <= 1:
            raise LambdaRefusal("ValidationException", 400, _WEIGHT.format(version=other, weight=weight))
    if version in weights:
        raise LambdaRefusal("InvalidParameterValueException", 400, _INCLUDED.format(version))
    if weights and _LATEST in (version, *weights):
        raise LambdaRefusal("InvalidParameterValueException", 400, _OF_LATEST)
    for one in (version, *weights):
        if one != _LATEST and one not in function.get("versions", {}):
            text = _ABSENT.format(arn=function["config"]["FunctionArn"], version=one)
            raise LambdaRefusal("ResourceNotFoundException", 404, text)
    _check_alike([function["versions"][one]["config"] for one in (version, *weights) if one != _LATEST])


def _check_alike(configs: Sequence[Mapping[str, Any]]) -> None:
    """``configs`` are the configurations of all versions that the alias would point to."""
    if len({config.get("Role") for config in configs}) > 1:
        raise LambdaRefusal("InvalidParameterValueException", 400, _OTHER_ROLE)
    if len({(config.get("DeadLetterConfig") or {}).get("TargetArn") for config in configs}) > 1:
        raise LambdaRefusal("InvalidParameterValueException", 400, _OTHER_QUEUE)


def _patch_resource(stored: Mapping[str, Any]) -> None:
    """For an alias in a template, ministack updates through the API's code, but creates with code of its own."""
    provisioners = load("ministack.services.cloudformation.provisioners")
    resources = original(provisioners, "_RESOURCE_HANDLERS")
    find, routing = (
        original(provisioners, name) for name in ("_lambda_function_for_cfn_ref", "_lambda_alias_routing_config")
    )
    make, change = resources[_ALIAS]["create"], resources[_ALIAS]["update"]

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = find(properties.get("FunctionName", ""))[1]
        _check(stored.get(name), {**properties, "RoutingConfig": routing(properties)})
        return make(logical_id, properties, stack_name)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any) -> Any:
        # ministack would put the whole answer of the API, bytes and all, into the reason.
        name = find(new.get("FunctionName", ""))[1]
        _check(stored.get(name), {**new, "RoutingConfig": routing(new)})
        return change(physical_id, old, new, *rest, **more)

    resources[_ALIAS] = {**resources[_ALIAS], "create": create, "update": update}
