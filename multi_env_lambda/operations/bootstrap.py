"""Bootstrap: the artifact bucket, whose it is, the rules that its environments had until now; and who may do what.

The roles of each place are one stack, so that they can be read first, applied again, and removed. CloudFormation
lets one change of a stack run at a time, so no lease is held for them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.aws.bucket_setup import create_for, missing_for
from multi_env_lambda.aws.error_codes import is_of_missing_stack
from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.aws.stack_listing import template_of
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, Refused, StackError
from multi_env_lambda.flow.identity import settle_id
from multi_env_lambda.flow.rules import remember_all
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.permissions import known_handlers, rendered
from multi_env_lambda.plan.access import RoleAccess, access_stack_name, of_devops_roles, of_environment_roles
from multi_env_lambda.plan.access_of_branches import any_branchs, has_branches, with_branches
from multi_env_lambda.plan.access_stack import AccessStack, access_stack, differences
from multi_env_lambda.plan.stackstate import Create, DeleteThenCreate, stack_answer
from multi_env_lambda.wording import Advice, advice, unit_call
from multi_env_lambda.world import World

__all__ = [
    "Place",
    "apply_roles",
    "as_itself",
    "compare_roles",
    "delete_stack",
    "is_there",
    "make_bucket",
    "outputs_there",
    "place_named",
    "places_of",
    "refuse_running",
    "roles_of",
    "stack_there",
    "template_there",
    "there",
    "settle",
    "wanted_of_bucket",
]

Place = Devops | Environment


def make_bucket(config: WorkspaceConfig, sessions: Sessions) -> tuple[str, ...]:
    """Create and set up a bucket of the devops account in each region; the accounts of all environments may read.

    Returns what was changed, in a line each.

    Raises:
        AccountError: the credentials are of another account.
        PublishError: the name is taken by another account, or the role may not do this.
    """
    return _of_each_bucket(config, sessions, create_for)


def wanted_of_bucket(config: WorkspaceConfig, sessions: Sessions) -> tuple[str, ...]:
    """What ``make_bucket`` would change; nothing is written.

    Raises:
        AccountError: the credentials are of another account.
        PublishError: a bucket cannot be looked at, or is not there yet.
    """
    return _of_each_bucket(config, sessions, missing_for)


def _of_each_bucket(
    config: WorkspaceConfig, sessions: Sessions, changes: Callable[[Any, Devops, WorkspaceConfig], Iterable[str]]
) -> tuple[str, ...]:
    sessions.verify(config.devops)
    return tuple(
        f"{place.bucket}: {change}"
        for place in config.buckets
        for change in changes(sessions.client(place, "s3"), place, config)
    )


def settle(world: World) -> None:
    """Write the workspace's id and the environments' rules into the bucket, where they are not known yet.

    Raises:
        ConfigurationError: the bucket has another workspace's id.
        MultiEnvLambdaError: what it remembers of an environment's rules cannot be read.
    """
    settle_id(world, ())
    remember_all(world)


def places_of(config: WorkspaceConfig) -> tuple[Place, ...]:
    """Where ``bootstrap`` makes roles: the devops account first, since the others let its roles in."""
    if config.roles is None:
        return ()
    return (config.devops, *(place for place in config.environments if place.prefix))


def place_named(config: WorkspaceConfig, name: str) -> Place:
    """One of them.

    Raises:
        ConfigurationError: there is no such place, or no roles are made there.
    """
    place = config.devops if name == config.devops.name else config.environment(name, also=(config.devops.name,))
    if place not in places_of(config):
        hint = (
            "add `[tool.multi_env_lambda.roles]` to the root pyproject.toml, and no `roles = false` to the environment"
        )
        raise ConfigurationError(name, "one role serves everybody there, so there are none to make", hint=hint)
    return place


def as_itself(place: Place, sessions: Sessions) -> Place:
    """A place that was named alone: credentials of its own account are used as they are."""
    own = sessions.caller().split(":")[4] == place.account_id
    return attrs.evolve(place, role_name="", external_id="", source_identity="") if own else place


def roles_of(
    root: Path,
    config: WorkspaceConfig,
    projects: Iterable[Project],
    broken: Mapping[str, MultiEnvLambdaError],
    place: Place,
) -> AccessStack:
    """The stack of a place as the work tree wants it. Nothing is asked.

    Raises:
        ConfigurationError: a unit cannot be read, so what CloudFormation may do for it is not known.
    """
    roles = config.roles
    assert roles is not None, "a workspace without roles has no places"
    if isinstance(place, Devops):
        return access_stack(config, roles.prefix, None, of_devops_roles(config, roles))
    found = _roles_there(root, config, projects, broken, place)
    if has_branches(config, place):
        own = any_branchs(config)
        more = _roles_there(root, config, [_also_in(unit, place.name, own.name) for unit in projects], broken, own)
        found = tuple(
            attrs.evolve(role, grants=with_branches(role.grants, also.grants))
            for role, also in zip(found, more, strict=True)
        )
    return access_stack(config, place.prefix, place, found)


def _also_in(unit: Project, first: str, name: str) -> Project:
    """The unit with its settings of the first environment, in one beside it as well."""
    there = unit.settings[first]
    functions = tuple(
        attrs.evolve(function, name=function.name and function.name.replace(first, name))
        for function in there.functions
    )
    return attrs.evolve(unit, settings={**unit.settings, name: attrs.evolve(there, functions=functions)})


def _roles_there(
    root: Path,
    config: WorkspaceConfig,
    projects: Iterable[Project],
    broken: Mapping[str, MultiEnvLambdaError],
    place: Environment,
) -> tuple[RoleAccess, ...]:
    units = rendered(root, config, projects, place, broken)
    if units.unseen:
        hint = "fix them first: what CloudFormation may do follows from the templates of all units"
        what = "\n".join(("not all units can be looked at:", *units.unseen))
        raise ConfigurationError(place.name, what, hint=hint)
    assert config.roles is not None, "a workspace without roles has no places"
    return of_environment_roles(
        config, config.roles, place, units.templates, known_handlers(), references=units.references, layers=units.layers
    )


def compare_roles(sessions: Sessions, place: Place, wanted: AccessStack) -> tuple[str, ...]:
    """What has to change until the stack is as it should be, in a line each; nothing is written.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    return _told(wanted, differences(there(sessions, place, wanted.name), json.loads(wanted.template)))


