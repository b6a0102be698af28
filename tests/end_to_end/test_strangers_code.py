"""Code is planted wherever a unit can have some, and every verb is run: whose ran, and that none of it saw anything.

The table is that of ``docs/source/03-Concepts/whom-to-trust.rst``.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.api.opening import read
from multi_env_lambda.host.confined import holds
from multi_env_lambda.host.private import private_parent
from multi_env_lambda.make.tree import TreeMaker
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.api.stage import opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not holds(), reason="this kernel has no Landlock that allows renames"),
]

ROOT_TABLE = """
[tool.multi_env_lambda]
id = "0fa4e0000001"
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "artifacts"
"""
UNIT_TABLE = """
[project]
name = "{unit}"
{said}
[build-system]
requires = []
build-backend = "own"
backend-path = ["."]
[tool.multi_env_lambda]
runtime = "python3.11"
architecture = "x86_64"
[tool.multi_env_lambda.functions.main]
handler = "{unit}.main.handler"
"""
# What it sees goes into a folder that the test reads; the last line is what a real plant would take away.
PLANT = """
def _planted(name):
    import json, os, socket, time
    def can(do):
        try:
            return do() is not None
        except BaseException:
            return False
    def has_key():
        names = [key for key, value in os.environ.items() if "canary" in value or key.endswith("_TOKEN")]
        return [key for key in names if os.environ[key] not in ("not-a-token",)] or None
    saw = {{
        "a key of the environment": has_key,
        "the parent's environment": lambda: open("/proc/%d/environ" % os.getppid()).read(),
        "~/.aws": lambda: open({home!r} + "/.aws/credentials").read(),
        "the home": lambda: os.listdir({home!r}),
        "the repository's settings": lambda: open({root!r} + "/.git/config").read(),
        "a place to write to, in the home": lambda: open({home!r} + "/planted", "w"),
        "a place to write to, in the repository": lambda: open({root!r} + "/planted", "w"),
        "a place to write to, in the unit": lambda: open({root!r} + "/projects/alpha/stack.py", "a"),
        "the network": lambda: socket.socket(),
        "a socket of this machine": lambda: socket.socket(socket.AF_UNIX),
    }}
    mark = "/" + name.replace("/", " ") + " %d" % os.getpid()
    seen = json.dumps([what for what, do in saw.items() if can(do)])
    try:
        with open({marks!r} + mark, "w") as file:
            file.write(seen)
    except PermissionError:
        # What may write to its own home alone leaves its mark there, and waits until the test has taken it.
        with open(os.environ["HOME"] + "/new", "w") as file:
            file.write(seen)
        os.rename(os.environ["HOME"] + "/new", os.environ["HOME"] + mark)
        until = time.monotonic() + 20
        while os.path.exists(os.environ["HOME"] + mark) and time.monotonic() < until:
            time.sleep(0.001)
_planted({name!r})
"""
BACKEND = """
import io, pathlib, tarfile, zipfile
NAME, MODULE = {name!r}, {module!r}
def build_wheel(out, config_settings=None, metadata_directory=None):
    wheel = pathlib.Path(out) / (MODULE + "-" + VERSION() + "-py3-none-any.whl")
    info = MODULE + "-" + VERSION() + ".dist-info/"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted(pathlib.Path(MODULE).rglob("*.py")):
            archive.write(path, path.as_posix())
        metadata = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION() + "\\n"
        archive.writestr(info + "METADATA", metadata)
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "RECORD", "")
    return wheel.name
def build_sdist(out, config_settings=None):
    name = MODULE + "-" + VERSION()
    with tarfile.open(pathlib.Path(out) / (name + ".tar.gz"), "w:gz") as sdist:
        sdist.add("pyproject.toml", name + "/pyproject.toml")
    return name + ".tar.gz"
def VERSION():
    import tomllib
    return tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"].get("version", "0.1.0")
