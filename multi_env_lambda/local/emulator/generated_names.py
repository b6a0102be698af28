"""CloudFormation generates names as ``STACK-RESOURCE-RANDOM``, and truncates both parts if the service has a shorter
limit.

Reason: ministack truncates the end of the whole name, so the stack's name always survives. On AWS, the stack's name
loses its end (here the environment), and a policy for ``*-ENVIRONMENT-*`` misses the role. Some types get names of
another form.
Sources: IdentifierUtils of https://github.com/aws-cloudformation/cloudformation-cli-java-plugin, which handlers use;
names that were seen: https://github.com/convox/rack/issues/2297 and https://github.com/KensioSoftware/yulin/issues/1113
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch", "shares"]

_RANDOM = 12
_OTHERWISE = {
    "AWS::Logs::LogGroup": ("LogGroupName", "{stack}-{logical}-{random}", 512),
    "AWS::SSM::Parameter": ("Name", "CFN-{logical}-{random}", 255),
    "AWS::SecretsManager::Secret": ("Name", "{logical}-{random}", 255),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "{logical}-{random}", 80),
}
"""Where ministack's form is not AWS's: the property with the name, the form, and the longest name."""


def shares(stack: str, logical: str, longest: int) -> tuple[str, str]:
    """As much of both parts as fits into a name with ``longest`` characters; half each if both are long.

    >>> shares("mylongerapp-playground-new", "InstancesLifecycleHandler", 63)
    ('mylongerapp-playground-ne', 'InstancesLifecycleHandle')
    """
    free = longest - _RANDOM - 2
    first = min(len(stack), max(free - len(logical), free - free // 2))
    return stack[:first], logical[: free - first]


def patch() -> None:
    """Replace ministack's generated names, including those that it generates elsewhere."""
    module = load("ministack.services.cloudformation.provisioners")
    original(module, "_physical_name")
    seed = original(module, "_NAME_SEED")

    def named(
        stack_name: str, logical_id: str, *, lowercase: bool = False, max_len: int = 128, seeded: bool = True
    ) -> str:
        key = f"{stack_name}:{logical_id}:{seed.get() if seeded else ''}"
        stack, logical = shares(stack_name, logical_id, max_len)
        name = "-".join((*filter(None, (stack, logical)), _random(key)))[-max_len:]
        return name.lower() if lowercase else name

    module._physical_name = named
    handlers = original(module, "_RESOURCE_HANDLERS")
    for kind, (key, form, longest) in _OTHERWISE.items():
        handlers[kind] = _filled(handlers[kind], key, form, longest, seed)


def _filled(handler: Mapping[str, Any], key: str, form: str, longest: int, seed: Any) -> dict[str, Any]:
    """With the name as a property, if the template has none."""
    create, update = handler["create"], handler["update"]

    def created(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        random = _random(f"{stack_name}:{logical_id}:{seed.get()}")
        stack, logical = shares(stack_name if "{stack}" in form else "", logical_id, longest)
        name = form.format(stack=stack, logical=logical, random=random)
        return create(logical_id, {**properties, key: properties.get(key) or name}, stack_name)

    def updated(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any) -> Any:
        name = physical_id.rpartition(":stateMachine:")[2]
        return update(physical_id, _named(old, key, name), _named(new, key, name), *more)

    return {**handler, "create": created, "update": updated}


def _named(properties: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    return {**properties, key: properties.get(key) or name}


def _random(key: str) -> str:
    """The same name for the same resource, because ministack asks for a name on every change."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:_RANDOM].upper()
