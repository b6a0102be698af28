"""The reader of a service of the Serverless Framework: ``serverless.yml`` in, one of our units out, per environment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.document import Node, read_document
from multi_env_lambda.adopt.found import Reading, Stack, Told, Wanted
from multi_env_lambda.adopt.serverless_functions import WSGI_HANDLERS, events_of, function_table, is_python
from multi_env_lambda.adopt.serverless_integration import integration_module
from multi_env_lambda.adopt.serverless_queues import add_queues
from multi_env_lambda.adopt.serverless_resources import add_resources, announce, settle
from multi_env_lambda.adopt.serverless_routes import Apis
from multi_env_lambda.adopt.serverless_said import say_the_rest, shared_folders
from multi_env_lambda.adopt.serverless_service import Service, at, key_of
from multi_env_lambda.adopt.serverless_values import Filled, Symbol, Tree, Unknown, Where, plain
from multi_env_lambda.adopt.serverless_variables import Variables
from multi_env_lambda.adopt.serverless_wsgi import wsgi_handler
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.plain_secrets import says_so
from multi_env_lambda.model.runtime import RUNTIMES

__all__ = ["NAMES", "Files", "Placed", "read_service", "wanted_values"]

NAMES = ("serverless.yml", "serverless.yaml", "serverless.json")
"""How the file of a service may be called, apart from programs."""

Files = Callable[[str], "str | None"]
"""Reads a file of the service, by its path relative to the service; None if there is none."""


@attrs.frozen(kw_only=True)
class Placed:
    """Where a service goes.

    Args:
        environment: its name, which counts as the stage unless ``stage`` is given. stages: of all environments.
        crowded: whether another environment is in the same account and region.
        folder: of the unit, relative to the top of the repository. there: the files of the service.
        longest: of a key, so that AWS takes the name of each function.
        runtimes: that AWS creates functions with; the first one is taken if the service has another one.
    """

    environment: str
    region: str
    account_id: str
    stages: Collection[str] = ()
    crowded: bool = False
    folder: str = ""
    there: Collection[str] = ()
    longest: int = 40
    runtimes: tuple[str, ...] = RUNTIMES


def read_service(root: Node, at_home: Placed, given: Mapping[str, str], files: Files) -> Reading:
    """The service as it is in one environment.

    Args:
        given: values by source and address, such as ``env:TOKEN``; ``stage`` is another name for the stage.

    Raises:
        ConfigurationError: it is no service on AWS, or it cannot be read.
    """
    service = _opened(root, at_home, given, files)
    names = [name for name in _function_names(service) if is_python(service, name)]
    service.keys.update(_keys(names, at_home.longest))
    announce(service)
    apis = Apis()
    events = {name: events_of(service, name, apis) for name in names}
    settle(service)
    functions = {service.keys[name]: function_table(service, name, events[name]) for name in names}
    queues = add_queues(service, functions)
    add_resources(service)
    say_the_rest(service, {*at_home.stages, plain(service.variables.given["sls:stage"])})
    files_to_write = {**_wsgi(service, functions), **_integrations(service, functions)}
    shared = shared_folders(service, at_home.folder, at_home.there)
    table = {
        **_unit(service, names, at_home.runtimes),
        **({"shared": shared} if shared else {}),
        "functions": functions,
        **({"http_api": apis.http} if apis.http else {}),
        **({"rest_api": apis.rest} if apis.rest else {}),
        **({"queues": queues} if queues else {}),
        **({"topics": service.topics} if service.topics else {}),
        **({"secrets": service.secrets} if service.secrets else {}),
        **({"security_groups": dict(service.groups.values())} if service.groups else {}),
    }
    stack = Stack(resources=service.resources, grants=_once(service.grants), variables=tuple(service.set_later))
    return Reading(
        table=table,
        stack=stack,
        findings=tuple(sorted(service.findings, key=lambda one: one.place)),
        folders=(".",),
        files=files_to_write,
        told=_told(_wanted_runtime(service, names), at_home.runtimes),
    )


def wanted_values(root: Node, at_home: Placed, given: Mapping[str, str], files: Files) -> tuple[Wanted, ...]:
    """The values that a person has to give: those that neither a default nor a file has.

    A variable whose name says that it is a secret is not asked for: its value never gets into a file.
    """
    service = _opened(root, at_home, given, files)
    found: dict[str, Wanted] = {}

    def look(value: Any) -> None:
        match value:
            case Unknown(option=str(option)) if not says_so(option):
                place = service.place(value.where.path, value.where.file)
                found.setdefault(option, Wanted(name=option, place=place, about=value.why))
            case dict():
                for each in value.values():
                    look(each)
            case list():
                for each in value:
                    look(each)
            case _:
                pass

    for part in ("provider", "functions", "resources"):
        look(service.get(part))
    return tuple(found.values())


def _opened(root: Node, at_home: Placed, given: Mapping[str, str], files: Files) -> Service:
    tree = root.plain()
    if not isinstance(tree, dict) or "service" not in tree or "provider" not in tree:
        raise ConfigurationError(
            root.file, "it is no service: it has no `service` or no `provider`", hint="see the file"
        )
    provider = tree["provider"] if isinstance(tree["provider"], dict) else {"name": tree["provider"]}
    tree = {**tree, "provider": provider}
    if provider.get("name") != "aws":
        what = f"the provider is {provider.get('name')!r}, and functions run on AWS here"
        raise ConfigurationError(str(root.place), what, hint="adopt a service whose provider is `aws`")
    if "serverless-pseudo-parameters" in str(tree.get("plugins")):
        tree = _pseudo(tree)
    nodes = {root.file: root}
    values: dict[str, str | Filled] = {name: value for name, value in given.items() if name != "stage"}
    stage = _stage(given.get("stage", at_home.environment), at_home.environment)
    region = Filled((Symbol("region", at_home.region),))
    for name in ("sls:stage", "opt:stage", "self:provider.stage"):
        values.setdefault(name, stage)
    for name in ("aws:region", "opt:region", "self:provider.region"):
        values.setdefault(name, region)
    values.setdefault("aws:accountId", Filled((Symbol("account_id", at_home.account_id),)))
    variables = Variables(root.file, tree, values, _reader(nodes, files))
    if isinstance(tree.get("functions"), list):
        tree = {**tree, "functions": _one_table(tree["functions"], variables)}
        variables = Variables(root.file, tree, values, _reader(nodes, files))
    return Service(variables=variables, nodes=nodes, crowded=at_home.crowded, keys={}, there=at_home.there)


def _one_table(listed: list[Tree], variables: Variables) -> dict[str, Tree]:
    """Functions that are written as a list of tables, or of files with tables; Serverless puts them together.

    Source: https://www.serverless.com/framework/docs/providers/aws/guide/functions
    """
    found: dict[str, Tree] = {}
    for number, one in enumerate(listed):
        table = variables.value("functions", number)
        for name in table if isinstance(table, dict) else ():
            if isinstance(one, dict):
                found[name] = one[name]
            elif isinstance(one, str) and (address := re.fullmatch(r"\$\{(file\([^()]+\))(:[^,{}]+)?\}", one.strip())):
                found[name] = f"${{{address[1]}{f'{address[2]}.' if address[2] else ':'}{name}}}"
    return found


def _stage(stage: str, environment: str) -> str | Filled:
    return Filled((Symbol("environment", environment),)) if stage == environment else stage


def _reader(nodes: dict[str, Node], files: Files) -> Callable[[str], Tree | Unknown]:
    def read(name: str) -> Tree | Unknown:
        text = files(name)
        if text is None:
            return None
        if not re.search(r"\.(ya?ml|json)\Z", name):
            nodes[name] = Node(text, 1, name)
            return text.strip()
        try:
            nodes[name] = read_document(text, name)
        except ConfigurationError as error:
            return Unknown(name, f"`{name}` cannot be read: {error}", Where(name, ()))
        plain: Tree = nodes[name].plain()
        return plain

    return read


def _pseudo(value: Any) -> Any:
    """``#{AWS::Region}`` of the plugin serverless-pseudo-parameters."""
    match value:
        case str() if "#{AWS::" in value:
            return {"Fn::Sub": re.sub(r"#\{(AWS::\w+)\}", r"${\1}", value)}
        case dict():
            return {key: _pseudo(each) for key, each in value.items()}
        case list():
            return [_pseudo(each) for each in value]
        case _:
            return value


