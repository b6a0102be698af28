"""The one comment of a pull request, as Markdown: pure, and no longer than a host takes.

Before the merge it is the plan, after it how far the change has come. How many rows a table has depends on how many
there are and on the host, never on what anything in them is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from multi_env_lambda.ci.markdown import block, code, size
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan
from multi_env_lambda.model.right import RightChange

__all__ = ["MARKER", "Comment", "Row", "most_rows", "of_plan", "render", "table"]

MARKER = '[multi-env-lambda]: # "pull request"'
"""The first line, by which the comment is found again. It defines a link that nothing uses, so no host shows it, and is
no HTML.

Source: https://spec.commonmark.org/0.31.2/#link-reference-definitions
"""
_UNIT, _PLACE, _WHAT, _WHY = 66, 34, 60, 100
_ROW = _UNIT + _PLACE + _WHAT + _WHY + len("| | | | |\n") + 5
_ROWS_OF_ALL = 0.6
"""The part of the comment that the table may fill; rights, failures and the plan's lines have the rest."""
_LINE, _MOST_LINES = 200, 6
_MOST_PLACES = 4


@attrs.frozen(kw_only=True)
class Row:
    """One unit in one environment: what would happen there or has happened, and why."""

    unit: str
    environment: str
    what: str
    why: str = ""


@attrs.frozen(kw_only=True)
class Comment:
    """What a pull request's comment says.

    Args:
        number: of the pull request; ``commit``: the one that is planned, or that was merged.
        title: in a few words of ours how it stands.
        rows: of the table. rights: those that grow, a line each. failures, notes: a line each.
        digest: of the plan; ``agrees``: (environment, the command that agrees to what waits there).
        lines: of the plan, the first of which are shown. link: to all of it.
    """

    number: int
    commit: str
    title: str
    rows: tuple[Row, ...] = ()
    rights: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""
    agrees: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    link: str = ""


def of_plan(number: int, commit: str, plan: Plan, *, failures: Iterable[str] = ()) -> Comment:
    """What merging would do."""
    changed = [step for step in plan.steps if isinstance(step, DeployStep | BlockedStep)]
    failures = tuple(failures)
    return Comment(
        number=number,
        commit=commit,
        title=title_of(failures, changed),
        rows=tuple(_row(step) for step in changed),
        rights=tuple(_rights(plan.deploys)),
        failures=failures,
        digest=plan.digest if plan.deploys else "",
        lines=tuple(str(plan).splitlines()) if plan.deploys else (),
    )


def title_of(failures: Sequence[object], rows: Sequence[object]) -> str:
    """How it stands, in words of ours."""
    return "Merging this would fail" if failures else "Merging this changes" if rows else "Merging this changes nothing"


def _row(step: DeployStep | BlockedStep) -> Row:
    if isinstance(step, BlockedStep):
        return Row(unit=step.project, environment=step.environment, what="stays as it is", why=step.what)
    before = f"{step.running_label} → " if step.running else ""
    what = f"{step.action} {before}{step.label}"
    return Row(unit=step.project, environment=step.environment, what=what, why="; ".join(step.why))


def _rights(steps: Iterable[DeployStep]) -> Iterator[str]:
    """Those that grow, alarming ones first; the same change in several environments is one line."""
    found: dict[tuple[str, RightChange], list[str]] = {}
    for step in steps:
        for change in step.rights:
            if _grows(change):
                found.setdefault((step.project, change), []).append(step.environment)
    for (unit, change), places in sorted(found.items(), key=lambda item: not item[0][1].alarms):
        # In front, since a long line is cut: an author decides how much there is to say.
        alarms = f"{'; '.join(change.alarms)}: " if change.alarms else ""
        yield f"{alarms}{unit} in {', '.join(places)}: {change}"


def _grows(change: RightChange) -> bool:
    """A denial that goes or gets narrower allows more; where it is not sure, it grows."""
    if change.right.denies:
        return change.change != "added" and change.change != "wider"
    return change.change != "removed" and change.change != "narrower"


def most_rows(limit: int) -> int:
    """How many rows a table has at most, whatever is in them."""
    return int(limit * _ROWS_OF_ALL) // _ROW


def render(comment: Comment, limit: int) -> str:
    """The comment, no longer than ``limit``; what is left out is behind the link."""
    most = most_rows(limit)
    parts = [MARKER, f"### {comment.title}", _facts(comment)]
    parts += _list("Rights that grow", comment.rights)
    parts += _list("Failed", comment.failures)
    parts += [table(comment.rows[:most])] if comment.rows else []
    parts += [f"{len(comment.rows) - most} more rows are left out here."] if len(comment.rows) > most else []
    parts += [
        f"To agree for {code(place, _PLACE)}: {code(command, _LINE)}"
        for place, command in comment.agrees[:_MOST_PLACES]
    ]
    parts += [_list_of(comment.notes)] if comment.notes else []
    end = f"[All of it]({comment.link})" if comment.link else ""
    shown = list(_that_fit(parts, limit - size(end) - 4))
    left = limit - sum(size(part) + 2 for part in (*shown, end)) - 4
    return "\n\n".join(part for part in (*shown, block(list(comment.lines), left), end) if part) + "\n"


def _facts(comment: Comment) -> str:
    digest = f", plan {code(comment.digest[:12], 20)}" if comment.digest else ""
    return f"Pull request {comment.number} at {code(comment.commit[:12], 20)}{digest}"


def table(rows: Sequence[Row]) -> str:
    """Cells have bounds, so that a long one takes no row's place."""
    lines = ["| Unit | Environment | What | Why |", "| --- | --- | --- | --- |"]
    for row in rows:
        cells = (code(row.unit, _UNIT), code(row.environment, _PLACE), code(row.what, _WHAT), code(row.why, _WHY))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _list(title: str, lines: Sequence[str]) -> list[str]:
    return [f"**{title}**\n\n{_list_of(lines)}"] if lines else []


def _list_of(lines: Sequence[str]) -> str:
    shown = [f"- {code(line, _LINE)}" for line in lines[:_MOST_LINES]]
    more = [f"- and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    return "\n".join([*shown, *more])


def _that_fit(parts: Sequence[str], limit: int) -> Iterator[str]:
    """Those that fit, in order: the table always does, since everything else in front of it is bounded."""
    left = limit
    for part in parts:
        if size(part) + 2 <= left:
            left -= size(part) + 2
            yield part
