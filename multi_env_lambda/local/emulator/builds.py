"""CodeBuild runs the phases of a build spec in a local shell, with the project's service role.

Reason: ministack reports every build as SUCCEEDED at once, or needs Docker. This is not a sandbox: a build spec can do
whatever the user can do on this machine.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import io
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import build_needs, exported_variables
from .names import load, original
from .sessions import log_writer, role_credentials

__all__ = ["patch"]

_PHASES = ("install", "pre_build", "build", "post_build")
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "SSL_CERT_FILE")
_POLL_SECONDS = 0.1
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_LAST_LINES_SECONDS = 5.0
_overridden: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("overridden")
"""The project as the build that is started has it; the build's thread runs in a copy of this context."""


class _Refused(Exception):
    """Why the build cannot run here."""


def patch(environment: Mapping[str, str], state: Path) -> None:
    """``environment`` is added to the variables of each build: it configures where this machine gets packages from.

    ``state`` is the folder with ``programs``, the programs in a build's image, and ``remote.git``, the repository that
    builds clone.
    """
    codebuild = load("ministack.services.codebuild")
    for name in ("EXECUTE_BUILDS", "_execute_build", "_record_phase", "_finish_build", "_stop_requested", "_builds"):
        original(codebuild, name)
    record = original(codebuild, "_make_build_record")
    codebuild._make_build_record = lambda project, *more: record(_overridden.get(project), *more)
    codebuild.EXECUTE_BUILDS = True
    codebuild._start_build = _with_overrides(codebuild, original(codebuild, "_start_build"))
    codebuild._container_for_build = lambda build_id: None
    # StartBuild is found through this table where there is one.
    for table in [value for value in vars(codebuild).values() if isinstance(value, dict) and "StartBuild" in value]:
        table["StartBuild"] = codebuild._start_build

    def execute(build_id: str, project: dict[str, Any]) -> None:
        build, project = codebuild._builds[build_id], _overridden.get(project)
        phase, why = build_needs.refusal(build, project)
        if phase:
            codebuild._record_phase(build, phase, "FAILED")
            build["phases"][-1]["contexts"] = [{"statusCode": why.partition(":")[0], "message": why}]
            codebuild._finish_build(build, "FAILED")
            return
        say = log_writer(build["logs"]["groupName"], build["logs"]["streamName"])
        try:
            with tempfile.TemporaryDirectory(prefix="codebuild-") as folder:
                status = _Build(codebuild, build, project, Path(folder), environment, state, say).run()
        except Exception as error:  # noqa: BLE001 -- the thread's last chance to say why
            say(f"[Container] {error}")
            status = "FAILED"
        if not codebuild._stop_requested(build_id):
            codebuild._finish_build(build, status)

    codebuild._execute_build = execute


