"""The one edge where text reaches a terminal, or whoever reads our standard output and error.

What others wrote is made visible here, and a stream that cannot say a character says it in another way. Nothing else
of this package prints.
"""

from __future__ import annotations

import codecs
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.segment import Segment

__all__ = ["Shown", "console", "edge", "say", "telling", "visible"]

_IN_A_PIPE = 160
_PLAIN = {
    **{"✓": "ok", "✗": "x", "→": "->", "←": "<-", "↩": "<-", "⇢": "->", "≠": "!="},
    **{"–": "-", "−": "-", "…": "...", "·": "."},
}
"""Our own signs, where a stream has ASCII or Latin-1 only."""


def say(text: object, *, err: bool = False) -> None:
    """One or more whole lines, as they are but for what cannot be seen."""
    stream = _stream(err)
    with telling(err=err):
        stream.write(f"{visible(str(text))}\n")
        stream.flush()


def console(*, err: bool) -> Console:
    """For what has a layout; NO_COLOR and pipes are respected by rich. What is printed on it is ``Shown``."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, width=None if _stream(err).isatty() else _IN_A_PIPE)


@contextmanager
def telling(*, err: bool) -> Iterator[None]:
    """Around what writes to a stream. A full disk behind stderr stops nothing: nobody can be told of it.

    Raises:
        MultiEnvLambdaError: our standard output takes no more.
        BrokenPipeError: whoever read it has gone; click ends the command.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not err:
            what = f"it cannot be written to: {error.strerror}"
            raise MultiEnvLambdaError("standard output", what, hint="send it elsewhere, then run again") from error


class Shown:
    """A renderable of rich whose texts are made visible; the codes that rich itself sends to a terminal stay."""

    def __init__(self, renderable: RenderableType) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from map(_visible_segment, console.render(self.renderable, options))


def _visible_segment(segment: Segment) -> Segment:
    return segment if segment.control else segment._replace(text=visible(segment.text))


@contextmanager
def edge() -> Iterator[None]:
    """Around a whole command: every stream can say every character, and what is logged is made visible too.

    A reader that has gone (``| head``) is no error of ours; Python itself would complain while it ends.
    """
    codecs.register_error("plain", _in_plain_characters)
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_Visible())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)


def _open_what_is_closed() -> None:
    """Who has closed a stream (``>&-``) wants to hear nothing; Python has None there, which no library expects."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


class _Visible(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    """What ``errors="plain"`` of a stream does: our signs in ASCII, and everything else as Python writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character) or ascii(character)[1:-1] for character in text), error.end


def _flush(stream: IO[str]) -> None:
    """What nobody takes is thrown away; Python would try again, and complain.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _stream(err: bool) -> IO[str]:
    return sys.stderr if err else sys.stdout
