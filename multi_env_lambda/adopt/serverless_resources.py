"""``resources`` of a service: CloudFormation, taken as it is, with the names of what is made here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from multi_env_lambda.adopt.cfn_groups import Meaning, group_tables
from multi_env_lambda.adopt.serverless_service import Service, at, key_of, unknown_in
from multi_env_lambda.adopt.serverless_values import Filled, Unknown, Value, plain
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["add_resources", "announce", "meaning_in", "settle"]

_OURS = ("Function", "Alias", "Role", "Logs", "Version")


def _parts(service: Service) -> Iterator[tuple[list[str | int], dict[str, Value]]]:
    """``resources`` is one table, or a list of them."""
    found = service.get("resources")
    for path, each in (
        [(["resources", number], one) for number, one in enumerate(found)]
        if isinstance(found, list)
        else [(["resources"], found)]
    ):
        if isinstance(each, Unknown):
            service.unknown("", "resources", each)
        elif isinstance(each, dict):
            yield [*path], each


def announce(service: Service) -> None:
    """Before the functions are read: which ids there are, and what they are called here."""
    taken = {logical_id(key, word) for key in service.keys.values() for word in _OURS}
    for _, part in _parts(service):
        for name, body in _resources(part):
            if isinstance(body, Unknown) or unknown_in(body) or _obstacle(name, body) is not None:
                continue
            service.made[name] = f"Own{name}" if name in taken else name
    service.groups.update(_own_groups(service))
    service.made.update({name: logical_id(key, "SecurityGroup") for name, (key, _) in service.groups.items()})
    kinds = {kind for name in service.keys for kind in _events(service, name)}
    if "httpApi" in kinds:
        service.made["HttpApi"] = "HttpApi"
    if "http" in kinds:
        service.made["ApiGatewayRestApi"] = "RestApi"


def _own_groups(service: Service) -> dict[str, tuple[str, dict[str, Any]]]:
    bodies = [
        (name, body)
        for _, part in _parts(service)
        for name, body in _resources(part)
        if name in service.made and isinstance(body, dict) and body.get("Type") == "AWS::EC2::SecurityGroup"
    ]
    groups = {name: body.get("Properties") for name, body in bodies if "DeletionPolicy" not in body}
    return group_tables(groups, meaning_in(service), {*_keys_of_others(service)})


def _keys_of_others(service: Service) -> Iterator[str]:
    """Topics and queues, which get their keys later."""
    constructs = service.get("constructs")
    yield from (key_of(name) for name in (constructs if isinstance(constructs, dict) else ()))
    for name in service.keys:
        found = service.get("functions", name, "events")
        for each in found if isinstance(found, list) else []:
            topic = at(each, "sns")
            for value in (topic, at(topic, "topicName")):
                if isinstance(value, (str, Filled)):
                    yield key_of(plain(value))


def meaning_in(service: Service) -> Meaning:
    """What values mean in ``resources``."""

    def target(value: Any) -> tuple[str, str] | None:
        match value:
            case {"Ref": str(name)} if not name.startswith("AWS::"):
                return name, ""
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return name, attribute
            case {"Fn::GetAtt": str(dotted)}:
                name, _, attribute = dotted.partition(".")
                return name, attribute
            case _:
                return None

    return Meaning(service.text, target, service.crowded)


def _events(service: Service, name: str) -> Iterator[str]:
    found = service.get("functions", name, "events")
    for each in found if isinstance(found, list) else []:
        yield from each if isinstance(each, dict) else ()


def settle(service: Service) -> None:
    """After the events: what refers to a resource that is left out is left out, and what refers to that one, too."""
    bodies = {name: body for _, part in _parts(service) for name, body in _resources(part) if isinstance(body, dict)}
    while gone := [name for name in bodies if name in service.made and _lacks(service, bodies[name])]:
        for name in gone:
            del service.made[name]


def _resources(part: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    found = part.get("Resources")
    yield from found.items() if isinstance(found, dict) else ()


def _lacks(service: Service, body: dict[str, Value]) -> bool:
    made = service.body({key: value for key, value in body.items() if key != "DependsOn"})
    return unknown_in(made) is not None


def add_resources(service: Service) -> None:
    """After the functions: every resource, unless a part of it cannot be there."""
    for path, part in _parts(service):
        for word, value in part.items():
            if word == "Resources" and isinstance(value, dict):
                for name, body in value.items():
                    _add(service, name, body, [*path, word, name])
            elif word == "extensions" and isinstance(value, dict):
                for name in value:
                    reason = "what Serverless makes has another form here; change it in `stack.py`"
                    service.dropped("", f"extension {name}", [*path, word, name], reason)
            elif word == "Outputs" and isinstance(value, dict):
                for name, output in value.items():
                    _output(service, name, output, [*path, word, name])
            elif word not in ("Description", "AWSTemplateFormatVersion"):
                service.dropped("", f"resources.{word}", [*path, word], "it has no place in a template here")


def _add(service: Service, name: str, body: Value, path: list[str | int]) -> None:
    what = f"resource {name}"
    if isinstance(body, Unknown):
        service.unknown("", what, body)
        return
    if (reason := _obstacle(name, body)) is not None:
        service.dropped("", what, path, reason)
        return
    if name in service.groups:
        service.carried("", what, path, f"security_groups.{service.groups[name][0]}")
        return
    if not service.known("", what, body):
        return
    assert isinstance(body, dict)
    waits = body.get("DependsOn")
    made: Any = service.body({key: value for key, value in body.items() if key != "DependsOn"})
    if (unknown := unknown_in(made)) is not None:
        service.dropped("", what, path, unknown.why)
        return
    names = [waits] if isinstance(waits, str) else waits if isinstance(waits, list) else []
    depends = [service.made[each] for each in names if isinstance(each, str) and each in service.made]
    for each in names:
        if each not in service.made:
            service.dropped("", f"{what}: DependsOn", [*path, "DependsOn"], f"there is no `{each}` here")
    here = service.made.get(name, name)
    service.resources[here] = {**made, **({"DependsOn": depends} if depends else {})}
    service.carried("", what, path, f"stack.py: {here}")


def _obstacle(name: str, body: Value) -> str | None:
    """Why a resource cannot be in the stack, whatever else is there; what refers to it cannot either."""
    if not isinstance(body, dict) or "Type" not in body:
        return "it has no Type: it changes what Serverless makes, which has another form here"
    if re.fullmatch(r"[A-Za-z0-9]+", name) is None:
        return "CloudFormation accepts letters and digits in the name of a resource"
    if body.get("Condition") is not None:
        return "a resource with a condition is there or not: decide it in `stack.py`"
    if (secret := _secret_in(body)) is not None:
        return f"`{secret}` is a secret in plain text, which is not written into a file"
    return None


def _secret_in(value: Any, name: str = "") -> str | None:
    """The property whose value is a secret, if there is one."""
    if isinstance(value, (str, Filled)):
        return None if plain_secret(name, plain(value)) is None else name
    below = (
        value.items()
        if isinstance(value, dict)
        else [(name, each) for each in value]
        if isinstance(value, list)
        else ()
    )
    return next((found for key, each in below if (found := _secret_in(each, key)) is not None), None)


def _output(service: Service, name: str, value: Value, path: list[str | int]) -> None:
    exported = isinstance(value, dict) and "Export" in value
    reason = "a parameter of the unit hands a value over to other units: `parameters` and `needs`"
    service.dropped("", f"output {name}", path, reason if exported else "`outputs` shows what a unit has made")
