"""The verbs that set things up: lock, new, init, bootstrap."""

from __future__ import annotations

import os
from pathlib import Path

import click

from multi_env_lambda.cli.output import local_option, note, open_workspace, unit_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.files import write_atomically

__all__ = ["bootstrap_command", "init_command", "lock_command", "new_command"]


@click.command("lock")
@click.argument("names", nargs=-1, metavar="[UNIT]...")
@click.option("--upgrade", is_flag=True, help="Take newer versions than the lock has.")
def lock_command(names: tuple[str, ...], upgrade: bool) -> int:
    """Write `pylock.toml` of the named units: every dependency with version and hash, for every platform."""
    from multi_env_lambda.build.lock import write_lock
    from multi_env_lambda.build.requirements import lock_inputs
    from multi_env_lambda.build.source import own_names, shared_dependencies

    workspace = open_workspace(False)
    unit = unit_of()
    wanted = (unit,) if unit else names or tuple(project.name for project in workspace.projects)
    for project in map(workspace.project, wanted):
        shared = shared_dependencies(workspace.root, project)
        if not project.dependencies and not shared:
            note(f"{project.name}: has no dependencies, nothing to lock")
            continue
        folder = workspace.root / project.folder
        pythons = project.pythons or {project.python}
        oldest = _oldest(project.requires_python, min(pythons, key=lambda python: int(python.partition(".")[2])))
        ours = own_names(workspace.root, project) if project.shared else ()
        inputs = lock_inputs(workspace.root, project)
        path = write_lock(
            folder, python=oldest, extra_requirements=shared, ours=ours, upgrade=upgrade, made_from=inputs
        )
        note(f"{project.name}: locked in {path.relative_to(workspace.root)}")
    return 0


def _oldest(requires_python: str | None, runtime: str) -> str:
    """The lock holds for every Python that the unit says it runs on, from the oldest."""
    from packaging.specifiers import SpecifierSet

    allowed = SpecifierSet(requires_python or f">={runtime}")
    return next((f"3.{minor}" for minor in range(9, 30) if allowed.contains(f"3.{minor}")), runtime)


@click.command("new")
@click.argument("name")
@click.option("--runtime", default="python3.13", show_default=True)
@click.option("--architecture", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True)
def new_command(name: str, runtime: str, architecture: str) -> int:
    """Make the unit NAME; it can be deployed at once."""
    from multi_env_lambda.plan.skeleton import new_unit

    workspace = open_workspace(False)
    files = new_unit(name, runtime, architecture)
    for path, _ in files:
        if (workspace.root / path).exists():
            raise ConfigurationError(path, "is there already", hint="choose another name")
    for path, text in files:
        _write(workspace.root, path, text)
        note(f"made {path}")
    note(f"next: python bin/automation/deploy.py {workspace.config.environments[0].name} --only {name}")
    return 0


@click.command("init")
def init_command() -> int:
    """Make this repository a workspace: a table in pyproject.toml, the scripts, one line in .gitignore."""
    from multi_env_lambda.flow.identity import new_id
    from multi_env_lambda.plan.skeleton import init_files

    root: Path = click.get_current_context().obj["start"]
    texts = {name: _text(root / name) for name in ("pyproject.toml", ".gitignore")}
    existing = [path.relative_to(root).as_posix() for path in (root / "bin" / "automation").glob("*.py")]
    for name, text in init_files(texts["pyproject.toml"], texts[".gitignore"], existing, id=new_id()):
        _write(root, name, text)
        note(f"wrote {name}")
    (root / "projects").mkdir(exist_ok=True)
    note("next: write your account ids into pyproject.toml, then `python bin/automation/new.py NAME`")
    return 0


@click.command("bootstrap")
@local_option
def bootstrap_command(local: bool | None) -> int:
    """Make the artifact bucket in the devops account, readable by the accounts of all environments.

    Safe to repeat: only what is missing is set, and what others have set stays.
    """
    from multi_env_lambda.flow.identity import advice

    workspace = open_workspace(local)
    changes = workspace.bootstrap()
    bucket = workspace.config.devops.bucket
    for change in changes:
        note(change)
    note(f"{bucket} is ready" if changes else f"{bucket} is ready; nothing had to be changed")
    line = advice(workspace.world)
    if line:
        note(line)
    return 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    write_atomically(target, text.encode("utf-8"))
    executable = text.startswith("#!")
    os.chmod(target, 0o755 if executable else 0o644)
