"""What a shell offers while somebody types: names of the workspace, and words of this library. It reads files only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda.errors import MultiEnvLambdaError

if TYPE_CHECKING:
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["answers", "event_kinds", "explained", "names_argument", "names_of", "profiles"]

Command = Callable[..., Any]

_TAKE_STAGES = ("deploy", "plan", "promote")
"""The verbs that take the name of a stage for an environment's."""


def names_argument(name: str, **settings: Any) -> Callable[[Command], Command]:
    """An argument for which a shell offers the names that its ``metavar`` mentions."""
    return click.argument(name, shell_complete=names_of, **settings)


def names_of(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What may come next. Only files are read; if they cannot be read, there is nothing to offer."""
    root, workspace = context.find_root().obj, _workspace(context)
    if workspace is None:
        return []
    value = context.params.get(parameter.name or "")
    words = value if isinstance(value, tuple) and parameter.nargs == -1 else ()
    typed = words if root["unit"] is None else (root["unit"], *words)
    mentioned = (parameter.metavar or parameter.name or "").upper()
    offered = _offered(workspace, mentioned, typed)
    if context.info_name in _TAKE_STAGES and parameter.name in ("words", "to"):
        offered += workspace.config.stage_names
    return [name for name in _beginning(offered, incomplete) if name not in words]


def event_kinds(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The kinds of sample events."""
    from multi_env_lambda.api.samples import EVENT_KEYS

    return _beginning(EVENT_KEYS, incomplete)


def answers(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The kinds of answers, and after the colon the units."""
    from multi_env_lambda.api.answers import ANSWER_OF

    kind, colon, _ = incomplete.partition(":")
    if not colon:
        return _beginning((f"{name}:" for name in ANSWER_OF), incomplete)
    workspace = _workspace(context)
    units = () if workspace is None or kind not in ANSWER_OF else workspace.projects
    return _beginning((f"{kind}:{unit}" for unit in units), incomplete)


def explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The errors, questions and words of AWS that the verb ``explain`` knows; those of several words are typed out."""
    from multi_env_lambda.api.answers import ANSWER_OF
    from multi_env_lambda.cli.explained import AWS_SAYS
    from multi_env_lambda.cli.kinds import kinds

    return _beginning(
        (*(kind.__name__ for kind in kinds()), *ANSWER_OF, *(said for said in AWS_SAYS if " " not in said)), incomplete
    )


def profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The profiles of the AWS files."""
    from multi_env_lambda.api.profiles import profile_names

    return _beginning(profile_names(), incomplete)


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _workspace(context: click.Context) -> Workspace | None:
    """The one in which somebody types, if it can be read."""
    from multi_env_lambda.api.workspace import Workspace

    try:
        return Workspace.open(context.find_root().obj["start"], local=False)
    except MultiEnvLambdaError:
        return None


def _offered(workspace: Workspace, mentioned: str, typed: tuple[str, ...]) -> list[str]:
    unit = workspace.projects.get(typed[0]) if typed else None
    return [
        *(workspace.projects if "UNIT" in mentioned and (not typed or "UNIT]..." in mentioned) else ()),
        *(unit.functions if unit is not None and "FUNCTION" in mentioned and len(typed) == 1 else ()),
        *(workspace.environments if "ENVIRONMENT" in mentioned else ()),
        *(("devops",) if "DEVOPS" in mentioned else ()),
    ]
