"""Reads that a plan which is applied at once will need anyway, done while waiting for something else.

Nothing is decided here: an error is swallowed, and occurs again where the result is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.record import Deployment, Record

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.world import World

__all__ = ["Noted", "enter", "noted_templates", "prepare"]

_FEW = 8
"""With more units, most may turn out unchanged, and round trips overlap anyway."""

Noted = tuple[str, str, Deployment]
"""Unit, environment, and what its record says runs there, with the SHA-256 of its template."""


def enter(world: World, environment: Environment) -> None:
    """Fetch the credentials for an account before they are needed."""
    with suppress(MultiEnvLambdaError):
        world.platform.verify(environment)


def noted_templates(
    records: Mapping[tuple[str, str], Record], targets: Iterable[Environment], units: Iterable[str]
) -> list[Noted]:
    """What runs of these units, if its record has the template."""
    places = [(target.name, unit) for target in targets for unit in units]
    running = [(unit, place, records[place, unit].running) for place, unit in places if (place, unit) in records]
    return [(unit, place, there) for unit, place, there in running if there is not None and there.template_sha256]


def prepare(world: World, target: Environment, noted: list[Noted]) -> None:
    """Enter the first account, and read what runs of the few units that may have changed."""

    from multi_env_lambda.aws.index import read_noted_template

    def read(item: Noted) -> None:
        with suppress(MultiEnvLambdaError):
            read_noted_template(world.store, world.cache, *item)

    together(lambda: enter(world, target), lambda: in_parallel(read, noted if len(noted) <= _FEW else []))
