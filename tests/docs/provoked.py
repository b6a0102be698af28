"""Provokes each error once, as somebody at a terminal would: real units over accounts in memory.

``python -m tests.docs.provoked`` writes ``docs/provoked.json``, which the reference shows; a test compares.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda import SessionEnded, StackError, Workspace
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.aws.stack_events import hint_of
from multi_env_lambda.cli.main import main
from multi_env_lambda.model.document import FORMAT
from multi_env_lambda.model.record import Holder, Record
from multi_env_lambda.model.session import Source, renewal
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore
from multi_env_lambda.world import World
from tests.bad_repositories import world_of
from tests.house import ROOT

from .examples_of_methods import repository

__all__ = ["FILE", "PROVOKED", "Desk", "shown"]

FILE = ROOT / "docs/provoked.json"
REPOS = ROOT / "tests/repos"
_NAMED = re.compile(r"\w\[\w+\]: ")
_LONG = re.compile(r"expected (\w+), (?:\w+, ){5,}.*")
_TABLE = "projects/orders/pyproject.toml"
_CODE = "projects/orders/orders/create.py"
_RECORD = "environments/sandbox/current/orders.json"


class Desk:
    """A terminal in a repository; what it prints is kept, with the commands."""

    def __init__(self, folder: Path) -> None:
        self.root, self.cache = repository(folder), folder / "cache"
        self.kept: World | None = None
        self.lines: list[str] = []

    @property
    def store(self) -> MemoryStore:
        store: Any = self._world(Opened.at(self.root, local=False)).store
        return store

    @property
    def platform(self) -> MemoryPlatform:
        platform: Any = self._world(Opened.at(self.root, local=False)).platform
        return platform

    def type(self, words: str, *, show: bool = True, opener: Callable[..., Workspace] | None = None) -> int:
        """Run a command. Of its output, what is shown begins with the first error and ends with the last hint."""
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            code = main(shlex.split(words), start=self.root, opener=opener or self._opened)
        if show:
            lines = [_LONG.sub("expected \\1, …", line.rstrip()) for line in said.getvalue().rstrip().splitlines()]
            first = next((number for number, line in enumerate(lines) if _NAMED.search(line)), 0)
            last = max((number for number, line in enumerate(lines) if line.startswith("hint: ")), default=len(lines))
            self.lines += [f"$ multi-env-lambda {words}", *(["…"] if first else []), *lines[first : last + 1]]
        return code

    def lay(self, mistake: str) -> None:
        """Put the files of a bad repository over the good one."""
        shutil.copytree(REPOS / "bad" / mistake, self.root, dirs_exist_ok=True)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} has no {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def overwrite(self, key: str, body: bytes) -> None:
        """As somebody would who writes to the bucket without this library."""
        store = self.store
        store.replace(key, body, etag=store.objects[key].etag)

    def _opened(self, start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        found = Opened.at(start, local=False, **shown)
        found.__dict__["world"] = self._world(found)
        return Workspace(found)

    def _world(self, found: Opened) -> World:
        made = world_of(Workspace(found), self.cache)[0]
        self.kept = self.kept or made
        same = {name: getattr(self.kept, name) for name in ("store", "ledger", "platform", "endings")}
        return attrs.evolve(made, holder_is_dead=lambda _: False, **same)


def units_failed(desk: Desk) -> int:
    build_error(desk)
    desk.lines.clear()
    desk.edit(_TABLE, 'needs = ["customers"]\n', "")
    desk.edit("projects/customers/pyproject.toml", "handler =", "handlr =")
    return desk.type("deploy sandbox --yes")


def configuration_error(desk: Desk) -> int:
    desk.edit(_TABLE, "handler =", "memroy_size = 512\nhandler =")
    return desk.type("deploy orders sandbox --yes")


def build_error(desk: Desk) -> int:
    os.symlink("../../customers/pyproject.toml", desk.root / "projects/orders/orders/prices.toml")
    return desk.type("deploy orders sandbox --yes")


def publish_error(desk: Desk) -> int:
    desk.type("deploy sandbox --yes", show=False)
    (key,) = [key for key in desk.store.objects if "orders/lambda/source" in key and key.endswith(".whl")]
    del desk.store.objects[key]
    return desk.type("promote orders test --yes")


def account_error(desk: Desk) -> int:
    gone = {name: "" for name in os.environ if name.startswith("AWS_")}
    nowhere = os.fspath(desk.root / "nowhere")
    files = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true"}
    with environment({**gone, **files}):
        return desk.type("status", opener=Workspace.open)


def stack_error(desk: Desk) -> int:
    who, action = "arn:aws:sts::222222222222:assumed-role/acme-deploy/ada", "iam:CreateRole"
    cause = f"CreateRole (AWS::IAM::Role): User: {who} is not authorized to perform: {action}"

    def written(kind: str, name: str) -> None:
        if name == "orders-sandbox":
            what = f"ROLLBACK_COMPLETE: {cause}"
            raise StackError(f"stack {name} in sandbox", what, hint=hint_of([cause]))

    desk.platform.after_write = written
    return desk.type("deploy sandbox --yes")


def plan_stale(desk: Desk) -> int:
    desk.type("plan sandbox --out plan.json", show=False)
    desk.edit(_CODE, "Takes", "Accepts")
    return desk.type("deploy --plan plan.json --yes")


def refused(desk: Desk) -> int:
    desk.type("deploy sandbox --yes", show=False)
    return desk.type("destroy customers sandbox --yes --confirm customers")


def busy(desk: Desk) -> int:
    desk.type("deploy sandbox --yes", show=False)
    record = Record.from_bytes(desk.store.objects[_RECORD].body, where=_RECORD)
    grace = Holder(
        nonce="1",
        who="arn:aws:iam::111111111111:user/grace",
        host="grace-laptop",
        process="42",
        since="2026-03-02T10:00:00Z",
        fencing=1,
    )
    desk.overwrite(_RECORD, attrs.evolve(record, holder=grace).to_bytes())
    desk.edit(_CODE, "Takes", "Accepts")
    return desk.type("deploy orders sandbox --yes")


def local_cloud_error(desk: Desk) -> int:
    with environment({"MULTI_ENV_LAMBDA_LOCAL_STRICT": "late"}):
        return desk.type("status --local", opener=Workspace.open)


def tool_error(desk: Desk) -> int:
    with environment({"PATH": os.fspath(desk.root / "nowhere")}):
        return desk.type("plan sandbox")


def check_failed(desk: Desk) -> int:
    desk.edit(_TABLE, "handler =", "smoke = { payload = {}, expect = { ok = true } }\nhandler =")
    desk.platform.answers["orders-sandbox-create"] = lambda event: {"ok": False}
    return desk.type("deploy sandbox --yes")


def document_error(desk: Desk) -> int:
    desk.type("deploy sandbox --yes", show=False)
    desk.overwrite(_RECORD, b"{}")
    return desk.type("promote orders test --yes")


def upgrade_needed(desk: Desk) -> int:
    desk.type("deploy sandbox --yes", show=False)
    record = json.loads(desk.store.objects[_RECORD].body)
    desk.overwrite(_RECORD, json.dumps({**record, "format": FORMAT + 1}).encode())
    return desk.type("promote orders test --yes")


def session_ended(desk: Desk) -> int:
    over = (
        "the session of the profile acme has ended: ExpiredToken: The security token included in the request is expired"
    )

    def written(kind: str, name: str) -> None:
        if name == "orders-sandbox":
            error = SessionEnded("credentials", over, hint=renewal(Source(kind="sign-in", name="acme")))
            assert desk.kept is not None
            desk.kept.endings.note(error)
            raise error

    desk.platform.after_write = written
    return desk.type("deploy sandbox --yes")


PROVOKED: Mapping[str, Callable[[Desk], int]] = {
    "UnitsFailed": units_failed,
    "ConfigurationError": configuration_error,
    "BuildError": build_error,
    "PublishError": publish_error,
    "AccountError": account_error,
    "StackError": stack_error,
    "PlanStale": plan_stale,
    "Refused": refused,
    "Busy": busy,
    "LocalCloudError": local_cloud_error,
    "ToolError": tool_error,
    "CheckFailed": check_failed,
    "DocumentError": document_error,
    "UpgradeNeeded": upgrade_needed,
    "SessionEnded": session_ended,
}


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment that a user may have; empty: it has none."""
    before = dict(os.environ)
    os.environ.update(values)
    for name in (name for name, text in values.items() if not text):
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def shown(name: str, folder: Path) -> tuple[int, str]:
    """The exit code of the last command, and what the terminal has, as it is on every machine."""
    desk = Desk(folder)
    before = Path.cwd()
    os.chdir(desk.root)
    try:
        with environment({"COLUMNS": "100"}):
            code = PROVOKED[name](desk)
    finally:
        os.chdir(before)
    return code, "\n".join(desk.lines).replace(os.fspath(desk.root), "/home/ada/acme")


def everything() -> dict[str, tuple[int, str]]:
    """Error -> its exit code and what is shown."""
    found = {}
    for name in PROVOKED:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = shown(name, Path(folder))
    return found


if __name__ == "__main__":
    texts = {name: text for name, (_, text) in everything().items()}
    FILE.write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
