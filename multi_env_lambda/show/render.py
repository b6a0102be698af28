"""Rich renderables as plain text, and as a piece of HTML for notebooks."""

from __future__ import annotations

import io
from html import escape

from rich.console import Console, RenderableType

from multi_env_lambda.show.terminal import Shown

__all__ = ["html_of", "text_of"]

_WIDTH = 160


def text_of(renderable: RenderableType) -> str:
    """The lines without colours, however wide the terminal is."""
    screen = io.StringIO()
    # In a notebook rich would display the table by itself, and leave the file empty.
    console = Console(file=screen, width=_WIDTH, highlight=False, color_system=None, force_jupyter=False)
    console.print(Shown(renderable), soft_wrap=True)
    return "\n".join(line.rstrip() for line in screen.getvalue().rstrip("\n").splitlines())


def html_of(renderable: RenderableType) -> str:
    """The same lines in a box of fixed width, which a notebook does not wrap. Everything is escaped."""
    return f'<pre class="multi-env-lambda" style="white-space:pre">{escape(text_of(renderable))}</pre>'
