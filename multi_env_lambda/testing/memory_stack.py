"""A stack in memory, and what its template says about it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.aws.account import Invocation
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.artifact import LayerArtifact, base64_sha256
from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
from multi_env_lambda.model.record import Loss, PhysicalResource
from multi_env_lambda.model.versions import KeptLayer, ObjectPlace
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.losses import fate_of

__all__ = [
    "MemoryStack",
    "alias_state",
    "aliases_in",
    "aliases_of",
    "answered",
    "function_in",
    "function_names",
    "layer_resource",
    "layers_of",
    "lost",
    "new_layers",
    "note_sent",
    "physical_id_of",
    "reading_of",
    "used_of",
    "version_of",
    "versions_in",
]

_ROOM = 10**15

_CHANGED = "2026-01-01T00:00:00+00:00"


@attrs.define
class MemoryStack:
    template: str
    tags: dict[str, str]
    updates: int
    stack_id: str
    protected: bool = False
    status: str = "UPDATE_COMPLETE"
    parameters: dict[str, str] = attrs.field(factory=dict)


def reading_of(name: str, stack: MemoryStack) -> StackReading:
    return StackReading(
        stack_id=stack.stack_id,
        name=name,
        status=stack.status,
        tags=stack.tags,
        protected=stack.protected,
        outputs={key: _computed(name, key, body["Value"]) for key, body in _said(stack.template).items()},
        changed=_CHANGED,
    )


def _said(template: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(template).get("Outputs", {})
    return found


def _computed(stack: str, key: str, value: Any) -> str:
    """What is not a text in the template is named after the output."""
    return value if isinstance(value, str) else f"{stack}-{key}"


def lost(stack: str, old: str, new: str) -> tuple[Loss, ...]:
    gone = (change for change in changes(old, new) if change.destructive)
    return tuple(
        Loss(
            logical_id=change.logical_id,
            type=change.type,
            physical_id=f"{stack}-{change.logical_id}",
            fate=fate_of(change),
        )
        for change in gone
    )


def version_of(value: Any) -> str:
    """A version is a number, or the logical id of the resource that will have one."""
    return value if isinstance(value, str) else str(value["Fn::GetAtt"][0])


def physical_id_of(stack_name: str, logical_id: str, body: Mapping[str, Any]) -> str:
    """A version's number is the logical id of the resource that published it, as in ``MemoryPlatform.alias``."""
    return f"{stack_name}{':' if body['Type'] == 'AWS::Lambda::Version' else '-'}{logical_id}"


