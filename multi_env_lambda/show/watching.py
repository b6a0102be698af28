"""A round of a watch for people: what was saved, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from multi_env_lambda.model.status import Cell
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.model.watch_round import WatchRound
from multi_env_lambda.wording import advice, unit_call

__all__ = ["left_lines", "round_text"]

_MOST_FILES = 3
_GLYPHS = {"sent": "✓", "deployed": "✓", "unchanged": "="}


def round_text(done: WatchRound, say: Callable[[str], str]) -> str:
    """``say``: in which of its wordings advice is shown."""
    result = done.result
    files = f" ← {_files(done.files)}" if done.files else ""
    begin = f"{_GLYPHS.get(result.outcome, '✗')} {result.environment} {result.project} {result.outcome}"
    kind = f"[{result.error}]" if result.error else ""
    version = f" {result.label or result.version}" if result.outcome == "deployed" and result.version else ""
    functions = f" to {', '.join(done.functions)}" if done.functions else ""
    seconds = f" in {result.seconds:.1f} s" if result.seconds else ""
    reasons = [say(text) for text in (result.detail, done.why) if text]
    first = f"{one_line(f'{begin}{kind}{version}{functions}{seconds}{files}')}{': ' if reasons else ''}"
    lines = [first + "; ".join(reasons), *(f"note: {say(note)}" for note in done.notes)]
    return "\n".join([*lines, f"hint: {say(result.hint)}"] if result.hint else lines)


def _files(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    return ", ".join(files[:_MOST_FILES]) + more


def left_lines(cells: Iterable[Cell]) -> Iterator[str]:
    """What a watch leaves in an environment, and the two ways on; and that it leaves nothing."""
    left = [cell for cell in cells if cell.unreleased is not None]
    if not left:
        yield "the watch has ended; what runs is what was deployed"
    for cell in left:
        sent, place = cell.unreleased, (cell.project, cell.environment)
        yield f"{' in '.join(place)} runs {sent}; nobody can promote them"
        yield advice(
            "hint: `{}` makes a release of the files; `{}` brings back {}",
            unit_call("deploy", *place),
            unit_call("repair", *place),
            cell.version or "what was deployed",
        )
