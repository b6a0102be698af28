"""Reads one Glue job: Python shell or Spark."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.event import read_schedule
from multi_env_lambda.model.function import DESCRIPTION
from multi_env_lambda.model.policy import read_managed_policies, read_policies
from multi_env_lambda.model.reading import Rule, Table, did_you_mean
from multi_env_lambda.model.runtime import GLUE_PYTHON, SPARK_PYTHON
from multi_env_lambda.model.settings import GlueJob, PythonShell, Spark
from multi_env_lambda.model.uses import read_uses

__all__ = ["read_job", "run_arguments"]

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
_KINDS = {
    "pythonshell": ("python_version", "max_capacity"),
    "glueetl": ("glue_version", "worker_type", "number_of_workers"),
}
"""The kinds of jobs, and what only one of them has."""

_WORKER_TYPES = ("G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X")
"""Of Glue 4.0 and later, without G.025X, which is for streams only.

Source: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
"""

_MOST_WORKERS = 299
_RESERVED_ARGUMENTS = frozenset(("--conf", "--debug", "--mode", "--JOB_NAME"))


def read_job(table: Table, *, key: str) -> GlueJob:
    """One job of one environment; ``table`` is already merged and substituted."""
    kind = table.choice("kind", tuple(_KINDS), "pythonshell")
    common = attrs.fields_dict(GlueJob).keys() - {"key", "runs_on"}
    elsewhere = {
        name: f'it is only for jobs of the kind "{other}"'
        for other, names in _KINDS.items()
        for name in names
        if other != kind
    }
    table.allow(("kind", *sorted(common), *_KINDS[kind]), elsewhere=elsewhere)
    table.require("entry", hint=f"add `entry = …`, {_ENTRY.hint}")
    return GlueJob(
        key=key,
        entry=table.named("entry", _ENTRY),
        runs_on=_spark(table) if kind == "glueetl" else _python_shell(table),
        timeout=table.number("timeout", 1, 10_080, 60),
        max_retries=table.number("max_retries", 0, 10, 0),
        arguments=_arguments(table.table("arguments")),
        managed_policies=read_managed_policies(table),
        policies=read_policies(table),
        read=read_uses(table, "read"),
        write=read_uses(table, "write"),
        invoke=read_uses(table, "invoke"),
        schedule=_schedule(table) if table.has("schedule") else None,
        description=table.named_or("description", DESCRIPTION, ""),
    )


def run_arguments(where: str, job: GlueJob, given: Mapping[str, str]) -> dict[str, str]:
    """The arguments of one run as Glue takes them; ``given`` names them with their dashes or without.

    Raises:
        ConfigurationError: the job does not declare one, and would silently drop it; or it is given twice.
    """
    known = sorted(name for name, _ in job.arguments)
    found: dict[str, str] = {}
    for name, value in given.items():
        flag = f"--{name.removeprefix('--')}"
        if flag not in known:
            what = f"its job `{job.key}` has no argument `{flag}`; it has {', '.join(known) or 'none'}"
            raise ConfigurationError(where, what, hint=did_you_mean(flag, known, listed=True))
        if flag in found:
            what = f"its job `{job.key}` is given `{flag}` twice: {found[flag]} and {value}"
            raise ConfigurationError(where, what, hint="pass it once, with or without its dashes")
        found[flag] = value
    return found


def _python_shell(table: Table) -> PythonShell:
    table.choice("python_version", (GLUE_PYTHON,), GLUE_PYTHON)
    return PythonShell(max_capacity=table.one_of_numbers("max_capacity", (0.0625, 1), 0.0625))


def _spark(table: Table) -> Spark:
    return Spark(
        glue_version=table.choice("glue_version", tuple(SPARK_PYTHON), "5.0"),
        worker_type=table.choice("worker_type", _WORKER_TYPES, "G.1X"),
        number_of_workers=table.number("number_of_workers", 2, _MOST_WORKERS, 2),
    )


def _arguments(table: Table) -> tuple[tuple[str, str], ...]:
    for name in table.values:
        if not _ARGUMENT.accepts(name):
            table.refuse(name, f"found the name `{name}`; expected {_ARGUMENT.allowed}", hint=_ARGUMENT.hint)
        if name in _RESERVED_ARGUMENTS:
            table.refuse(name, f"`{name}` is set by Glue itself", hint="choose another name")
    return tuple((name, table.text(name)) for name in sorted(table.values))


def _schedule(table: Table) -> str:
    expression = read_schedule(table, "schedule")
    if not expression.startswith("cron("):
        hint = "for example `cron(0 * * * ? *)`, every hour"
        table.refuse(
            "schedule", f'found "{expression}"; expected `cron(…)`, which is all that Glue supports', hint=hint
        )
    return expression