"""
NEVER = ("conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "noxfile.py", "bin/automation/deploy.py")
OF_A_UNIT = ("stack.py", "backend", "handler")
UNITS = ("alpha", "beta", "gamma")
ASKS = "beta"
"""The one whose backend has to say its version and its dependencies."""

DEPENDS = "gamma"
"""The one that has a dependency without a wheel. It is not deployed: the accounts in memory know no layers."""


@attrs.frozen(kw_only=True)
class Yard:
    """A repository in which every file that could be run is planted, before an environment that asks for approvals."""

    root: Path
    home: Path
    marks: Path
    caches: Path
    fake: FakeWorld

    def plant(self, name: str) -> str:
        return PLANT.format(name=name, root=str(self.root), home=str(self.home), marks=str(self.marks))

    def open(self, who: str = "ada") -> Workspace:
        self.fake.platform.who = f"arn:aws:iam::111111111111:user/{who}"
        return opened(self.fake.world, self.root, self.fake.world.projects)

    def forget(self) -> None:
        """What was built before says nothing of what would run."""
        for folder in self.caches.iterdir():
            shutil.rmtree(folder)

    def ran(self, verb: Callable[[], object]) -> set[str]:
        """Whose code a verb has run; none of it has seen anything."""
        self.forget()
        verb()
        saw = {path.name.rpartition(" ")[0]: json.loads(path.read_text()) for path in self.marks.iterdir()}
        for path in self.marks.iterdir():
            path.unlink()
        assert {name: seen for name, seen in saw.items() if seen} == {}
        return set(saw)

    def edit(self, unit: str, text: str) -> None:
        path = self.root / "projects" / unit / unit / "main.py"
        path.write_text(f"{path.read_text()}\n{text}\n")


def sdist_of(yard: Yard, unit: str) -> bytes:
    name = f"strange_{unit}"
    files = {
        "pyproject.toml": f'[project]\nname = "strange-{unit}"\nversion = "1.0"\n[build-system]\nrequires = []\n'
        'build-backend = "own"\nbackend-path = ["."]\n',
        "own.py": BACKEND.format(name=f"strange-{unit}", module=name) + yard.plant(f"{unit} sdist of a dependency"),
        f"{name}/__init__.py": "",
    }
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return body.getvalue()


def write_unit(yard: Yard, unit: str) -> None:
    folder = yard.root / "projects" / unit
    depends = f'"strange-{unit}"' if unit == DEPENDS else ""
    said = f'version = "0.1.0"\ndependencies = [{depends}]'
    said = 'dynamic = ["version", "dependencies"]' if unit == ASKS else said
    files = {
        "pyproject.toml": UNIT_TABLE.format(unit=unit, said=said),
        "stack.py": yard.plant(f"{unit} stack.py") + "\ndef extend(template, context):\n    pass\n",
        "own.py": BACKEND.format(name=unit, module=unit) + yard.plant(f"{unit} backend"),
        f"{unit}/__init__.py": "",
        f"{unit}/main.py": yard.plant(f"{unit} handler") + "\ndef handler(event, context):\n    return {}\n",
        **{name: yard.plant(f"{unit} {name}") for name in NEVER},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if unit == DEPENDS:
        package = sdist_of(yard, unit)
        (folder / f"strange_{unit}-1.0.tar.gz").write_bytes(package)
        sdist = f'path = "strange_{unit}-1.0.tar.gz", hashes = {{ sha256 = "{hashlib.sha256(package).hexdigest()}" }}'
        lock = f'lock-version = "1.0"\ncreated-by = "uv"\n[[packages]]\nname = "strange-{unit}"\nversion = "1.0"\n'
        (folder / "pylock.toml").write_text(f"{lock}sdist = {{ {sdist} }}\n")


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:  # /tmp is everybody's, for a function too
        marks = tmp_path / "marks"
        root, home, caches = (Path(place) / name for name in ("root", "home", "caches"))
        for folder in (root, home / ".aws", marks, caches):
            folder.mkdir(parents=True)
        (home / ".aws" / "credentials").write_text("[default]\naws_secret_access_key = canary\n")
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "UV_INDEX_COMPANY_PASSWORD"):
            monkeypatch.setenv(name, "canary")
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("XDG_CACHE_HOME", str(caches / "user"))
        found = Yard(root=root, home=home, marks=marks, caches=caches, fake=planted_world(tmp_path))
        for unit in UNITS:
            write_unit(found, unit)
        with marks_taken(marks):
            yield attrs.evolve(found, fake=with_real_maker(found))


@contextmanager
def marks_taken(marks: Path) -> Iterator[None]:
    """Move each mark that stands in the home of something shut in to the others; what left it waits for that."""
    ended = threading.Event()

    def take() -> None:
        while not ended.wait(0.002):
            with suppress(FileNotFoundError):  # the folder of another process, which has ended
                for mark in private_parent().glob("multi_env_lambda-*/home/* *"):
                    (marks / "new").write_bytes(mark.read_bytes())
                    (marks / "new").rename(marks / mark.name)
                    mark.unlink()

    taker = threading.Thread(target=take)
    taker.start()
    try:
        yield
    finally:
        ended.set()
        taker.join()


def planted_world(folder: Path) -> FakeWorld:
    return fake_world(FakeTree(content={}), folder / "memory", config=fake_config(test={"approval": True}))


def with_real_maker(yard: Yard) -> FakeWorld:
    """The same world, whose units are made from the folders on this disk."""
    config = yard.fake.world.config
    places = "".join(
        f'[[tool.multi_env_lambda.environments]]\nname = "{item.name}"\naccount_id = "{item.account_id}"\n'
        for item in config.environments
    )
    (yard.root / "pyproject.toml").write_text(ROOT_TABLE + places)
    git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.com", "-C", str(yard.root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    projects = read(yard.root).projects

    maker = TreeMaker(
        root=yard.root,
        cache=yard.caches / "make",
        config=config,
        interpreter=lambda version: Path(sys.executable) if version == "3.11" else None,
        fetch=yard.fake.store.get,
    )
    cache = yard.caches / "world"
    world = attrs.evolve(yard.fake.world, maker=maker, projects=projects, cache=cache)
    return attrs.evolve(yard.fake, world=world)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the units are for the Python of this suite")
def test_the_table_of_whose_code_runs(yard: Yard) -> None:
    of_all = {f"{unit} {kind}" for unit in UNITS for kind in OF_A_UNIT} | {f"{DEPENDS} sdist of a dependency"}
    of_alpha, of_gamma = ({what for what in of_all if what.startswith(unit)} for unit in ("alpha", "gamma"))
    ada, grace = yard.open(), yard.open("grace")

    assert yard.ran(lambda: yard.open().deploy("alpha", "beta")) == of_all - of_gamma
    for unit in ("alpha", "beta"):
        yard.edit(unit, "CHANGED = 1")
    assert yard.ran(lambda: yard.open().plan()) == of_all
    assert yard.ran(lambda: yard.open().plan("alpha")) == of_alpha
    assert yard.ran(lambda: ada["alpha"].why()) == of_alpha
    assert yard.ran(lambda: ada.build("gamma")) == of_gamma
    for unit in UNITS:
        yard.edit(unit, "CHANGED = 2")
    assert yard.ran(lambda: yard.open().lock("alpha", ASKS)) == {f"{ASKS} backend"}
    assert yard.ran(lambda: ada.permissions("sandbox")) == {f"{unit} stack.py" for unit in UNITS}

    plans = []
    assert yard.ran(lambda: plans.append(yard.open().plan("alpha", to="test", publish=True).to_dict())) == of_alpha
    assert yard.ran(lambda: yard.open("grace").approve(plans[0])) == set()
    assert [item.principal for item in grace.approve(plans[0])] == ["arn:aws:iam::111111111111:user/grace"]
    assert yard.ran(lambda: yard.open().apply(plans[0])) == of_alpha

    yard.edit(ASKS, "CHANGED = 3")
    nothing: dict[str, Callable[[], object]] = {
        "status": ada.status,
        "history": lambda: ada["alpha"].history("sandbox"),
        "difference": lambda: ada["alpha"].difference("sandbox", "test"),
        "board": lambda: ada.board().html,
        "drift": lambda: ada.drift("alpha", "sandbox"),
        "prune": lambda: ada.prune("alpha"),
        "plan of a promotion": lambda: ada.plan_promotion("alpha", environment="test", force=True),
        "promote": lambda: ada.promote("alpha", environment="test"),
        "invoke": lambda: ada["alpha"].functions["main"].invoke({}, "sandbox"),
        "rollback": lambda: ada.rollback("alpha", "sandbox"),
        "destroy": lambda: yard.open()["beta"].destroy("sandbox", confirm="beta"),
        "plan of the second environment": lambda: ada.plan("alpha", environment="test"),
    }
    assert {name: yard.ran(verb) for name, verb in nothing.items()} == {name: set() for name in nothing}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the units are for the Python of this suite")
def test_one_unit_that_ends_its_process_breaks_itself_alone(yard: Yard) -> None:
    (yard.root / "projects/alpha/stack.py").write_text("import os; os._exit(0)\n")
    plan = yard.open().plan("alpha", "beta")

    assert [(step.project, step.what) for step in plan.blocked] == [
        ("alpha", "projects/alpha/stack.py: ended its process without an answer")
    ]
    assert [step.project for step in plan.deploys] == ["beta"]


def test_two_lines_of_a_stack_file_no_longer_open_prod(yard: Yard) -> None:
    (yard.root / "projects/alpha/stack.py").write_text(
        "from multi_env_lambda import pipeline\n"
        "pipeline.gate = lambda world, plan, environment, consent: None\n"
        "def extend(template, context): pass\n"
    )
    from multi_env_lambda import pipeline

    before = pipeline.gate
    yard.open().permissions("sandbox")

    assert pipeline.gate is before
