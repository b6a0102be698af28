"""The one place where text reaches a terminal, or another reader of our standard output and error.

Invisible characters in other people's texts are made visible here, and characters that a stream cannot encode are
replaced. Nothing else in this package prints.
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
from multi_env_lambda.host.groups import ended_with_this_process
from multi_env_lambda.masking import masked
from multi_env_lambda.model.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.segment import Segment

__all__ = ["Shown", "complain", "console", "edge", "say", "telling", "visible"]

_IN_A_PIPE = 160
_PLAIN = {
    **{"✓": "ok", "✗": "x", "→": "->", "←": "<-", "↩": "<-", "⇢": "->", "≠": "!="},
    **{"–": "-", "−": "-", "…": "...", "·": "."},
}
"""Our own symbols, where a stream has only ASCII or Latin-1."""


def say(text: object, *, err: bool = False) -> None:
    """One or more whole lines, unchanged except for what cannot be seen."""
    stream = _stream(err)
    with telling(err=err):
        stream.write(f"{visible(str(text))}\n")
        stream.flush()


def complain(text: str) -> None:
    """To stderr, what is not of our making: it may quote a secret that somebody typed."""
    say(masked(text), err=True)


def console(*, err: bool) -> Console:
    """For output with a layout; rich respects NO_COLOR and pipes. What is printed on it is ``Shown``."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, width=None if _stream(err).isatty() else _in_a_pipe())


def _in_a_pipe() -> int:
    """How wide a table is that no terminal shows."""
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) else _IN_A_PIPE


@contextmanager
def telling(*, err: bool) -> Iterator[None]:
    """Around writes to a stream. A full disk behind stderr stops nothing: nobody could be told about it.

    Raises:
        MultiEnvLambdaError: our standard output cannot be written to.
        BrokenPipeError: its reader has closed it; click ends the command.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not err:
            what = f"it cannot be written to: {error.strerror}"
            raise MultiEnvLambdaError("standard output", what, hint="redirect it elsewhere, then run again") from error


class Shown:
    """A rich renderable whose texts are made visible; the codes that rich itself sends to a terminal are kept."""

    def __init__(self, renderable: RenderableType) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from map(_visible_segment, console.render(self.renderable, options))


def _visible_segment(segment: Segment) -> Segment:
    return segment if segment.control else segment._replace(text=visible(segment.text))


@contextmanager
def edge() -> Iterator[None]:
    """Around a whole command: every stream accepts every character, and log lines are made visible too.

    What the command has started ends with it, also when a signal ends it.

    A reader that has closed the pipe (``| head``) is not our error; Python itself would complain at its exit.
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
        with ended_with_this_process():
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)


def _open_what_is_closed() -> None:
    """A caller who closes a stream (``>&-``) wants no output; Python has None there, which no library expects."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


class _Visible(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    """What ``errors="plain"`` of a stream does: our symbols in ASCII, and everything else as Python writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character) or ascii(character)[1:-1] for character in text), error.end


def _flush(stream: IO[str]) -> None:
    """What nobody reads is discarded; Python would try again, and complain.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _stream(err: bool) -> IO[str]:
    return sys.stderr if err else sys.stdout
