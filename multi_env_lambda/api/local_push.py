"""``local push`` and ``local approve``, put together: the whole chain from a push to prod, on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from multi_env_lambda.api.push_ending import PushEnding, WaitsFor
from multi_env_lambda.errors import ConfigurationError, LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Callable

    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.local.cloud import LocalCloud
    from multi_env_lambda.model.ci_stack import CiStack
    from multi_env_lambda.model.roles import Roles
    from multi_env_lambda.operations.follow import Ending, Wanted, Watch

__all__ = ["APPROVER", "approve", "push"]

APPROVER = "local-approver"
"""Somebody else than who pushes."""


def push(opened: Opened, branch: str) -> PushEnding:
    """Send the current commit to a branch of the repository beside the local cloud, and follow what comes of it.

    Args:
        branch: empty: the protected one.

    Raises:
        ConfigurationError: the table has no CI.
        ToolError: there is no commit, or Git refuses the branch.
    """
    from multi_env_lambda.local.host_events import tell
    from multi_env_lambda.local.remote import push as send
    from multi_env_lambda.operations.follow import follow, wanted_of

    opened = opened.in_local_cloud(opened.user)
    stack, roles = _asked_for(opened)
    cloud, name = opened.local_cloud(), branch or opened.config.ci.branch
    _make_ready(opened, cloud)
    address = stack.address(opened.config.devops.region)
    pushed = send(opened.root, cloud.folder, address=address, branch=name, protected=opened.config.ci.branch)
    opened.progress(f"pushed {pushed.commit[:12]} to {name}")
    watch, began = _watch(opened, cloud, roles, opened.progress), time.time()
    asked = _asked(wanted_of(watch.store, name))
    tell(cloud, opened.config.devops, stack.name, pushed)
    return _ended(name, pushed.commit, follow(watch, name, began, asked), began)


def approve(opened: Opened, environment: str, digest: str) -> PushEnding:
    """Agree, as somebody else, to what waits, and follow what comes of it.

    Args:
        environment, digest: of what waits; empty: of what the protected branch waits for, if that is one thing.

    Raises:
        ConfigurationError: nothing waits, or several things do.
    """
    from multi_env_lambda.api import approving
    from multi_env_lambda.operations.follow import follow, wanted_of

    opened, other = opened.in_local_cloud(opened.user), opened.in_local_cloud(APPROVER)
    _, roles = _asked_for(opened)
    cloud, branch = opened.local_cloud(), opened.config.ci.branch
    watch, began = _watch(opened, cloud, roles, opened.progress), time.time()
    before = wanted_of(watch.store, branch)
    place, plan = _one(() if before is None else before.waits, environment, digest)
    for approval in approving.approve(other, approving.waiting_plan(other, place, plan)):
        opened.progress(f"{approval.environment}: {plan[:12]} approved by {approval.who}")
    return _ended(branch, "", follow(watch, branch, began, _asked(before)), began)


def _asked(wanted: Wanted | None) -> int:
    return 0 if wanted is None else wanted.asked


def _asked_for(opened: Opened) -> tuple[CiStack, Roles]:
    stack, roles = opened.config.ci_stack, opened.config.roles
    if stack is None or roles is None:
        missing = "`ci.repository`" if stack is None else "table `roles`"
        hint = (
            'add `repository = "units"` to `[tool.multi_env_lambda.ci]`, and `[tool.multi_env_lambda.roles]`; commit it'
        )
        raise ConfigurationError(
            "pyproject.toml [tool.multi_env_lambda]", f"it has no {missing}, so no CI runs", hint=hint
        )
    return stack, roles


def _make_ready(opened: Opened, cloud: LocalCloud) -> None:
    """The stack as the table and the installed library want it; on AWS somebody runs `bootstrap` for that."""
    from multi_env_lambda.api import access
    from multi_env_lambda.local.host_events import devops_client
    from multi_env_lambda.operations.ci_stack import is_as_wanted

    wanted = access.ci_of_opened(opened)
    assert wanted is not None, "the table has it"
    if not is_as_wanted(devops_client(cloud, opened.config.devops, "cloudformation"), wanted):
        opened.progress("making the CI in the local cloud, as `bootstrap` does")
        access.bootstrap(opened, None, really=True, remove=False)


def _watch(opened: Opened, cloud: LocalCloud, roles: Roles, said: Callable[[str], None]) -> Watch:
    """Watching is no part of the chain, so it is nobody's right: it is the cloud's own look."""
    from multi_env_lambda.aws.bucket import Bucket
    from multi_env_lambda.local.host_events import devops_client
    from multi_env_lambda.operations.follow import Watch as Made

    devops = opened.config.devops
    s3, logs, sqs = (devops_client(cloud, devops, service) for service in ("s3", "logs", "sqs"))
    store = Bucket(s3, devops.bucket, devops.account_id)
    return Made(store=store, logs=logs, sqs=sqs, roles=roles, say=said, now=time.time, sleep=time.sleep)


def _one(waits: tuple[tuple[str, str], ...], environment: str, digest: str) -> tuple[str, str]:
    found = [one for one in waits if environment in ("", one[0]) and one[1].startswith(digest)]
    if len(found) == 1:
        return found[0]
    told = ", ".join(f"{place} for {plan[:12]}" for place, plan in waits) or "nothing waits"
    what = "nothing that was named waits" if not found else "several things wait"
    raise LocalCloudError("local approve", f"{what}: {told}", hint="push first, or name environment and digest")


def _ended(branch: str, commit: str, ending: Ending, began: float) -> PushEnding:
    waits = tuple(WaitsFor(environment=place, digest=digest) for place, digest in ending.waits)
    seconds = round(time.time() - began, 1)
    return PushEnding(branch=branch, commit=commit, outcome=ending.outcome, waits=waits, seconds=seconds)