def aliases_in(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of aliases by the physical name of their function."""
    bodies = (body["Properties"] for body in resources.values() if body["Type"] == "AWS::Lambda::Alias")
    return {resources[body["FunctionName"]["Ref"]]["Properties"]["FunctionName"]: body for body in bodies}


def aliases_of(template: str) -> dict[str, dict[str, Any]]:
    return aliases_in(json.loads(template).get("Resources", {})) if template else {}


def function_names(document: Mapping[str, Any]) -> dict[str, str]:
    """Physical names by logical id."""
    bodies = document["Resources"].items()
    return {
        name: body["Properties"]["FunctionName"] for name, body in bodies if body["Type"] == "AWS::Lambda::Function"
    }


def versions_in(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The versions of functions that a template publishes: the function, the key of its code, and the number.

    The number is the logical id of the resource that publishes it, as in ``MemoryPlatform.alias``.
    """
    names = function_names(document)
    for logical_id, body in document["Resources"].items():
        if body["Type"] == "AWS::Lambda::Version":
            function = body["Properties"]["FunctionName"]["Ref"]
            yield names[function], document["Resources"][function]["Properties"]["Code"]["S3Key"], logical_id


def layer_resource(name: str, layer: LayerArtifact) -> dict[str, object]:
    properties = {
        "LayerName": name,
        "Description": f"{layer.number:06d} {layer.digest[:12]}",
        "Content": {"S3Key": layer.layer_key},
    }
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": properties, "DeletionPolicy": "Retain"}


def new_layers(
    environment: str, before: str, after: str, there: Mapping[tuple[str, str], Sequence[KeptLayer]]
) -> Iterator[tuple[KeptLayer, str]]:
    """The versions of layers that a change publishes, with the keys of their content; ``there`` are earlier ones."""
    old = json.loads(before)["Resources"] if before else {}
    for logical_id, body in json.loads(after)["Resources"].items():
        if body["Type"] == "AWS::Lambda::LayerVersion" and logical_id not in old:
            name, said = body["Properties"]["LayerName"], body["Properties"]["Description"]
            number = 1 + max((layer.number for layer in there.get((environment, name), ())), default=0)
            arn = f"arn:{environment}:layer:{name}:{number}"
            layer = KeptLayer(name=name, number=number, arn=arn, description=said)
            yield layer, body["Properties"]["Content"]["S3Key"]


def resources_of(
    stacks: Mapping[tuple[str, str], MemoryStack], environment: str, stack_name: str
) -> tuple[PhysicalResource, ...]:
    """What a stack, by its name or its id, consists of."""
    here = [(name, stack) for (place, name), stack in stacks.items() if place == environment]
    found = [(name, stack.template) for name, stack in here if stack_name in (name, stack.stack_id)]
    if not found:
        raise StackError(f"stack {stack_name}", "there is no such stack", hint="deploy it")
    name_of_stack, template = found[0]
    return tuple(
        PhysicalResource(logical_id=name, type=body["Type"], physical_id=physical_id_of(name_of_stack, name, body))
        for name, body in json.loads(template)["Resources"].items()
    )


def stacks_of_functions(stacks: Mapping[tuple[str, str], MemoryStack], environment: str) -> dict[str, str]:
    """The name of the stack of each function, by its physical name."""
    here = [(name, there.template) for (place, name), there in stacks.items() if place == environment]
    return {function: name for name, text in here for function in function_names(json.loads(text)).values()}


def function_in(resources: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The properties of the function with this physical name."""
    bodies: list[dict[str, Any]] = [body["Properties"] for body in resources.values()]
    return next((body for body in bodies if body.get("FunctionName") == name and "Code" in body), None)


def layers_of(stacks: Mapping[tuple[str, str], MemoryStack], environment: str, function: str) -> tuple[str, ...]:
    """The ARNs of the layers that a function's template names, by itself or by a parameter."""
    for (place, _), stack in dict(stacks).items():
        if place == environment and f'"{function}"' in stack.template:
            said = (function_in(json.loads(stack.template)["Resources"], function) or {}).get("Layers", [])
            return tuple(one if isinstance(one, str) else stack.parameters.get(one["Ref"], "") for one in said)
    return ()


def alias_state(properties: Mapping[str, Any], left: tuple[tuple[str, float], ...]) -> AliasState:
    """Where an alias with these properties points; ``left``: the weights that it has if they name none."""
    version = version_of(properties["FunctionVersion"])
    if "RoutingConfig" not in properties:
        return AliasState(version=version, weights=left)
    routing = properties["RoutingConfig"]["AdditionalVersionWeights"]
    weights = ((version_of(item["FunctionVersion"]), item["FunctionWeight"]) for item in routing)
    return AliasState(version=version, weights=tuple(weights))


def note_sent(uploaded: dict[str, str], function_name: str, code: ObjectPlace | bytes) -> None:
    """The released code again, which is not noted, or the bytes of a zip."""
    uploaded.pop(function_name, None)
    if isinstance(code, bytes):
        uploaded[function_name] = base64_sha256(hashlib.sha256(code).hexdigest())


def answered(answer: Callable[[Any], Any], payload: bytes, version: str) -> Invocation:
    """What a function says; an exception is its error."""
    try:
        body = json.dumps(answer(json.loads(payload))).encode()
    except Exception as error:
        text = json.dumps({"errorMessage": str(error)}).encode()
        return Invocation(payload=text, error="Unhandled", log_tail=f"ERROR {error}", version=version)
    return Invocation(payload=body, error=None, log_tail="", version=version)


def used_of(
    used: Mapping[tuple[str, QuotaKind], Usage | Unread], environment: str, kinds: Collection[QuotaKind]
) -> tuple[Usage | Unread, ...]:
    """What is in use of these quotas; of what nothing is said, nothing, with room for everything."""
    return tuple(used.get((environment, kind), Usage(kind=kind, used=0, limit=_ROOM)) for kind in sorted(kinds))
