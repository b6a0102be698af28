"""Three small units in a workspace of their own, and a local cloud behind a proxy that fails on purpose."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.local.server import down
from tests.bad_repositories import copy_of
from tests.end_to_end.stage import ROOT, Done, Stage, runs_here
from tests.tools.faults import FaultProxy, KillAfter

__all__ = ["ENVIRONMENTS", "UNITS", "Shop", "Traces", "open_shop"]

ENVIRONMENTS = ("sandbox", "prod")
UNITS = ("customers", "orders", "search")
SMOKE = "\nsmoke = { payload = { id = 1 } }\n"


@attrs.frozen(kw_only=True)
class Traces:
    """What deployments leave behind, without the times."""

    artifacts: frozenset[str]
    histories: dict[tuple[str, str], list[tuple[str, str]]]
    running: dict[tuple[str, str], str]
    held: frozenset[str]
    updates: dict[str, int]

    def folders(self) -> set[str]:
        """The published sources and releases, without the digest that a release is called by."""
        parts = (key.split("/") for key in self.artifacts)
        return {"/".join(part[1:5] if part[2] == "lambda" else part[1:4]) for part in parts}


@attrs.frozen
class Shop:
    """``proxy`` stands between every command and the accounts."""

    stage: Stage
    proxy: FaultProxy

    def deploy(self, *words: str) -> Done:
        return self.stage.script("deploy", "--to", "prod", "--yes", "--json", *words, **self._outside)

    def killed_at(self, match: str, nth: int) -> int:
        """A deploy that is ended by SIGKILL when the nth such call was applied; gives its status."""
        running: list[subprocess.Popen[bytes]] = []
        self.proxy.set_rules(KillAfter(match=match, nth=nth, kill=lambda: running[0].kill()))
        running.append(self._started())
        status = running[0].wait(timeout=120)
        self.proxy.set_rules()
        return status

    def interrupted_at(self, match: str) -> tuple[int, str]:
        """A deploy in which somebody presses Ctrl-C when such a call was applied; its status and what it said."""
        running: list[subprocess.Popen[bytes]] = []
        self.proxy.set_rules(KillAfter(match=match, kill=lambda: running[0].send_signal(signal.SIGINT)))
        running.append(self._started(subprocess.PIPE))
        said = running[0].communicate(timeout=120)[1].decode()
        self.proxy.set_rules()
        return running[0].returncode, said

    def at_once(self, number: int) -> list[int]:
        """As many deploys at the same time; how each of them ended."""
        return [process.wait(timeout=120) for process in [self._started() for _ in range(number)]]

    def change(self, *units: str) -> None:
        """One more line in these units."""
        for unit in units:
            (module,) = [path for path in (self.stage.root / "projects" / unit / unit).glob("[a-z]*.py")]
            module.write_text(module.read_text(encoding="utf-8") + "\nMORE = True\n", encoding="utf-8")

    def add(self, unit: str) -> None:
        """A unit that was never deployed, made like `search`."""
        folder = self.stage.root / "projects" / unit
        shutil.copytree(self.stage.root / "projects" / "search", folder)
        (folder / "search").rename(folder / unit)
        settings = folder / "pyproject.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("search", unit), encoding="utf-8")

    def traces(self) -> Traces:
        client, bucket = self.stage.client("devops", "s3"), self.stage.config.devops.bucket
        keys = self.stage.objects()

        def read(key: str) -> Any:
            return json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())

        places = [(place, unit) for place in ENVIRONMENTS for unit in UNITS]
        records = {(p, u): read(f"environments/{p}/current/{u}.json") for p, u in places}
        histories = {
            (p, u): [read(key) for key in sorted(keys) if key.startswith(f"environments/{p}/history/{u}/")]
            for p, u in places
        }
        for place, record in records.items():
            # As readers do: the last deployment is in the record, and copied from there a moment later.
            if record["latest"] not in histories[place]:
                histories[place].append(record["latest"])
        return Traces(
            artifacts=frozenset(key for key in keys if key.startswith("projects/")),
            histories={key: [(item["version"], item["outcome"]) for item in past] for key, past in histories.items()},
            running={key: record["running"]["version"] for key, record in records.items()},
            held=frozenset(f"{p} {u}" for (p, u), record in records.items() if record["holder"] is not None),
            updates={f"{unit}-{place}": self._updates(place, unit) for place, unit in places},
        )

    def _updates(self, place: str, unit: str) -> int:
        client, name = self.stage.client(place, "cloudformation"), f"{unit}-{place}"
        pages = client.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [event for page in pages for event in page["StackEvents"] if event["LogicalResourceId"] == name]
        return sum(event["ResourceStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE") for event in events)

    def _started(self, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "bin/automation/deploy.py", "--to", "prod", "--yes"]
        env = {**os.environ, **self.stage.credentials(self.proxy.endpoint), "PYTHONPATH": os.fspath(ROOT)}
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(argv, cwd=self.stage.root, env=env, stdout=nowhere, stderr=stderr)

    @property
    def _outside(self) -> dict[str, Any]:
        return {"local": False, "env": self.stage.credentials(self.proxy.endpoint)}


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """`orders` needs `customers`; `search` stands alone. Nothing is deployed yet."""
    root = copy_of(folder)
    shutil.copytree(ROOT / "bin" / "automation", root / "bin" / "automation")
    shutil.copytree(root / "projects/customers", root / "projects/search")
    (root / "projects/search/customers").rename(root / "projects/search/search")
    settings = root / "projects/search/pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("customers", "search"), encoding="utf-8")
    for unit in UNITS:
        settings = root / "projects" / unit / "pyproject.toml"
        settings.write_text(settings.read_text(encoding="utf-8").rstrip() + SMOKE, encoding="utf-8")
    runs_here(root)
    try:
        stage = Stage.at(root)
        with FaultProxy(stage.cloud.endpoint) as proxy:
            yield Shop(stage, proxy)
    finally:
        down(root)
