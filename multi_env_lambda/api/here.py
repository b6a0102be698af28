"""Calls a function on this machine, from the work tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from multi_env_lambda.errors import ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.aws.account import Invocation
    from multi_env_lambda.model.environment import Environment

__all__ = ["called_here"]

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE")
"""Passed on if they are variables, as they are in ``shell``. Profiles are not: nobody names an account by accident."""

_OF_A_PROCESS = ("PATH", "TERM", "COLUMNS", "LINES", "NO_COLOR", "PYTHONBREAKPOINT")


def called_here(opened: Opened, unit: str, key: str, place: Environment, event: Any) -> Invocation:
    """One call by a process of this machine. At a terminal, what the function prints and asks is there.

    Raises:
        ConfigurationError: the unit's lock or template is wrong, or it has a layer of somebody else's.
        ToolError: this machine has no Python of the unit's version.
        CheckFailed: the debugger was left, or found no terminal.
    """
    from multi_env_lambda.aws.account import Invocation
    from multi_env_lambda.host.folders import workspace_cache
    from multi_env_lambda.host.interpreter import runtime_python
    from multi_env_lambda.local.runtime_substitutes import on_this_machine
    from multi_env_lambda.make.here import Call, call_here

    (project,) = on_this_machine((opened.project(unit),))
    function = next(item for item in project.settings[place.name].functions if item.key == key)
    if function.layers:
        what = f"it has a layer of somebody else's in {place.name}, which is not on this machine"
        raise ConfigurationError(f"{unit}.{key}", what, hint="deploy it, and leave out `here`")
    done = call_here(
        Call(
            root=opened.root,
            cache=workspace_cache(opened.root) / ("local" if opened.local else "aws"),
            project=project,
            environment=place,
            bucket=opened.config.devops.at(place.region).bucket,
            function=function,
            interpreter=runtime_python(project.python),
            event=event,
            variables=_variables(opened, place),
            attached=sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty(),
        )
    )
    if done.seconds > function.timeout:
        opened.progress(f"{unit}.{key} took {done.seconds:.1f} s here; its timeout is {function.timeout} s")
    return Invocation(payload=done.answer, error="Unhandled" if done.error else None, log_tail=done.log, version="")


def _variables(opened: Opened, place: Environment) -> Mapping[str, str]:
    """In the local cloud, those of the environment's role; else only keys that are in variables already."""
    kept = {name: os.environ[name] for name in _OF_A_PROCESS if name in os.environ}
    if not opened.local:
        return {**kept, **{name: os.environ[name] for name in _KEYS if name in os.environ}}
    from multi_env_lambda.aws.child import variables_of_child

    credentials = opened.sessions().credentials(opened.reached(place.name))
    endpoint = opened.local_cloud().endpoint
    return {**kept, **variables_of_child({}, credentials, region=place.region, endpoint_url=endpoint)}
