"""Several values of one kind: a tuple that a notebook shows as a table and a machine reads as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import attrs

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Listing"]

Item = TypeVar("Item")


@attrs.frozen(repr=False)
class Listing(Generic[Item]):
    """The items in order, with what shows them to people and to machines.

    Args:
        table: makes the rich renderable of all items; called when somebody looks.
        document: makes the JSON value of one item.
        html: makes a piece of HTML of all items; None: the table in a box of fixed width.
        notes: what somebody should know of how they came about, a line each.
    """

    items: tuple[Item, ...]
    _table: Callable[[tuple[Item, ...]], RenderableType] = attrs.field(eq=False)
    _document: Callable[[Item], Any] = attrs.field(eq=False)
    _html: Callable[[tuple[Item, ...]], str] | None = attrs.field(default=None, eq=False)
    notes: tuple[str, ...] = attrs.field(default=(), eq=False)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Listing[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Listing[Item]:
        """One item, or a listing of some of them, which is shown in the same way."""
        return attrs.evolve(self, items=self.items[index]) if isinstance(index, slice) else self.items[index]

    def text(self) -> str:
        """As the command line prints it, without colours."""
        from multi_env_lambda.show.render import text_of

        return "\n".join((text_of(self._table(self.items)), *self.notes))

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: one document per item, under ``items``; ``notes``, where there are any."""
        return {"items": [self._document(item) for item in self.items]} | (
            {"notes": list(self.notes)} if self.notes else {}
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.render import html_of

        shown = html_of(self._table(self.items)) if self._html is None else self._html(self.items)
        return shown + "".join(html_of(note) for note in self.notes)
