"""The names that a shell offers while somebody types: units, functions and environments of the workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda.errors import MultiEnvLambdaError

if TYPE_CHECKING:
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["names_argument", "names_of"]

Command = Callable[..., Any]

_TAKE_STAGES = ("deploy", "plan", "promote")
"""The verbs that take the name of a stage for an environment's."""


def names_argument(name: str, **settings: Any) -> Callable[[Command], Command]:
    """An argument for which a shell offers the names that its ``metavar`` mentions."""
    return click.argument(name, shell_complete=names_of, **settings)


def names_of(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What may come next. Only files are read; if they cannot be read, there is nothing to offer."""
    from multi_env_lambda.api.workspace import Workspace

    root = context.find_root().obj
    try:
        workspace = Workspace.open(root["start"], local=False)
    except MultiEnvLambdaError:
        return []
    value = context.params.get(parameter.name or "")
    words = value if isinstance(value, tuple) and parameter.nargs == -1 else ()
    typed = words if root["unit"] is None else (root["unit"], *words)
    mentioned = (parameter.metavar or parameter.name or "").upper()
    offered = _offered(workspace, mentioned, typed)
    if context.info_name in _TAKE_STAGES and parameter.name in ("words", "to"):
        offered += workspace.config.stage_names
    return [name for name in offered if name.startswith(incomplete)]


def _offered(workspace: Workspace, mentioned: str, typed: tuple[str, ...]) -> list[str]:
    unit = workspace.projects.get(typed[0]) if typed else None
    return [
        *(workspace.projects if "UNIT" in mentioned and (not typed or "UNIT]..." in mentioned) else ()),
        *(unit.functions if unit is not None and "FUNCTION" in mentioned and len(typed) == 1 else ()),
        *(workspace.environments if "ENVIRONMENT" in mentioned else ()),
        *(("devops",) if "DEVOPS" in mentioned else ()),
    ]
