"""The verb ``board``: what runs where, with all histories, as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, print_json, tell_whose
from multi_env_lambda.host.identity import now

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
@click.option("--drift", is_flag=True, help="Also look for changes by hand in every stack; takes longer.")
@local_option
@json_option
def board_command(page: Path, drift: bool, local: bool | None, as_json: bool) -> int:
    """Write one HTML page that needs no server and asks nobody for anything; open it in any browser.

    It has the matrix units × environments, and for each unit its history, what it needs and what needs it, the links to
    the console, lead times and deploys per week.
    """
    from multi_env_lambda.flow.drift import with_drift
    from multi_env_lambda.host.files import write_atomically
    from multi_env_lambda.show.board import NEWEST, board_data, board_html

    workspace = open_workspace(local)
    tell_whose(workspace)
    status = workspace.status()
    if drift:
        status = with_drift(status, workspace.drift())
    histories = workspace.histories(newest=NEWEST)
    what = (workspace.config, workspace.projects, status, histories, now())
    write_atomically(page.absolute(), board_html(*what).encode("utf-8"))
    page.chmod(0o644)
    if as_json:
        print_json(board_data(*what))
    note(f"{page}: {len(status.units)} units, {sum(map(len, histories.values()))} deployments")
    return 0
