"""Glue Python shell jobs, and the script that starts the unit's code on AWS and on the local cloud."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.model.artifact import LibraryArtifact
from multi_env_lambda.model.settings import GlueJob
from multi_env_lambda.plan.template import job_script, job_scripts, render
from tests.plan.template_values import (
    BUCKET,
    JOB,
    SANDBOX,
    SMALL,
    SOURCE,
    SPARK_JOB,
    of_type,
    one,
    project,
    statements,
    template,
    text,
)
from tests.plan.test_template import lint

MODULE = """
import sys
def main(arguments):
    print("ran with", sorted(arguments.items()))
def without():
    print("ran without")
def named(**options):
    print("ran named")
def uses_locked():
    import locked
def broken():
    import a_package_that_is_missing
"""
FAKE_BOTOCORE = """
import pathlib, time
time.sleep = lambda seconds: print("waited", file=sys.stderr)
import sys
def get_session(): return Session()
class Session:
    def create_client(self, service):
        assert service == "s3"
        return self
    def get_object(self, Bucket, Key):
        left = pathlib.Path("denials")
        if left.exists() and (count := int(left.read_text())):
            left.write_text(str(count - 1))
            raise Refused(pathlib.Path("code").read_text())
        return {"Body": open(f"{Bucket}/{Key}", "rb")}
class Refused(Exception):
    def __init__(self, code):
        super().__init__(code or "the connection was lost")
        self.response = {"Error": {"Code": code}} if code else None
"""
WHEEL = "orders-0.1.1-py3-none-any.whl"


@pytest.fixture
def glue(tmp_path: Path) -> Path:
    """A place with the script, a bucket ``artifacts`` that holds the wheel, and a botocore that reads from it."""
    (tmp_path / "run.py").write_bytes(job_script(JOB)[1])
    (tmp_path / "artifacts").mkdir()
    zipped(tmp_path / "artifacts" / WHEEL, {"orders/__init__.py": "", "orders/nightly.py": MODULE})
    (tmp_path / "modules" / "botocore").mkdir(parents=True)
    (tmp_path / "modules" / "botocore" / "__init__.py").touch()
    (tmp_path / "modules" / "botocore" / "session.py").write_text(FAKE_BOTOCORE)
    return tmp_path


def zipped(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def released(glue: Path, kind: str, name: str) -> list[str]:
    """The words by which the script is told of an object."""
    sha256 = hashlib.sha256((glue / "artifacts" / name).read_bytes()).hexdigest()
    return [f"--unit-{kind}", f"s3://artifacts/{name}", f"--unit-{kind}-sha256", sha256]


def run(
    glue: Path, *arguments: str, environment: dict[str, str] | None = None, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    # What the script unpacks stays, as the container of a job goes with it.
    path = {"PYTHONPATH": str(glue / "modules"), "PATH": os.environ["PATH"], "TMPDIR": str(glue)}
    return subprocess.run(
        [python, "run.py", *arguments],
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
        "--library-set": "analytics",
        "--unit-arguments": '["day"]',
        "--unit-entry": "orders.nightly:main",
        "--unit-wheel": f"s3://{BUCKET}/projects/orders/lambda/source/0.1.1/orders-0.1.1-py3-none-any.whl",
        "--unit-wheel-sha256": SOURCE.wheel_sha256,
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
        "--unit-wheel": f"s3://{BUCKET}/projects/orders/lambda/source/0.1.1/orders-0.1.1-py3-none-any.whl",
        "--unit-wheel-sha256": SOURCE.wheel_sha256,
    }


LIBRARY = LibraryArtifact(
    project="orders", digest="5" * 64, python="3.9", architecture="x86_64", library_sha256="6" * 64, library_size=7
)
LIBRARY_URI = f"s3://{BUCKET}/projects/orders/glue/library/{'5' * 64}/library.zip"


def arguments_of(job: GlueJob, *libraries: LibraryArtifact) -> dict[str, str]:
    rendered = render(project(jobs=(job,)), SANDBOX, bucket=BUCKET, source=SOURCE, layer=None, libraries=libraries)
    found: dict[str, str] = one(json.loads(rendered), "AWS::Glue::Job")["DefaultArguments"]
    return found


def test_a_python_shell_job_gets_the_library_of_its_python_and_nothing_is_installed_by_glue() -> None:
    """Glue's pip would take what the wheel requires from PyPI."""
    found = arguments_of(JOB, LIBRARY, attrs.evolve(LIBRARY, python="3.11", digest="7" * 64))

    assert (found["--unit-library"], found["--unit-library-sha256"]) == (LIBRARY_URI, "6" * 64)
    assert not {"--extra-py-files", "--additional-python-modules"} & found.keys()


def test_a_spark_job_with_a_library_has_it_on_its_workers_and_installs_nothing_that_its_wheel_requires() -> None:
    found = arguments_of(SPARK_JOB, attrs.evolve(LIBRARY, python="3.11"))

    assert (found["--unit-library"], found["--extra-py-files"]) == (LIBRARY_URI, LIBRARY_URI)
    assert found["--python-modules-installer-option"] == "--no-deps"


