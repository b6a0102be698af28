"""What CloudFormation names itself is called ``STACK-RESOURCE-RANDOM``, both parts cut where the service takes no more.

Reason: ministack cuts the end of the whole, so that the stack's name always survives; on AWS the stack's name loses its
end (the environment's name, here), and a policy for ``*-ENVIRONMENT-*`` misses a role. Some types get other names than
ministack's.
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
    """As much of both parts as a name of ``longest`` characters has room for; half each, where both are long.

    >>> shares("mylongerapp-playground-new", "InstancesLifecycleHandler", 63)
    ('mylongerapp-playground-ne', 'InstancesLifecycleHandle')
    """
    free = longest - _RANDOM - 2
    first = min(len(stack), max(free - len(logical), free - free // 2))
    return stack[:first], logical[: free - first]


def patch() -> None:
    """Take the place of ministack's names, and give those that it makes in another way."""
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
    """With the name as a property, wherever the template has none."""
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
    """The same for the same resource, since ministack asks for a name whenever it changes one."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:_RANDOM].upper()