def _with_overrides(codebuild: Any, start: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """StartBuild's overrides apply to one build; ministack ignores them. The project stays as it is: at the same time,
    others read it, and start builds of it.
    """
    fields = {"sourceTypeOverride": "type", "sourceLocationOverride": "location", "buildspecOverride": "buildspec"}

    def started(data: dict[str, Any]) -> Any:
        project = codebuild._projects.get(data.get("projectName", ""))
        if project is None:
            return start(data)
        changed = copy.deepcopy(project)
        source = changed.setdefault("source", {})
        source.update({field: data[name] for name, field in fields.items() if data.get(name)})
        environment = changed.setdefault("environment", {})
        variables = [*environment.get("environmentVariables", []), *data.get("environmentVariablesOverride", [])]
        environment["environmentVariables"] = list({variable["name"]: variable for variable in variables}.values())
        token = _overridden.set(changed)
        try:
            return start(data)
        finally:
            _overridden.reset(token)

    return started


class _Build:
    """One run of one buildspec."""

    def __init__(
        self,
        codebuild: Any,
        build: dict[str, Any],
        project: dict[str, Any],
        folder: Path,
        environment: Mapping[str, str],
        state: Path,
        say: Callable[[str], None],
    ) -> None:
        self._codebuild, self._build, self._project = codebuild, build, project
        self._folder, self._environment, self._state, self._say = folder, environment, state, say
        self._exported: tuple[str, ...] = ()
        self._deadline = time.monotonic() + 60 * float(project.get("timeoutInMinutes") or 60)

    def run(self) -> str:
        self._record("QUEUED", True)
        commit = self._download()
        self._record("DOWNLOAD_SOURCE", True)
        spec = self._buildspec()
        self._exported = exported_variables.names_of(spec)
        variables = self._variables(spec, commit)
        goes_on, good = True, True
        for phase in _PHASES:
            if not goes_on:
                break
            described = (spec.get("phases") or {}).get(phase) or {}
            passed = self._commands(described.get("commands") or [], variables)
            passed = self._commands(described.get("finally") or [], variables) and passed
            self._record(phase.upper(), passed)
            good = good and passed
            # After a failed build post_build still runs, as on AWS.
            goes_on = passed or phase == "build"
        return "SUCCEEDED" if good else "FAILED"

    def _record(self, phase: str, passed: bool) -> None:
        self._codebuild._record_phase(self._build, phase, "SUCCEEDED" if passed else "FAILED")

    def _download(self) -> str:
        source = self._project.get("source") or {}
        kind, location = source.get("type", "NO_SOURCE"), str(source.get("location") or "")
        if kind == "NO_SOURCE":
            return ""
        if kind == "S3":
            bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
            content = load("ministack.services.s3")._get_object_data(bucket, key)
            if content is None:
                raise _Refused(f"the source s3://{bucket}/{key} was not found")
            zipfile.ZipFile(io.BytesIO(content)).extractall(self._folder)
            return ""
        path = location.removeprefix("file://")
        if not os.path.isabs(path) and not self._is_kept_here(path):
            raise _Refused(f"the local cloud clones repositories of this machine only, not {location}")
        self._git("clone", "--quiet", "--", path, os.fspath(self._folder))
        version = str(self._build.get("sourceVersion") or "")
        if version:
            # CodeBuild takes a commit, a branch, a tag, and a reference by its whole name.
            name = version if _COMMIT.fullmatch(version) else "FETCH_HEAD"
            if name != version:
                self._git("-C", os.fspath(self._folder), "fetch", "--quiet", "--", "origin", version)
            self._git("-C", os.fspath(self._folder), "checkout", "--quiet", "--detach", name, "--")
        return self._git("-C", os.fspath(self._folder), "rev-parse", "HEAD").strip()

    def _is_kept_here(self, address: str) -> bool:
        return address in self._git_settings().values()

    def _git_settings(self) -> dict[str, str]:
        """The repository next to the local cloud replaces the configured address.

        Source: https://git-scm.com/docs/git-config (``url.<base>.insteadOf`` and ``GIT_CONFIG_COUNT``)
        """
        kept, named = self._state / "remote.git", self._state / "remote.txt"
        if not kept.is_dir() or not named.is_file():
            return {}
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{kept}.insteadOf",
            "GIT_CONFIG_VALUE_0": named.read_text(encoding="utf-8").strip(),
        }

    def _git(self, *words: str) -> str:
        environment = {**os.environ, **self._git_settings()}
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            raise _Refused(f"git {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def _buildspec(self) -> dict[str, Any]:
        text = str((self._project.get("source") or {}).get("buildspec") or "buildspec.yml")
        if "\n" not in text and "{" not in text:
            path = (self._folder / text).resolve()
            if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
                raise _Refused(f"the buildspec {text} is not in the source")
            text = path.read_text(encoding="utf-8")
        spec = load("yaml").safe_load(text)
        if not isinstance(spec, dict):
            raise _Refused("the buildspec is not a mapping")
        return spec

    def _variables(self, spec: Mapping[str, Any], commit: str) -> dict[str, str]:
        """Later ones win: the machine, the build spec, the project and StartBuild, CodeBuild itself."""
        region = load("ministack.core.responses").get_region()
        variables = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(self._environment)
        variables["PATH"] = f"{self._state / 'programs'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        variables |= {**self._git_settings(), "MULTI_ENV_LAMBDA_LOCAL_BUILD": "1"}
        variables |= {name: str(value) for name, value in ((spec.get("env") or {}).get("variables") or {}).items()}
        for variable in (self._project.get("environment") or {}).get("environmentVariables") or []:
            if variable.get("type", "PLAINTEXT") != "PLAINTEXT":
                raise _Refused(f"the local cloud knows no variables of type {variable['type']}: {variable['name']}")
            variables[variable["name"]] = str(variable["value"])
        session = f"AWSCodeBuild-{self._build['id'].rpartition(':')[2]}"
        return {
            **variables,
            **role_credentials(str(self._project.get("serviceRole", "")), session),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            "CODEBUILD_BUILD_ID": self._build["id"],
            "CODEBUILD_BUILD_ARN": self._build["arn"],
            "CODEBUILD_BUILD_NUMBER": str(self._build["buildNumber"]),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_LOG_PATH": self._build["logs"]["streamName"],
            "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
            "CODEBUILD_SOURCE_VERSION": str(self._build.get("sourceVersion") or ""),
            "CODEBUILD_SRC_DIR": os.fspath(self._folder),
        }

    def _commands(self, commands: list[str], variables: dict[str, str]) -> bool:
        """All commands of a phase run in one shell, so that `cd` and `export` persist; the first failure ends the
        phase.
        """
        if not commands:
            return True
        script = "set -e\n" + "\n".join(str(command) for command in commands)
        file = self._folder.with_name(f"{self._folder.name}.exported")
        script = exported_variables.kept(script, self._exported, file)
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self._folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        context = contextvars.copy_context()  # the account whose log it is
        reader = threading.Thread(target=context.run, args=(self._tell, process.stdout), daemon=True)
        reader.start()
        while process.poll() is None:
            if time.monotonic() > self._deadline or self._codebuild._stop_requested(self._build["id"]):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_POLL_SECONDS)
        # What a command left running may hold the output open; CodeBuild does not wait for it either.
        reader.join(_LAST_LINES_SECONDS)
        if found := exported_variables.exported(file):
            self._build["exportedEnvironmentVariables"] = found
            file.unlink()
        passed = process.returncode == 0
        if not passed:
            self._say(f"[Container] Command did not exit successfully, exit status {process.returncode}")
            variables["CODEBUILD_BUILD_SUCCEEDING"] = "0"
        return passed

    def _tell(self, output: Any) -> None:
        """Line by line, as it runs."""
        for line in output:
            self._say(line.decode("utf-8", "replace").rstrip("\r\n"))
