"""The drawings of the concept pages, from top to bottom, so that a telephone shows them as large as a desktop does.

A drawing is a list of rows: boxes side by side, an arrow with a word, or a bar. It has its own background, because a
reader can choose a dark page on a light system. A test measures contrast and letters, and that each text has room.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

from multi_env_lambda.model.release import ReleasedFunction
from multi_env_lambda.plan.traffic import shift_steps

WIDTH, MARGIN, GAP = 380, 12, 10
LINE, LARGE, SMALL = 18, 15, 13
LETTER = 0.56
"""How wide a letter is on average, in its size. Fonts differ: that of the reader is used."""

LIGHT = {"ground": "#ffffff", "title": "#111111", "line": "#333333", "edge": "#0072b2", "old": "#8a8a8a"}
DARK = {"ground": "#131416", "title": "#f2f2f2", "line": "#d0d0d0", "edge": "#56b4e9", "old": "#8a8a8a"}


@attrs.frozen
class Box:
    title: str
    lines: tuple[str, ...] = ()


@attrs.frozen
class Arrow:
    word: str


@attrs.frozen
class Bar:
    """What share of the calls the new version gets, in percent."""

    word: str
    new: int


@attrs.frozen
class Title:
    words: str


Row = tuple[Box, ...] | Arrow | Bar | Title


def drawings() -> dict[str, str]:
    """File name -> the drawing."""
    return {
        "way.svg": drawn(WAY),
        "accounts.svg": drawn(ACCOUNTS),
        "run.svg": drawn(RUN),
        "shift.svg": drawn([*shift("canary", 10, 5), *shift("linear", 20, 1)]),
    }


WAY: list[Row] = [
    (Box("unit: orders", ("the folder projects/orders in Git",)),),
    Arrow("deploy builds it once, if it changed"),
    (Box("release", ("code, layer, a template per environment,", "in the bucket under its digest, for good")),),
    Arrow("deploy and promote send the same bytes"),
    (
        Box("sandbox", ("stack", "orders-sandbox")),
        Box("test", ("stack", "orders-test")),
        Box("prod", ("stack", "orders-prod")),
    ),
    Arrow("the result is stored, last"),
    (Box("record: what runs there", ("the release, who, when, why, how it ended;", "every command reads it first")),),
]

ACCOUNTS: list[Row] = [
    (Box("you", ("with your own login",)), Box("the CI", ("a build of merged code",))),
    Arrow("act in the devops account as"),
    (
        Box("acme-developer", ("acme-approver, if you", "approve")),
        Box("acme-build", ("publishes to the", "bucket, writes records")),
    ),
    Arrow("assume, where deployed_by names them"),
    (Box("acme-prod-deploy", ("in the account of prod;", "changes only stacks named *-prod")),),
    Arrow("names the role of CloudFormation, which is"),
    (Box("acme-prod-execution", ("creates the resources of these stacks",)),),
    Arrow("creates functions with"),
    (Box("the roles of your units", ("within the boundary acme-prod-boundary",)),),
]

RUN: list[Row] = [
    (Box("push", ()), Box("approval", ()), Box("every hour", ())),
    Arrow("an event"),
    (Box("queue", ("keeps it until it is processed",)),),
    Arrow("a message"),
    (Box("dispatcher", ("stores in the bucket what is wanted,", "and starts a build")),),
    Arrow("the id of a job, nothing else"),
    (Box("build", ("reads the branch as it is now, decides,", "and acts with your roles and rules")),),
    Arrow("deploys, tests, and promotes"),
    (Box("sandbox", ("deployed",)), Box("test", ("deployed",)), Box("prod", ("waits",))),
    Arrow("an approval is an event again"),
]


def shift(kind: str, percent: int, minutes: int) -> list[Row]:
    """The steps are those that a deploy takes."""
    steps = shift_steps([ReleasedFunction(key="main", name="main", traffic=(kind, percent, minutes))])
    weights = [step.percent["main"] for step in steps]
    rows: list[Row] = [Title(f'traffic = "{kind} {percent}% {minutes}m"'), Bar("before", 0)]
    rows += [Bar(f"for {minutes} min", weight) for weight in weights]
    return [*rows, Bar("after", 100)]


def drawn(rows: Sequence[Row]) -> str:
    top, parts = MARGIN, []
    for row in rows:
        high, part = _row(row, top)
        parts.append(part)
        top += high
    return _page(top + MARGIN, parts)


def _row(row: Row, top: int) -> tuple[int, str]:
    match row:
        case Arrow():
            return 40, _arrow(row.word, top)
        case Bar():
            return 28, _bar(row, top)
        case Title():
            return 34, _text(row.words, MARGIN, top + 22, LARGE, WIDTH - MARGIN, "head")
        case _:
            return _boxes(row, top)


def _boxes(boxes: Sequence[Box], top: int) -> tuple[int, str]:
    """All boxes of a row are as high as the one with the most lines."""
    wide = (WIDTH - 2 * MARGIN - GAP * (len(boxes) - 1)) // len(boxes)
    high = 34 + LINE * max(len(box.lines) for box in boxes)
    parts = [_box(box, MARGIN + place * (wide + GAP), top, wide, high) for place, box in enumerate(boxes)]
    return high, "".join(parts)


def _box(box: Box, left: int, top: int, wide: int, high: int) -> str:
    middle = left + wide // 2
    lines = (
        _text(line, middle, top + 24 + LINE * (place + 1), SMALL, wide, "line") for place, line in enumerate(box.lines)
    )
    outline = f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" rx="8" class="box"/>'
    return outline + _text(box.title, middle, top + 22, LARGE, wide, "title") + "".join(lines)


def _arrow(word: str, top: int) -> str:
    """Down the left side, with its word next to it."""
    left, end = 36, top + 34
    line = f"M{left} {top + 4} V{end} M{left - 6} {end - 7} L{left} {end} L{left + 6} {end - 7}"
    return f'<path d="{line}" class="arrow"/>' + _text(word, left + 16, top + 24, SMALL, WIDTH - left - 16, "word")


def _bar(bar: Bar, top: int) -> str:
    left, wide, high = 96, 180, 18
    new = wide * bar.new // 100
    parts = [_text(bar.word, MARGIN, top + 14, SMALL, left - MARGIN, "word")]
    parts.append(f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" class="old"/>')
    parts.append(f'<rect x="{left}" y="{top}" width="{new}" height="{high}" class="new"/>')
    parts.append(_text(f"new: {bar.new} %", left + wide + 8, top + 14, SMALL, WIDTH - left - wide - 8, "word"))
    return "".join(parts)


def _text(words: str, x: int, y: int, size: int, room: int, kind: str) -> str:
    assert len(words) * size * LETTER <= room, f"no room for `{words}`"
    return f'<text x="{x}" y="{y}" font-size="{size}" class="{kind}">{escape(words)}</text>'


def _page(high: int, parts: Sequence[str]) -> str:
    inside = "\n".join(parts)
    style = f"{_style(LIGHT)}@media(prefers-color-scheme:dark){{{_style(DARK)}}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img">\n'
        f"<style>text{{font-family:sans-serif}}.title,.head{{font-weight:bold}}.title,.line{{text-anchor:middle}}{style}</style>\n"
        f'<rect width="{WIDTH}" height="{high}" rx="10" class="ground"/>\n{inside}\n</svg>\n'
    )


def _style(colours: dict[str, str]) -> str:
    return (
        f".ground{{fill:{colours['ground']}}}.title,.head{{fill:{colours['title']}}}.line,.word{{fill:{colours['line']}}}"
        f".box{{fill:none;stroke:{colours['edge']};stroke-width:2}}.arrow{{fill:none;stroke:{colours['line']};stroke-width:2}}"
        f".old{{fill:{colours['old']}}}.new{{fill:{colours['edge']}}}"
    )