def there(sessions: Sessions, place: Place, name: str) -> Mapping[str, Any] | None:
    """The template of a stack as it was sent; None if there is no such stack, or none whose creation succeeded.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    return template_there(sessions.client(place, "cloudformation"), place.name, name)


def template_there(client: Any, place: str, name: str) -> Mapping[str, Any] | None:
    """The same as a client of CloudFormation in the place of that name sees it.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    reading = _stacks_of(client, place).describe(name)
    if isinstance(stack_answer(None if reading is None else reading.status), Create | DeleteThenCreate):
        return None
    try:
        found: Mapping[str, Any] = json.loads(template_of(client, f"stack {name} in {place}", name))
    except StackError as error:
        if is_of_missing_stack(error):
            return None
        raise
    return found


def _told(wanted: AccessStack, lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{wanted.place}: {wanted.name}: {line}" for line in lines)


def apply_roles(sessions: Sessions, place: Place, wanted: AccessStack, said: Callable[[str], None]) -> tuple[str, ...]:
    """Make the stack what it should be; the lines of ``compare_roles``, of what was changed.

    Raises:
        MultiEnvLambdaError: it cannot be made; CloudFormation has rolled back what it made.
    """
    sessions.verify(place)
    lines = compare_roles(sessions, place, wanted)
    if lines:
        try:
            _stacks(sessions, place).deploy(
                wanted.name, wanted.template, held=_Alone(), token=secrets.token_hex(8), on_event=_naming(place, said)
            )
        except MultiEnvLambdaError as error:
            _explain(error)
            raise
    return lines


def stack_there(config: WorkspaceConfig, sessions: Sessions, place: Place) -> str | None:
    """The name of the stack of a place; None if there is none.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    assert config.roles is not None, "a workspace without roles has no places"
    sessions.verify(place)
    name = access_stack_name(config.roles.prefix, place.name)
    return name if is_there(sessions, place, name) else None


def is_there(sessions: Sessions, place: Place, name: str) -> bool:
    """Whether a place has a stack of this name.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    return _stacks(sessions, place).describe(name) is not None


def outputs_there(sessions: Sessions, place: Place, name: str) -> Mapping[str, str]:
    """The outputs of a stack; none if there is no such stack.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    found = _stacks(sessions, place).describe(name)
    return {} if found is None else found.outputs


def refuse_running(place: Place, running: Iterable[str]) -> None:
    """What runs in a place is of stacks that act as its roles, so nothing of it goes before them.

    Args:
        running: what still runs there, by the records.

    Raises:
        Refused: something does.
    """
    units = sorted(running)
    if units:
        what = f"{', '.join(units)} still {'runs' if len(units) == 1 else 'run'} there, as stacks that act as its roles"
        environment = "ENVIRONMENT" if isinstance(place, Devops) else place.name
        raise Refused(place.name, what, hint=advice("`{}` first, for each", unit_call("destroy", "UNIT", environment)))


def delete_stack(sessions: Sessions, place: Place, name: str, said: Callable[[str], None]) -> None:
    """Delete a stack that ``bootstrap`` made.

    Raises:
        MultiEnvLambdaError: it cannot be deleted.
    """
    _stacks(sessions, place).delete(name, held=_Alone(), token=secrets.token_hex(8), on_event=_naming(place, said))


def _naming(place: Place, said: Callable[[str], None]) -> Callable[[str], None]:
    return lambda text: said(f"{place.name}: {text}")


def _stacks(sessions: Sessions, place: Place) -> Stacks:
    return _stacks_of(sessions.client(place, "cloudformation"), place.name)


def _stacks_of(client: Any, place: str) -> Stacks:
    return Stacks(client, Poller(client), place=place)


def _explain(error: MultiEnvLambdaError) -> None:
    """What an organisation forbids is refused to administrators, too."""
    if "service control policy" in error.what:
        template = Advice("bootstrap --template", "workspace.bootstrap_template(ENVIRONMENT)")
        sentence = (
            "a service control policy forbids it: ask the administrators of the organisation, with what `{}` shows"
        )
        error.hint = advice(sentence, template)


@attrs.frozen
class _Alone:
    """Implements ``Held`` although nobody holds anything: see the head of this module."""

    def make_sure(self) -> None:
        return

    def begin(self) -> None:
        return
