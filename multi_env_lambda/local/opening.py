"""The local cloud of this machine, started with what the units of a workspace need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from multi_env_lambda.local.cloud import DEVELOPER, LocalCloud
from multi_env_lambda.local.runtime_substitutes import machine_architecture, news_of_substitutes, substitutes
from multi_env_lambda.local.server import ensure_running
from multi_env_lambda.model.ci_stack import PYTHON
from multi_env_lambda.model.runtime import GLUE_PYTHON

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.units import Units
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["start"]


def start(
    root: Path, config: WorkspaceConfig, projects: Units, *, user: str, progress: Callable[[str], None]
) -> LocalCloud:
    """Start the local cloud if it is not running; an empty ``user`` is the developer."""
    units = projects.outlines
    wished = {unit.runtime for unit in units} | ({f"python{PYTHON}"} if config.ci_stack else set())
    instead = substitutes(wished)
    glue = f"python{GLUE_PYTHON}"
    # If this machine has it, jobs run in Glue's Python version.
    of_jobs = {glue} if not substitutes([glue]) and _have_jobs(projects) else set()
    runtimes = sorted({instead.get(runtime, runtime) for runtime in wished} | of_jobs)
    cloud = ensure_running(root, config, runtimes=runtimes, progress=progress, user=user or DEVELOPER)
    machine = machine_architecture()
    processors = {unit.architecture: machine for unit in units if unit.architecture != machine}
    for news in news_of_substitutes(root, {**instead, **processors}):
        progress(news)
    return cloud


def _have_jobs(projects: Iterable[Project]) -> bool:
    return any(settings.jobs for project in projects for settings in project.settings.values())
