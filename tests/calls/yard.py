"""A workspace of many units in four environments, its accounts behind a proxy that counts: few are really deployed.

Of all others, records, history, manifests and indexes lie in the bucket as a deployment leaves them, written through
this library's own classes.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import attrs

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.index import DIGEST, read_published, save_published
from multi_env_lambda.host.git import snapshot
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.local.server import down
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.published import Published, PublishedName
from multi_env_lambda.model.record import (
    Record,
    current_key,
    current_prefix,
    history_key,
    read_history,
    summary_key,
)
from multi_env_lambda.model.summary import summary_of
from tests.bad_repositories import add_wheels
from tests.end_to_end.stage import ENVIRONMENTS, ROOT, Done, Stage, commit, git, runs_here
from tests.rules import keeping
from tests.tools.faults import Call, Delay, FaultProxy, longest_chain

__all__ = [
    "BUSY",
    "Cost",
    "LAYERED",
    "REAL",
    "Yard",
    "add_locked",
    "open_equal_locks",
    "open_row",
    "open_yard",
    "write_workspace",
]

BUSY = "busy"
"""The unit that is really deployed, and has been very often."""

LAYERED = "layered"
"""Another one that is really deployed; it has a layer."""

REAL = (BUSY, LAYERED, "spare")

_SLOWLY = Delay(match="*", seconds=0.4)
"""Longer than a command needs between two calls that do not wait for each other."""

_WORKSPACE = """[tool.multi_env_lambda]
id = "0123456789ab"

