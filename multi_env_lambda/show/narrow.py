"""Tables in a terminal that is narrower than their words."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table

from multi_env_lambda.show.words import Text

__all__ = ["Narrow"]

_ANY_WIDTH = 10_000


@attrs.frozen
class Narrow:
    """A table, or its rows as paragraphs with a line for each cell where its words would be cut off."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = Measurement.get(console, options.update_width(_ANY_WIDTH), self.table).minimum
        if least <= options.max_width:
            yield self.table
        else:
            yield from self._paragraphs(console)

    def _paragraphs(self, console: Console) -> Iterator[RenderableType]:
        _, *titles = (console.render_str(str(column.header)) for column in self.table.columns)
        for first, *rest in zip(*(column.cells for column in self.table.columns), strict=True):
            yield first
            for title, cell in zip(titles, rest, strict=True):
                if cell:
                    text = cell if isinstance(cell, Text) else console.render_str(str(cell))
                    yield Text(" ").append(title).append(": ").append(text)
