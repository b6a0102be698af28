"""The board: one self-contained HTML page about all units in all environments, with their histories.

The page loads nothing: style, program and data are in it, and its content security policy allows only those.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from multi_env_lambda.model.console import unit_links
from multi_env_lambda.model.label import label
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.status import Called, Cell, Status
from multi_env_lambda.model.visible import visible
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.lead_time import commits, lead_times, per_week, seconds_of
from multi_env_lambda.show.marks import MARKS, marks_of, outcome_text

__all__ = ["NEWEST", "board_data", "board_html"]

NEWEST = 50
"""How many deployments the page lists, per unit and environment."""

_LONGEST = 600
_PROGRAMS = ("page.js", "pictures.js", "board.js")
_NO_COMMIT = ("", "")

Histories = Mapping[tuple[str, str], tuple[Deployment, ...]]


def board_html(
    config: WorkspaceConfig,
    projects: Iterable[Project],
    status: Status,
    histories: Histories,
    now: str,
    *,
    title: str = "workspace",
    console: bool = True,
) -> str:
    """The page as one text.

    Args:
        title: what the workspace is called, and where it is.
        histories: (unit, environment) -> its deployments, oldest first.
        now: ISO 8601; ages and weeks are counted from here.
        console: whether there is a console to link to; the local cloud has none.
    """
    data = _visible(board_data(config, projects, status, histories, now, title=title, console=console))
    style = _asset("board.css")
    program = "\n".join(_asset(name) for name in _PROGRAMS)
    parts = {
        "title": escape(data["title"]),
        "policy": escape(_policy(style, program)),
        "made": escape(f"{now[:10]} {now[11:16]} UTC"),
        "style": style,
        "stops": "".join(f"<li>{escape(line)}</li>" for line in data["stops"]),
        "data": _json(data),
        "program": program,
    }
    page = _asset("board.html")
    pieces = page.split("%%")
    # Odd pieces are names; put together once, so that nothing inside the data is taken for a name.
    return "".join(parts[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def board_data(
    config: WorkspaceConfig,
    projects: Iterable[Project],
    status: Status,
    histories: Histories,
    now: str,
    *,
    title: str = "workspace",
    console: bool = True,
) -> dict[str, Any]:
    """What the page is made from: short lists, and numbers in place of repeated texts."""
    known = {project.name: project for project in projects}
    texts: dict[str, int] = {"": 0}

    def text(value: str) -> int:
        return texts.setdefault(value[:_LONGEST], len(texts))

    units = [
        _unit(config, name, known.get(name), status, _of(histories, name, status.environments), now, text)
        for name in (*status.units, *status.removed)
    ]
    return {
        "title": f"{title}: what runs where",
        "now": seconds_of(now),
        "environments": [
            {
                "name": status.place(item.name),
                "short": item.name,
                "account": item.account_id,
                "region": item.region,
                "role": item.switch_role_url if console else "",
            }
            for item in map(config.environment, status.environments)
        ],
        "marks": {mark.kind: [mark.glyph, mark.word] for mark in MARKS.values()},
        "newest": NEWEST,
        "stops": list(status.lines()),
        "units": units if console else [{**unit, "links": [[] for _ in unit["links"]]} for unit in units],
        "texts": list(texts),
    }


def _of(histories: Histories, unit: str, environments: Iterable[str]) -> dict[str, tuple[Deployment, ...]]:
    return {environment: histories.get((unit, environment), ()) for environment in environments}


def _unit(
    config: WorkspaceConfig,
    name: str,
    project: Project | None,
    status: Status,
    past: Mapping[str, tuple[Deployment, ...]],
    now: str,
    text: Callable[[str], int],
) -> dict[str, Any]:
    last = config.environments[-1].name
    known, called = commits(past), status.called(name)
    releases = [(item.version, item.release) for entries in past.values() for item in entries]
    rows = [
        _entry(position, item, label(item.version, item.release, releases), known.get(item.release, _NO_COMMIT), text)
        for position, entries in enumerate(past.values())
        for item in entries[-NEWEST:]
    ]
    places = () if project is None else config.environments
    return {
        "name": name,
        "state": status.label(name).removeprefix(name).strip(" ()"),
        "needs": list(project.needs) if project else [],
        "about": _about(name, project, status),
        "cells": [_cell(status.cell(name, environment), called) for environment in status.environments],
        "links": [[list(link) for link in unit_links(project, place)[1:]] for place in places if project],
        "past": sorted(rows, key=lambda row: (row[5], row[1]), reverse=True),
        "lead": [[item.when, item.seconds, text(item.version)] for item in lead_times(past, last)][-NEWEST:],
        "weeks": [[week.good, week.bad] for week in per_week(past[last], now)],
    }


def _about(name: str, project: Project | None, status: Status) -> str:
    if project is not None:
        return f"{project.folder}, {project.runtime}, {project.architecture}"
    if name in status.left_out:
        return "its folder is not checked out here (sparse checkout)"
    return "its files are broken: `plan` says why" if name in status.broken else "its folder is gone"


def _cell(cell: Cell, called: Called) -> dict[str, Any]:
    """One cell of the matrix. Missing keys are empty values: most cells have nothing to report."""
    back = cell.rolled_back
    values = {
        "version": called(cell.version, cell.release),
        "when": seconds_of(cell.when or ""),
        "who": cell.who,
        "release": (cell.release or "")[:12],
        "commit": f"{cell.commit[:10]}{'+' if cell.dirty else ''}",
        "failed": (cell.failed or "")[:_LONGEST] if cell.failed is not None else None,
        "failedVersion": called(cell.failed_version, cell.failed_release),
        "back": f"{called(back.version, back.release)}, by {back.who}" if back else None,
        "held": f"{cell.held_by} since {cell.held_since}" if cell.held_by else None,
        "drift": list(cell.drift) if cell.drift else None,
        "moved": cell.moved,
        "unreleased": f"{cell.unreleased} run there, and are no release" if cell.unreleased else None,
        "made": [[f"{item.kind} {item.name}", item.link or ""] for item in cell.outputs] or None,
        "unreadable": cell.unreadable[:_LONGEST] if cell.unreadable else None,
        "uncompared": cell.uncompared[:_LONGEST] if cell.uncompared else None,
    }
    return {"marks": [mark.kind for mark in marks_of(cell)], **{key: value for key, value in values.items() if value}}


def _entry(
    position: int, item: Deployment, version: str, commit: tuple[str, str], text: Callable[[str], int]
) -> list[int | float]:
    """One deployment: environment, number, action, outcome, version, when, who, commit, reason, detail, seconds."""
    name = item.commit or commit[0]
    shown = f"{name[:10]}{'+' if item.dirty else ''}"
    words = (item.action, outcome_text(item.outcome), version)
    more = (item.who, shown, item.reason, item.detail)
    return [
        position,
        item.sequence,
        *(text(word) for word in words),
        seconds_of(item.when),
        *(text(word) for word in more),
        round(item.seconds, 1),
    ]


def _visible(data: Any) -> Any:
    match data:
        case str():
            return visible(data)
        case dict():
            return {name: _visible(value) for name, value in data.items()}
        case [int(), *_]:
            return data  # a row of numbers, of which there are 100,000
        case list():
            return [_visible(value) for value in data]
        case _:
            return data


def _json(data: Mapping[str, Any]) -> str:
    """JSON that a page can hold: ``<`` is always escaped, so neither ``</script>`` nor ``<!--`` can occur."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


def _policy(style: str, program: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(style)}",
            f"script-src {_source(program)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _source(content: str) -> str:
    """What a content security policy calls one inline block: the SHA-256 of its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}'"


def _asset(name: str) -> str:
    return files("multi_env_lambda.show").joinpath("assets", name).read_text(encoding="utf-8").strip()
