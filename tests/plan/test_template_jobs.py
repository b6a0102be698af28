"""Glue Python shell jobs, and the script that starts the unit's code on AWS and on the local cloud."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template import job_script, job_scripts
from tests.plan.template_values import BUCKET, JOB, SMALL, SPARK_JOB, of_type, one, project, statements, template, text
from tests.plan.test_template import lint

MODULE = """
import sys
def main(arguments):
    print("ran with", sorted(arguments.items()))
def without():
    print("ran without")
def broken():
    import a_package_that_is_missing
"""
FAKE_BOTO3 = """
import shutil
class client:
    def __init__(self, service): assert service == "s3"
    def download_file(self, bucket, key, path): shutil.copy(f"{bucket}/{key}", path)
"""


@pytest.fixture
def glue(tmp_path: Path) -> Path:
    """A place with the script, a bucket ``artifacts`` that holds the wheel, and a boto3 that reads from it."""
    (tmp_path / "run.py").write_bytes(job_script(JOB)[1])
    (tmp_path / "artifacts").mkdir()
    with zipfile.ZipFile(tmp_path / "artifacts" / "orders-0.1.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("orders/__init__.py", "")
        wheel.writestr("orders/nightly.py", MODULE)
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "boto3.py").write_text(FAKE_BOTO3)
    return tmp_path


def run(glue: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    path = {"PYTHONPATH": str(glue / "modules"), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=glue,
        env={**path, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


# --- the resources ---
def test_a_job_gets_the_wheel_and_the_entry() -> None:
    job = one(template(project(jobs=(JOB,))), "AWS::Glue::Job")

    key, _ = job_scripts(project(jobs=(JOB,)))[0]
    assert job["Command"] == {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": f"s3://{BUCKET}/{key}"}
    assert job["DefaultArguments"] == {
        "--day": "monday",
        "--extra-py-files": f"s3://{BUCKET}/projects/orders/lambda/source/0.1.1/orders-0.1.1-py3-none-any.whl",
        "--library-set": "analytics",
        "--unit-arguments": '["day"]',
        "--unit-entry": "orders.nightly:main",
    }
    assert job["Name"] == "orders-sandbox-nightly"


def test_a_python_shell_job_has_the_analytics_libraries_unless_it_says_otherwise() -> None:
    """Glue leaves them out where nobody asks for them."""
    without = attrs.evolve(JOB, arguments=(("--library-set", "none"),))

    found = [one(template(project(jobs=(job,))), "AWS::Glue::Job")["DefaultArguments"] for job in (JOB, without)]

    assert [arguments["--library-set"] for arguments in found] == ["analytics", "none"]


def test_a_spark_job_gets_the_wheel_by_the_argument_that_takes_wheels_there() -> None:
    """Spark's --extra-py-files takes .py and .zip."""
    job = one(template(project(jobs=(SPARK_JOB,))), "AWS::Glue::Job")

    assert (job["Command"]["Name"], job["Command"]["PythonVersion"]) == ("glueetl", "3")
    assert job["DefaultArguments"] == {
        "--additional-python-modules": f"s3://{BUCKET}/projects/orders/lambda/source/0.1.1/orders-0.1.1-py3-none-any.whl",
        "--unit-arguments": "[]",
        "--unit-entry": "orders.nightly:main",
    }


@pytest.mark.slow
def test_a_spark_job_is_valid_cloudformation() -> None:
    assert lint(text(project(jobs=(SPARK_JOB,)))) == []


def test_a_spark_job_has_its_cluster_and_no_capacity() -> None:
    job = one(template(project(jobs=(SPARK_JOB,))), "AWS::Glue::Job")

    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.0", "G.2X", 3)
    assert "MaxCapacity" not in job


def test_a_spark_job_may_write_the_logs_of_spark_jobs() -> None:
    logs = statements(template(project(jobs=(SPARK_JOB,))), "NightlyJobRole")[1]

    assert logs["Resource"] == ["arn:aws:logs:us-east-1:222222222222:log-group:/aws-glue/jobs/*"]


def test_a_scheduled_job_has_a_trigger() -> None:
    trigger = one(template(project(jobs=(JOB,))), "AWS::Glue::Trigger")

    assert (trigger["Schedule"], trigger["Actions"]) == ("cron(0 3 * * ? *)", [{"JobName": {"Ref": "NightlyJob"}}])


def test_a_job_without_a_schedule_has_none() -> None:
    assert of_type(template(project(jobs=(attrs.evolve(JOB, schedule=None),))), "AWS::Glue::Trigger") == {}


def test_a_job_may_read_its_own_artifacts_and_write_its_log() -> None:
    found = statements(template(project(jobs=(JOB,))), "NightlyJobRole")

    prefix = f"arn:aws:s3:::{BUCKET}/projects/orders"
    assert [statement["Resource"] for statement in found] == [
        [f"{prefix}/glue/*", f"{prefix}/lambda/source/*"],
        ["arn:aws:logs:us-east-1:222222222222:log-group:/aws-glue/python-jobs/*"],
    ]


