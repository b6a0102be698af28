"""Plans, results and the matrix as rich renderables; everything can be understood without colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from rich.console import Group
from rich.table import Table

from multi_env_lambda.flow.consent import agree_words
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, Plan, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.show.rights import TITLE, rights_lines
from multi_env_lambda.show.words import Text
from multi_env_lambda.wording import in_python

if TYPE_CHECKING:
    from multi_env_lambda.model.change import PropertyChange, ResourceChange
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.model.status import Called, Cell, Status

__all__ = [
    "age",
    "plan_text",
    "results_shown",
    "results_table",
    "status_table",
    "with_reasons",
]

_GLYPHS = {"add": "+", "modify": "~", "remove": "-"}
_STYLES = {"add": "green", "modify": "yellow", "remove": "red"}
_MARKS = {
    "deployed": ("✓ deployed", "green"),
    "sent": ("✓ sent", "green"),
    "published": ("✓ published", "green"),
    "tested": ("✓ passed", "green"),
    "without tests": ("- no tests", "dim"),
    "unchanged": ("= unchanged", "dim"),
    "newer": ("! newer runs", "yellow"),
    "removed": ("! removed", "yellow"),
    "destroyed": ("- destroyed", "yellow"),
    "blocked": ("✗ blocked", "red"),
    "skipped": ("- skipped", "yellow"),
    "under way": ("… under way", "yellow"),
    "not begun": ("- not begun", "yellow"),
    "failed": ("✗ failed", "red"),
}
_MOST_PROPERTIES = 12
_MOST_UNCHANGED = 10


def plan_text(plan: Plan, *, details: bool = False, say: Callable[[str], str] = str) -> Text:
    """The plan as an indented list: environment, unit and why, then what will be written.

    ``say`` words what is advised; without it, as it is typed.
    """
    text = Text()
    for environment in plan.environments:
        steps = [step for step in plan.steps if step.environment == environment]
        changing = [step for step in steps if not isinstance(step, UnchangedStep)]
        text.append(f"plan for {environment}", style="bold")
        text.append(f": {_count(steps)}\n")
        _append_rights(text, steps)
        for step in changing:
            _append_step(text, step, details, say)
    text.append("".join(f"{say(line)}\n" for line in plan.left), style="yellow")
    questions = [question for step in plan.deploys for question in step.questions]
    if questions:
        text.append(f"to agree to all of it: {say(agree_words(questions))}\n", style="bold")
    text.append("".join(f"{line}\n" for line in plan.rule_lines()), style="bold")
    text.append(f"plan {plan.digest[:12]}", style="dim")
    return text


def _append_rights(text: Text, steps: Iterable[Step]) -> None:
    lines = tuple(rights_lines(step for step in steps if isinstance(step, DeployStep)))
    if lines:
        text.append(f"  {TITLE}\n", style="bold")
    for line, alarming in lines:
        text.append(f"{line}\n", style="bold red" if alarming else "")


def _count(steps: list[Step]) -> str:
    deploys = sum(isinstance(step, DeployStep) for step in steps)
    blocked = sum(isinstance(step, BlockedStep) for step in steps)
    parts = [f"{deploys} to deploy" if deploys else "nothing to do"]
    if blocked:
        parts.append(f"{blocked} blocked")
    newer = sum(isinstance(step, NewerStep) for step in steps)
    if newer:
        parts.append(f"{newer} left out")
    same = [step for step in steps if isinstance(step, UnchangedStep)]
    unchanged = sum(step.version is not None for step in same)
    if unchanged:
        parts.append(f"{unchanged} unchanged")
    if len(same) > unchanged:
        parts.append(f"{len(same) - unchanged} not there")
    return ", ".join(parts)


def _append_step(text: Text, step: Step, details: bool, say: Callable[[str], str]) -> None:
    match step:
        case DeployStep():
            _append_deploy(text, step, details, say)
        case BlockedStep():
            text.append(f"  ✗ {step.project} [{step.kind}]: {step.what}\n", style="red")
            text.append(f"    hint: {say(step.hint)}\n")
        case NewerStep():
            text.append(f"  ! {step.project}: {step.what}\n", style="yellow")
            text.append(f"    hint: {say(step.hint)}\n")
        case RemovedStep():
            text.append(f"  ! {step.project}: its folder is gone, {step.version} still runs\n", style="yellow")
        case UnchangedStep():
            pass
        case _:
            assert_never(step)


def _append_deploy(text: Text, step: DeployStep, details: bool, say: Callable[[str], str]) -> None:
    before = f"{step.running_label} → " if step.running_version else ""
    text.append(f"  {step.project} {before}{step.label}", style="bold")
    text.append(f": {'; '.join(step.why)}\n")
    for key in step.publish:
        if key.endswith((".zip", ".whl")):
            text.append(f"    publish {key}\n")
    stage = step.release.stage(step.environment)
    text.append(f"    deploy  stack {stage.stack_name if stage else step.project}{_summary(step.changes)}\n")
    for change in step.changes if details else ():
        _append_change(text, change)
    for told in step.notes:
        text.append(f"    note: {say(told)}\n")
    for question in step.questions:
        text.append(f"    ! {_indented(say(question.text))}\n", style="bold red")


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")


def _summary(changes: Iterable[ResourceChange]) -> str:
    actions = [change.action for change in changes]
    counts = [f"{glyph}{actions.count(action)}" for action, glyph in _GLYPHS.items() if actions.count(action)]  # type: ignore[arg-type]
    return f" ({' '.join(counts)} resources)" if counts else ""


def _append_change(text: Text, change: ResourceChange) -> None:
    style = "bold red" if change.destructive else _STYLES[change.action]
    note = {"yes": ", replaced", "maybe": ", perhaps replaced", "no": ""}[change.replacement]
    text.append(f"      {_GLYPHS[change.action]} {one_line(f'{change.logical_id} {change.type}')}{note}\n", style=style)
    if change.action == "modify":
        for item in change.properties[:_MOST_PROPERTIES]:
            text.append(f"          {_property(item)}\n")
        if len(change.properties) > _MOST_PROPERTIES:
            text.append(f"          … {len(change.properties) - _MOST_PROPERTIES} more\n")


def _property(item: PropertyChange) -> str:
    return one_line(f"{item.path}: {_short(item.old)} → {_short(item.new)}")


def _short(value: str | None) -> str:
    if value is None:
        return "none"
    return value if len(value) <= 70 else f"{value[:69]}…"


def results_table(results: Iterable[Result]) -> Table:
    """Units × environments, with the outcome of each step. Of many units, those that changed nowhere are counted."""
    everything = list(results)
    moved = {row.project for row in everything if row.outcome != "unchanged"}
    still = {row.project for row in everything} - moved
    rows = [row for row in everything if row.project in moved or len(still) <= _MOST_UNCHANGED]
    environments = list(dict.fromkeys(row.environment for row in rows))
    found = {(row.project, row.environment): row for row in rows}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("unit")
    for environment in environments:
        table.add_column(environment)
    for project in dict.fromkeys(row.project for row in rows):
        cells = [found.get((project, environment)) for environment in environments]
        table.add_row(Text(one_line(project)), *(_result(cell) for cell in cells))
    if len(still) > _MOST_UNCHANGED:
        table.add_row(f"[dim]= {len(still)} unchanged[/]")
    return table


def results_shown(results: Iterable[Result]) -> Group:
    """The same table, and below it the reasons, with their hints in the words of Python."""
    rows = list(results)
    return Group(results_table(rows), *(Text(line) for row in with_reasons(rows) for line in _reason(row)))


def with_reasons(results: Sequence[Result]) -> list[Result]:
    """Those that need a word more than their mark: what did not end well, and one that stands alone."""
    return [row for row in results if not row.good or (len(results) == 1 and row.detail)]


def _reason(row: Result) -> list[str]:
    said = f"{row.environment} {row.project} {row.outcome}: {in_python(row.detail)}"
    return [said, f"hint: {in_python(row.hint)}"] if row.hint else [said]


def _result(result: Result | None) -> Text:
    text = Text()
    if result is None:
        return text
    mark, style = _MARKS[result.outcome]
    text.append(mark, style).append(f" {one_line(result.label or result.version or '')}")
    if result.seconds:
        text.append(f" {result.seconds:.1f} s", "dim")
    return text


def status_table(status: Status, now: str | None = None) -> Table:
    """The matrix. ``now`` is ISO 8601, for the ages; None means now."""
    moment = datetime.now(UTC).isoformat() if now is None else now
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("unit")
    for environment in status.environments:
        table.add_column(status.place(environment))
    for project in (*status.units, *status.removed):
        called, cells = status.called(project), [status.cell(project, name) for name in status.environments]
        table.add_row(Text(one_line(status.label(project))), *(_cell(cell, called, moment) for cell in cells))
    return table


def _cell(cell: Cell, called: Called, now: str) -> Text:
    if cell.version is None:
        text = Text("–", style="dim")
    else:
        text = Text(one_line(called(cell.version, cell.release)))
        text.append(f" {age(cell.when or now, now)}", style="dim")
    text.append(" ↑ newer" if cell.newer else "", style="yellow")
    if cell.behind and cell.version is not None:
        text.append(" ← behind", style="yellow")
    if cell.rolled_back is not None:
        text.append(f" ↩ {called(cell.rolled_back.version, cell.rolled_back.release)}", style="yellow")
    if cell.failed is not None:
        text.append(f" ✗ {called(cell.failed_version, cell.failed_release)} failed", style="red")
    text.append(" ≠ drifted" if cell.drift else "", style="magenta")
    text.append(" ✎ saved files" if cell.unreleased is not None else "", style="magenta")
    if cell.held_by is not None:
        text.append(" … changing", style="cyan")
    if cell.moved is not None:
        text.append(" ⇢ elsewhere", style="red")
    elif cell.uncompared is not None:
        text.append(" ≟ not compared", style="red")
    if cell.unreadable is not None:
        text.append(" ? unreadable", style="red")
    return text


def age(then: str, now: str) -> str:
    """How long ago, in one unit.

    >>> age("2026-01-01T00:00:00Z", "2026-01-01T02:10:00Z")
    '2h'
    """
    from datetime import datetime

    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(max(seconds, 0))}s"
