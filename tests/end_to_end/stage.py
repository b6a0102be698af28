"""A copy of this repository's sample units in a workspace of its own, its scripts as a user runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.config_file import environment_variables
from multi_env_lambda.local.runtime_substitutes import machine_architecture
from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.local.strict import VARIABLE as RULES
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, sample_config
from tests.tools.warm import run_script

__all__ = ["ENVIRONMENTS", "ROOT", "Done", "Stage", "git", "runs_here", "sample_stage", "sample_workspace"]

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENTS = ("sandbox", "test", "staging", "prod")


@attrs.frozen
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    def outcomes(self) -> dict[tuple[str, str], str]:
        """Of `--json`: outcome and version by environment and unit."""
        return {(item["environment"], item["project"]): item["outcome"] for item in json.loads(self.out)}

    def touched(self) -> set[tuple[str, str]]:
        return {key for key, outcome in self.outcomes().items() if outcome not in ("unchanged", "removed")}


@contextmanager
def terminal(typed: str | None) -> Iterator[int | None]:
    """The file descriptor of a terminal on which this was typed; None where nothing was."""
    if typed is None:
        yield None
        return
    keyboard, screen = os.openpty()
    try:
        os.write(keyboard, typed.encode())
        yield screen
    finally:
        os.close(keyboard)
        os.close(screen)


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def runs_here(folder: Path) -> None:
    """Let all units be for this machine, so that commands with and without `--local` make the same artifacts."""
    own = f'runtime = "python{sys.version_info[0]}.{sys.version_info[1]}"'
    for path in folder.glob("projects/*/pyproject.toml"):
        text = re.sub(r'runtime = "python[\d.]+"', own, path.read_text(encoding="utf-8"))
        text = re.sub(r'architecture = "\w+"', f'architecture = "{machine_architecture()}"', text)
        path.write_text(text, encoding="utf-8")


def sample_workspace(folder: Path) -> Path:
    """The sample units of this repository, committed."""
    listed = ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", "projects", "libs", "bin/automation"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in ("pyproject.toml", ".gitignore", *filter(None, names)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    runs_here(folder)
    git(folder, "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a state of the workspace")


@attrs.frozen
class Stage:
    """A workspace with its running local cloud."""

    root: Path
    cloud: LocalCloud
    config: WorkspaceConfig = attrs.field(factory=sample_config)
    _clients: dict[tuple[str, str], Any] = attrs.field(factory=dict)

    @classmethod
    def at(cls, root: Path) -> Stage:
        config = sample_config()
        return cls(root, ensure_running(root, config), config)

    def script(self, name: str, *words: str, local: bool = True, **more: Any) -> Done:
        """`python bin/automation/NAME.py WORDS`, with `--local` unless the credentials shall decide."""
        return self.run(f"bin/automation/{name}.py", *words, *(["--local"] if local else []), **more)

    def run(
        self,
        *words: str,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        typed: str | None = None,
    ) -> Done:
        """With the environment of somebody who has no AWS account and is no build, or with ``env``.

        ``typed``: stdin is a terminal on which this was typed.
        """
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MULTI_ENV"))}
        given = {**clean, RULES: os.environ[RULES], **(env or {}), "PYTHONPATH": os.fspath(ROOT)}
        with terminal(typed) as stdin:
            done = run_script(words, cwd=folder or self.root, env=given, stdin=stdin)
        return Done(done.returncode, done.stdout, done.stderr)

    def credentials(self, endpoint: str | None = None) -> dict[str, str]:
        """The environment of somebody who has credentials for these accounts; ``endpoint`` for a proxy before them."""
        found = environment_variables(self.cloud)
        return found if endpoint is None else {**found, "AWS_ENDPOINT_URL": endpoint}

    def client(self, place: str, service: str) -> Any:
        if (place, service) not in self._clients:
            self._clients[place, service] = client_of(self.cloud, self._place(place), service)
        return self._clients[place, service]

    def objects(self) -> dict[str, str]:
        """Every key of the artifact bucket with its ETag."""
        pages = self.client("devops", "s3").get_paginator("list_objects_v2").paginate(Bucket=self.config.devops.bucket)
        return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}

    def artifacts(self) -> dict[str, str]:
        return {key: etag for key, etag in self.objects().items() if key.startswith("projects/")}

    def stacks(self) -> dict[str, int]:
        """How many events each stack of the four accounts has."""
        found = {}
        for name in ENVIRONMENTS:
            client = self.client(name, "cloudformation")
            for page in client.get_paginator("describe_stacks").paginate():
                for stack in page["Stacks"]:
                    events = client.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
                    found[stack["StackName"]] = sum(len(page["StackEvents"]) for page in events)
        return found

    def versions(self, unit: str) -> list[str | None]:
        """What `status.py` says runs, by environment in their order."""
        cells = self.script("status", "--json").answer["cells"]
        by_place = {cell["environment"]: cell["version"] for cell in cells if cell["project"] == unit}
        return [by_place.get(name) for name in ENVIRONMENTS]

    def _place(self, name: str) -> Devops | Environment:
        return self.config.devops if name == "devops" else self.config.environment(name)


@contextmanager
def sample_stage(folder: Path) -> Iterator[Stage]:
    """The sample units with a local cloud of their own, which is stopped at the end."""
    root = sample_workspace(folder)
    try:
        yield Stage.at(root)
    finally:
        down(root)