def test_a_job_of_another_python_gets_no_library_of_this_one() -> None:
    assert "--unit-library" not in arguments_of(SPARK_JOB, LIBRARY)


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
    for name in ("--extra-py-files", "--additional-python-modules", "--unit-library-sha256"):
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
    wheel = released(glue, "wheel", WHEEL)
    entry = ["--unit-entry", "orders.nightly:main", "--unit-arguments", '["dash","year"]']

    assert run(glue, *wheel, *words, *entry).stdout == f"ran with {sorted(expected.items())}\n"


def test_arguments_may_be_variables_and_are_left_alone_where_they_are_not_the_units(glue: Path) -> None:
    words = released(glue, "wheel", WHEEL)
    variables = {"unit-entry": "orders.nightly:main", "unit-arguments": '["day"]', "day": "monday"}

    finished = run(glue, *words, "--job-language", "x", environment=variables)

    assert finished.stdout == "ran with [('day', 'monday')]\n"


@pytest.mark.parametrize("name", ["without", "named"])
def test_an_entry_may_take_no_arguments(glue: Path, name: str) -> None:
    finished = run(glue, *released(glue, "wheel", WHEEL), "--unit-entry", f"orders.nightly:{name}")

    assert finished.stdout == f"ran {name}\n"


def test_a_module_that_the_unit_itself_misses_is_named(glue: Path) -> None:
    finished = run(glue, *released(glue, "wheel", WHEEL), "--unit-entry", "orders.nightly:broken")

    assert finished.returncode == 1
    assert "No module named 'a_package_that_is_missing'" in finished.stderr


@pytest.mark.parametrize("kind", ["wheel", "library"])
def test_one_flipped_byte_is_refused_before_anything_is_imported(glue: Path, kind: str) -> None:
    zipped(glue / "artifacts" / "library.zip", {"locked.py": "print('imported')\n"})
    words = [*released(glue, "wheel", WHEEL), *released(glue, "library", "library.zip")]
    path = glue / "artifacts" / (WHEEL if kind == "wheel" else "library.zip")
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)

    finished = run(glue, *words, "--unit-entry", "orders.nightly:uses_locked")

    assert (finished.returncode, finished.stdout) == (1, "")
    released_sha = words[words.index(f"--unit-{kind}-sha256") + 1]
    assert f"have the SHA-256 {hashlib.sha256(body).hexdigest()}, released were {released_sha}" in finished.stderr


@pytest.mark.parametrize(("denials", "code", "waited"), [(3, 0, 3), (100, 1, 7)])
def test_a_right_that_iam_does_not_know_yet_is_waited_for_and_not_for_ever(
    glue: Path, denials: int, code: int, waited: int
) -> None:
    (glue / "denials").write_text(str(denials))
    (glue / "code").write_text("AccessDenied")

    finished = run(glue, *released(glue, "wheel", WHEEL), "--unit-entry", "orders.nightly:without")

    assert (finished.returncode, finished.stderr.count("waited")) == (code, waited)


def test_what_is_gone_is_not_waited_for(glue: Path) -> None:
    (glue / "denials").write_text("1")
    (glue / "code").write_text("NoSuchKey")

    finished = run(glue, *released(glue, "wheel", WHEEL), "--unit-entry", "orders.nightly:without")

    assert (finished.returncode, finished.stderr.count("waited")) == (1, 0)


def test_a_lost_connection_is_told_as_it_is(glue: Path) -> None:
    (glue / "denials").write_text("1")
    (glue / "code").write_text("")  # botocore's errors of the network have a response, which is None

    finished = run(glue, *released(glue, "wheel", WHEEL), "--unit-entry", "orders.nightly:without")

    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1] == "botocore.session.Refused: the connection was lost"
    assert "AttributeError" not in finished.stderr


PYTHONS = [python for version in ("3.9", "3.10", "3.11") if (python := find_python(version)) is not None]


@pytest.mark.parametrize("python", PYTHONS, ids=[path.name for path in PYTHONS])
def test_standard_library_then_own_code_then_what_is_locked_then_what_glue_has(glue: Path, python: Path) -> None:
    """Although Glue has imported its own before, and has it at the front of the path."""
    (glue / "modules" / "older").mkdir()
    (glue / "modules" / "older" / "__init__.py").write_text("WHO = 'of Glue'")
    (glue / "modules" / "older" / "part.py").touch()
    (glue / "modules" / "only.py").write_text("WHO = 'of Glue'")
    (glue / "modules" / "usercustomize.py").write_text("import older.part")
    locked = {"older/__init__.py": "WHO = 'locked'", "both.py": "WHO = 'locked'", "wave.py": "0 / 0"}
    zipped(glue / "artifacts" / "library.zip", locked)
    text = (
        "import both, older, only, os, sys, wave\n"
        "def main(): print(both.WHO, older.WHO, only.WHO, 'older.part' in sys.modules, os.path.exists(both.__file__))\n"
    )
    own = {"orders/__init__.py": "", "orders/order.py": text, "both.py": "WHO = 'own'", "wave.py": "0 / 0"}
    zipped(glue / "artifacts" / WHEEL, own)
    words = [*released(glue, "wheel", WHEEL), *released(glue, "library", "library.zip")]

    finished = run(glue, *words, "--unit-entry", "orders.order:main", python=str(python))

    assert finished.stdout == "own locked of Glue False True\n", finished.stderr
