"""The library in a repository that is not its own: installed into a fresh environment, it deploys there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.host.process import run_uv
from multi_env_lambda.local.server import down

from .stage import ROOT, Done, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]


@attrs.frozen
class Elsewhere:
    """A repository, and the environment that the library was installed into."""

    repository: Path
    bin: Path

    def run(self, program: str, *words: str) -> Done:
        kept = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE")
        names = [name for name in os.environ if name in kept or name.startswith(("UV_", "PIP_", "XDG_"))]
        env = {name: os.environ[name] for name in names}
        argv = [str(self.bin / program), *words]
        done = subprocess.run(argv, cwd=self.repository, env=env, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def deploy(self, *words: str) -> Done:
        return self.run("python", "bin/automation/deploy.py", *words, "--yes", "--json", "--local")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    venv = folder / "venv"
    run_uv(["venv", "-q", "--python", sys.executable, venv], where="uv", hint="")
    # From a copy of what Git knows: a build leaves its folders beside setup.py.
    git(folder, "clone", "-q", "--depth", "1", f"file://{ROOT}", "source")
    pins = ["-c", str(ROOT / "requirements-dev.txt")]
    install = ["pip", "install", "-q", "--python", venv / "bin" / "python", *pins, folder / "source"]
    run_uv(install, where="uv", hint="")
    repository = folder / "repository"
    repository.mkdir()
    git(repository, "init", "-q")
    try:
        yield Elsewhere(repository, venv / "bin")
    finally:
        down(repository)


@pytest.fixture(scope="module")
def with_a_unit(elsewhere: Elsewhere) -> Elsewhere:
    for words in (("init",), ("new", "billing")):
        done = elsewhere.run("multi-env-lambda", *words)
        assert done.code == 0, done.err
    return elsewhere


@pytest.fixture(scope="module")
def deployed(with_a_unit: Elsewhere) -> Elsewhere:
    done = with_a_unit.deploy("sandbox")
    assert done.code == 0, done.err
    return with_a_unit


def test_before_init_it_says_what_is_missing(elsewhere: Elsewhere) -> None:
    empty = attrs.evolve(elsewhere, repository=elsewhere.repository.parent)
    done = empty.run("multi-env-lambda", "plan")
    assert (done.code, "`multi-env-lambda init` writes one" in done.err) == (3, True)


def test_a_new_unit_runs(deployed: Elsewhere) -> None:
    status = deployed.run("multi-env-lambda", "status", "--json", "--local").answer
    assert [(cell["environment"], cell["version"]) for cell in status["cells"]] == [
        ("sandbox", "0.1.0"),
        ("prod", None),
    ]


def test_nothing_of_it_is_done_twice(deployed: Elsewhere) -> None:
    assert deployed.deploy("sandbox").touched() == set()


def test_prod_waits_for_somebody_who_agrees(deployed: Elsewhere) -> None:
    done = deployed.deploy("--to", "prod")
    assert (done.code, done.touched()) == (9, {("prod", "billing")})
    assert "approved" in done.err


def test_it_is_used_from_python(deployed: Elsewhere) -> None:
    code = """
import json
from multi_env_lambda import Workspace
workspace = Workspace.open(local=True)
(function,) = workspace["billing"].functions.values()
answer = function.invoke({"name": "Ada"}, "sandbox")
print(json.dumps([list(workspace.projects)[0], answer is not None, len(workspace.plan(to="sandbox").deploys)]))
"""
    done = deployed.run("python", "-c", code)
    assert done.answer == ["billing", True, 0], done.err


def test_it_leaves_only_its_own_files(deployed: Elsewhere) -> None:
    names = set(git(deployed.repository, "status", "--porcelain", "--untracked-files=normal").split())
    assert names == {"??", ".gitignore", "bin/", "projects/", "pyproject.toml"}


def test_a_pipe_gets_json_and_nothing_else(deployed: Elsewhere) -> None:
    done = deployed.run("multi-env-lambda", "plan", "--to", "prod", "--json", "--local")
    assert (json.loads(done.out)["environments"], done.err) == (["sandbox", "prod"], "")
