"""What a run of the live suite found, as a table for people and as JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import attrs

from tests.cassettes.cassette import Call, read

from .step import Step

__all__ = ["Line", "changes", "document", "reason", "table"]

_CHANGING = ("Create", "Put", "Update", "Publish", "Execute", "Delete", "Start", "Send", "Invoke", "Add")


@attrs.frozen(kw_only=True)
class Line:
    """One step that was run, or was not. ``notes`` are what it measured, or why it did not pass."""

    step: Step
    result: str
    seconds: float
    created: str
    notes: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()


def changes(cassette: Path) -> str:
    """The changing calls of a step, counted: ``CreateChangeSet 2, PutObject 9``."""
    calls: Iterable[Call] = read(cassette) if cassette.is_file() else ()
    found = Counter(call.operation for call in calls if call.operation.startswith(_CHANGING) and not call.code)
    return ", ".join(f"{name} {count}" for name, count in sorted(found.items()))


def reason(text: str) -> str:
    """The line of a failure that says why: that of a command's own error, else the first.

    >>> reason("plan for sandbox: 1 to deploy\\nerror[AccountError]: no credentials\\nhint: sign in")
    'error[AccountError]: no credentials'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    return next((line for line in lines if re.search(r"error(\[\w+\])?:| failed(\[\w+\])?: ", line)), lines[0])


def table(lines: Iterable[Line]) -> str:
    """As printed at the end: a line of figures per step, and what it measured below it."""
    texts = []
    for line in lines:
        head = f"{line.step.number:>2} {line.step.name:<16} {line.result:<8} {line.seconds:>7.1f} s  {line.step.proves}"
        more = {"cost": line.step.cost, "calls": line.created, "left over": ", ".join(line.left_over)}
        texts.append(head)
        texts += [f"   {name}: {text}" for name, text in more.items() if text]
        texts += [f"   {note}" for note in line.notes]
    return "\n".join(texts)


def document(run: str, lines: Iterable[Line]) -> str:
    """The same as JSON."""
    return json.dumps({"run": run, "steps": [attrs.asdict(line) for line in lines]}, indent=2) + "\n"
