"""What is known of a unit without its settings: enough to tell whether it changed, in which order, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

__all__ = ["Claims", "Needing", "Outline", "Outlined", "ValueRead", "folders_of"]


class Needing(Protocol):
    """A unit and those that it needs."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> str: ...

    @property
    def needs(self) -> tuple[str, ...]: ...


class Outlined(Needing, Protocol):
    """The same with what a release is built from and for."""

    @property
    def shared(self) -> tuple[str, ...]: ...

    @property
    def runtime(self) -> str: ...

    @property
    def architecture(self) -> str: ...

    @property
    def layer_of(self) -> str: ...

    @property
    def lent_folders(self) -> tuple[str, ...]: ...


def folders_of(unit: Outlined) -> tuple[str, ...]:
    """The folders that a release of a unit is built from: its own first, then the others, sorted."""
    return unit.folder, *sorted({*unit.shared, *unit.lent_folders} - {unit.folder})


@attrs.frozen(kw_only=True)
class Outline:
    """The part of a ``Project`` that decides whether the unit is affected.

    ``lent_folders`` are those that the layer of the unit in ``layer_of`` is built from. ``Units`` adds them: they are
    in the table of that unit.
    """

    name: str
    folder: str
    needs: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    runtime: str = ""
    architecture: str = ""
    layer_of: str = ""
    lent_folders: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ValueRead:
    """A variable with a value of another unit: ``place`` is its key in the table."""

    environment: str
    place: str
    unit: str
    parameter: str


@attrs.frozen(kw_only=True)
class Claims:
    """What a unit has that others could have as well, and what it wants of others.

    ``made`` are all (kind, name) that it makes, and ``parameters`` the keys of its parameters, by environment.
    ``layer_of`` is the unit whose layer it gets, and ``lends`` whether others may get its layer, which fits only units
    with its runtime and architecture. ``has_jobs``: whether it has a Glue job in some environment.
    """

    name: str
    folder: str
    needs: tuple[str, ...]
    made: Mapping[str, tuple[tuple[str, str], ...]]
    parameters: Mapping[str, tuple[str, ...]]
    reads: tuple[ValueRead, ...]
    runtime: str
    architecture: str
    layer_of: str = ""
    lends: bool = False
    has_jobs: bool = False
