"""What the words of a command name: units, and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from multi_env_lambda.api.names import did_you_mean, normalised
from multi_env_lambda.cli.output import unit_of
from multi_env_lambda.errors import ConfigurationError

if TYPE_CHECKING:
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["unit_and_rest", "units_and_environment", "units_and_place"]


def units_and_place(
    workspace: Workspace, words: tuple[str, ...], *, to: str | None, only: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None]:
    """The units that ``[UNIT]... [ENVIRONMENT]`` and ``--only`` name, and the environment; None: the first one.

    The last word is the environment, or the stage, if one has that name. Without units, they are those of the script:
    its own, or all.

    Raises:
        ConfigurationError: the last word is the name of neither.
    """
    named, environment = words, None
    if words and words[-1] in (*workspace.environments, *workspace.config.stage_names):
        named, environment = words[:-1], words[-1]
    elif words and to is None:
        _must_be_unit(workspace, words[-1])
    if environment is not None and to is not None:
        raise click.UsageError("ENVIRONMENT cannot be combined with --to")
    units, unit = (*named, *only), unit_of()
    if unit is not None and {*map(normalised, units)} - {unit}:
        raise click.UsageError(f"this script belongs to {unit}; for other units, use the root bin/automation")
    return (unit,) if unit else units, environment


def units_and_environment(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """What ``[UNIT] ENVIRONMENT`` names; without a unit, the one that the script belongs to, if any."""
    *units, environment = words
    unit = unit_of()
    return tuple(units) or ((unit,) if unit else ()), environment


def unit_and_rest(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The unit that ``UNIT [ENVIRONMENT]`` names, or the script's own, and the environment, if there is one."""
    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if not 1 <= len(named) <= 2:
        raise click.UsageError("expected UNIT, and at most one ENVIRONMENT")
    return named[0], named[1:]


def _must_be_unit(workspace: Workspace, word: str) -> None:
    units = {*workspace.projects, *workspace.broken}
    if normalised(word) not in units:
        what = f"there is no environment or unit `{word}`"
        raise ConfigurationError(
            "command line",
            what,
            hint=did_you_mean(word, (*workspace.environments, *workspace.config.stage_names, *units)),
        )
