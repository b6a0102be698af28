"""Values as self-contained pieces of HTML for notebooks. Everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape as escape_markup
from typing import assert_never

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.consent import agree_words
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, Plan, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.result import Outcome, Result
from multi_env_lambda.model.right import RightChange
from multi_env_lambda.model.stages import path_of
from multi_env_lambda.model.status import Called, Cell, Status
from multi_env_lambda.model.visible import visible
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.show.marks import marks_of
from multi_env_lambda.show.rights import TITLE, right_line
from multi_env_lambda.show.text import age, with_reasons
from multi_env_lambda.wording import advice, in_python

__all__ = ["plan_html", "results_html", "status_html", "workspace_html"]

# Colours by Okabe and Ito, which all kinds of colour-blind people can tell apart; text keeps the notebook's own colour.
_STYLE = """<style>
.multi-env-lambda table{border-collapse:collapse}
.multi-env-lambda th,.multi-env-lambda td{text-align:left;padding:.25em .7em;vertical-align:top}
.multi-env-lambda td.mark{border-left:4px solid #505050}
.multi-env-lambda td.changing{border-color:#0072b2}
.multi-env-lambda td.failed,.multi-env-lambda td.blocked{border-color:#d55e00}
.multi-env-lambda td.unreadable{border-color:#000}
.multi-env-lambda td.moved,.multi-env-lambda td.uncompared{border-color:#d55e00}
.multi-env-lambda td.drifted,.multi-env-lambda td.unreleased{border-color:#56b4e9}
.multi-env-lambda td.rolled-back{border-color:#cc79a7}
.multi-env-lambda td.behind,.multi-env-lambda td.skipped,.multi-env-lambda td.removed{border-color:#e69f00}
.multi-env-lambda td.under-way,.multi-env-lambda td.not-begun{border-color:#e69f00}
.multi-env-lambda td.newer{border-color:#e69f00}
.multi-env-lambda td.current,.multi-env-lambda td.deployed,.multi-env-lambda td.published{border-color:#009e73}
.multi-env-lambda td.tested,.multi-env-lambda td.sent{border-color:#009e73}
.multi-env-lambda small{opacity:.7}
.multi-env-lambda .destructive{font-weight:bold;color:#d55e00}
</style>"""

_OUTCOMES: dict[Outcome, str] = {
    "deployed": "✓",
    "sent": "✓",
    "published": "✓",
    "tested": "✓",
    "without tests": "-",
    "unchanged": "=",
    "newer": "!",
    "removed": "!",
    "destroyed": "-",
    "blocked": "✗",
    "skipped": "-",
    "under way": "…",
    "not begun": "-",
    "failed": "✗",
}
_ACTIONS = {"add": "+", "modify": "~", "remove": "−"}
_REPLACED = {"yes": ", replaced", "maybe": ", perhaps replaced", "no": ""}


def status_html(status: Status, now: str | None = None) -> str:
    """The matrix units × environments. ``now`` is ISO 8601, for the ages; None means now."""
    moment = datetime.now(UTC).isoformat() if now is None else now
    rows = []
    for name in (*status.units, *status.removed):
        state = status.label(name).removeprefix(name).strip()
        shown = escape(name) + (f" <small>{state}</small>" if state else "")
        called = status.called(name)
        cells = (_cell(status.cell(name, environment), called, moment) for environment in status.environments)
        rows.append(f'<tr><th scope="row">{shown}</th>{"".join(cells)}</tr>')
    lines = (f"<p>{escape(in_python(line))}</p>" for line in status.lines())
    return _piece(_table(("unit", *map(status.place, status.environments)), rows), *lines)


def _cell(cell: Cell, called: Called, now: str) -> str:
    marks = marks_of(cell)
    words = " ".join(f"{mark.glyph} {mark.word}" for mark in marks)
    version = "" if cell.version is None else f"{escape(called(cell.version, cell.release))} "
    lines = [f"{version}<small>{age(cell.when, now) if cell.when else ''}</small>", f"<small>{words}</small>"]
    return f'<td class="mark {marks[0].kind}" title="{escape(_title(cell, called))}">{"<br>".join(lines)}</td>'


def _title(cell: Cell, called: Called) -> str:
    """The tooltip of the cell."""
    back = cell.rolled_back
    parts = [
        f"{cell.when} by {cell.who}" if cell.when else "",
        f"commit {cell.commit[:10]}{'+' if cell.dirty else ''}" if cell.commit else "",
        f"{called(cell.failed_version, cell.failed_release)} failed: {cell.failed}" if cell.failed is not None else "",
        f"{called(back.version, back.release)} was rolled back by {back.who}" if back else "",
        f"changed by hand: {', '.join(cell.drift)}" if cell.drift else "",
        f"held by {cell.held_by} since {cell.held_since}" if cell.held_by else "",
        cell.moved or "",
        f"{cell.unreleased} run there" if cell.unreleased else "",
        cell.unreadable or "",
        f"not compared: {cell.uncompared}" if cell.uncompared else "",
    ]
    return "\n".join(part for part in parts if part)


def plan_html(plan: Plan) -> str:
    """The plan, environment by environment, with the changes to every resource."""
    parts = []
    for environment in plan.environments:
        steps = [step for step in plan.steps if step.environment == environment]
        rows = [_step(step) for step in steps if not isinstance(step, UnchangedStep)]
        still = len(steps) - len(rows)
        rows += [f'<tr><td class="mark" colspan="3">= {still} unchanged</td></tr>'] if still else []
        parts.append(f"<h4>plan for {escape(environment)}</h4>{_table(('unit', 'what', 'why'), rows)}")
    parts += [f"<p>{escape(in_python(line))}</p>" for line in (*plan.left, *_agreement(plan), *plan.rule_lines())]
    return _piece(*parts, f"<small>plan {escape(plan.digest[:12])}</small>")


def _agreement(plan: Plan) -> tuple[str, ...]:
    return (advice("to agree to all of it: {}", agree_words(plan.questions)),) if plan.questions else ()


def _step(step: Step) -> str:
    match step:
        case DeployStep():
            before = f"{step.running_label} → " if step.running_version else ""
            what = f"~ {step.action} {before}{step.label}"
            questions = "".join(
                f'<div class="destructive">! {_lines(in_python(item.text))}</div>' for item in step.questions
            )
            told = "".join(f"<div>note: {escape(in_python(text))}</div>" for text in step.notes)
            more = _rights(step.rights) + told + questions + _changes(step.changes)
            return _row(step, "deployed", what, "; ".join(step.why), more)
        case BlockedStep():
            return _row(step, "blocked", f"✗ blocked [{step.kind}]: {step.what}", f"hint: {in_python(step.hint)}")
        case NewerStep():
            return _row(step, "newer", f"! {step.what}", f"hint: {in_python(step.hint)}")
        case RemovedStep():
            return _row(step, "removed", f"! its folder is gone, {step.version} still runs", "")
        case UnchangedStep():
            return _row(step, "", "= unchanged", step.why)
        case _:
            assert_never(step)


def escape(text: str) -> str:
    return escape_markup(visible(text))


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _row(step: Step, kind: str, what: str, why: str, more: str = "") -> str:
    first = f'<td class="mark {kind}"><b>{escape(step.project)}</b></td>'
    return f"<tr>{first}<td>{escape(what)}{more}</td><td>{escape(why)}</td></tr>"


def _rights(rights: Sequence[RightChange]) -> str:
    """Always visible: who may do what from now on."""
    if not rights:
        return ""
    items = (
        f"<li{' class=destructive' if change.alarms else ''}>{escape(right_line(change))}</li>" for change in rights
    )
    return f"<div>{TITLE}<ul>{''.join(items)}</ul></div>"


def _changes(changes: Sequence[ResourceChange]) -> str:
    if not changes:
        return ""
    items = "".join(f"<li>{_change(change)}</li>" for change in changes)
    return f"<details><summary>{len(changes)} resources</summary><ul>{items}</ul></details>"


def _change(change: ResourceChange) -> str:
    note = _REPLACED[change.replacement] + (", loses data" if change.destructive else "")
    text = escape(f"{_ACTIONS[change.action]} {change.logical_id} {change.type}{note}")
    shown = f'<span class="destructive">{text}</span>' if change.destructive else text
    if change.action != "modify":
        return shown
    return shown + "".join(f"<br><small>{_property(item)}</small>" for item in change.properties)


def _property(item: PropertyChange) -> str:
    old, new = ("none" if value is None else value for value in (item.old, item.new))
    return escape(f"{item.path}: {old} → {new}")


def results_html(results: Iterable[Result]) -> str:
    """How every step ended: units × environments, failures with their reason below."""
    rows = list(results)
    environments = list(dict.fromkeys(row.environment for row in rows))
    found = {(row.project, row.environment): row for row in rows}
    lines = []
    for name in dict.fromkeys(row.project for row in rows):
        cells = "".join(_outcome(found.get((name, environment))) for environment in environments)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    reasons = [
        f"<li><b>{escape(f'{row.project} in {row.environment} {row.outcome}')}</b>: {escape(in_python(row.detail))}"
        f"{f'<br>hint: {escape(in_python(row.hint))}' if row.hint else ''}</li>"
        for row in with_reasons(rows)
    ]
    return _piece(_table(("unit", *environments), lines), f"<ul>{''.join(reasons)}</ul>" if reasons else "")


def _outcome(result: Result | None) -> str:
    if result is None:
        return "<td></td>"
    seconds = f" <small>{result.seconds:.1f} s</small>" if result.seconds else ""
    word = f"{_OUTCOMES[result.outcome]} {result.outcome} {result.label or result.version or ''}"
    return f'<td class="mark {result.outcome.replace(" ", "-")}">{escape(word)}{seconds}</td>'


def workspace_html(
    name: str,
    config: WorkspaceConfig,
    projects: Iterable[Project],
    broken: Mapping[str, MultiEnvLambdaError],
    *,
    local: bool,
) -> str:
    """What the files say: the units, what they need, and how many functions they have in each environment.

    No account is contacted; ``workspace.status()`` shows what runs where.
    """
    environments = config.environments
    rows = []
    for project in projects:
        counts = "".join(f"<td>{_made_of(project, environment.name)}</td>" for environment in environments)
        needs = escape(", ".join((*project.needs, *project.shared)) or "–")
        about = f"<td>{escape(project.version or 'dynamic')}</td><td>{escape(project.runtime)}</td><td>{needs}</td>"
        rows.append(f'<tr><th scope="row">{escape(project.name)}</th>{about}{counts}</tr>')
    for unit, error in broken.items():
        told = f'<td colspan="{len(environments) + 3}">{_lines(str(error))}</td>'
        rows.append(f'<tr><th scope="row">{escape(unit)} <small>(broken)</small></th>{told}</tr>')
    chain = path_of(
        (f"{item.name} ({item.account_id}{', approval' if item.approval else ''})" for item in stage)
        for stage in config.stages
    )
    where = "local cloud" if local else "AWS"
    title = f"<h4>{escape(name)} on {where}: {escape(chain)}</h4>"
    names = ("unit", "version", "runtime", "needs", *(item.name for item in environments))
    return _piece(title, _table(names, rows))


def _made_of(project: Project, environment: str) -> str:
    settings = project.settings[environment]
    named = [(len(settings.functions), "function"), (len(settings.jobs), "job")]
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in named if count) or "–"


def _table(names: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _piece(*parts: str) -> str:
    return f'<div class="multi-env-lambda">{_STYLE}{"".join(parts)}</div>'
