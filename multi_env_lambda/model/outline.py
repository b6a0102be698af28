"""What is known of a unit without its settings: enough to tell whether it changed, in which order, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

__all__ = ["Claims", "Needing", "Outline", "Outlined", "ValueRead"]


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


@attrs.frozen(kw_only=True)
class Outline:
    """The part of a ``Project`` that decides whether the unit is affected."""

    name: str
    folder: str
    needs: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    runtime: str = ""
    architecture: str = ""


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
    """

    name: str
    folder: str
    needs: tuple[str, ...]
    made: Mapping[str, tuple[tuple[str, str], ...]]
    parameters: Mapping[str, tuple[str, ...]]
    reads: tuple[ValueRead, ...]
