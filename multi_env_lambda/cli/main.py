"""The verbs, each loaded when it is used, so that ``--help`` stays fast."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from multi_env_lambda._version import __version__
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.show.terminal import edge, say

__all__ = ["VERBS", "main", "run"]

INTERRUPTED = 130

VERBS: dict[str, tuple[str, str]] = {
    "plan": ("deploy", "Show what a deploy would do, and why"),
    "build": ("deploy", "Build the artifacts of the affected units on this machine"),
    "publish": ("deploy", "Build, and publish to the artifact bucket"),
    "deploy": ("deploy", "Build, publish and deploy"),
    "promote": ("deploy", "Bring what runs in one environment to the next"),
    "rollback": ("deploy", "Bring back what ran before"),
    "repair": ("repair", "Put right what somebody changed or deleted by hand"),
    "approve": ("approve", "Approve a saved plan"),
    "status": ("status", "Show what runs where"),
    "history": ("status", "Show who deployed what, when and how it ended"),
    "why": ("status", "Explain a decision, to deploy or not to"),
    "diff": ("compare", "Compare two environments"),
    "drift": ("compare", "Find what somebody changed by hand"),
    "open": ("status", "Show the console links of a unit"),
    "board": ("board", "Write the status as one HTML page"),
    "invoke": ("functions", "Call one function through its alias"),
    "logs": ("functions", "Show what a function has written to its log"),
    "lock": ("prepare", "Lock the dependencies of a unit"),
    "new": ("prepare", "Make a new unit"),
    "init": ("prepare", "Make this repository a workspace"),
    "bootstrap": ("prepare", "Make the artifact bucket, and the roles of every account"),
    "doctor": ("doctor", "Look at who you are, and at what is missing where"),
    "permissions": ("doctor", "Print the IAM policies that a role needs"),
    "destroy": ("remove", "Delete a unit from one environment"),
    "prune": ("remove", "Remove what nothing refers to any more"),
    "local": ("local", "Start, stop and look at the local cloud"),
    "demo": ("local", "Deploy every unit to every environment of the local cloud"),
}
"""Every verb: the module of this folder that has it, and what it does in one line."""


class _Verbs(click.Group):
    """A group that knows its verbs' names and texts without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"multi_env_lambda.cli.{VERBS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            from multi_env_lambda.api.names import did_you_mean

            raise click.UsageError(f"there is no verb `{name}`\nhint: {did_you_mean(name, VERBS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="multi-env-lambda")
@click.pass_context
def _group(ctx: click.Context) -> None:
    """Deploy many Lambda units from one Git repository through several AWS accounts, apart or together."""


def main(argv: list[str] | None = None, *, start: Path | None = None, unit: str | None = None) -> int:
    """Run one command line; gives the exit code.

    Args:
        start: a folder of the workspace; None: the current one.
        unit: the only unit that is meant; None: the whole workspace.
    """
    words = sys.argv[1:] if argv is None else argv
    context: dict[str, Any] = {"start": start or Path.cwd(), "unit": unit}
    with edge():
        try:
            answer = _group.main(words, prog_name="multi-env-lambda", standalone_mode=False, obj=context)
        except MultiEnvLambdaError as error:
            say(f"error: {error}", err=True)
            return error.exit_code
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (KeyboardInterrupt, click.Abort):
            say("interrupted; run the same command again to finish", err=True)
            return INTERRUPTED
        except Exception:
            say(f"{traceback.format_exc()}a mistake of multi-env-lambda; please report it", err=True)
            return MultiEnvLambdaError.exit_code
        return answer if isinstance(answer, int) else 0


def run(verb: str, script: str) -> int:
    """The whole of a script in ``bin/automation``: where its file stands decides the scope.

    Below ``projects/<name>/`` it is that unit, elsewhere the workspace.
    """
    folder = Path(script).resolve().parent.parent.parent
    unit = folder.name if folder.parent.name == "projects" else None
    return main([verb, *sys.argv[1:]], start=folder, unit=unit)
