"""Where a run of the live suite works: its accounts, its workspace with the units of its steps, its cassettes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.local.runtime_substitutes import machine_architecture
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.scaffold import new_unit
from tests.cassettes.cassette import Call, read
from tests.cassettes.recorder import Recorder
from tests.end_to_end.stage import Done

from .janitor import TAG

__all__ = ["ROOT", "Unit", "Yard"]

ROOT = Path(__file__).parent.parent.parent


@attrs.frozen
class Unit:
    """A unit of the yard's workspace, as its files."""

    name: str
    folder: Path

    @property
    def package(self) -> Path:
        return self.folder / self.name.replace("-", "_")

    def handler(self, body: str) -> None:
        """Let the function's body be these lines of Python."""
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        text = f'"""A function."""\n\n\ndef handler(event, context):\n{lines}\n'
        (self.package / "main.py").write_text(text, encoding="utf-8")

    def change(self, old: str, new: str) -> None:
        """Replace a text of the unit's table."""
        path = self.folder / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, lines: str) -> None:
        """Lines at the end of the unit's table, which is that of the function ``main``."""
        path = self.folder / "pyproject.toml"
        path.write_text(f"{path.read_text(encoding='utf-8')}{lines}\n", encoding="utf-8")


@attrs.define(kw_only=True)
class Yard:
    """One run. ``is_aws`` is false against the local cloud.

    Args:
        run: six hexadecimal digits that are in every name.
        folder: the workspace.
        environment: the variables of the commands that are run.
        notes: what the present step measured; cleared between steps.
    """

    run: str
    config: WorkspaceConfig
    folder: Path
    sessions: Sessions
    recorder: Recorder
    environment: Mapping[str, str]
    is_aws: bool
    notes: list[str] = attrs.field(factory=list)

    def name(self, word: str) -> str:
        """The name of something that a step makes."""
        return f"live-{self.run}-{word}"

    @property
    def first(self) -> Environment:
        return self.config.environments[0]

    @property
    def last(self) -> Environment:
        return self.config.environments[-1]

    def client(self, service: str, place: Devops | Environment | None = None) -> Any:
        """As the role of a place, of the first environment unless another is named."""
        return self.sessions.client(place or self.first, service)

    def unit(self, word: str) -> Unit:
        """A new unit with the function ``main``, whose stack tags all that it makes with the run."""
        name = self.name(word)
        for path, text in new_unit(name, *self._runtime()):
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        made = Unit(name, self.folder / "projects" / name)
        made.change(
            "[tool.multi_env_lambda.functions.main]",
            f"tags = {{ {TAG} = {self.run!r} }}\n\n[tool.multi_env_lambda.functions.main]",
        )
        return made

    def _runtime(self) -> tuple[str, str]:
        if self.is_aws:
            return "python3.13", "arm64"
        return f"python{sys.version_info[0]}.{sys.version_info[1]}", machine_architecture()

    def command(self, *words: str) -> subprocess.Popen[str]:
        """A verb of the library, started; its calls go into the present cassette."""
        kept = [str(self.recorder.path), self.recorder.source, json.dumps(dict(self.recorder.accounts))]
        argv = [sys.executable, "-m", "tests.live.recorded", *kept, *words]
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment = {**self.environment, "PYTHONPATH": os.fspath(ROOT)}
        return subprocess.Popen(argv, cwd=self.folder, env=environment, text=True, **pipes)

    def verb(self, *words: str) -> Done:
        """A verb of the library, until it has ended."""
        process = self.command(*words)
        out, err = process.communicate()
        return Done(process.returncode, out, err)

    def deploy(self, unit: Unit, *words: str) -> Done:
        """Deploy one unit to the first environment; it has to succeed."""
        done = self.verb("deploy", self.first.name, "--only", unit.name, "--yes", *words)
        assert done.code == 0, done.err
        return done

    def calls(self, since: int = 0) -> list[Call]:
        """The calls of the present step so far, without the first ``since``."""
        return list(read(self.recorder.path))[since:] if self.recorder.path.is_file() else []

    def function(self, unit: Unit, place: Environment | None = None) -> str:
        return f"{unit.name}-{(place or self.first).name}-main"

    def version(self, unit: Unit) -> str:
        """Where the alias of a unit's function points in the first environment."""
        answer = self.client("lambda").get_alias(FunctionName=self.function(unit), Name="live")
        return str(answer["FunctionVersion"])

    def eventually(self, what: str, is_so: Callable[[], bool], *, seconds: float) -> float:
        """Seconds until ``is_so()``, which go into the report; for what AWS does in its own time."""
        began = time.monotonic()
        while not is_so():
            assert time.monotonic() - began < seconds, f"{what}: not within {seconds:.0f} s"
            time.sleep(0.5 if self.is_aws else 0.05)
        took = time.monotonic() - began
        self.notes.append(f"{what}: after {took:.1f} s")
        return took

    def text(self, done: Done) -> str:
        """What a command said, on one line."""
        return re.sub(r"\s+", " ", done.err + done.out)
