"""Freeze what is to stay as it is, and lift that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multi_env_lambda.api import tables
from multi_env_lambda.api.approving import must_be_a_person
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.flow import freezes
from multi_env_lambda.model.freeze import Freeze

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened

__all__ = ["freeze", "unfreeze"]


def freeze(opened: Opened, environment: str, units: tuple[str, ...], *, reason: str, until: str) -> Listing[Freeze]:
    """Freeze the units there, or the whole environment, as the caller.

    Raises:
        ConfigurationError: as ``flow.freezes.freeze`` says.
    """
    made = freezes.freeze(opened.world, opened.place(environment).name, units, reason=reason, until=until)
    return Listing(made, tables.freezes, Freeze.to_dict)


def unfreeze(opened: Opened, environment: str, units: tuple[str, ...]) -> Listing[Freeze]:
    """Lift it; the listing has what was lifted.

    Raises:
        Refused: this runs in a build, which may not lift what people stopped.
    """
    must_be_a_person("unfreeze", "lift what people have stopped")
    lifted = freezes.unfreeze(opened.world, opened.place(environment).name, units)
    return Listing(lifted, tables.lifted, Freeze.to_dict)
