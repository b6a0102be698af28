"""A sequence of values that notebooks display as a table and machines read as JSON."""

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
    """The items in order, with their representations for people and for machines.

    Args:
        table: returns the rich renderable of all items; called on display.
        document: returns the JSON value of one item.
        html: returns an HTML fragment for all items; None: the table in a fixed-width box.
        notes: remarks about how the items came about, one line each.
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
        """One item, or a listing of the selected items, displayed in the same way."""
        return attrs.evolve(self, items=self.items[index]) if isinstance(index, slice) else self.items[index]

    def text(self) -> str:
        """As the command line prints it, without colors."""
        from multi_env_lambda.show.render import text_of

        return "\n".join((text_of(self._table(self.items)), *self.notes))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data: one document per item under ``items``, and ``notes`` if there are any."""
        return {"items": [self._document(item) for item in self.items]} | (
            {"notes": list(self.notes)} if self.notes else {}
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.render import html_of

        shown = html_of(self._table(self.items)) if self._html is None else self._html(self.items)
        return shown + "".join(html_of(note) for note in self.notes)
