"""The templates of a unit, with what its ``stack.py`` adds: values in, documents out.

The file is untrusted code. It runs in one child process for all environments, without credentials, network or access to
this user's files, and with limits on time, memory and output (``host/confined.py``). Every check of a template is made
here, on what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.stage import check_no_link
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.confined import Ended, run_confined
from multi_env_lambda.host.own_child import answer_of, pass_on, run_own
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.project import Project
from multi_env_lambda.plan.template import StackInput, drafted, finished, made_up_roots, stack_file
from multi_env_lambda.plan.template.parts import Json

__all__ = ["SECONDS", "template_of_unbuilt", "templates_of", "unbuilt"]

SECONDS = 30.0
_NO_DIGEST = "0" * 64


def templates_of(
    root: Path, units: Sequence[StackInput], *, seconds: float = SECONDS, start: Callable[..., Ended] = run_confined
) -> dict[str, str]:
    """By environment, the finished template of one unit; a unit without a ``stack.py`` starts nothing.

    Args:
        seconds: how long the file may take.
        start: runs a program that is shut in, as ``run_confined`` does.

    Raises:
        ConfigurationError: the settings, or what ``stack.py`` made of them, cannot become a stack.
        BuildError: a folder that it would read is a link.
    """
    drafts = [drafted(unit) for unit in units]
    if not (root / stack_file(units[0].project)).is_file():
        return {unit.environment.name: finished(unit, draft) for unit, draft in zip(units, drafts, strict=True)}
    grown = _extended(root.resolve(), units, drafts, seconds, start)
    return {
        unit.environment.name: finished(unit, document, of_stack=True)
        for unit, document in zip(units, grown, strict=True)
    }


def template_of_unbuilt(root: Path, project: Project, environment: Environment, bucket: str) -> str:
    """The template of one environment. The code and the layer that it names are made up, so nothing is built.

    Raises:
        ConfigurationError: as ``templates_of``.
    """
    python, architecture = project.python, project.architecture
    unit = StackInput(
        project=project,
        environment=environment,
        bucket=bucket,
        source=SourceArtifact(
            project=project.name, version=project.version_or_none, digest=_NO_DIGEST, wheel_sha256=_NO_DIGEST
        ),
        layer=LayerArtifact(
            project=project.name, number=1, digest=_NO_DIGEST, python=python, architecture=architecture
        ),
        roots=made_up_roots(project, _NO_DIGEST),
    )
    return templates_of(root, [unbuilt(unit)])[environment.name]


def unbuilt(unit: StackInput) -> StackInput:
    """With a layer that is made up, as all of it, where the unit gets that of another unit."""
    name = unit.project.layer_of
    lent = LentLayer(unit=name, digest=_NO_DIGEST, sha256=_NO_DIGEST)
    return attrs.evolve(unit, layer=None, lent=lent) if name else unit


def _extended(
    root: Path, units: Sequence[StackInput], drafts: Sequence[Json], seconds: float, start: Callable[..., Ended]
) -> list[Json]:
    """What the file made of each draft, as it says."""
    project = units[0].project
    where = stack_file(project)
    folders = (project.folder, *project.shared)
    for folder in folders:
        check_no_link(root, folder)
    ended = run_own(
        "multi_env_lambda.make.stack_run",
        (root, tuple(zip(units, drafts, strict=True))),
        own=[root / folder for folder in folders],
        where=where,
        seconds=seconds,
        env={"AWS_DEFAULT_REGION": units[0].environment.region},
        start=start,
    )
    pass_on(ended.said)
    return _read(ended, len(units), where, seconds)


def _read(ended: Ended, count: int, where: str, seconds: float) -> list[Json]:
    """The documents, if these are as many tables as there are drafts.

    Raises:
        ConfigurationError: it says what went wrong, or nothing that could be read.
    """
    match answer_of(ended, "extend", where=where, seconds=seconds):
        case {"documents": [*documents]} if len(documents) == count and all(map(_is_template, documents)):
            return documents
        case _:
            what = "what it gave back are no templates"
            raise ConfigurationError(where, what, hint="each resource is a table with a Type; see the file's merges")


def _is_template(found: Any) -> bool:
    resources = found.get("Resources") if isinstance(found, dict) else None
    return isinstance(resources, dict) and all(
        isinstance(body, dict) and isinstance(body.get("Type"), str) for body in resources.values()
    )
