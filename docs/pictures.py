"""Draw what the pages show: terminals, the chain and the board. ``python docs/pictures.py``

The verbs are really called, over a world in memory whose clock stands where the story needs it. A test draws the
pictures again and compares them with the files, so what is shown is what is printed. One of them is a photograph of
the board, which needs a browser: the page that was photographed is kept beside it, and is what the test compares.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from drawings import drawings

from multi_env_lambda import Plan, Workspace
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.show.text import plan_text, status_table
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.terminal_theme import TerminalTheme

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "source" / "_static" / "pictures"
BOARD = FOLDER / "board.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NOW = "2026-03-02T10:00:00Z"
ADA, GRACE = (f"arn:aws:sts::111111111111:assumed-role/team/{name}" for name in ("ada", "grace"))
_BOX, _GAP, _HIGH = 156, 86, 100
_BLUE, _GREY = "#00578a", "#4d4d4d"
"""White letters have a contrast of 7 on both, whatever the colour of the page."""

UNITS = {"customers": "c1", "nightly": "n1", "orders": "o1", "reports": "r1"}


@attrs.frozen
class Story:
    """Four units on their way to prod: the workspace at the end of it, and the plan that moved one of them."""

    workspace: Workspace
    plan: Plan


def story(folder: Path) -> Story:
    """One line of orders is changed, gets as far as test, and is rolled back there; another one waits in sandbox."""
    tree = FakeTree(
        content=dict(UNITS), needs={"reports": ("orders",)}, resources={"orders": _second_function("0.1.0")}
    )
    fake = fake_world(tree, folder)
    _at(fake, folder, "2026-02-27T15:00:00Z", ADA).deploy(to="prod")
    fake.tree.content["orders"], fake.tree.resources["orders"] = "o2", _second_function("0.1.0.post1")
    plan = _at(fake, folder, "2026-03-02T09:20:00Z", ADA).plan(environment="sandbox")
    _at(fake, folder, "2026-03-02T09:20:00Z", ADA).deploy(environment="sandbox")
    _at(fake, folder, "2026-03-02T09:30:00Z", ADA).promote("orders", environment="test")
    _at(fake, folder, "2026-03-02T09:45:00Z", GRACE).rollback("orders", "test", reason="too friendly")
    fake.tree.content["nightly"] = "n2"
    _at(fake, folder, "2026-03-02T09:52:00Z", GRACE).deploy(environment="sandbox")
    return Story(_at(fake, folder, NOW, ADA), plan)


def _second_function(version: str) -> dict[str, object]:
    """The sample unit has two functions, and a version of each changes with its code."""
    code = {"S3Key": f"projects/orders/lambda/source/{version}/orders-{version}-py3-none-any.whl"}
    name, made = {"FunctionName": {"Ref": "ProcessFunction"}}, f"ProcessVersion{version.replace('.', '')}"
    alias = {**name, "Name": "live", "FunctionVersion": {"Fn::GetAtt": [made, "Version"]}}
    return {
        "ProcessFunction": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "process", "Code": code}},
        made: {"Type": "AWS::Lambda::Version", "Properties": name, "DeletionPolicy": "Retain"},
        "ProcessAlias": {"Type": "AWS::Lambda::Alias", "Properties": alias},
    }


def _at(fake: FakeWorld, folder: Path, now: str, who: str) -> Workspace:
    """The workspace as somebody has it at a time."""
    fake.platform.who = who
    world = attrs.evolve(fake.world, now=lambda: now, projects=fake.tree.projects(fake.world.config))
    found = Opened(root=folder / "shop", config=world.config, projects=world.projects)
    found.__dict__["world"] = world
    return Workspace(found)


def pictures(told: Story) -> dict[str, str]:
    """File name -> what it contains, for all but the photograph."""
    status = status_table(told.workspace.status(), NOW)
    return {
        "plan.svg": terminal("python bin/automation/plan.py sandbox", plan_text(told.plan)),
        "status.svg": terminal("python bin/automation/status.py", status),
        "chain.svg": chain(told.workspace),
        "python.svg": badge("Python", _pythons()),
        BOARD.name: board(told.workspace).rstrip() + "\n",
        **drawings(),
    }


def board(workspace: Workspace) -> str:
    """The page. How long a deploy took is the one thing that the story cannot say twice in the same way."""
    found = workspace.board()
    same = {
        place: tuple(attrs.evolve(deployment, seconds=24.0) for deployment in past)
        for place, past in found.histories.items()
    }
    return attrs.evolve(found, histories=same).html()


def terminal(command: str, shown: RenderableType) -> str:
    """What a terminal shows after a command. The fonts are the reader's own: a picture makes no requests."""
    from rich.console import Console

    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(shown)
    drawn = console.export_svg(title=f"$ {command}", unique_id="terminal", theme=_readable_theme())
    without_fonts = re.sub(r" *@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in without_fonts.splitlines()) + "\n"


def _readable_theme() -> TerminalTheme:
    """Rich's own, on a darker ground: what is dim has too little contrast there."""
    from rich.terminal_theme import SVG_EXPORT_THEME, TerminalTheme

    colors = [tuple(SVG_EXPORT_THEME.ansi_colors[number]) for number in range(16)]
    return TerminalTheme((20, 20, 20), (225, 227, 225), colors[:8], colors[8:])


def chain(workspace: Workspace) -> str:
    """One release goes from the bucket through the environments of the table, in their order."""
    names = list(workspace.environments)
    boxes = [("devops", "builds once,", "stores releases")]
    boxes += [(name, "its own account", _what_it_takes(place, len(names))) for place, name in enumerate(names)]
    parts = [_box(place * (_BOX + _GAP), *lines) for place, lines in enumerate(boxes)]
    words = ("deploy", *("promote" for _ in names[1:]))
    parts += [_arrow(place * (_BOX + _GAP) + _BOX, word) for place, word in enumerate(words)]
    return _svg(len(boxes) * (_BOX + _GAP) - _GAP, _HIGH, parts)


def _what_it_takes(place: int, count: int) -> str:
    return "after an approval" if place == count - 1 else "the same bytes" if place else "gets every push"


def _box(left: int, title: str, *lines: str) -> str:
    middle = left + _BOX // 2
    text = "".join(
        f'<text x="{middle}" y="{59 + 22 * number}" class="line">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    outline = f'<rect x="{left + 1}" y="1" width="{_BOX - 2}" height="{_HIGH - 2}" rx="8" class="box"/>'
    return f'{outline}<text x="{middle}" y="32" class="title">{escape(title)}</text>{text}'


def _arrow(left: int, word: str) -> str:
    tail, head, level = left + 2, left + _GAP - 2, _HIGH // 2
    line = f"M{tail} {level - 13} H{head - 10} L{head} {level} L{head - 10} {level + 13} H{tail} Z"
    middle = left + _GAP // 2 - 4
    return f'<path d="{line}" class="arrow"/><text x="{middle}" y="{level + 5}" class="line">{word}</text>'


def _svg(width: int, height: int, parts: Iterable[str]) -> str:
    """All letters are inside of shapes, so the colour of the page does not matter."""
    style = (
        "text{font-family:sans-serif;text-anchor:middle;fill:#ffffff}.title{font-size:19px;font-weight:bold}"
        f".line{{font-size:15px}}.box{{fill:{_BLUE}}}.arrow{{fill:{_GREY}}}"
    )
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<style>{style}</style>\n{inside}\n</svg>\n"
    )


def badge(what: str, value: str) -> str:
    """A small plate with two parts, as READMEs have them."""
    left, right = (8 * len(text) + 16 for text in (what, value))
    parts = (
        f'<path d="M4 0 H{left} V24 H4 Q0 24 0 20 V4 Q0 0 4 0" class="arrow"/>',
        f'<path d="M{left} 0 H{left + right - 4} q4 0 4 4 V20 q0 4 -4 4 H{left} Z" class="box"/>',
        f'<text x="{left // 2}" y="17" class="line">{escape(what)}</text>',
        f'<text x="{left + right // 2}" y="17" class="line">{escape(value)}</text>',
    )
    return _svg(left + right, 24, parts).replace("viewBox", f'width="{left + right}" height="24" viewBox')


def _pythons() -> str:
    """The oldest and the newest version that the package names."""
    named = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text(encoding="utf-8"))
    return f"{named[0]} – {named[-1]}"


def photograph(page: Path, picture: Path) -> None:
    """The page in a browser, as wide as a desktop's."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit("no browser on the PATH: the photograph of the board needs chromium")
    with tempfile.TemporaryDirectory() as profile:
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
        where = (f"--user-data-dir={profile}", "--window-size=1200,560", f"--screenshot={picture}")
        subprocess.run([browser, *flags, *where, page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Write all of them, and the photograph if the board is another one."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        drawn = pictures(story(Path(folder)))
    before = BOARD.read_text(encoding="utf-8") if BOARD.exists() else ""
    for name, content in drawn.items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    if drawn[BOARD.name] != before or not BOARD.with_suffix(".png").exists():
        photograph(BOARD, BOARD.with_suffix(".png"))


if __name__ == "__main__":
    main()
