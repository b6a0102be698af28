"""Tables and lists in a terminal that is narrower than their words."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table

from multi_env_lambda.show.words import Line, Text

__all__ = ["Hanging", "Narrow"]

_ANY_WIDTH = 10_000
_FOLDED = 12
"""Characters that are enough for a column whose words may be broken."""
_DEEPER = 2
"""By how much a line that goes on is indented."""
_LEAST = 10
_PARTS = ("/:", ",=_-")
"""After these a name may be broken that is longer than a line; after the second ones if it has none of the first."""


@attrs.frozen
class Narrow:
    """A table, or its rows as paragraphs where its words would be cut off: a line for each cell that has a title.

    The cells of a table without titles stand in one line.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._least(console, options) <= options.max_width:
            yield self.table
        else:
            yield from self._paragraphs(console)

    def _least(self, console: Console, options: ConsoleOptions) -> int:
        """How wide the table is with each word whole, but for those in columns with a title that fold them."""
        wide = options.update_width(_ANY_WIDTH)
        columns = self.table.columns if self.table.show_header else ()
        folded = (_longest(console, options, column) for column in columns if column.overflow == "fold")
        return Measurement.get(console, wide, self.table).minimum - sum(max(0, word - _FOLDED) for word in folded)

    def _paragraphs(self, console: Console) -> Iterator[RenderableType]:
        _, *titles = (console.render_str(str(column.header)) for column in self.table.columns)
        for first, *rest in zip(*(column.cells for column in self.table.columns), strict=True):
            texts = [cell if isinstance(cell, Line) else console.render_str(str(cell)) for cell in rest]
            if self.table.show_header:
                yield first
                for title, text in zip(titles, texts, strict=True):
                    if text:
                        yield Text(" ").append(title).append(": ").append(text)
            else:
                if first:
                    yield first
                yield Padding(Hanging(Text(" ").join(texts)), (0, 0, 0, 1))


def _longest(console: Console, options: ConsoleOptions, column: Column) -> int:
    """The longest word of a column."""
    wide = options.update_width(_ANY_WIDTH)
    return max((Measurement.get(console, wide, cell).minimum for cell in (column.header, *column.cells)), default=0)


@attrs.frozen
class Hanging:
    """A text whose lines go on below themselves, deeper than they began, and not at the edge of the terminal.

    A name is broken only if a whole line is too short for it, and then after one of its parts.
    """

    text: Line

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.split("\n"):
            yield from _lines(line, options.max_width)


def _lines(line: Line, width: int) -> Iterator[Line]:
    begins = len(line.plain) - len(line.plain.lstrip(" "))
    deeper = begins + _DEEPER if width - begins - _DEEPER >= _LEAST else 0
    before, rest = "", line
    while cell_len(rest.plain) > width - len(before):
        piece, rest = rest.divide([_end(rest.plain, width - len(before), width - deeper)])
        piece.rstrip()
        yield Text(before).append(piece)
        before = " " * deeper
    yield Text(before).append(rest)


def _end(text: str, room: int, whole: int) -> int:
    """Where a line ends that has room for fewer characters; ``whole``: for how many the next one has."""
    last = len(chop_cells(text, room)[0])
    begins = len(text) - len(text.lstrip(" "))
    space = text.rfind(" ", begins, last + 1)
    word = text[space + 1 :].partition(" ")[0]
    if space > begins and cell_len(word) <= whole:
        return space + 1
    parts = (max(text.rfind(mark, max(space, begins), last) for mark in marks) for marks in _PARTS)
    return next((at + 1 for at in (*parts, space) if at > begins), last)