def test_an_argument_that_the_library_sets_is_refused() -> None:
    for name in ("--extra-py-files", "--additional-python-modules"):
        taken = attrs.evolve(JOB, arguments=((name, "x"),))
        with pytest.raises(ConfigurationError, match=f"{name} is set by this library"):
            text(project(jobs=(taken,)))


def test_a_function_and_a_job_of_one_key_live_side_by_side() -> None:
    found = template(project(SMALL, jobs=(attrs.evolve(JOB, key="create"),)))

    assert {"CreateRole", "CreateJobRole"} == set(of_type(found, "AWS::IAM::Role"))


# --- the script as an object ---
def test_a_script_is_named_by_its_content() -> None:
    suffix, body = job_script(JOB)

    assert suffix == "glue/" + hashlib.sha256(body).hexdigest()[:16] + "/run.py"


def test_all_jobs_of_a_project_share_one_script() -> None:
    jobs = (JOB, attrs.evolve(JOB, key="weekly", entry="orders.weekly:main"))

    ((key, body),) = job_scripts(project(jobs=jobs))

    assert key.startswith("projects/orders/glue/")
    assert body == job_script(JOB)[1]


def test_a_project_without_jobs_has_no_script() -> None:
    assert job_scripts(project(SMALL)) == ()


# --- the script at work ---
def test_on_aws_the_installed_wheel_runs_with_arguments_from_the_command_line(glue: Path) -> None:
    with zipfile.ZipFile(glue / "artifacts" / "orders-0.1.1-py3-none-any.whl") as wheel:
        wheel.extractall(glue / "modules")

    finished = run(
        glue,
        "--unit-entry",
        "orders.nightly:main",
        "--unit-arguments",
        '["day"]',
        "--day=monday",
        "--job-language",
        "x",
    )

    assert finished.stdout == "ran with [('day', 'monday')]\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--dash", "--year", "--year", "2026"], {"dash": "--year", "year": "2026"}),
        (["--year", "2026", "--dash", "--year"], {"dash": "--year", "year": "2026"}),
        (["--dash", "--year=1999", "--year=2026"], {"dash": "--year=1999", "year": "2026"}),
        (["--dash", "", "--year", "--"], {"dash": "", "year": "--"}),
        (["true", "--year", "2026", "--dash", "a b"], {"dash": "a b", "year": "2026"}),
        # Glue passes a flag whose value is empty without one.
        (["--enable-metrics", "--year", "2026", "--dash"], {"dash": "", "year": "2026"}),
        (["--dash", "--year", "2026", "--enable-metrics"], {"dash": "", "year": "2026"}),
    ],
)
def test_words_are_read_from_the_left_so_that_a_value_may_look_like_a_flag(
    glue: Path, words: list[str], expected: dict[str, str]
) -> None:
    wheel = ["--extra-py-files", "s3://artifacts/orders-0.1.1-py3-none-any.whl"]
    entry = ["--unit-entry", "orders.nightly:main", "--unit-arguments", '["dash","year"]']

    assert run(glue, *wheel, *words, *entry).stdout == f"ran with {sorted(expected.items())}\n"


def test_on_the_local_cloud_the_wheel_is_fetched_and_arguments_are_variables(glue: Path) -> None:
    variables = {
        "extra-py-files": "s3://artifacts/orders-0.1.1-py3-none-any.whl",
        "unit-entry": "orders.nightly:main",
        "unit-arguments": '["day"]',
        "day": "monday",
    }

    finished = run(glue, environment=variables)

    assert finished.stdout == "ran with [('day', 'monday')]\n"


def test_a_spark_job_whose_wheel_was_not_installed_fetches_it(glue: Path) -> None:
    wheel = ("--additional-python-modules", "s3://artifacts/orders-0.1.1-py3-none-any.whl")

    assert run(glue, *wheel, "--unit-entry", "orders.nightly:without").stdout == "ran without\n"


def test_an_entry_may_take_no_arguments(glue: Path) -> None:
    wheel = ("--extra-py-files", "s3://artifacts/orders-0.1.1-py3-none-any.whl")

    assert run(glue, *wheel, "--unit-entry", "orders.nightly:without").stdout == "ran without\n"


def test_a_module_that_the_unit_itself_misses_is_named(glue: Path) -> None:
    wheel = ("--extra-py-files", "s3://artifacts/orders-0.1.1-py3-none-any.whl")
    finished = run(glue, *wheel, "--unit-entry", "orders.nightly:broken")

    assert finished.returncode == 1
    assert "No module named 'a_package_that_is_missing'" in finished.stderr
