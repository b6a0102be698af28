"""One unit in one environment → its CloudFormation template: pure, and the same bytes for the same values.

It has no commit id, no time and no tool version, so that "no change" really is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.artifact import LayerArtifact, LibraryArtifact, RootArtifact, SourceArtifact
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.said import said_by
from multi_env_lambda.plan.template.apis import api_part
from multi_env_lambda.plan.template.assemble import add_pins, add_versions, apply_requests, document
from multi_env_lambda.plan.template.check import LARGEST_INLINE_BODY, check_document, check_size, needs_template_url
from multi_env_lambda.plan.template.context import Context, Requests
from multi_env_lambda.plan.template.functions import function_part, layer_part
from multi_env_lambda.plan.template.jobs import job_part, job_script, job_scripts
from multi_env_lambda.plan.template.own_resources import resources_part
from multi_env_lambda.plan.template.parts import ALIAS, Json, StackInput, join_parts, logical_id, made_up_roots
from multi_env_lambda.plan.template.plain_secrets import check_plain_secrets
from multi_env_lambda.plan.template.regions import check_offered, check_same_region
from multi_env_lambda.plan.template.rest_apis import add_deployment, rest_api_part
from multi_env_lambda.plan.template.rest_circle import without_circle
from multi_env_lambda.plan.template.role_paths import with_role_paths

if TYPE_CHECKING:
    from cottonformation import Template

__all__ = [
    "ALIAS",
    "LARGEST_INLINE_BODY",
    "Context",
    "StackInput",
    "drafted",
    "extended",
    "finished",
    "job_script",
    "job_scripts",
    "logical_id",
    "made_up_roots",
    "needs_template_url",
    "render",
    "stack_file",
]


def render(
    project: Project,
    environment: Environment,
    *,
    bucket: str,
    source: SourceArtifact,
    layer: LayerArtifact | None,
    libraries: tuple[LibraryArtifact, ...] = (),
    roots: tuple[RootArtifact, ...] = (),
    extend: Callable[[Template, Context], None] | None = None,
) -> str:
    """The template as canonical JSON. ``extend`` runs in this process: for tests of a ``stack.py``.

    Raises:
        ConfigurationError: the settings, or what ``extend`` added, cannot become a stack.
    """
    unit = StackInput(
        project=project,
        environment=environment,
        bucket=bucket,
        source=source,
        layer=layer,
        libraries=libraries,
        roots=roots,
    )
    found = drafted(unit)
    return finished(unit, found) if extend is None else finished(unit, extended(unit, found, extend), of_stack=True)


def drafted(unit: StackInput) -> Json:
    """The template from the settings alone, before the unit's ``stack.py`` adds to it.

    Raises:
        ConfigurationError: the settings cannot become a stack.
    """
    _refuse_dynamic_references(unit)
    _refuse_other_regions(unit)
    parts = [
        layer_part(unit),
        *(function_part(unit, function) for function in unit.settings.functions),
        api_part(unit),
        rest_api_part(unit),
        *(job_part(unit, job) for job in unit.settings.jobs),
        resources_part(unit),
    ]
    return document(unit, join_parts(parts))


def finished(unit: StackInput, found: Json, *, of_stack: bool = False) -> str:
    """The template as canonical JSON, with versions and pins, and checked as a whole.

    Args:
        of_stack: whether the unit's ``stack.py`` changed it.

    Raises:
        ConfigurationError: it cannot become a stack.
    """
    where = stack_file(unit.project) if of_stack else unit.where
    try:
        placed = with_role_paths(found, unit.environment, where=where)
        versioned = add_versions(unit, placed, where=where)
        served = add_deployment(unit, without_circle(unit, versioned), where=where)
        complete = add_pins(unit, served)
        check_document(complete, where=where)
        check_plain_secrets(complete, frozenset(_excused(unit.project)), where=where)
        check_offered(complete["Resources"], unit.environment, where=where)
        template = canonical_json(complete)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        if not of_stack:
            raise
        said = f"{type(error).__name__}: {said_by(error)}"
        what = f"extend() did not produce a valid template for {unit.environment.name}: {said}"
        raise ConfigurationError(where, what, hint="use only what CloudFormation accepts") from error
    check_size(template, where=where)
    return template


def _excused(project: Project) -> Iterator[str]:
    """``FUNCTION.VARIABLE`` of the unit's table, and its path in the template."""
    for name, _ in project.not_secret:
        key, _, variable = name.partition(".")
        yield name
        yield f"{logical_id(key, 'Function')}.Properties.Environment.Variables.{variable}"
        yield f"{logical_id(key, 'Job')}.Properties.DefaultArguments.{variable}"


def extended(unit: StackInput, found: Json, extend: Callable[[Template, Context], None]) -> Json:
    """A draft with everything that ``extend`` changed and asked for, as CloudFormation writes it.

    Raises:
        ConfigurationError: whatever went wrong in ``extend``.
    """
    from multi_env_lambda.plan.template.cotton import extended as grow
    from multi_env_lambda.plan.template.cotton import plain

    where = stack_file(unit.project)
    context = Context(project=unit.project, environment=unit.environment, bucket=unit.bucket, where=where)
    grown = grow(found, extend, context)
    asked = context.requests
    requests = Requests(plain(asked.grants), plain(asked.variables), plain(asked.merges))
    result = apply_requests(grown, requests, where=where)
    try:
        canonical_json(result)
    except (TypeError, ValueError) as error:
        what = f"extend() used a value for {unit.environment.name} that JSON cannot represent: {said_by(error)}"
        raise ConfigurationError(
            where, what, hint="use strings, numbers, lists and dictionaries with strings as keys"
        ) from error
    return result


def stack_file(project: Project) -> str:
    """Where a unit may say what its settings cannot express."""
    return f"{project.folder}/stack.py"


def _refuse_dynamic_references(unit: StackInput) -> None:
    """Otherwise the settings could make CloudFormation expose a secret's value."""
    for text in _texts(attrs.asdict(unit.settings)):
        if "{{resolve:" in text:
            raise ConfigurationError(
                unit.where,
                f"{text!r} is a CloudFormation dynamic reference",
                hint='write { parameter = "/name" } or { secret = "name" }; docs/adr/0009-secrets-are-references.rst',
            )


def _refuse_other_regions(unit: StackInput) -> None:
    for function in unit.settings.functions:
        title = f"functions.{function.key}"
        same = partial(check_same_region, environment=unit.environment, where=unit.where)
        same(function.layers, what=f"{title}.layers:")
        same(filter(None, [function.dead_letter_arn]), what=f"{title}.dead_letter_arn:")
        same(filter(None, [function.on_failure_arn]), what=f"{title}.on_failure_arn:")
        same([] if function.alarms is None else function.alarms.notify, what=f"{title}.alarms.notify:")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                yield from _texts(key)
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
        case _:
            pass
