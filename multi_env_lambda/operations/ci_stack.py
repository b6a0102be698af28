"""Makes the stack of the CI, and puts the library where the dispatcher and the builds find it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.building.own_library import OwnFile, dispatcher_zip, wheel
from multi_env_lambda.ci.read import HEARD
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.ci_stack import (
    ACCOUNT_VARIABLE,
    BUCKET_VARIABLE,
    PLAN_PROJECT_VARIABLE,
    PROJECT_VARIABLE,
    PYTHON,
    REPOSITORY_VARIABLE,
)
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.bootstrap import (
    Place,
    apply_roles,
    compare_roles,
    delete_stack,
    is_there,
    template_there,
)
from multi_env_lambda.plan.access import ci_stack_name
from multi_env_lambda.plan.access_stack import AccessStack, differences
from multi_env_lambda.plan.ci_stack import CiCode, ci_stack

__all__ = ["RUNTIME", "apply_ci", "ci_of", "is_as_wanted", "own_files", "put_library", "remove_ci"]

RUNTIME = f"python{PYTHON}"
"""Of the dispatcher and the receiver, on AWS."""

_HANDLER, _RECEIVER = "multi_env_lambda.dispatcher.handler", "multi_env_lambda.receiver.handler"


def ci_of(config: WorkspaceConfig, *, runtime: str) -> AccessStack | None:
    """The stack as the table wants it, with the library as it is installed here; None where the table has none.

    Args:
        runtime: of the dispatcher and the receiver.
    """
    if config.ci_stack is None or config.roles is None:
        return None
    return ci_stack(config, config.ci_stack, config.roles, _code(config, wheel(), dispatcher_zip(), runtime))


def _code(config: WorkspaceConfig, library: OwnFile, dispatcher: OwnFile, runtime: str) -> CiCode:
    devops, roles, stack = config.devops, config.roles, config.ci_stack
    assert roles is not None and stack is not None, "they make the stack"
    return CiCode(
        bucket=devops.bucket,
        key=dispatcher.key,
        wheel=library.key,
        sha256=library.sha256,
        runtime=runtime,
        sources=HEARD,
        handler=_HANDLER,
        variables={
            ACCOUNT_VARIABLE: devops.account_id,
            BUCKET_VARIABLE: devops.bucket,
            PLAN_PROJECT_VARIABLE: roles.of_devops("plan"),
            PROJECT_VARIABLE: roles.of_devops("build"),
            REPOSITORY_VARIABLE: stack.repository,
        },
        receiver=_RECEIVER,
        receiver_variables={ACCOUNT_VARIABLE: devops.account_id, BUCKET_VARIABLE: devops.bucket},
    )


def is_as_wanted(client: Any, wanted: AccessStack) -> bool:
    """Whether the stack is there, as a client of CloudFormation sees it, and is what it should be.

    Raises:
        MultiEnvLambdaError: it cannot be read.
    """
    return not differences(template_there(client, wanted.place, wanted.name), json.loads(wanted.template))


def apply_ci(sessions: Sessions, place: Place, wanted: AccessStack, said: Callable[[str], None]) -> tuple[str, ...]:
    """Make the stack what it should be; what it runs is put into the bucket first.

    Raises:
        MultiEnvLambdaError: it cannot be made; CloudFormation has rolled back what it made.
    """
    if not compare_roles(sessions, place, wanted):
        return ()
    assert isinstance(place, Devops), "the stack belongs there"
    store = Bucket(sessions.client(place, "s3"), place.bucket, place.account_id)
    for file in (wheel(), dispatcher_zip()):
        _put(store, file)
    return apply_roles(sessions, place, wanted, said)


def put_library(sessions: Sessions, place: Place, config: WorkspaceConfig, *, really: bool) -> tuple[str, ...]:
    """Put the library where jobs of another host find it; a line for each file that is not there yet.

    Raises:
        PublishError: something else is stored there, or it may not be put there.
    """
    assert isinstance(place, Devops), "the bucket belongs there"
    store = Bucket(sessions.client(place, "s3"), place.bucket, place.account_id)
    missing = [file for file in own_files(config) if store.head(file.key) is None]
    if really:
        for file in missing:
            _put(store, file)
    return tuple(f"{place.name}: {place.bucket}: {'put' if really else 'would put'} {file.key}" for file in missing)


def own_files(config: WorkspaceConfig) -> tuple[OwnFile, ...]:
    """What has to lie in the devops bucket for the CI that the table wants: the library, and the dispatcher's code."""
    if config.roles is not None and (config.ci_stack is not None or config.codepipeline is not None):
        return (wheel(), dispatcher_zip())
    return (wheel(),) if config.hosts_with_jobs else ()


def _put(store: Bucket, file: OwnFile) -> None:
    """A key names the bytes that belong there; who could write them before us may not choose what we run."""
    store.put_new(file.key, file.body)
    there = store.get(file.key)
    if there is None or there.body != file.body:
        what = "something other than this library is stored there"
        raise PublishError(
            file.key, what, hint="find out who wrote it; then delete it, and run `bootstrap devops` again"
        )


def remove_ci(
    sessions: Sessions, place: Place, config: WorkspaceConfig, said: Callable[[str], None], *, really: bool
) -> tuple[str, ...]:
    """Delete the stack with its logs; a line if there is one. What is in the bucket stays."""
    if config.roles is None:
        return ()
    name = ci_stack_name(config.roles.prefix)
    if not is_there(sessions, place, name):
        return ()
    if really:
        delete_stack(sessions, place, name, said)
    return (f"{place.name}: {name}: {'deleted' if really else 'would be deleted'}, with the logs of its builds",)
