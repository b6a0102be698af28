"""The permissions of every role, from the templates that the work tree would give now. Nothing is built or asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.make.stack_file import templates_of, unbuilt
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reference import Reference, references_of
from multi_env_lambda.model.settings import Function
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.handler_calls import Handlers
from multi_env_lambda.plan.permissions import Permissions, of_caller, of_devops, of_environment
from multi_env_lambda.plan.template import StackInput, made_up_roots

__all__ = ["CALLER", "DEVOPS", "Rendered", "known_handlers", "permissions_of", "rendered"]

CALLER, DEVOPS = "caller", "devops"
"""The two places beside the environments."""

_NO_BYTES = "0" * 64
"""Stands for the SHA-256 of what is not built; it is in no type and no name of a resource."""


def permissions_of(
    root: Path,
    config: WorkspaceConfig,
    projects: tuple[Project, ...],
    place: str,
    broken: Mapping[str, MultiEnvLambdaError],
) -> Permissions:
    """What the role of ``place`` (an environment, ``devops``, ``caller``) has to be allowed.

    Raises:
        ConfigurationError: there is no such environment.
    """
    if place == CALLER:
        return of_caller(config)
    if place == DEVOPS:
        return of_devops(config)
    environment = config.environment(place, also=(DEVOPS, CALLER))
    units = rendered(root, config, projects, environment, broken)
    needed = of_environment(
        config, environment, units.templates, known_handlers(), references=units.references, layers=units.layers
    )
    return attrs.evolve(needed, unseen=units.unseen)


@attrs.frozen(kw_only=True)
class Rendered:
    """The units of an environment as far as they can be looked at without building anything.

    ``templates`` by the name of the stack; ``references`` and ``layers`` are what functions and jobs name of others';
    ``unseen`` are units that could not be read, and why.
    """

    templates: Mapping[str, str]
    references: tuple[Reference, ...]
    layers: frozenset[str]
    unseen: tuple[str, ...]


def known_handlers() -> Handlers:
    """What CloudFormation calls, by type: a file of this package."""
    text = (files("multi_env_lambda") / "plan" / "handlers.json").read_text("ascii")
    found: Handlers = json.loads(text)
    return found


def rendered(
    root: Path,
    config: WorkspaceConfig,
    projects: Iterable[Project],
    environment: Environment,
    broken: Mapping[str, MultiEnvLambdaError],
) -> Rendered:
    """What the work tree's units would be in one environment; the code of their ``stack.py`` runs."""

    def template_or_fault(project: Project) -> str | MultiEnvLambdaError:
        try:
            return _template(root, config, project, environment)
        except Exception as raised:
            return as_ours(project.folder, raised)

    units = tuple(projects)
    templates: dict[str, str] = {}
    functions: list[Function] = []
    references: list[Reference] = []
    faults = dict(broken)
    for project, found in zip(units, in_parallel(template_or_fault, units), strict=True):
        if isinstance(found, MultiEnvLambdaError):
            faults[project.name] = found
            continue
        templates[project.stack_name(environment.name)] = found
        functions += project.settings[environment.name].functions
        references += references_of(project.settings[environment.name], environment)
    return Rendered(
        templates=templates,
        references=tuple(references),
        layers=frozenset(arn for function in functions for arn in function.layers),
        unseen=tuple(f"{name}: {error.where}: {error.what}" for name, error in sorted(faults.items())),
    )


def _template(root: Path, config: WorkspaceConfig, project: Project, environment: Environment) -> str:
    source = SourceArtifact(
        project=project.name, version=project.version_or_none, digest=_NO_BYTES, wheel_sha256=_NO_BYTES, wheel_size=0
    )
    layer = LayerArtifact(
        project=project.name,
        number=1,
        digest=_NO_BYTES,
        python=project.python,
        architecture=project.architecture,
    )
    bucket = config.devops.at(environment.region).bucket
    roots = made_up_roots(project, _NO_BYTES)
    unit = unbuilt(
        StackInput(project=project, environment=environment, bucket=bucket, source=source, layer=layer, roots=roots)
    )
    return templates_of(root, [unit])[environment.name]
