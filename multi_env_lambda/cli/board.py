"""The verb ``board``: what runs where, with all histories, as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, print_json, tell_whose

__all__ = ["board_command"]


@click.command("board")
@click.option(
    "--out",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("board.html"),
    show_default=True,
    help="Where to write the page.",
)
@click.option("--drift", is_flag=True, help="Also check every stack for manual changes; takes longer.")
@local_option
@json_option
def board_command(page: Path, drift: bool, local: bool | None, as_json: bool) -> int:
    """Write one self-contained HTML page that needs no server and no network; open it in any browser.

    It shows a table of units × environments and, for each unit, its history, what it depends on, what depends on it,
    console links, lead times and deploys per week.
    """
    workspace = open_workspace(local)
    tell_whose(workspace)
    board = workspace.board(drift=drift)
    board.save(page)
    if as_json:
        print_json(board.to_dict())
    note(f"{page}: {board.text()}")
    return 0
