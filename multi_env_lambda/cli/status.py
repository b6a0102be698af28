"""The verbs that only look: status, history, why, open."""

from __future__ import annotations

import attrs
import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import (
    json_option,
    local_option,
    note,
    open_workspace,
    out,
    print_json,
    tell_whose,
    unit_of,
)
from multi_env_lambda.cli.target import unit_and_rest

__all__ = ["history_command", "open_command", "status_command", "why_command"]


@click.command("status")
@names_argument("name", required=False, metavar="[UNIT]")
@click.option("--drift", is_flag=True, help="Also check every stack for manual changes; takes longer.")
@local_option
@json_option
def status_command(name: str | None, drift: bool, local: bool | None, as_json: bool) -> int:
    """Show units × environments, or the row of UNIT: version, age, whether it is behind, last failure."""
    from multi_env_lambda.show.text import status_table

    workspace = open_workspace(local)
    status = workspace.status(unit_of() or name, drift=drift)
    tell_whose(workspace)
    if as_json:
        print_json(status.to_dict())
    else:
        out(status_table(status))
        for stopped in status.lines():
            out(stopped)
    for line in status.notes:
        note(line)
    return 0


@click.command("history")
@names_argument("words", nargs=-1, metavar="UNIT [ENVIRONMENT]")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Limit per environment.")
@click.option("--before", type=click.IntRange(min=1), metavar="NUMBER", help="Only deployments before this number.")
@local_option
@json_option
def history_command(words: tuple[str, ...], limit: int, before: int | None, local: bool | None, as_json: bool) -> int:
    """Show who deployed what, when, from which commit, and how it ended; newest first."""
    from multi_env_lambda.show.history import history_table

    name, rest = unit_and_rest(words)
    workspace = open_workspace(local)
    found = workspace.unit(name).histories(rest or tuple(workspace.environments), newest=limit, before=before)
    tell_whose(workspace)
    if as_json:
        print_json({environment: [attrs.asdict(item) for item in past] for environment, past in found.items()})
    else:
        out(history_table(found))
        for environment, past in found.items():
            if len(past) == limit and past[0].sequence > 1:
                note(f"for older ones: `history.py {name} {environment} --before {past[0].sequence}`")
    return 0


@click.command("why")
@names_argument("words", nargs=-1, metavar="UNIT [ENVIRONMENT]")
@local_option
@json_option
def why_command(words: tuple[str, ...], local: bool | None, as_json: bool) -> int:
    """Explain why UNIT would or would not be deployed to ENVIRONMENT: the chain of inputs behind the decision."""
    name, rest = unit_and_rest(words)
    found = open_workspace(local).unit(name).why(rest[0] if rest else None)
    if as_json:
        print_json(found.to_dict())
    else:
        out(found.text())
    return 0


@click.command("open")
@names_argument("words", nargs=-1, metavar="UNIT [ENVIRONMENT]")
@click.option("--browser", is_flag=True, help="Open the first link in a browser.")
@local_option
@json_option
def open_command(words: tuple[str, ...], browser: bool, local: bool | None, as_json: bool) -> int:
    """Print the console links of UNIT: stack, functions, log groups, and the link to switch to the account's role."""
    name, rest = unit_and_rest(words)
    workspace = open_workspace(local)
    project = workspace.project(name)
    links = {environment: project.links(environment) for environment in rest or workspace.environments}
    if as_json:
        print_json({environment: dict(found) for environment, found in links.items()})
    else:
        for environment, found in links.items():
            for label, url in found.items():
                out(f"{environment} {label}: {url}")
    if not any(links.values()):
        note("the local cloud has no console")
    elif browser:
        import webbrowser

        first = next(iter(next(iter(links.values())).values()))
        note(f"opening {first}")
        webbrowser.open(first)
    return 0
