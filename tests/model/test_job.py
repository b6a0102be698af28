"""One Glue job's table."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.job import read_job
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import GlueJob, PythonShell, Spark


def read(text: str) -> GlueJob:
    return read_job(Table(where="p", path="jobs.calendar", values=tomllib.loads(text)), key="calendar")


def test_an_entry_is_enough() -> None:
    assert read('entry = "nightly.job:main"') == GlueJob(key="calendar", entry="nightly.job:main")


def test_arguments_are_sorted() -> None:
    job = read('entry = "a:b"\narguments = { "--b" = "2", "--a" = "1" }')

    assert job.arguments == (("--a", "1"), ("--b", "2"))


def test_a_job_may_have_a_whole_unit_of_capacity() -> None:
    assert read('entry = "a:b"\nmax_capacity = 1').runs_on == PythonShell(max_capacity=1)


def test_a_spark_job_says_its_cluster_and_glue_which_python_that_is() -> None:
    job = read('entry = "a:b"\nkind = "glueetl"\nglue_version = "4.0"\nworker_type = "G.2X"\nnumber_of_workers = 5')

    assert job.runs_on == Spark(glue_version="4.0", worker_type="G.2X", number_of_workers=5)
    assert [job.python, read('entry = "a:b"\nkind = "glueetl"').python, read('entry = "a:b"').python] == [
        "3.10",
        "3.11",
        "3.9",
    ]


def test_a_job_is_started_by_cron() -> None:
    assert read('entry = "a:b"\nschedule = "cron(0 2 * * ? *)"').schedule == "cron(0 2 * * ? *)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`entry` is missing"),
        ('entry = "nightly.job.main"', "expected package.module:function"),
        ('entry = "a:b"\nmax_capacity = 2', "expected 0.0625 or 1"),
        ('entry = "a:b"\nkind = "spark"', 'expected "pythonshell" or "glueetl"'),
        ('entry = "a:b"\nworker_type = "G.1X"', 'only for jobs of the kind "glueetl"'),
        ('entry = "a:b"\nkind = "glueetl"\nmax_capacity = 1', 'only for jobs of the kind "pythonshell"'),
        ('entry = "a:b"\nkind = "glueetl"\npython_version = "3.9"', 'only for jobs of the kind "pythonshell"'),
        ('entry = "a:b"\nkind = "glueetl"\nglue_version = "3.0"', 'expected "4.0", "5.0" or "5.1"'),
        ('entry = "a:b"\nkind = "glueetl"\nworker_type = "G.025X"', 'expected "G.1X"'),
        ('entry = "a:b"\nkind = "glueetl"\nnumber_of_workers = 1', "from 2 to 299"),
        ('entry = "a:b"\npython_version = "3.12"', 'expected "3.9"'),
        ('entry = "a:b"\narguments = { day = "x" }', "expected `--`"),
        ('entry = "a:b"\narguments = { "--day" = 1 }', "expected text"),
        ('entry = "a:b"\narguments = { "--JOB_NAME" = "x" }', "is set by Glue itself"),
        ('entry = "a:b"\nschedule = "rate(5 minutes)"', "expected `cron(…)`"),
        ('entry = "a:b"\nschedule = "cron(1 2 3)"', "expected 6 fields"),
        ('entry = "a:b"\ntimeout = 0', "from 1 to 10080"),
        ('entry = "a:b"\nmax_retries = 11', "from 0 to 10"),
        ('entry = "a:b"\nretries = 1', "did you mean `max_retries`?"),
    ],
)
def test_a_wrong_job_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)

    assert message in str(caught.value)
