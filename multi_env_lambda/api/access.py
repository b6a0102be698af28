"""Bootstrap, put together for the public face: what it would do, what it does, and what another team applies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.unexpected import as_ours

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.finding import State
    from multi_env_lambda.plan.access_stack import AccessStack

__all__ = [
    "access_of",
    "bootstrap",
    "bootstrap_template",
    "ci_of_opened",
    "webhook_address",
    "webhook_check",
    "write_ci",
]


def bootstrap(opened: Opened, place: str | None, *, really: bool, remove: bool) -> tuple[str, ...]:
    """Do it everywhere or in one place, or say what would be done; a line for each change.

    Raises:
        UnitsFailed: one place or another could not be done; the others were.
    """
    from multi_env_lambda.operations import bootstrap as operation

    config, sessions = opened.config, opened.sessions()
    chosen = operation.places_of(config)
    if place is not None:
        chosen = (operation.as_itself(operation.place_named(config, place), sessions),)
    if remove:
        return _each(chosen, lambda item: _removed(opened, sessions, item, really=really))
    bucket = _bucket(opened, sessions, really=really) if place in (None, config.devops.name) else ()
    return (*bucket, *_each(chosen, lambda item: _applied(opened, sessions, item, really=really)))


def _bucket(opened: Opened, sessions: Sessions, *, really: bool) -> tuple[str, ...]:
    from multi_env_lambda.operations.bootstrap import make_bucket, settle, wanted_of_bucket

    if not really:
        return wanted_of_bucket(opened.config, sessions)
    changes = make_bucket(opened.config, sessions)
    settle(opened.acting_as("administrator").world)
    return changes


def _applied(opened: Opened, sessions: Sessions, place: Devops | Environment, *, really: bool) -> tuple[str, ...]:
    from multi_env_lambda.operations.bootstrap import apply_roles, compare_roles

    wanted = access_of(opened, place)
    if really:
        lines = apply_roles(sessions, place, wanted, opened.progress)
    else:
        sessions.verify(place)
        lines = compare_roles(sessions, place, wanted)
    if place.name != opened.config.devops.name:
        return lines
    more = _with_ci(opened, sessions, place, really=really)
    return (*lines, *more, *_with_library(opened, sessions, place, really=really))


def _with_ci(opened: Opened, sessions: Sessions, place: Devops | Environment, *, really: bool) -> tuple[str, ...]:
    """The stack of the CI, which acts as roles of this place; one that the table no longer wants goes."""
    from multi_env_lambda.operations.bootstrap import compare_roles
    from multi_env_lambda.operations.ci_stack import apply_ci, remove_ci

    wanted = ci_of_opened(opened)
    if wanted is None:
        return remove_ci(sessions, place, opened.config, opened.progress, really=really)
    if not really:
        return compare_roles(sessions, place, wanted)
    lines = apply_ci(sessions, place, wanted, opened.progress)
    if lines and opened.config.webhook is not None:
        opened.progress(f"{place.name}: webhooks are received at {webhook_address(opened, sessions)}")
    return lines


def webhook_address(opened: Opened, sessions: Sessions) -> str:
    """Where the receiver of the stack answers; empty if there is none."""
    from multi_env_lambda.operations.bootstrap import outputs_there
    from multi_env_lambda.plan.access import ci_stack_name
    from multi_env_lambda.plan.ci_receiver import ADDRESS
    from multi_env_lambda.plan.outputs import reachable

    roles = opened.config.roles
    assert roles is not None, "the stack acts as some of them"
    found = outputs_there(sessions, opened.config.devops, ci_stack_name(roles.prefix))
    values = reachable(found, opened.local_cloud().endpoint) if opened.local else found
    return values.get(ADDRESS, "")


def webhook_check(opened: Opened, sessions: Sessions) -> Callable[[], tuple[State, str, str]] | None:
    """What `doctor` does about the receiver; None if the table wants none."""
    from multi_env_lambda.operations.webhook_check import check_webhook

    webhook = opened.config.webhook
    if webhook is None:
        return None
    return lambda: check_webhook(webhook, webhook_address(opened, sessions))


def _with_library(opened: Opened, sessions: Sessions, place: Devops | Environment, *, really: bool) -> tuple[str, ...]:
    """What the jobs at GitHub, GitLab, Bitbucket or CodePipeline install, where the table names a repository there."""
    from multi_env_lambda.operations.ci_stack import put_library

    if not opened.config.hosts_with_jobs:
        return ()
    return put_library(sessions, place, opened.config, really=really)


def ci_of_opened(opened: Opened) -> AccessStack | None:
    """The stack of the CI, as the table wants it; nothing is asked."""
    from multi_env_lambda.local.runtime_substitutes import substitutes
    from multi_env_lambda.operations.ci_stack import RUNTIME, ci_of

    runtime = substitutes([RUNTIME]).get(RUNTIME, RUNTIME) if opened.local else RUNTIME
    return ci_of(opened.config, runtime=runtime)


def _removed(opened: Opened, sessions: Sessions, place: Devops | Environment, *, really: bool) -> tuple[str, ...]:
    from multi_env_lambda.operations.bootstrap import delete_stack, refuse_running, stack_there
    from multi_env_lambda.operations.ci_stack import remove_ci

    name = stack_there(opened.config, sessions, place)
    if name is not None and really:
        refuse_running(place, _running(opened, place))
    # The stack of the CI acts as roles of the other one, so it goes first.
    is_devops = place.name == opened.config.devops.name
    lines = remove_ci(sessions, place, opened.config, opened.progress, really=really) if is_devops else ()
    if name is None:
        return lines
    if really:
        delete_stack(sessions, place, name, opened.progress)
    return (*lines, f"{place.name}: {name}: deleted" if really else f"{place.name}: {name}: would be deleted")


def _running(opened: Opened, place: Devops | Environment) -> Iterable[str]:
    world = opened.acting_as("administrator").world
    names = [item.name for item in world.config.environments if place.name in (item.name, world.config.devops.name)]
    return [
        f"{unit} in {name}"
        for name in names
        for unit, record in world.ledger.records(name).items()
        if record.running is not None
    ]


def _each(
    places: Iterable[Devops | Environment], do: Callable[[Devops | Environment], tuple[str, ...]]
) -> tuple[str, ...]:
    """One after the other: the first one makes what the others name. One that fails leaves the others their turn."""
    lines: list[str] = []
    faults: dict[str, MultiEnvLambdaError] = {}
    for place in places:
        try:
            lines += do(place)
        except Exception as raised:
            faults[place.name] = as_ours(place.name, raised)
    if len(faults) == 1 and not lines:
        raise next(iter(faults.values()))
    if faults:
        told = [(name, _told(name, error), error.hint) for name, error in faults.items()]
        failed = UnitsFailed.among(f"{len(faults)} not done", told)
        failed.changes, failed.kinds = tuple(lines), frozenset(type(error).__name__ for error in faults.values())
        raise failed
    return tuple(lines)


def _told(name: str, error: MultiEnvLambdaError) -> str:
    return error.what if error.where == name else f"{error.where}: {error.what}"


def bootstrap_template(opened: Opened, place: str, files: str | os.PathLike[str] | None = None) -> str:
    """What one place gets as JSON, for those who make it there. Nothing is asked, so no credentials are needed.

    Of an environment it is the stack with its roles, laid out for readers, unless a template of that length would be
    too long to send. Of the devops account it is everything: both stacks, the settings of the buckets, and what has
    to lie in them.

    Args:
        files: a folder that gets what has to lie in the bucket, each file below its key.

    Raises:
        ConfigurationError: no roles are made there, or a unit cannot be read.
    """
    from multi_env_lambda.operations.bootstrap import place_named
    from multi_env_lambda.plan.template_text import LARGEST_INLINE_BODY

    found = place_named(opened.config, place)
    if found.name == opened.config.devops.name:
        return json.dumps(_of_devops(opened, found, files), indent=2)
    template = access_of(opened, found).template
    readable = json.dumps(json.loads(template), indent=2)
    return readable if len(readable) <= LARGEST_INLINE_BODY else template


def _of_devops(
    opened: Opened, place: Devops | Environment, files: str | os.PathLike[str] | None
) -> dict[str, dict[str, Any]]:
    """Stacks by name, buckets by name with what each call of S3 takes, and objects by key with their SHA-256."""
    from multi_env_lambda.operations.ci_stack import own_files
    from multi_env_lambda.plan.bucket_settings import bucket_settings

    stacks = [stack for stack in (access_of(opened, place), ci_of_opened(opened)) if stack is not None]
    objects = own_files(opened.config)
    for file in objects if files is not None else ():
        path = Path(files or "") / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path.absolute(), file.body)
    return {
        "stacks": {stack.name: json.loads(stack.template) for stack in stacks},
        "buckets": bucket_settings(opened.config, tls_only=not opened.local),
        "objects": {file.key: {"bucket": opened.config.devops.bucket, "sha256": file.sha256} for file in objects},
    }


def access_of(opened: Opened, place: Devops | Environment) -> AccessStack:
    """The stack with the roles of a place, as the work tree wants it; nothing is asked.

    Raises:
        ConfigurationError: a unit cannot be read.
    """
    from multi_env_lambda.operations.bootstrap import roles_of

    return roles_of(opened.root, opened.config, opened.projects, opened.faults, place)


def write_ci(opened: Opened, host: str, *, really: bool) -> tuple[str, ...]:
    """Write the file of another host of builds, or say what would change in it; nothing is asked.

    Raises:
        ConfigurationError: the table does not mention it, or the file is not one of ours.
    """
    from multi_env_lambda.operations.ci_write import write_ci as write

    return write(opened.root, opened.config, host, really=really)
