"""The workspace of the examples of the Python API: real units that are really built, over accounts in memory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import multi_env_lambda
from multi_env_lambda import LogLine, Workspace
from multi_env_lambda.api.opened import Opened
from tests.bad_repositories import copy_of, world_of

__all__ = ["BEFORE", "CLOUD", "Given", "repository"]

_PROD = '[[tool.multi_env_lambda.environments]]\nname = "prod"'
_TEST = '[[tool.multi_env_lambda.environments]]\nname = "test"\naccount_id = "333333333333"\n\n'
_JOB = '\n[tool.multi_env_lambda.jobs.nightly]\nentry = "orders.nightly:main"\narguments = { "--day" = "monday" }\n'
_ROLES = """
[tool.multi_env_lambda.roles]
prefix = "acme"
developers = ["arn:aws:iam::999999999999:user/*"]
approvers = ["arn:aws:iam::999999999999:user/local-approver"]

[tool.multi_env_lambda.ci]
repository = "units"
github = { repository = "acme/units", owner_id = 123456, repository_id = 456789 }
"""
_MAIN = "def main(arguments):\n    return arguments\n"
_HANDLER = "def handler(event, context):\n    return event\n"


def repository(folder: Path) -> Path:
    """``acme`` with two units and three environments, committed, and next to it a repository with nothing in it."""
    root = copy_of(folder / "acme")
    table, orders = root / "pyproject.toml", root / "projects/orders"
    table.write_text(table.read_text("utf-8").replace(_PROD, f"{_TEST}{_PROD}"), encoding="utf-8")
    unit = (orders / "pyproject.toml").read_text("utf-8").replace('">=3.11"', '">=3.9"')
    (orders / "pyproject.toml").write_text(unit + _JOB, encoding="utf-8")
    (orders / "orders/nightly.py").write_text(_MAIN, encoding="utf-8")
    (folder / "functions").mkdir()
    (folder / "functions/app.py").write_text(_HANDLER, encoding="utf-8")
    subprocess.run(["git", "init", "-q", folder / "another"], check=True)
    _commit(root)
    return root


def _commit(root: Path) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "a state"], cwd=root, check=True)


class Given:
    """What the reader of the examples of one class has: names of values, which stay from one example to the next."""

    def __init__(self, workspace: Workspace) -> None:
        public = {name: getattr(multi_env_lambda, name) for name in multi_env_lambda.__all__}
        self.ws = workspace
        self.names: dict[str, Any] = {**public, "json": json, "ws": workspace}

    @classmethod
    def in_memory(cls, folder: Path) -> Given:
        found = Opened.at(repository(folder), local=False)
        found.__dict__["world"] = world_of(Workspace(found), folder / "cache")[0]
        return cls(Workspace(found))

    def change(self, unit: str) -> None:
        """A new commit, which changes the code of a unit."""
        (path,) = (Path(self.ws.root) / "projects" / unit / unit).glob("[!_n]*.py")
        path.write_text(f"{path.read_text('utf-8')}\n", encoding="utf-8")
        _commit(Path(self.ws.root))


# --- what happened before an example ---
def _new_release(given: Given) -> None:
    given.change("orders")
    given.ws.deploy("orders", environment="sandbox")


def _deployed(given: Given) -> None:
    given.ws.deploy(to="test")
    given.change("orders")
    given.ws.deploy("orders", environment="sandbox")
    platform: Any = given.ws.world.platform
    platform.answers["orders-sandbox-create"] = lambda event: {"greeting": f"hello {event.get('name')}"}
    line = LogLine(when="2026-01-01T00:00:00.000+00:00", text="INFO accepted count=1")
    platform.logged["orders-sandbox-create"] = [line]


def _with_roles(given: Given) -> None:
    """As the examples before, for a team: with roles, and a CI."""
    table = Path(given.ws.root) / "pyproject.toml"
    table.write_text(table.read_text("utf-8") + _ROLES, encoding="utf-8")
    _commit(Path(given.ws.root))
    given.ws = given.names["ws"] = given.ws.reload()


_OF_WHAT_RUNS = (
    *("Project", "Environment", "Function", "Job", "Status", "Plan", "Result", "Record", "Deployment", "Difference"),
    *("Invocation", "JobRun", "LogLine", "Removal", "UnitDrift"),
)

BEFORE: dict[str, Callable[[Given], object]] = {
    "Workspace.rollback": _new_release,
    **dict.fromkeys(_OF_WHAT_RUNS, _deployed),
    "Project.outputs": lambda given: given.ws.deploy("orders", environment="sandbox"),
    "Release": lambda given: given.ws.publish("orders"),
    "Workspace.bootstrap": _with_roles,
}
"""Class, or its method -> what the reader has done in the meantime."""

CLOUD = (
    *("Project.outputs", "Environment.run", "Workspace.doctor"),
    *("Workspace.bootstrap", "Workspace.bootstrap_template", "Workspace.write_ci", "LocalCloudSwitch"),
)
"""Examples that need more than memory, in the order in which they run in the local cloud."""