def _function_names(service: Service) -> list[str]:
    found = service.get("functions")
    if isinstance(found, Unknown):
        service.unknown("", "functions", found)
    return list(found) if isinstance(found, dict) else []


def _keys(names: Iterable[str], longest: int) -> dict[str, str]:
    """A key for each function, no two alike."""
    keys: dict[str, str] = {}
    for name in names:
        key = base = key_of(name)[:longest].rstrip("-_")
        number = 2
        while key in keys.values():
            key, number = f"{base[: longest - 3]}-{number}", number + 1
        keys[name] = key
    return keys


def _once(found: Iterable[Any]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for each in found:
        if each not in kept:
            kept.append(each)
    return tuple(kept)


def _wanted_runtime(service: Service, names: Iterable[str]) -> str:
    of_all = str(service.get("provider", "runtime") or "")
    runtimes = Counter(str(at(service.get("functions", name), "runtime") or of_all) for name in names)
    return runtimes.most_common(1)[0][0] if runtimes else of_all


def _told(wanted: str, runtimes: tuple[str, ...]) -> Told:
    if wanted in runtimes:
        return "this one"
    return "an ended one" if wanted else "nothing"


def _unit(service: Service, names: Iterable[str], runtimes: tuple[str, ...]) -> dict[str, Any]:
    """What all functions of a unit have in common."""
    wanted = _wanted_runtime(service, names)
    table: dict[str, Any] = {"runtime": _runtime(service, wanted, runtimes)}
    for name in names:
        own = at(service.get("functions", name), "runtime")
        if isinstance(own, str) and own != wanted:
            reason = "all functions of a unit have the same runtime"
            service.changed(name, "runtime", ["functions", name, "runtime"], table["runtime"], reason)
    architecture = service.get("provider", "architecture")
    table["architecture"] = architecture if architecture in ("arm64", "x86_64") else "x86_64"
    for name in names:
        own = at(service.get("functions", name), "architecture")
        if own is not None and own != table["architecture"]:
            reason = "all functions of a unit have the same architecture"
            service.changed(name, "architecture", ["functions", name, "architecture"], table["architecture"], reason)
    tags = {}
    for path in (["provider", "stackTags"], ["provider", "tags"]):
        found = service.get(*path)
        for key, value in (found if isinstance(found, dict) else {}).items():
            if (text := service.text(value)) is not None:
                tags[key] = text
                service.carried("", f"tag {key}", [*path, key], "tags")
            elif service.known("", f"tag {key}", value):
                service.dropped("", f"tag {key}", [*path, key], "its value is not a text")
    return {**table, **({"tags": tags} if tags else {})}


def _runtime(service: Service, wanted: str, runtimes: tuple[str, ...]) -> str:
    if wanted in runtimes:
        return wanted
    reason = "AWS creates no new functions with it" if wanted else "none is written down"
    service.changed("", "runtime", ["provider", "runtime"], runtimes[0], reason)
    return runtimes[0]


def _integrations(service: Service, functions: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The modules that stand between API Gateway and functions with ``integration: lambda``."""
    files: dict[str, str] = {}
    for name, routes in service.integrations.items():
        table = functions[service.keys[name]]
        handler = str(table["handler"])
        module = f"{service.keys[name].replace('-', '_')}_as_integrated"
        path = f"{table['root']}/{module}.py" if "root" in table else f"{module}.py"
        files[path] = integration_module(handler, routes)
        table["handler"] = f"{module}.handler"
        reason = f"a module that is written gives `{handler}` the requests that it knows, and makes answers of the rest"
        service.changed(name, "integration: lambda", ["functions", name, "handler"], path, reason)
    return files


def _wsgi(service: Service, functions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The module that the plugin serverless-wsgi would put beside the code."""
    app = service.get("custom", "wsgi", "app")
    handlers = {str(table["handler"]) for table in functions.values()} & set(WSGI_HANDLERS)
    if not handlers or not isinstance(app, str):
        return {}
    service.changed(
        "",
        "custom.wsgi.app",
        ["custom", "wsgi", "app"],
        "wsgi_handler.py",
        "a module that is written calls the application",
    )
    return {f"{handler.partition('.')[0]}.py": wsgi_handler(app) for handler in sorted(handlers)}
