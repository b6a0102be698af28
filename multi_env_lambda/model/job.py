"""Reads one Glue job: Python shell or Spark."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.event import read_schedule
from multi_env_lambda.model.keys.job import ARGUMENT, ENTRY, JOB, KINDS
from multi_env_lambda.model.policy import read_managed_policies, read_policies
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.settings import GlueJob, PythonShell, Spark
from multi_env_lambda.model.uses import read_uses

__all__ = ["read_job", "run_arguments"]

_RESERVED_ARGUMENTS = frozenset(("--conf", "--debug", "--mode", "--JOB_NAME"))


def read_job(table: Table, *, key: str) -> GlueJob:
    """One job of one environment; ``table`` is already merged and substituted."""
    table = table.of(JOB)
    kind = table.choice("kind")
    elsewhere = {
        name: f'it is only for jobs of the kind "{other}"'
        for other, names in KINDS.items()
        for name in names
        if other != kind
    }
    table.of(JOB.without(*elsewhere)).allow(elsewhere=elsewhere)
    table.require("entry", hint=f"add `entry = …`, {ENTRY.hint}")
    return GlueJob(
        key=key,
        entry=table.named("entry"),
        runs_on=_spark(table) if kind == "glueetl" else _python_shell(table),
        timeout=table.number("timeout"),
        max_retries=table.number("max_retries"),
        arguments=_arguments(table.table("arguments")),
        managed_policies=read_managed_policies(table),
        policies=read_policies(table),
        read=read_uses(table, "read"),
        write=read_uses(table, "write"),
        invoke=read_uses(table, "invoke"),
        start=read_uses(table, "start"),
        schedule=_schedule(table) if table.has("schedule") else None,
        description=table.named_or("description"),
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
    table.choice("python_version")
    return PythonShell(max_capacity=table.one_of_numbers("max_capacity"))


def _spark(table: Table) -> Spark:
    return Spark(
        glue_version=table.choice("glue_version"),
        worker_type=table.choice("worker_type"),
        number_of_workers=table.number("number_of_workers"),
    )


def _arguments(table: Table) -> tuple[tuple[str, str], ...]:
    for name in table.values:
        if not ARGUMENT.accepts(name):
            table.refuse(name, f"found the name `{name}`; expected {ARGUMENT.allowed}", hint=ARGUMENT.hint)
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
