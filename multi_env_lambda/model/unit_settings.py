"""Reads the settings of a unit for every environment: differences merged, variables replaced, all of it compared."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from multi_env_lambda.model.api import read_http_api
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.function import read_function
from multi_env_lambda.model.job import read_job
from multi_env_lambda.model.keys.unit import BY_ENVIRONMENT, MOST_TAGS, UNIT
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.own_resources import own_queues
from multi_env_lambda.model.plain_secrets import check_plain_secrets
from multi_env_lambda.model.read_resources import check_uses, completed, read_resources
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated, merge
from multi_env_lambda.model.resources import kind_of
from multi_env_lambda.model.rest_api import read_rest_api
from multi_env_lambda.model.settings import MessageQueue, Settings
from multi_env_lambda.model.state_machine import substituted_outside_definitions

__all__ = ["read_all_settings", "read_settings"]


# Half of one reference or payload merged with half of another makes no sense.
_WHOLE = (
    ("functions", "*", "environment", "*"),
    ("functions", "*", "smoke", "payload"),
    ("functions", "*", "smoke", "expect"),
    ("parameters", "*", "value"),
    ("state_machines", "*", "definition"),
    ("state_machines", "*", "substitutions", "*"),
)


def read_all_settings(
    table: Table,
    environments: tuple[Environment, ...],
    *,
    name: str,
    runtime: str,
    not_secret: tuple[tuple[str, str], ...],
) -> dict[str, Settings]:
    """One entry per environment; ``name`` and what follows are the unit's."""
    differences = table.table("environments")
    names = [environment.name for environment in environments]
    for other in differences.values:
        if other not in names:
            what = f"there is no environment `{other}`; expected {enumerated(names)}"
            differences.refuse(other, what, hint=did_you_mean(other, names, listed=True))
    # Most units are the same in every environment, and checking 500 of them four times would be slow.
    known: dict[str, Settings] = {}
    found: dict[str, Settings] = {}
    for environment in environments:
        written = _written(table, differences.table(environment.name), name, environment)
        text = repr(written.values)  # not the values: for Python `1 == true`
        if text not in known:
            known[text] = read_settings(written, runtime)
            check_plain_secrets(written, known[text], dict(not_secret))
        found[environment.name] = known[text]
    return found


def _written(table: Table, difference: Table, project: str, environment: Environment) -> Table:
    """What the file says for one environment: differences merged, variables replaced."""
    elsewhere = {key: "it is the same in every environment; set it in [tool.multi_env_lambda]" for key in UNIT.names}
    difference.allow(elsewhere=elsewhere)
    base = {key: value for key, value in table.values.items() if key in BY_ENVIRONMENT}
    merged = attrs.evolve(
        table,
        values=merge(base, difference.values, whole=_WHOLE),
        difference=difference.values,
        difference_path=difference.path,
    )
    variables = {
        "environment": environment.name,
        "account_id": environment.account_id,
        "region": environment.region,
        "project": project,
    }
    return substituted_outside_definitions(merged, variables)


def read_settings(table: Table, runtime: str) -> Settings:
    """Those of one environment; ``table`` is the unit's, already merged and substituted."""
    functions = table.subtables("functions")
    jobs = table.subtables("jobs")
    _check_keys(table, [("functions", name) for name, _ in functions] + [("jobs", name) for name, _ in jobs])
    resources = read_resources(table)
    own = {resource.key: kind_of(resource) for resource in resources}
    api, complete = read_http_api(
        table, tuple(read_function(inner, key=name, runtime=runtime, own=own) for name, inner in functions)
    )
    rest_api, complete = read_rest_api(table, complete)
    settings = Settings(
        functions=complete,
        http_api=api,
        rest_api=rest_api,
        jobs=tuple(read_job(inner, key=name) for name, inner in jobs),
        tags=_tags(table.table("tags")),
        resources=resources,
    )
    _check_queues(table, settings)
    check_uses(table, settings)
    return completed(table, settings)


def _check_keys(table: Table, keys: Iterable[tuple[str, str]]) -> None:
    """Keys become logical ids, in which only letters and digits count."""
    seen: dict[str, str] = {}
    for kind, name in keys:
        if not KEY.accepts(name):
            table.table(kind).refuse(name, f"found the name `{name}`; expected {KEY.allowed}", hint=KEY.hint)
        plain = name.replace("-", "").replace("_", "")
        if plain in seen:
            what = f"`{name}` and `{seen[plain]}` are the same name in a template"
            table.table(kind).refuse(
                name, what, hint="functions and jobs of a unit need names that differ in letters or digits"
            )
        seen[plain] = name


def _check_queues(table: Table, settings: Settings) -> None:
    declared = [resource.key for resource in settings.resources if isinstance(resource, MessageQueue)]
    names = {name for key in declared for name in (key, f"{key}-dlq")}
    for queue in own_queues(settings):
        for name in (queue.key, f"{queue.key}-dlq"):
            if name in names:
                hint = "set another `name` for one of them; a queue for two functions is a table below `queues`"
                table.refuse("functions", f"the queue `{name}` would be created twice", hint=hint)
            names.add(name)


def _tags(table: Table) -> tuple[tuple[str, str], ...]:
    if len(table.values) > MOST_TAGS:
        what = f"found {len(table.values)} tags; expected at most {MOST_TAGS}"
        table.refuse("", what, hint="AWS accepts 50 per resource, and this library sets some")
    for name in table.values:
        if name.lower().startswith("aws:") or not 1 <= len(name) <= 128:
            what = f"found the name `{name}`; expected up to 128 characters that do not start with `aws:`"
            table.refuse(name, what, hint="rename the tag")
        if len(table.text(name)) > 256:
            table.wrong(name, allowed="up to 256 characters", hint="shorten it")
    return tuple((name, table.text(name)) for name in sorted(table.values))
