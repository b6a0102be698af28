"""The functions of a service: their settings in our words, with those that the service has for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from multi_env_lambda.adopt.cfn_groups import attached_to
from multi_env_lambda.adopt.found import Variable
from multi_env_lambda.adopt.modules import path_of
from multi_env_lambda.adopt.serverless_asked import Asked, Event
from multi_env_lambda.adopt.serverless_events import EVENTS
from multi_env_lambda.adopt.serverless_resources import meaning_in
from multi_env_lambda.adopt.serverless_roles import policies_of
from multi_env_lambda.adopt.serverless_routes import Apis, http_route, rest_route, url_event
from multi_env_lambda.adopt.serverless_service import Service, at, key_of, unknown_in
from multi_env_lambda.adopt.serverless_text import Ask, asked_for, pieces
from multi_env_lambda.adopt.serverless_values import Filled, Link, Unknown, Value, plain, shown
from multi_env_lambda.model.keys.function import HANDLER
from multi_env_lambda.model.name import FUNCTION_NAME
from multi_env_lambda.model.plain_secrets import plain_secret, says_so
from multi_env_lambda.model.retention import RETENTION_DAYS
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["WSGI_HANDLERS", "events_of", "function_table", "is_python"]

WSGI_HANDLERS = ("wsgi_handler.handler", "wsgi.handler")
"""What the plugin serverless-wsgi puts beside the code."""

_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_IN_A_VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
_MOST_LAYERS = 4
_NO_WORD = {
    "image": "a container image",
    "provisionedConcurrency": "copies that are kept ready have no key; `snap_start` makes starts short",
    "fileSystemConfig": "a file system has no key; add it to the function in `stack.py`",
    "kmsKeyArn": "variables are encrypted with the key of Lambda",
    "awsKmsKeyArn": "variables are encrypted with the key of Lambda",
    "tags": "tags are those of the unit",
    "maximumEventAge": "it has no key; add an `AWS::Lambda::EventInvokeConfig` in `stack.py`",
    "maximumRetryAttempts": "it has no key; add an `AWS::Lambda::EventInvokeConfig` in `stack.py`",
    "condition": "a function is there or not: leave it out of an environment with `functions.NAME = false`",
    "dependsOn": "what a function refers to is made before it",
    "disableLogs": "a function always has a log",
    "durableConfig": "durable functions have no key",
    "capacityProvider": "capacity providers have no key",
    "tenancy": "it has no key",
    "runtimeManagement": "Lambda updates the runtime by itself",
}
_NO_MATTER = frozenset({"versionFunction", "package"})
_READ = frozenset(
    {
        *("handler", "runtime", "memorySize", "timeout", "environment", "description", "architecture", "events", "url"),
        *("reservedConcurrency", "ephemeralStorageSize", "layers", "vpc", "tracing", "onError", "destinations"),
        *("snapStart", "name", "role", "iamRoleStatements", "iamRoleStatementsInherit", "iamRoleStatementsName"),
        *("logRetentionInDays", "module", "logs"),
    }
)


def is_python(service: Service, name: str) -> bool:
    """Whether it is a function that can run here; if not, that is said."""
    path = ["functions", name]
    found = service.get(*path)
    if not isinstance(found, dict):
        service.dropped(name, "function", path, "it is not a table")
        return False
    if found.get("image") is not None:
        service.dropped(name, "function", [*path, "image"], "a container image cannot be built here")
        return False
    runtime = found.get("runtime") or service.get("provider", "runtime")
    if isinstance(runtime, str) and not runtime.startswith("python"):
        service.dropped(name, "function", [*path, "runtime"], f"it runs on {runtime}, and functions are in Python here")
        return False
    if not isinstance(found.get("handler"), (str, Filled)):
        if service.known(name, "function", found.get("handler")):
            service.dropped(name, "function", path, "it has no handler")
        return False
    if not HANDLER.accepts(_handler(found)):
        reason = "it is not the path of a module inside the folder, a dot, and a function"
        service.dropped(name, "handler", [*path, "handler"], reason)
        return False
    return True


def _handler(found: Mapping[str, Value]) -> str:
    handler = found["handler"]
    assert isinstance(handler, (str, Filled))
    return re.sub(r"^(\./)+", "", plain(handler))


def function_table(service: Service, name: str, events: Sequence[Event]) -> dict[str, Any]:
    """One function; what it has besides the table is put into the service."""
    path = ["functions", name]
    found = service.get(*path)
    assert isinstance(found, dict)
    table = {
        **_code(service, name, found),
        **_sizes(service, name, found),
        **_environment(service, name, found),
        **policies_of(service, name, found),
        **_rest(service, name, found),
        **({"events": list(events)} if events else {}),
    }
    _network(service, name, found, table)
    for key, reason in _NO_WORD.items():
        if found.get(key) is not None:
            service.dropped(name, key, [*path, key], reason)
    for key in found:
        if key not in _READ | _NO_MATTER | set(_NO_WORD):
            service.dropped(name, key, [*path, key], "it is not known here")
    return table


def _code(service: Service, name: str, found: Mapping[str, Value]) -> dict[str, Any]:
    path = ["functions", name, "handler"]
    service.carried(name, "handler", path, f"functions.{service.keys[name]}")
    table: dict[str, Any] = {"handler": _handler(found)}
    if isinstance(module := found.get("module"), str):
        service.carried(name, "module", ["functions", name, "module"], f'root = "{module}"')
        table["root"] = module
    elif root := _other_root(service, table["handler"]):
        reason = "the service has no such module; this folder has the only one that is called so"
        service.changed(name, f"handler {table['handler']}", path, f'root = "{root}"', reason)
        table["root"] = root
    if "name" in found:
        table |= _name(service, name, found["name"])
    if (description := service.text(found.get("description"))) is not None:
        table["description"] = description[:256]
    return table


def _other_root(service: Service, handler: str) -> str:
    """The one folder that has the module of a handler, if that is not where the handler says."""
    module = path_of(handler)
    files = (f"{module}.py", f"{module}/__init__.py")
    if any(one in service.there for one in files):
        return ""
    found = {path[: -len(one) - 1] for path in service.there for one in files if path.endswith(f"/{one}")}
    return found.pop() if len(found) == 1 else ""


def _name(service: Service, name: str, value: Value) -> dict[str, str]:
    """A name of its own, unless two environments in one account would have the same."""
    text, path = service.text(value), ["functions", name, "name"]
    sample = plain(value) if isinstance(value, (str, Filled)) else ""
    is_alone = not service.crowded or "${environment}" in (text or "")
    if text is not None and is_alone and FUNCTION_NAME.accepts(sample):
        service.carried(name, "name", path, f'name = "{text}"')
        return {"name": text}
    if service.known(name, "name", value):
        reason = "it cannot have this name in each environment; callers need the new one"
        service.changed(name, "name", path, "UNIT-ENVIRONMENT-KEY", reason)
    return {}


def _sizes(service: Service, name: str, found: Mapping[str, Value]) -> dict[str, Any]:
    """Serverless gives 1,024 MB and 6 seconds to a function that asks for nothing."""
    wanted = {
        "memory_size": ("memorySize", 1024),
        "timeout": ("timeout", 6),
        "ephemeral_storage": ("ephemeralStorageSize", None),
        "reserved_concurrency": ("reservedConcurrency", None),
    }
    table: dict[str, Any] = {}
    for ours, (theirs, default) in wanted.items():
        value, path = _own_or_shared(service, name, found, theirs)
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if number is None:
            number = default
        elif not isinstance(number, int):
            if service.known(name, theirs, value):
                service.dropped(name, theirs, path, "it is not a number")
            continue
        if number is not None:
            table[ours] = number
            if value is not None:
                service.carried(_owner(path), theirs, path, f"{ours} = {number}")
    return table


def _owner(path: Sequence[str | int]) -> str:
    """The function that a setting is written for; none for one of the whole service."""
    return str(path[1]) if path[0] == "functions" else ""


def _own_or_shared(service: Service, name: str, found: Mapping[str, Value], key: str) -> tuple[Value, Sequence[str]]:
    if (own := found.get(key)) is not None:
        return own, ("functions", name, key)
    return service.get("provider", key), ("provider", key)


def _environment(service: Service, name: str, found: Mapping[str, Value]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    merged: dict[str, tuple[Value, list[str]]] = {}
    for path in (["provider", "environment"], ["functions", name, "environment"]):
        values = service.get(*path)
        if isinstance(values, Unknown):
            service.unknown(name, "environment", values)
        for variable, value in (values if isinstance(values, dict) else {}).items():
            merged[variable] = value, [*path, variable]
    for variable, (value, where) in merged.items():
        made = _variable(service, name, variable, value, where)
        if made is not None:
            table[variable] = made
    return {"environment": table} if table else {}


def _variable(service: Service, name: str, variable: str, value: Value, path: Sequence[str]) -> Any:
    """What stands in the table; None if it is not there, or is set in ``stack.py``."""
    what = f"environment.{variable}"
    if value is None:
        return None
    if not _VARIABLE.fullmatch(variable):
        service.dropped(name, what, path, "Lambda accepts letters, digits and `_` in the name of a variable")
        return None
    if not isinstance(value, Link) and _from_a_secret(service, path):
        return _secret(service, name, variable, path)
    if isinstance(value, Unknown):
        if says_so(variable):
            return _secret(service, name, variable, path)
        service.unknown(name, what, value)
        return None
    if isinstance(value, Link):
        service.carried(_owner(path), what, path, f"environment.{variable}: a {value.kind}")
        return _link(service, value)
    text = None if isinstance(value, (bool, int, float)) else service.text(value)
    if text is not None and plain_secret(variable, text) is not None:
        return _secret(service, name, variable, path)
    if text is not None or isinstance(value, (bool, int, float)):
        service.carried(_owner(path), what, path, f"environment.{variable}")
        return value if text is None else text
    body = service.body(value)
    if (unknown := unknown_in(body)) is not None:
        service.dropped(name, what, path, unknown.why)
        return None
    service.set_later.append(Variable(function=service.keys[name], name=variable, value=body))
    service.carried(name, what, path, "stack.py: context.set_environment")
    return None


def _from_a_secret(service: Service, path: Sequence[str]) -> bool:
    """Whether a variable in the text says by its own name that it is a secret: ``${self:custom.password}``."""
    text: Any = service.variables.tree
    for key in path:
        text = text.get(key) if isinstance(text, dict) else None
    asked = [ask for is_one, part in pieces(text) if is_one for ask in asked_for(part)] if isinstance(text, str) else []
    return any(isinstance(ask, Ask) and says_so(re.split(r"[.:/]", ask.address or "")[-1]) for ask in asked)


def _link(service: Service, link: Link) -> dict[str, str]:
    """Our word for what is looked up in a deploy."""
    name = shown(link.name)
    match link.kind:
        case "queue":
            return {"queue": key_of(name), "value": link.key or "url"}
        case "secret":
            return {"secret": name, **({"key": link.key} if link.key else {})}
        case "function":
            return {"function": service.keys[plain(link.name)], "value": "name"}
        case _:
            return {"parameter": name}


def _secret(service: Service, name: str, variable: str, path: Sequence[str]) -> dict[str, str]:
    """A secret never gets into a file: the unit has one of its own, which a person fills in after the first deploy."""
    key = key_of(variable.lower())
    service.secrets.setdefault(key, {"description": f"the variable {variable}"})
    reason = "a secret is not written into a file: put its value into this one after the first deploy"
    service.changed(name, f"environment.{variable}", path, f'{{ secret = "{key}" }}', reason)
    return {"secret": key}


def _rest(service: Service, name: str, found: Mapping[str, Value]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    tracing = found.get("tracing") or service.get("provider", "tracing", "lambda")
    if tracing in (True, "true", "Active"):
        table["tracing"] = "Active"
    if found.get("snapStart") is True:
        table["snap_start"] = True
    if (form := at(found.get("logs"), "logFormat") or service.get("provider", "logs", "lambda", "logFormat")) == "JSON":
        table["log_format"] = form
    retention, path = _own_or_shared(service, name, found, "logRetentionInDays")
    days = int(retention) if isinstance(retention, str) and retention.isdecimal() else retention
    if isinstance(days, int) and days not in RETENTION_DAYS:
        service.dropped(name, "logRetentionInDays", path, "CloudWatch has no such number of days")
        days = None
    table["log_retention_days"] = days if isinstance(days, int) else 0
    for ours, value, where in (
        ("dead_letter_arn", found.get("onError"), ["onError"]),
        ("on_failure_arn", at(found.get("destinations"), "onFailure"), ["destinations", "onFailure"]),
    ):
        target = at(value, "arn") if isinstance(value, dict) and "arn" in value else value
        text = service.text(target)
        if text is not None and text.startswith("arn:"):
            table[ours] = text
        elif value is not None:
            service.dropped(name, where[0], ["functions", name, *where], "its ARN is not a text; set it in `stack.py`")
    if at(found.get("destinations"), "onSuccess") is not None:
        service.dropped(
            name, "destinations.onSuccess", ["functions", name, "destinations", "onSuccess"], "it has no key"
        )
    layers = _layers(service, name, found)
    return {**table, **({"layers": layers} if layers else {})}


def _layers(service: Service, name: str, found: Mapping[str, Value]) -> list[str]:
    value, path = _own_or_shared(service, name, found, "layers")
    arns: list[str] = []
    for number, each in enumerate(value if isinstance(value, list) else []):
        where: list[str | int] = [*path, number]
        text = service.text(each)
        reference = at(each, "Ref")
        if reference == "PythonRequirementsLambdaLayer":
            service.carried(name, "layer", where, "the layer of the unit")
        elif isinstance(reference, str) and reference.endswith("LambdaLayer"):
            service.changed(name, "layer", where, "shared", "its code is a part of the unit, see the layer")
        elif text is not None and len(arns) < _MOST_LAYERS:
            arns.append(text)
            service.carried(name, "layer", where, f'layers = ["{text}"]')
        elif service.known(name, "layer", each):
            service.dropped(name, "layer", where, "it is not the ARN of a layer version")
    return arns


def _network(service: Service, name: str, found: Mapping[str, Value], table: dict[str, Any]) -> None:
    """The VPC, in the table or, where it names resources of the stack, in ``stack.py``."""
    value, path = _own_or_shared(service, name, found, "vpc")
    if not isinstance(value, dict):
        return
    if not service.known(name, "vpc", value):
        return
    subnets, groups = value.get("subnetIds"), value.get("securityGroupIds")
    texts = [service.text(each) for each in subnets] if isinstance(subnets, list) else [None]
    attached = attached_to(groups, meaning_in(service), {each: key for each, (key, _) in service.groups.items()})
    if None not in texts and attached is not None:
        table["vpc"] = {"subnet_ids": texts, **attached}
        return
    body = {"SubnetIds": service.body(subnets), "SecurityGroupIds": service.body(groups)}
    if (unknown := unknown_in(body)) is not None:
        service.dropped(name, "vpc", path, unknown.why)
        return
    key = service.keys[name]
    service.resources[logical_id(key, "Function")] = {"Properties": {"VpcConfig": body}}
    table["managed_policies"] = [*table.get("managed_policies", []), _IN_A_VPC]
    service.carried(name, "vpc", path, "stack.py: VpcConfig of the function")


def events_of(service: Service, name: str, apis: Apis) -> tuple[Event, ...]:
    """What invokes a function. All of them are read before the rest, which may refer to what they make."""
    found = service.get("functions", name)
    events: list[Event] = [*url_event(service, name, at(found, "url"))]
    asked_for = at(found, "events")
    for number, each in enumerate(asked_for if isinstance(asked_for, list) else []):
        kind, value = next(iter(each.items())) if isinstance(each, dict) and each else (str(each), None)
        path: list[str | int] = ["functions", name, "events", number, kind]
        asked = Asked(service=service, function=name, kind=kind, value=value, path=path, number=number)
        if not service.known(name, asked.what, value):
            continue
        if kind == "http":
            events += rest_route(asked, apis)
        elif kind == "httpApi":
            events += http_route(asked, apis)
        elif kind in EVENTS:
            events += EVENTS[kind](asked)
        else:
            asked.dropped("it has no counterpart here; add what it needs in `stack.py`")
    return tuple(events)
