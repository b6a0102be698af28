"""The local cloud: ``local up|down|reset|status``, and the demo that shows the whole chain."""

from __future__ import annotations

import json
from typing import Any

import attrs
import click

from multi_env_lambda import pipeline
from multi_env_lambda.cli.deploy import finish
from multi_env_lambda.cli.output import err_console, json_option, live, note, open_workspace, out, print_json
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.host.identity import now
from multi_env_lambda.show.text import plan_text, status_table
from multi_env_lambda.workspace import Workspace

__all__ = ["demo_command", "local_command"]


@click.group("local")
def local_command() -> None:
    """The local cloud of this workspace: five accounts on 127.0.0.1. Its state is kept in `.multi_env_lambda/local`."""


@local_command.command("up")
@json_option
def up(as_json: bool) -> int:
    """Start it, if it does not run yet."""
    workspace = open_workspace(True)
    cloud = workspace.start_local_cloud()
    if as_json:
        print_json({"endpoint": cloud.endpoint, "config_file": str(cloud.config_file)})
    note(f"the local cloud runs at {cloud.endpoint}")
    note(f"for other tools: AWS_CONFIG_FILE={cloud.config_file} AWS_SHARED_CREDENTIALS_FILE={cloud.credentials_file}")
    return 0


@local_command.command("down")
def down_() -> int:
    """Stop it and keep its state."""
    from multi_env_lambda.local.server import down

    note("stopped" if down(open_workspace(True).root) else "it does not run")
    return 0


@local_command.command("reset")
def reset_() -> int:
    """Stop it and forget everything in it."""
    import shutil

    from multi_env_lambda.host.folders import workspace_cache
    from multi_env_lambda.local.server import reset

    root = open_workspace(True).root
    reset(root)
    shutil.rmtree(workspace_cache(root) / "local", ignore_errors=True)
    note("all five accounts are empty")
    return 0


@local_command.command("status")
@json_option
def status_(as_json: bool) -> int:
    """Whether it runs, and where."""
    from multi_env_lambda.local.server import status

    found = status(open_workspace(True).root)
    if as_json:
        print_json({**attrs.asdict(found), "folder": str(found.folder)})
    else:
        out(f"runs at {found.endpoint} (process {found.pid})" if found.running else "does not run")
    return 0


@click.command("demo")
@click.option("--local", is_flag=True, help="Always on; the demo never leaves this machine.")
def demo_command(local: bool) -> int:
    """Deploy every unit through all environments of the local cloud, and call one function of each in the last."""
    quiet = open_workspace(True)
    last = quiet.config.environments[-1].name
    draft = quiet.draft(Ask(verb="deploy", target=last, through=True, everything=True))
    err_console().print(plan_text(draft.plan))
    with live(len(draft.plan.steps)) as report:
        results = pipeline.apply(attrs.evolve(quiet.world, reported=report), draft)
    code = finish(results, False)
    for name, call, answer in [] if code else _calls(quiet, last):
        out(f"{last} {name}.{call}\n  → {answer}")
    out(status_table(quiet.status(), now()))
    out(f"devops: {quiet.config.devops.switch_role_url}")
    for environment in quiet.config.environments:
        out(f"{environment.name}: {environment.switch_role_url}")
    out(_NEXT)
    return code


_NEXT = """
next: change a line in projects/orders/orders/create.py, then
  .venv/bin/python bin/automation/plan.py --local                  what would happen, and why
  .venv/bin/python bin/automation/deploy.py sandbox --local        deploys orders, and nothing else
  .venv/bin/python bin/automation/deploy.py --to prod --local      the whole chain
  .venv/bin/python bin/automation/status.py --local                what runs where"""


def _calls(workspace: Workspace, environment: str) -> list[tuple[str, str, str]]:
    """One function of each unit with the payload of its smoke invocation, and one run of each unit's job."""
    calls = []
    for project in workspace.projects:
        settings = project.settings[environment]
        for function in settings.functions[:1]:
            payload: Any = json.loads(function.smoke.payload) if function.smoke is not None else {}
            answer = workspace.call(project.name, function.key, environment, payload)
            text = answer.payload.decode("utf-8", "replace")
            calls.append((project.name, f"{function.key} {json.dumps(payload)}", text[:400]))
        for job in settings.jobs[:1]:
            run = workspace.run_job(project.name, job.key, environment)
            calls.append((project.name, f"{job.key}, a run of the job", run.error or run.state))
    return calls
