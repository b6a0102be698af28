"""The units of a workspace, each with its settings as soon as somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, overload

import attrs

from multi_env_lambda.model.outline import Outline, Outlined

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = ["Units", "outline_of", "units_of"]


class Units(Sequence["Project"]):
    """A sequence of units by folder. ``outlines`` says what is known of each without its settings.

    To compare, print or copy one in a loop over all of them reads every table.
    """

    def __init__(
        self,
        outlines: Iterable[Outline],
        read: Callable[[Outline], Project],
        found: Mapping[str, Project] | None = None,
    ) -> None:
        units = tuple(outlines)
        self._by_name = {outline.name: outline for outline in units}
        self.outlines = tuple(map(self._with_lent_folders, units))
        self._by_name |= {outline.name: outline for outline in self.outlines if outline.layer_of}
        self._read = read
        self._found = dict(found or {})
        self._settled: dict[str, Project] = {}

    def settled(self, outline: Outline) -> Project:
        """The unit with its settings, and with the unit whose layer it gets."""
        if outline.name not in self._settled:
            lender, found = self._by_name.get(outline.layer_of), self._alone(outline)
            self._settled[outline.name] = found if lender is None else attrs.evolve(found, lender=self._alone(lender))
        return self._settled[outline.name]

    def named(self, *names: str) -> tuple[Project, ...]:
        """Those of the units that have one of these names."""
        return tuple(self.settled(self._by_name[name]) for name in dict.fromkeys(names) if name in self._by_name)

    def _alone(self, outline: Outline) -> Project:
        if outline.name not in self._found:
            self._found[outline.name] = self._read(outline)
        return self._found[outline.name]

    def _with_lent_folders(self, outline: Outline) -> Outline:
        lender = self._by_name.get(outline.layer_of)
        return outline if lender is None else attrs.evolve(outline, lent_folders=(lender.folder, *lender.shared))

    def __len__(self) -> int:
        return len(self.outlines)

    def __iter__(self) -> Iterator[Project]:
        return map(self.settled, self.outlines)

    @overload
    def __getitem__(self, position: int) -> Project: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Project]: ...

    def __getitem__(self, position: int | slice) -> Project | Sequence[Project]:
        if isinstance(position, slice):
            return tuple(map(self.settled, self.outlines[position]))
        return self.settled(self.outlines[position])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Units) and self.outlines == other.outlines and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self.outlines)

    def __repr__(self) -> str:
        return f"Units({', '.join(outline.name for outline in self.outlines)})"


def units_of(projects: Iterable[Project]) -> Units:
    """Units that have been read already; what is ``Units`` stays as it is."""
    if isinstance(projects, Units):
        return projects
    known = {project.name: project for project in projects}
    return Units(map(outline_of, known.values()), partial(_known, known))


def _known(known: Mapping[str, Project], outline: Outline) -> Project:
    return known[outline.name]


def outline_of(unit: Outlined) -> Outline:
    return Outline(
        name=unit.name,
        folder=unit.folder,
        needs=unit.needs,
        shared=unit.shared,
        runtime=unit.runtime,
        architecture=unit.architecture,
        layer_of=unit.layer_of,
        lent_folders=unit.lent_folders,
    )
