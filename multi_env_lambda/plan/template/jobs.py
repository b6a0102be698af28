"""From a Glue job's settings to its resources, and the script that starts the unit's code in Glue."""

from __future__ import annotations

import hashlib
from typing import assert_never

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import GlueJob, PythonShell, Spark
from multi_env_lambda.plan.template.glue_script import SCRIPT
from multi_env_lambda.plan.template.own_resources import uses
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id, ref
from multi_env_lambda.plan.template.roles import allow, declared, role

__all__ = ["job_part", "job_script", "job_scripts"]

_OURS = (
    "additional-python-modules",
    "extra-py-files",
    "python-modules-installer-option",
    "unit-arguments",
    "unit-entry",
    "unit-library",
    "unit-library-sha256",
    "unit-wheel",
    "unit-wheel-sha256",
)


def job_script(job: GlueJob) -> tuple[str, bytes]:
    """The object that Glue starts: its key below ``projects/<project>/``, named by its content, and its bytes.

    What differs between jobs is in their arguments, so one script serves every kind.
    """
    body = SCRIPT.encode("utf-8")
    return f"glue/{hashlib.sha256(body).hexdigest()[:16]}/run.py", body


def job_scripts(project: Project) -> tuple[tuple[str, bytes], ...]:
    """All scripts that the project's templates name: (key in the bucket, bytes), each once."""
    jobs = (job for settings in project.settings.values() for job in settings.jobs)
    scripts = {f"projects/{project.name}/{suffix}": body for suffix, body in map(job_script, jobs)}
    return tuple(sorted(scripts.items()))


def job_part(unit: StackInput, job: GlueJob) -> Part:
    made_by = f"jobs.{job.key}"
    name = logical_id(job.key)
    statements = (*map(declared, job.policies), *uses(unit, job), *_needs(unit, job))
    resources = [
        role(unit, f"{name}JobRole", "glue.amazonaws.com", statements, job.managed_policies, made_by),
        Resource(
            logical_id=f"{name}Job", type="AWS::Glue::Job", properties=_job_properties(unit, job), made_by=made_by
        ),
    ]
    if job.schedule is not None:
        trigger = {
            "Type": "SCHEDULED",
            "Schedule": job.schedule,
            "StartOnCreation": True,
            "Actions": [{"JobName": ref(f"{name}Job")}],
        }
        resources.append(
            Resource(logical_id=f"{name}JobTrigger", type="AWS::Glue::Trigger", properties=trigger, made_by=made_by)
        )
    return Part(resources=tuple(resources), outputs=((f"{name}JobName", {"Value": ref(f"{name}Job")}),))


def _needs(unit: StackInput, job: GlueJob) -> tuple[Json, ...]:
    """Reading wheel, library and script, and Glue's log groups, which all jobs of a kind in an account share."""
    folder = f"arn:{unit.partition}:s3:::{unit.bucket}/projects/{unit.project.name}"
    logs = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    return (
        allow(["s3:GetObject"], f"{folder}/glue/*", f"{folder}/lambda/source/*"),
        allow(logs, unit.arn("logs", f"log-group:/aws-glue/{_log_folder(job)}/*")),
    )


def _log_folder(job: GlueJob) -> str:
    match job.runs_on:
        case PythonShell():
            return "python-jobs"
        case Spark():
            return "jobs"
        case _:
            assert_never(job.runs_on)


def _machine(job: GlueJob) -> tuple[Json, Json]:
    """What runs the job: the command without its script, and the job's other properties."""
    match job.runs_on:
        case PythonShell(max_capacity=capacity):
            return {"Name": "pythonshell", "PythonVersion": job.python}, {"GlueVersion": "3.0", "MaxCapacity": capacity}
        case Spark(glue_version=version, worker_type=worker, number_of_workers=number):
            # CloudFormation accepts only "3" here; Glue's version says which 3.x.
            workers = {"GlueVersion": version, "WorkerType": worker, "NumberOfWorkers": number}
            return {"Name": "glueetl", "PythonVersion": "3"}, workers
        case _:
            assert_never(job.runs_on)


def _installed(job: GlueJob, wheel: str, library: str | None) -> dict[str, str]:
    """What Glue itself copies to the machines of a job; the script fetches wheel and library for the one it runs on.

    Spark's workers need the code too: a wheel by the first name, packages that are a zip by the second. The wheel says
    what it requires, which pip would fetch from PyPI.
    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html
    """
    match job.runs_on:
        case PythonShell():
            return {}
        case Spark() if library is None:
            return {"additional-python-modules": wheel}
        case Spark():
            option = {"python-modules-installer-option": "--no-deps"}
            return {"additional-python-modules": wheel, "extra-py-files": library, **option}
        case _:
            assert_never(job.runs_on)


def _libraries(job: GlueJob) -> dict[str, str]:
    """What the build assumes to be there (``building/glue_image.py``); Glue leaves it out unless asked.

    Source: https://github.com/hashicorp/terraform-provider-aws/issues/30979
    """
    match job.runs_on:
        case PythonShell():
            return {"library-set": "analytics"}
        case Spark():
            return {}
        case _:
            assert_never(job.runs_on)


def _job_properties(unit: StackInput, job: GlueJob) -> Json:
    suffix, _ = job_script(job)
    command, machine = _machine(job)
    properties: Json = {
        "Name": unit.project.job_name(unit.environment.name, job.key),
        "Role": get_att(logical_id(job.key, "JobRole"), "Arn"),
        "Command": {
            **command,
            "ScriptLocation": f"s3://{unit.bucket}/projects/{unit.project.name}/{suffix}",
        },
        **machine,
        "MaxRetries": job.max_retries,
        "Timeout": job.timeout,
        "DefaultArguments": _arguments(unit, job),
    }
    if job.description:
        properties["Description"] = job.description
    if unit.settings.tags:
        properties["Tags"] = dict(unit.settings.tags)
    return properties


def _arguments(unit: StackInput, job: GlueJob) -> dict[str, str]:
    declared_ones = {name.removeprefix("--"): value for name, value in job.arguments}
    for name in _OURS:
        if name in declared_ones:
            raise ConfigurationError(
                unit.where,
                f"jobs.{job.key}.arguments: --{name} is set by this library",
                hint="rename the argument",
            )
    wheel = f"s3://{unit.bucket}/{unit.source.wheel_key}"
    found = next((library for library in unit.libraries if library.python == job.python), None)
    library = None if found is None else f"s3://{unit.bucket}/{found.library_key}"
    ours = {
        **_installed(job, wheel, library),
        "unit-arguments": canonical_json(sorted(declared_ones)),
        "unit-entry": job.entry,
        "unit-wheel": wheel,
        "unit-wheel-sha256": unit.source.wheel_sha256,
    }
    if found is not None and library is not None:
        ours |= {"unit-library": library, "unit-library-sha256": found.library_sha256}
    return {f"--{name}": value for name, value in (_libraries(job) | declared_ones | ours).items()}
