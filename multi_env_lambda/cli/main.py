"""The verbs, each loaded when it is used, so that ``--help`` stays fast."""

from __future__ import annotations

import gc
import importlib
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda._version import __version__
from multi_env_lambda.cli.machine import refused_by_the_machine
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.show.terminal import complain, edge, say

if TYPE_CHECKING:
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["VERBS", "main", "run"]

INTERRUPTED = 130

COLLECT_AFTER = 100_000
"""After how many new objects Python looks for forgotten ones that refer to each other. After 700, as Python itself
has it, the search takes a seventh of a short command, and what is imported is never forgotten."""

VERBS: dict[str, tuple[str, str]] = {
    "plan": ("deploy", "Show what a deploy would do, and why"),
    "build": ("deploy", "Build the artifacts of the affected units on this machine"),
    "publish": ("deploy", "Build, and publish to the artifact bucket"),
    "deploy": ("deploy", "Build, publish and deploy"),
    "promote": ("deploy", "Deploy what runs in one environment to the next"),
    "rollback": ("deploy", "Roll back to what ran before"),
    "repair": ("repair", "Restore what somebody changed or deleted manually"),
    "approve": ("approve", "Approve a saved plan"),
    "freeze": ("freeze", "Let nothing change in an environment until somebody lifts it"),
    "unfreeze": ("freeze", "Lift a freeze, or what a rollback holds"),
    "status": ("status", "Show what runs where"),
    "history": ("status", "Show who deployed what, when and how it ended"),
    "why": ("status", "Explain why a unit would be deployed or not"),
    "diff": ("compare", "Compare two environments"),
    "drift": ("compare", "Find manual changes"),
    "open": ("status", "Show the console links of a unit"),
    "outputs": ("outputs", "Show what a unit made: names, ARNs and URLs"),
    "board": ("board", "Write the status as one HTML page"),
    "shell": ("shell", "Run a program with the role of an environment"),
    "invoke": ("functions", "Invoke one function through its alias"),
    "event": ("event", "Print a sample event of one kind"),
    "logs": ("functions", "Show or follow the logs of a unit"),
    "test": ("own_tests", "Run the tests of units with their locked dependencies"),
    "lock": ("prepare", "Lock the dependencies of a unit"),
    "new": ("prepare", "Create a new unit"),
    "adopt": ("adopt", "Make a unit from a project of another tool"),
    "init": ("prepare", "Turn this repository into a workspace"),
    "bootstrap": ("prepare", "Create the artifact bucket, and the roles of every account"),
    "doctor": ("doctor", "Check your identity, and what is missing in each account"),
    "explain": ("explain", "Explain an error or a question of a plan"),
    "schema": ("schema", "Print the JSON schema of the configuration, for editors"),
    "permissions": ("doctor", "Print the IAM policies that a role needs"),
    "destroy": ("remove", "Delete a unit from one environment"),
    "prune": ("remove", "Remove what nothing references any more"),
    "ci": ("ci", "Do what a job of the CI wants, and agree to what waits"),
    "local": ("local", "Start, stop and inspect the local cloud"),
    "demo": ("local", "Deploy every unit to every environment of the local cloud"),
}
"""Every verb: the module in this folder that has it, and what it does in one line."""


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
    """Deploy many Lambda units from one Git repository through several AWS accounts, separately or together."""


def main(
    argv: list[str] | None = None,
    *,
    start: Path | None = None,
    unit: str | None = None,
    opener: Callable[..., Workspace] | None = None,
) -> int:
    """Run one command line and return its exit code.

    Args:
        start: a folder of the workspace; None: the current folder.
        unit: the only unit to work on; None: the whole workspace.
        opener: opens the workspace, as ``Workspace.open`` does; None: that one.
    """
    if argv is None:
        gc.set_threshold(COLLECT_AFTER)
    words = sys.argv[1:] if argv is None else argv
    context: dict[str, Any] = {"start": start or Path.cwd(), "unit": unit, "opener": opener, "words": words}
    context["begun"] = time.perf_counter()
    with edge():
        try:
            with ExitStack() as ends:
                context["ends"] = ends
                answer = _group.main(words, prog_name="multi-env-lambda", standalone_mode=False, obj=context)
        except MultiEnvLambdaError as error:
            return _told(error)
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message(), err=True)
            return error.exit_code
        except click.ClickException as error:
            complain(_told_of_usage(error))
            return error.exit_code
        except (KeyboardInterrupt, click.Abort) as error:
            say(_told_of_interruption(error), err=True)
            return INTERRUPTED
        except Exception as error:
            refused = refused_by_the_machine(error)
            if refused is not None:
                return _told(refused)
            complain(f"{traceback.format_exc()}this is a bug in multi-env-lambda; please report it")
            return MultiEnvLambdaError.exit_code
        return answer if isinstance(answer, int) else 0


def _told_of_interruption(error: BaseException) -> str:
    """click makes an ``Abort`` of every Ctrl-C; one that a question raised itself has no cause."""
    if isinstance(error, click.Abort) and error.__cause__ is None:
        return "\ninterrupted: what this question is about was not done"
    return "interrupted: the same command finishes what is not done yet"


def _told_of_usage(error: click.ClickException) -> str:
    """In the form of every other error. Click begins its sentences with a capital letter; words in capitals stay."""
    said = _said_of_usage(error)
    said = said if said[1:2].isupper() else said[:1].lower() + said[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    if "\nhint: " in said or context is None:
        return f"error: {said}"
    usage = " ".join(context.command.collect_usage_pieces(context))
    return f"error: {said}\nhint: `{context.command_path} {usage}`; `{context.command_path} --help` says more"


def _said_of_usage(error: click.ClickException) -> str:
    match error:
        case click.MissingParameter(param=click.Argument(metavar=str(words))):
            return f"expected {_needed(words)}"
        case click.MissingParameter(param=click.Option(help=str(text), opts=[name, *_])):
            return f"missing option {name}: {text[:1].lower()}{text[1:]}"
        case click.NoSuchOption(option_name=name, possibilities=others):
            from difflib import get_close_matches

            # Click compares the dashes too, which every option begins with.
            near = get_close_matches(name.lstrip("-"), [other.lstrip("-") for other in others or ()], n=1)
            return f"there is no option {name}" + "".join(f"; did you mean --{other}?" for other in near)
        case _:
            return error.format_message()


def _needed(words: str) -> str:
    """Of ``[UNIT] ENVIRONMENT``, what is not in brackets; of words that all are, the first."""
    first, *_ = named = words.split()
    return " and ".join([word for word in named if not word.startswith("[")] or [first.strip("[].")])


def _told(error: MultiEnvLambdaError) -> int:
    kinds = getattr(error, "kinds", ())  # what `UnitsFailed` has, without its import
    kind = next(iter(kinds)) if len(kinds) == 1 else type(error).__name__
    name = "" if kind == MultiEnvLambdaError.__name__ else f"[{kind}]"  # the base explains nothing
    say(f"error{name}: {error.where}: {error.what}\nhint: {error.hint}", err=True)
    return error.exit_code


def run(verb: str, script: str) -> int:
    """The whole of a script in ``bin/automation``: the script's folder decides the scope.

    In the folder of a unit it is that unit, elsewhere the workspace.
    """
    from multi_env_lambda.api.scope import unit_at

    gc.set_threshold(COLLECT_AFTER)
    folder = Path(script).resolve().parent.parent.parent
    return main([verb, *sys.argv[1:]], start=folder, unit=unit_at(folder))
