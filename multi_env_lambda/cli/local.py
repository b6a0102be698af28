"""The local cloud: ``local up|down|reset|status``, and the demo of the whole chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.output import json_option, note, open_workspace, out, print_json
from multi_env_lambda.cli.results import finish

if TYPE_CHECKING:
    from multi_env_lambda.api.push_ending import PushEnding
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["demo_command", "local_command"]

_APPROVE = "python -m multi_env_lambda local approve"
"""As it is typed from a clone, in which nothing is installed and `local` has no script."""


@click.group("local")
def local_command() -> None:
    """The local cloud of this workspace: five accounts on 127.0.0.1. Its state is in `.multi_env_lambda/local`."""


@local_command.command("up")
@json_option
def up(as_json: bool) -> int:
    """Start it if it is not running."""
    cloud = open_workspace(True).local_cloud.up()
    if as_json:
        print_json({"endpoint": cloud.endpoint, "config_file": str(cloud.config_file)})
    note(f"the local cloud is running at {cloud.endpoint}")
    note(f"for other tools: AWS_CONFIG_FILE={cloud.config_file} AWS_SHARED_CREDENTIALS_FILE={cloud.credentials_file}")
    return 0


@local_command.command("push")
@click.argument("branch", required=False, default="")
@json_option
def push_(branch: str, as_json: bool) -> int:
    """Push the current commit to BRANCH of the repository beside the local cloud, and watch what it does.

    Without BRANCH: the protected one. The CI that `bootstrap` makes runs, each part in its own role. It ends when
    nothing more follows: in the last environment, or in front of an approval.
    """
    return _told(open_workspace(True).local_cloud.push(branch), as_json)


@local_command.command("approve")
@click.argument("environment", required=False, default="")
@click.argument("digest", required=False, default="")
@json_option
def approve_(environment: str, digest: str, as_json: bool) -> int:
    """Agree to what waits, as somebody else than who pushed, and watch what it does.

    ENVIRONMENT and DIGEST name it, if several things wait.
    """
    return _told(open_workspace(True).local_cloud.approve(environment, digest), as_json)


def _told(ending: PushEnding, as_json: bool) -> int:
    if as_json:
        print_json(ending.to_dict())
    note(f"after {ending.seconds} s: {ending.outcome or 'nothing follows from it'}")
    for wait in ending.waits:
        note(f"{wait.environment} waits for somebody else; `{_APPROVE} {wait.environment} {wait.digest[:12]}`")
    return 0 if ending.good else 1


@local_command.command("down")
def down_() -> int:
    """Stop it and keep its state."""
    note("stopped" if open_workspace(True).local_cloud.down() else "not running")
    return 0


@local_command.command("reset")
def reset_() -> int:
    """Stop it and delete everything in it."""
    open_workspace(True).local_cloud.reset()
    note("all five accounts are empty")
    return 0


@local_command.command("status")
@json_option
def status_(as_json: bool) -> int:
    """Show whether it is running, and where."""
    found = open_workspace(True).local_cloud.status()
    if as_json:
        print_json(found.to_dict())
    else:
        out(found.text())
    return 0


@click.command("demo")
@click.option("--local", is_flag=True, help="Always on; the demo never leaves this machine.")
def demo_command(local: bool) -> int:
    """Deploy every unit through all environments of the local cloud, and call one function of each in the last.

    Then, in a copy with one unit, change one line, push it, and see it walk to the last one after somebody's approval.
    """
    from multi_env_lambda.show.text import status_table

    workspace = open_workspace(True, TerminalDialog(yes=True))
    last = list(workspace.environments)[-1]
    code = finish(lambda: workspace.deploy(to=last, everything=True), False)
    for name, call, answer in [] if code else _calls(workspace, last):
        out(f"{last} {name}.{call}\n  → {answer}")
    out(status_table(workspace.status()))
    code = code or _pushed(workspace, last)
    out(_NEXT)
    return code


_LINE = '"customers": customers, "errors": errors}'
_CHANGED = '"customers": customers, "errors": errors, "said": "this line was pushed"}'


def _pushed(workspace: Workspace, last: str) -> int:
    """The second half of the demo: the same by a push, with all that `bootstrap` makes for it."""
    from multi_env_lambda.api.rehearsal import change, rehearsal
    from multi_env_lambda.show.text import status_table

    if "customers" not in workspace:
        return 0
    root = Path(workspace.root)
    copy = rehearsal(root, "projects/customers", last)
    change(copy, "projects/customers/customers/records.py", _LINE, _CHANGED)
    out(f"\nby a push: one line of projects/customers is changed and committed, in {copy.relative_to(root)}")
    context = click.get_current_context().obj
    there = (context["opener"] or type(workspace).open)(copy, local=True, progress=note)
    try:
        if (code := _told(there.local_cloud.push(), False)) or (code := _told(there.local_cloud.approve(), False)):
            return code
        for name, call, answer in _calls(there, last):
            out(f"{last} {name}.{call}\n  → {answer}")
        out(status_table(there.status()))
        return 0
    finally:
        there.local_cloud.down()


_NEXT = """
next: change a line in projects/orders/orders/create.py, then
  .venv/bin/python bin/automation/plan.py --local                  what would happen, and why
  .venv/bin/python bin/automation/deploy.py sandbox --local        deploys orders, and nothing else
  .venv/bin/python bin/automation/deploy.py --to prod --local      the whole chain
  .venv/bin/python bin/automation/status.py --local                what runs where"""


def _calls(workspace: Workspace, environment: str) -> list[tuple[str, str, str]]:
    """One function of each unit with the payload of its smoke invocation, and one run of each unit's job."""
    calls = []
    for project in workspace.projects.values():
        settings = project.config.settings[environment]
        for function in settings.functions[:1]:
            payload: Any = json.loads(function.smoke.payload) if function.smoke is not None else {}
            answer = project.function(function.key).call(payload, environment)
            text = answer.payload.decode("utf-8", "replace")
            calls.append((project.name, f"{function.key} {json.dumps(payload)}", text[:400]))
        for job in settings.jobs[:1]:
            run = project.jobs[job.key].run(environment=environment)
            calls.append((project.name, f"{job.key}, a run of the job", run.error or run.state))
    return calls
