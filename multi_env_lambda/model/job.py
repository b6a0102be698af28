"""Reading one Glue Python shell job."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.event import read_schedule
from multi_env_lambda.model.function import DESCRIPTION
from multi_env_lambda.model.policy import read_managed_policies, read_policies
from multi_env_lambda.model.reading import Rule, Table
from multi_env_lambda.model.runtime import GLUE_PYTHON
from multi_env_lambda.model.settings import GlueJob

__all__ = ["read_job"]

_ENTRY = Rule(
    pattern=r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*",
    allowed="package.module:function",
    hint='for example "nightly.job:main": the function `main` of the module `nightly.job`',
)
_ARGUMENT = Rule(
    pattern=r"--[A-Za-z0-9_-]+",
    allowed="`--` and letters, digits, `-` or `_`",
    hint='for example `arguments."--day" = "monday"`',
)
_RESERVED_ARGUMENTS = frozenset(("--conf", "--debug", "--mode", "--JOB_NAME"))


def read_job(table: Table, *, key: str) -> GlueJob:
    """One job of one environment; ``table`` is already merged and substituted."""
    table.allow(name for name in attrs.fields_dict(GlueJob) if name != "key")
    table.require("entry", hint=f"add `entry = …`, {_ENTRY.hint}")
    return GlueJob(
        key=key,
        entry=table.named("entry", _ENTRY),
        kind=table.choice("kind", ("pythonshell",), "pythonshell"),
        python_version=table.choice("python_version", (GLUE_PYTHON,), GLUE_PYTHON),
        max_capacity=table.one_of_numbers("max_capacity", (0.0625, 1), 0.0625),
        timeout=table.number("timeout", 1, 10_080, 60),
        max_retries=table.number("max_retries", 0, 10, 0),
        arguments=_arguments(table.table("arguments")),
        managed_policies=read_managed_policies(table),
        policies=read_policies(table),
        schedule=_schedule(table) if table.has("schedule") else None,
        description=table.named_or("description", DESCRIPTION, ""),
    )


def _arguments(table: Table) -> tuple[tuple[str, str], ...]:
    for name in table.values:
        if not _ARGUMENT.accepts(name):
            table.refuse(name, f"found the name `{name}`, allowed is {_ARGUMENT.allowed}", hint=_ARGUMENT.hint)
        if name in _RESERVED_ARGUMENTS:
            table.refuse(name, f"`{name}` is set by Glue itself", hint="choose another name")
    return tuple((name, table.text(name)) for name in sorted(table.values))


def _schedule(table: Table) -> str:
    expression = read_schedule(table, "schedule")
    if not expression.startswith("cron("):
        hint = "for example `cron(0 * * * ? *)`, each hour"
        table.refuse("schedule", f'found "{expression}", a Glue job is started by `cron(…)` only', hint=hint)
    return expression
