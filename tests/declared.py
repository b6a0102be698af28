"""Every declared key in a document of its own, completed by what its table requires."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.api.definitions import with_definitions
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.key import ByName, Either, Events, Inner, Inners, Key, Keys, Kind
from multi_env_lambda.model.keys.unit import UNIT
from multi_env_lambda.model.keys.workspace import WORKSPACE
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.schema import SchemaName
from multi_env_lambda.model.workspace import read_workspace

DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="acme")
ENVIRONMENTS = tuple(
    Environment(name=name, account_id=number * 12, region="us-east-1", position=position)
    for position, (name, number) in enumerate((("sandbox", "2"), ("test", "3"), ("staging", "4"), ("prod", "5")))
)

_DEVOPS = {"account_id": "111111111111", "region": "us-east-1", "bucket": "acme-artifacts"}
_PLACE = {"name": "sandbox", "account_id": "222222222222"}
_PROD = {"name": "prod", "account_id": "555555555555", "approval": True}
_AUTHORIZER = {"issuer": "https://login.example.com/", "audience": ["shop"]}
_DONE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
_POOLS = {"user_pools": ["arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_AbCdEfGhI"]}
_HOSTS = {
    "github": {"repository": "acme/units", "owner_id": 1, "repository_id": 2},
    "gitlab": {"project": "acme/units", "image": f"python@sha256:{'0' * 64}"},
    "bitbucket": {
        **{key: "11111111-2222-3333-4444-555555555555" for key in ("workspace_id", "repository_id", "deployment_id")},
        "repository": "acme/units",
        "image": f"python@sha256:{'0' * 64}",
        "only_from_branch": True,
    },
    "codepipeline": {"repository": "units"},
}


@attrs.frozen(kw_only=True)
class Declared:
    """A key, and a document that has it. ``path``: where the table is in the document."""

    schema: SchemaName
    keys: Keys
    key: Key
    path: tuple[str | int, ...]
    document: dict[str, Any] = attrs.field(hash=False)

    @property
    def id(self) -> str:
        return f"{self.schema}: {self.keys.title}: {self.key.name}"

    def with_value(self, value: object) -> dict[str, Any]:
        """The document with another value of the key."""
        found = copy.deepcopy(self.document)
        table = at(found, self.path)
        table[self.key.name] = value
        return found


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def read(schema: SchemaName, document: dict[str, Any]) -> object:
    """What our reader makes of it."""
    if schema == "workspace":
        return read_workspace(document, where="pyproject.toml")
    where = "projects/orders/pyproject.toml"
    whole = with_definitions(Path(__file__).parent / "definitions", "projects/orders", document)
    return read_project(whole, folder="projects/orders", where=where, environments=ENVIRONMENTS, devops=DEVOPS)


def refusal(schema: SchemaName, document: dict[str, Any]) -> str:
    """The error of our reader; empty if it takes the document."""
    try:
        read(schema, document)
    except ConfigurationError as error:
        return str(error)
    return ""


def tables(keys: Keys) -> Iterator[Keys]:
    """The table, and all tables below it."""
    yield keys
    for key in keys:
        for below in _below(key.kind):
            yield from tables(below)


def _below(kind: Kind) -> Iterator[Keys]:
    match kind:
        case Inner(keys=keys) | Inners(keys=keys):
            yield keys
        case ByName(each=each):
            yield from _below(each)
        case Either(kinds=kinds):
            for one in kinds:
                yield from _below(one)
        case Events(kinds=kinds):
            yield from kinds.values()
        case _:
            pass


def every_key() -> list[Declared]:
    """Each once."""
    found: dict[str, Declared] = {}
    for name, top in (("unit", UNIT), ("workspace", WORKSPACE)):
        for keys in tables(top):
            for key in keys if keys.header else ():
                schema: SchemaName = "unit" if name == "unit" else "workspace"
                one = _declared(schema, keys, key)
                found.setdefault(one.id, one)
    return list(found.values())


def _declared(schema: SchemaName, keys: Keys, key: Key) -> Declared:
    own = key.example.startswith("[")
    document = tomllib.loads(key.example if own else f"{keys.header}\n{key.example}")
    path: tuple[str | int, ...] = ()
    header = keys.header.splitlines()[-1]
    for name in header.strip("[]").split("."):
        path = (*path, name)
        if isinstance(at(document, path), list):
            path = (*path, 0)
    complete = complete_unit if schema == "unit" else complete_workspace
    return Declared(schema=schema, keys=keys, key=key, path=path, document=complete(document))


def complete_workspace(document: dict[str, Any]) -> dict[str, Any]:
    table = document["tool"]["multi_env_lambda"]
    table["devops"] = {**_DEVOPS, **table.get("devops", {})}
    table["environments"] = [{**_PLACE, **one} for one in table.get("environments", [{}, _PROD])]
    table.setdefault("roles", {})
    ci = table.get("ci", {})
    for name, needed in _HOSTS.items():
        if name in ci:
            ci[name] = {**needed, **ci[name]}
    if "webhook" in ci:
        ci.setdefault("repository", "https://github.com/acme/units")
    return document


def complete_unit(document: dict[str, Any]) -> dict[str, Any]:
    table = document["tool"]["multi_env_lambda"]
    functions, api = table.setdefault("functions", {}), table.setdefault("http_api", {})
    rest = table.setdefault("rest_api", {})
    functions.setdefault("main", {}).setdefault("handler", "orders.main.handler")
    functions.setdefault("check", {"handler": "orders.check.handler"})
    functions["api"] = {"handler": "orders.api.handler", "events": [{"http": "GET /"}]}
    functions["rest"] = {"handler": "orders.rest.handler", "events": [{"rest": "GET /"}]}
    api.setdefault("authorizers", {}).setdefault("login", _AUTHORIZER)
    rest.setdefault("authorizers", {}).setdefault("login", _POOLS)
    if rest.setdefault("usage_plan", {"keys": ["acme"]}):
        rest["usage_plan"].setdefault("keys", ["acme"])
    tables = table.setdefault("tables", {"orders": {}})
    table.setdefault("queues", {}).setdefault("incoming", {})
    table.setdefault("topics", {}).setdefault("news", {})
    table.setdefault("buckets", {}).setdefault("reports", {})
    machines = table.setdefault("state_machines", {})
    for name in ("checkout", "refund"):
        machines.setdefault(name, {}).setdefault("definition", _DONE)
    groups = table.setdefault("security_groups", {})
    for name in ("outbound", "database"):
        groups.setdefault(name, {}).setdefault("vpc_id", "vpc-0a1b2c3d")
    functions.setdefault("pay", {"handler": "orders.pay.handler"})
    for one in (table, *table.get("environments", {}).values()):
        for parameter in one.get("parameters", {}).values():
            parameter.setdefault("value", "100")
    for one in (table, *table.get("environments", {}).values()):
        for name in one.get("tables", {}):
            tables.setdefault(name, {}).setdefault("partition_key", "customer")
    if any("jobs" in one for one in (table, *table.get("environments", {}).values())):
        for job in table.setdefault("jobs", {"nightly": {}}).values():
            job.setdefault("entry", "orders.nightly:main")
    return {"project": {"name": "orders", "version": "0.1.0"}, **document}