[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts-111111111111-us-east-1"
"""
_UNIT = """[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""

[tool.multi_env_lambda]
runtime = "python3.13"
architecture = "x86_64"

[tool.multi_env_lambda.functions.main]
handler = "{package}.main.handler"
"""
_WHEEL = "small-1.0-py3-none-any.whl"
_LOCK = f"""lock-version = "1.0"
created-by = "by hand"
requires-python = ">=3.11"

[[packages]]
name = "small"
version = "1.0"
wheels = [{{ name = "{_WHEEL}", path = "wheels/{_WHEEL}", hashes = {{ sha256 = "@{_WHEEL}@" }} }}]
"""
_MAIN = '''"""Answers."""


def handler(event, context):
    return {"ok": True}
'''


@attrs.frozen(kw_only=True)
class Cost:
    """What one command called; ``chain`` are those calls that waited for each other."""

    calls: tuple[Call, ...]
    chain: tuple[Call, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.calls)} calls, {len(self.chain)} deep"]
        started = min((call.began for call in self.calls), default=0.0)
        for call in self.calls:
            mark = "*" if call in self.chain else " "
            lines.append(f"{mark} {call.began - started:6.2f} {call.ended - started:6.2f} {call.label[:110]}")
        return "\n".join(lines)


@attrs.frozen
class Yard:
    """``proxy`` stands between every command and the accounts."""

    stage: Stage
    proxy: FaultProxy

    @property
    def store(self) -> Bucket:
        devops = self.stage.config.devops
        return Bucket(self.stage.client("devops", "s3"), devops.bucket, devops.account_id)

    def run(self, name: str, *words: str, **variables: str) -> Done:
        env = {**self.stage.credentials(self.proxy.endpoint), **variables}
        return self.stage.script(name, *words, local=False, env=env)

    def cost(self, name: str, *words: str) -> tuple[Done, Cost]:
        """Run a command whose every call takes so long that those which wait for each other are seen."""
        self.proxy.set_rules(_SLOWLY)
        self.proxy.forget_calls()
        done = self.run(name, *words)
        self.proxy.set_rules()
        assert done.code == 0, done.err
        calls = self.proxy.log
        return done, Cost(calls=calls, chain=longest_chain(calls))

    def deployed(self, *words: str) -> None:
        done = self.run("deploy", *words, "--yes", "--json")
        assert done.code == 0, done.err

    def on_a_fresh_machine(self) -> None:
        """Without anything that this machine has kept of the bucket."""
        shutil.rmtree(self.stage.root / ".multi_env_lambda" / "cache" / "aws", ignore_errors=True)

    def change(self, unit: str = BUSY) -> None:
        """One more line."""
        module = self.stage.root / "projects" / unit / unit.replace("-", "_") / "main.py"
        text = module.read_text(encoding="utf-8")
        module.write_text(f"{text}LINE_{text.count(chr(10))} = True\n", encoding="utf-8")

    def summarise(self, environment: str, records: Mapping[str, tuple[str, bytes]] | None = None) -> None:
        """Let the summary repeat every record; those that are given need not be read."""
        store, found = self.store, dict(records or {})
        keys = [item.key for item in store.list(f"{current_prefix(environment)}/") if item.key not in found]
        for stored in in_parallel(store.get, keys):
            assert stored is not None
            found[stored.key] = (stored.etag, stored.body)
        _write(store, summary_key(environment), summary_of(found))

    def write_records(
        self, environment: str, names: Iterable[str], ids: Mapping[str, str] | None = None
    ) -> dict[str, tuple[str, bytes]]:
        """Units that run, by their key; ``ids`` of their folders, none for what this work tree does not have."""
        real, bodies = self.record(environment), {}
        assert real.running is not None
        for name in names:
            folder = f"projects/{name}"
            inputs = ((folder, (ids or {}).get(folder, "")), *real.running.inputs[1:])
            running = attrs.evolve(real.running, sequence=1, release=_sha256(name), inputs=inputs)
            record = attrs.evolve(real, project=name, running=running, latest=running)
            bodies[current_key(environment, name)] = record.to_bytes()
        etags = in_parallel(lambda item: _write(self.store, *item), bodies.items())
        return {key: (etag, bodies[key]) for key, etag in zip(bodies, etags, strict=True)}

    def record(self, environment: str, unit: str = BUSY) -> Record:
        key = current_key(environment, unit)
        stored = self.store.get(key)
        assert stored is not None
        return Record.from_bytes(stored.body, where=key)


@contextmanager
def open_yard(folder: Path, *, units: int, past: int) -> Iterator[Yard]:
    """``units`` others beside those that are really deployed, ``busy`` ``past`` times before; all runs as it should."""
    others = [f"unit-{number:04d}" for number in range(units)]
    with _opened(folder, (*REAL, *others)) as yard:
        yard.deployed("--to", "prod", *(word for name in REAL for word in ("--only", name)))
        yard.change(BUSY)
        yard.deployed("--to", "prod", "--only", BUSY)
        _age(yard, past)
        _populate(yard, others)
        yield yard


@contextmanager
def open_row(folder: Path, units: int) -> Iterator[Yard]:
    """Units that are all really deployed to the first two environments, and then changed in the first."""
    names = [f"unit-{number:04d}" for number in range(units)]
    with _opened(folder, names) as yard:
        yard.deployed("--to", ENVIRONMENTS[1])
        for name in names:
            yard.change(name)
        yard.deployed(ENVIRONMENTS[0])
        yield yard


@contextmanager
def open_equal_locks(folder: Path, units: int) -> Iterator[Yard]:
    """Units with equal locks, none of which is deployed."""
    names = [f"unit-{number:04d}" for number in range(units)]
    with _opened(folder, names, locked=names) as yard:
        yield yard


def add_locked(folder: Path, *names: str) -> None:
    """Units with equal locks, committed in a workspace."""
    for name in names:
        _add_unit(folder, name, is_locked=True)
    runs_here(folder)
    commit(folder)


@contextmanager
def _opened(folder: Path, names: Iterable[str], locked: Iterable[str] = (LAYERED,)) -> Iterator[Yard]:
    root = write_workspace(folder, names, set(locked))
    with keeping():  # calls are counted, and who meets an old answer asks again
        try:
            stage = Stage.at(root)
            with FaultProxy(stage.cloud.endpoint) as proxy:
                yield Yard(stage, proxy)
        finally:
            down(root)


def write_workspace(folder: Path, names: Iterable[str], locked: Collection[str]) -> Path:
    text = _WORKSPACE
    for position, name in enumerate(ENVIRONMENTS):
        text += f'\n[[tool.multi_env_lambda.environments]]\nname = "{name}"\naccount_id = "{str(position + 2) * 12}"\n'
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / ".gitignore").write_text("/.multi_env_lambda/\n", encoding="utf-8")
    shutil.copytree(ROOT / "bin" / "automation", folder / "bin" / "automation")
    for name in names:
        _add_unit(folder, name, is_locked=name in locked)
    runs_here(folder)
    git(folder, "init", "-q")
    commit(folder)
    return folder


def _add_unit(folder: Path, name: str, *, is_locked: bool) -> None:
    package = folder / "projects" / name / name.replace("-", "_")
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "main.py").write_text(_MAIN, encoding="utf-8")
    settings = _UNIT.format(name=name, package=package.name)
    (package.parent / "pyproject.toml").write_text(settings, encoding="utf-8")
    if is_locked:
        _add_layer(package.parent)


def _add_layer(unit: Path) -> None:
    """One locked dependency, whose wheel lies beside the lock."""
    settings = unit / "pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("dependencies = []", 'dependencies = ["small"]'))
    (unit / "pylock.toml").write_text(_LOCK, encoding="utf-8")
    add_wheels(unit / "pylock.toml")


def _age(yard: Yard, past: int) -> None:
    """Let the two deployments of ``busy`` in the first environment be the last of ``past`` + 1, each a version."""
    store, environment = yard.store, ENVIRONMENTS[0]
    record, first = yard.record(environment), history_key(environment, BUSY, 1)
    stored = store.get(first)
    assert record.running is not None and stored is not None
    before = read_history(stored.body, where=first)
    entries = [attrs.evolve(before, sequence=2 + number, **_fiction(number)) for number in range(past - 2)]
    puts = [partial(_write, store, history_key(environment, BUSY, item.sequence), item.to_bytes()) for item in entries]
    latest = attrs.evolve(before, sequence=past)
    puts.append(partial(_write, store, history_key(environment, BUSY, past), latest.to_bytes()))
    running = attrs.evolve(record.running, sequence=past + 1)
    aged = attrs.evolve(record, running=running, latest=running)
    puts.append(partial(_write, store, current_key(environment, BUSY), aged.to_bytes()))
    names = {}
    for number in range(past):
        version, digest = f"0.0.{number}", _sha256(f"wheel {number}")
        stem = f"projects/{BUSY}/lambda/source/{version}/{BUSY}-{version}"
        keys = (f"{stem}-py3-none-any.whl", f"{stem}.tar.gz")
        puts += [partial(store.put_new, key, f"wheel {number}".encode(), {DIGEST: digest}) for key in keys]
        objects = tuple(PublishedObject(key=key, sha256=digest, size=len(f"wheel {number}")) for key in keys)
        names[version] = PublishedName(digest=digest, objects=objects)
    in_parallel(lambda put: put(), puts)
    save_published(store, BUSY, read_published(store, BUSY), Published(sources=names))


def _fiction(number: int) -> dict[str, str]:
    return {"release": _sha256(f"release {number}"), "version": f"0.0.{number}"}


def _populate(yard: Yard, names: Sequence[str]) -> None:
    """These units were deployed everywhere from this work tree."""
    ids = snapshot(yard.stage.root, [f"projects/{name}" for name in names]).ids
    for environment in ENVIRONMENTS:
        yard.summarise(environment, yard.write_records(environment, names, ids))


def _write(store: Bucket, key: str, body: bytes) -> str:
    """Whatever lies there."""
    written = store.put_new(key, body)
    if written is None and (there := store.head(key)) is not None:
        written = store.replace(key, body, etag=there.etag)
    assert written is not None
    return written.etag


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
