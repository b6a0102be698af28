"""The keys of a Glue job."""

from __future__ import annotations

from multi_env_lambda.model.key import ByName, Choice, Key, Keys, Number, NumberOf, Rule, Text
from multi_env_lambda.model.keys.event import SCHEDULE_EXPRESSION
from multi_env_lambda.model.keys.function import DESCRIPTION
from multi_env_lambda.model.keys.policy import INVOKE, MANAGED_POLICIES, POLICIES, READ, START, WRITE
from multi_env_lambda.model.runtime import GLUE_PYTHON, SPARK_PYTHON

__all__ = ["ARGUMENT", "ENTRY", "JOB", "KINDS"]

ENTRY = Rule(
    pattern=r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*",
    allowed="package.module:function",
    hint='for example "nightly.job:main": the function `main` of the module `nightly.job`',
)
ARGUMENT = Rule(
    pattern=r"--[A-Za-z0-9_-]+",
    allowed="`--` and letters, digits, `-` or `_`",
    hint='for example `arguments."--day" = "monday"`',
)
KINDS = {
    "pythonshell": ("python_version", "max_capacity"),
    "glueetl": ("glue_version", "worker_type", "number_of_workers"),
}
"""The kinds of jobs, and what only one of them has."""

_WORKER_TYPES = ("G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X")
"""Of Glue 4.0 and later, without G.025X, which is for streams only.

Source: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
"""
_MOST_WORKERS = 299
_SPARK = 'kind = "glueetl"\n'

JOB = Keys(
    title="A Glue job",
    header="[tool.multi_env_lambda.jobs.nightly]",
    about="Only ``entry`` is required: :doc:`../02-How-To/glue-jobs`. ``nightly`` is the key of the job: "
    "you choose it,\n"
    "and its name in AWS is ``UNIT-ENVIRONMENT-KEY``.",
    keys=(
        Key(
            "entry",
            Text(ENTRY),
            "The function to call, as ``package.module:function``. If it has a parameter, it gets the arguments as a\n"
            "mapping.",
            'entry = "reports.nightly:main"',
            required=True,
        ),
        Key("kind", Choice(tuple(KINDS), "pythonshell"), "Python only, or Spark (``glueetl``).", 'kind = "glueetl"'),
        Key(
            "python_version",
            Choice((GLUE_PYTHON,), GLUE_PYTHON),
            "``pythonshell`` only. Glue offers no other version.",
            f'python_version = "{GLUE_PYTHON}"',
        ),
        Key(
            "max_capacity",
            NumberOf((0.0625, 1), 0.0625),
            "``pythonshell`` only. Data processing units: a sixteenth has 1 GB of memory, a whole one 16 GB.",
            "max_capacity = 1",
        ),
        Key(
            "glue_version",
            Choice(tuple(SPARK_PYTHON), "5.0"),
            "``glueetl`` only. It determines the versions of Spark and Python.",
            f'{_SPARK}glue_version = "5.1"',
        ),
        Key(
            "worker_type",
            Choice(_WORKER_TYPES, "G.1X"),
            "``glueetl`` only. The size of each worker.",
            f'{_SPARK}worker_type = "G.2X"',
        ),
        Key(
            "number_of_workers",
            Number(2, _MOST_WORKERS, 2),
            "``glueetl`` only. How many workers there are; one of them leads the others.",
            f"{_SPARK}number_of_workers = 10",
        ),
        Key("timeout", Number(1, 10_080, 60), "The time limit of a run, in minutes.", "timeout = 240"),
        Key("max_retries", Number(0, 10, 0), "How many times Glue starts a run again that failed.", "max_retries = 1"),
        Key(
            "arguments",
            ByName(Text(), ARGUMENT),
            "Arguments with their default values. A run can override only those that are named here.",
            'arguments = { "--day" = "monday" }',
            default="none",
        ),
        MANAGED_POLICIES,
        POLICIES,
        READ,
        WRITE,
        INVOKE,
        START,
        Key(
            "schedule",
            Text(SCHEDULE_EXPRESSION, allowed="``cron(…)``"),
            "When Glue starts it, in UTC.",
            'schedule = "cron(0 3 * * ? *)"',
            off=True,
        ),
        Key("description", Text(DESCRIPTION, ""), "Shown in the AWS console.", 'description = "Nightly report"'),
    ),
)
