"""What a unit made, read from its stack: four calls, of which two at once, and none that changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.api import looking
from multi_env_lambda.api.elsewhere import record_of, where_recorded
from multi_env_lambda.errors import StackError
from multi_env_lambda.flow.ownership import not_ours
from multi_env_lambda.host.parallel import both
from multi_env_lambda.model.outputs import Outputs
from multi_env_lambda.plan.outputs import outputs_of, reachable
from multi_env_lambda.plan.ownership import owner_of
from multi_env_lambda.wording import advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.aws.poller import StackReading
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Record

__all__ = ["outputs"]

_MARKS = (".lambda-url.", ".execute-api.")
"""Of addresses that the local cloud serves under its own."""

_NOTHING_THERE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")


def outputs(opened: Opened, unit: str, place: Environment) -> Outputs:
    """The outputs of a unit as its stack is now.

    Raises:
        ConfigurationError: there is no such unit.
        StackError: nothing of it is deployed there, or the stack cannot be read.
        Refused: a stack of that name belongs to somebody else.
    """
    reached = opened.reached(place.name)
    record = record_of(opened, unit, reached)
    there = where_recorded(opened, unit, reached, record)
    platform, stack = opened.world.platform, f"{unit}-{place.name}"
    found = platform.look(there, stack)
    if found is None or found.status in _NOTHING_THERE:
        looking.must_exist(opened.world, unit)
        hint = advice("`{}` deploys it", unit_call("deploy", unit, place.name))
        raise StackError(f"{unit} in {place.name}", "nothing of it is deployed there", hint=hint)
    _must_be_ours(opened, unit, there, found, record)
    resources, template = both(lambda: platform.resources(there, stack), lambda: platform.template(there, stack))
    items = outputs_of(
        resources,
        _values(opened, found),
        template,
        there,
        keys=_keys(opened, unit, place.name),
        console=not opened.local,
    )
    return Outputs(project=unit, environment=place.name, items=items)


def _must_be_ours(opened: Opened, unit: str, place: Environment, found: StackReading, record: Record | None) -> None:
    """What a stack of somebody else made under the same name is none of this unit's."""
    owner = owner_of(opened.world.config.id, unit, place.name, record)
    if not owner.owns(found.tags, found.stack_id):
        raise not_ours(unit, place, found, advice("see what is in it: `{}`", unit_call("plan", unit, place.name)))


def _values(opened: Opened, found: StackReading) -> Mapping[str, str]:
    has_urls = opened.local and any(mark in value for mark in _MARKS for value in found.outputs.values())
    return reachable(found.outputs, opened.local_cloud().endpoint) if has_urls else found.outputs


def _keys(opened: Opened, unit: str, environment: str) -> dict[str, str]:
    """Names in AWS -> keys of the table; of a unit that is broken or gone there are none."""
    found = opened.projects.named(unit)
    if not found:
        return {}
    project, settings = found[0], found[0].settings[environment]
    functions = {project.function_name(environment, item.key): item.key for item in settings.functions}
    return functions | {project.job_name(environment, item.key): item.key for item in settings.jobs}
