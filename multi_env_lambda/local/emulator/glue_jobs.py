"""Glue Python shell jobs run as in Glue: with their arguments, role, additional wheels and log streams.

Packages that are installed for a job come last on its path: after the standard library, and after Glue's own packages.
Reason: ministack looks for scripts in the job's own account only, reports a job without a script as SUCCEEDED, passes
arguments as environment variables, and runs whatever ``python3`` is on PATH, with access to all of the user's files.
Here the kernel limits a run to its script, its wheels and a scratch folder, if it can (``host/sandbox.py``). Spark jobs
fail instead of being reported as SUCCEEDED without having run. If there is no Python of Glue's version, the log of the
run says which one was used.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .artifact_readers import as_role
from .names import load, original
from .sandboxed import sandboxed
from .sessions import log_writer, role_credentials

__all__ = ["patch"]

_GLUE_PYTHON = "3.9"
"""https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html"""

_LIBRARY = Path(__file__).parent / "glue_library"
_START = _LIBRARY / "runscript.py"
_LOG_GROUP = "/aws-glue/python-jobs"


class _Refused(Exception):
    """Why the job cannot run here."""


def patch(table: Path, *, exact: bool) -> None:
    """``table`` is a JSON file, runtime -> interpreter. ``exact``: a job runs in Glue's version of Python or not at
    all.
    """
    glue = load("ministack.services.glue")
    for name in ("_resolve_script", "_execute_subprocess", "_is_spark_job"):
        original(glue, name)

    def execute(run: dict[str, Any], job: dict[str, Any], arguments: Mapping[str, str], script: str) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="glue-") as folder:
                _refuse_spark(job)
                python = _interpreter(job.get("Command", {}).get("PythonVersion", ""), table, exact, run["Id"])
                status = _run(run, job, arguments, script, Path(folder), python)
            run["JobRunState"] = "SUCCEEDED" if status == 0 else "FAILED"
            run["ErrorMessage"] = "" if status == 0 else f"Command failed with exit code {status}"
        except subprocess.TimeoutExpired:
            run["JobRunState"], run["ErrorMessage"] = "TIMEOUT", "Job run timed out"
        except Exception as error:  # noqa: BLE001 -- the thread's last chance to say why
            run["JobRunState"], run["ErrorMessage"] = "FAILED", str(error)

    # ministack runs what has a name that ends in .py, and calls everything else SUCCEEDED.
    glue._resolve_script = lambda location: f"{location}#.py"
    glue._is_spark_job = lambda job: False
    glue._execute_subprocess = execute


def _run(
    run: dict[str, Any], job: dict[str, Any], arguments: Mapping[str, str], script: str, folder: Path, python: str
) -> int:
    main = folder / "script.py"
    with as_role(str(job.get("Role", ""))):
        main.write_bytes(_object(script.removesuffix("#.py")))
    # What Glue has itself comes before what it installs for a job: https://github.com/boto/boto3/issues/2566
    with as_role(str(job.get("Role", ""))):
        path = [os.fspath(_LIBRARY), *_wheels(arguments, folder)]
    own = [os.fspath(folder), os.fspath(_LIBRARY)]
    # Which programs Glue's machine has is written nowhere.
    gives_up = sandboxed(python, folder / "sandbox.json", own=own, write=own[:1], programs=_programs())
    words = [*gives_up, python, os.fspath(_START), os.pathsep.join(path), os.fspath(main)]
    for name, value in arguments.items():
        words += [name, str(value)]
    minutes = float(job.get("Timeout") or 2880)
    done = subprocess.run(
        words,
        cwd=folder,
        env=_environment(job, run["Id"], folder),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=minutes * 60,
        check=False,
    )
    for stream, text in (("output", done.stdout), ("error", done.stderr)):
        write = log_writer(f"{_LOG_GROUP}/{stream}", run["Id"])
        for line in text.decode("utf-8", "replace").splitlines():
            write(line)
    return done.returncode


def _programs() -> set[str]:
    folders = filter(os.path.isdir, os.defpath.split(os.pathsep))
    return {name for folder in folders for name in os.listdir(folder)}


def _refuse_spark(job: Mapping[str, Any]) -> None:
    kind = job.get("Command", {}).get("Name")
    if kind != "pythonshell":
        what = f"the local cloud has no Spark: it deploys a job of kind {kind}, but does not run it"
        raise _Refused(f"{what}\nhint: start it in an AWS account")


def _object(location: str) -> bytes:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    content: bytes | None = load("ministack.services.s3")._get_object_data(bucket, key)
    if content is None:
        raise _Refused(f"An error occurred (404) when calling the HeadObject operation: {location} was not found")
    return content


def _wheels(arguments: Mapping[str, str], folder: Path) -> list[str]:
    """Unpacked, as Glue installs them: code may read the files next to it."""
    if modules := arguments.get("--additional-python-modules"):
        # Glue takes nothing from S3 by this argument, and the local cloud asks no package index.
        raise _Refused(f"the local cloud installs no packages for Glue jobs: {modules}")
    paths = []
    for number, location in enumerate(filter(None, map(str.strip, arguments.get("--extra-py-files", "").split(",")))):
        path = folder / f"wheel-{number}"
        with zipfile.ZipFile(io.BytesIO(_object(location))) as wheel:
            wheel.extractall(path)
        paths.append(os.fspath(path))
    return paths


def _interpreter(version: str, table: Path, exact: bool, run_id: str) -> str:
    known: dict[str, str] = json.loads(table.read_text(encoding="utf-8"))
    if version != _GLUE_PYTHON:
        raise _Refused(f"Python shell jobs run in Python {_GLUE_PYTHON}, this one asks for {version or 'none'}")
    if f"python{version}" in known:
        return known[f"python{version}"]
    lack = f"the local cloud has no Python {version}"
    if exact:
        raise _Refused(f"{lack}, and must not run the job in any other")
    instead = min(known, key=lambda name: int(name.rpartition(".")[2]))
    log_writer(f"{_LOG_GROUP}/error", run_id)(f"{lack}, in which Glue runs the job; this run uses {instead}")
    return known[instead]


def _environment(job: Mapping[str, Any], run_id: str, folder: Path) -> dict[str, str]:
    region = load("ministack.core.responses").get_region()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "NO_PROXY", "SSL_CERT_FILE")}
    return {
        **kept,
        **role_credentials(str(job.get("Role", "")), "GlueJobRunnerSession"),
        "HOME": os.fspath(folder),
        "TMPDIR": os.fspath(folder),
        "TZ": ":UTC",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "PYTHONNOUSERSITE": "1",
        "GLUE_JOB_RUN_ID": run_id,
    }
