"""The verb that explains an error: what it means, what usually leads to it, and what to do."""

from __future__ import annotations

import inspect

import click

from multi_env_lambda import errors
from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.api.names import did_you_mean
from multi_env_lambda.cli.output import out
from multi_env_lambda.errors import MultiEnvLambdaError

__all__ = ["explain_command"]


@click.command("explain")
@click.argument("error", metavar="[ERROR|CODE]", default="")
def explain_command(error: str) -> int:
    """Explain an error by its name or exit code: what it means, what usually causes it, and what to do.

    Without one, all of them are listed. In Python, `help(multi_env_lambda.StackError)` shows the same.
    """
    kinds = {kind.__name__: kind for kind in _kinds()}
    if not error:
        out("\n".join(f"{kind.exit_code:>3}  {name:<18}  {_about(kind)[0]}" for name, kind in kinds.items()))
        return 0
    found = [kind for name, kind in kinds.items() if error.lower() == name.lower() or error == str(kind.exit_code)]
    if not found:
        hint = did_you_mean(error, kinds)
        raise click.UsageError(f"there is no error `{error}`\nhint: {hint}")
    out("\n\n".join("\n".join((f"{kind.__name__} (exit code {kind.exit_code})", "", *_about(kind))) for kind in found))
    return 0


def _kinds() -> list[type[MultiEnvLambdaError]]:
    """In the order of their exit codes."""
    named = (getattr(errors, name) for name in errors.__all__)
    return sorted((UnitsFailed, *(kind for kind in named if kind is not MultiEnvLambdaError)), key=_code)


def _code(kind: type[MultiEnvLambdaError]) -> int:
    return kind.exit_code


def _about(kind: type[MultiEnvLambdaError]) -> list[str]:
    """The docstring up to the attributes, which are for callers."""
    text = inspect.getdoc(kind) or ""
    return text.partition("\nAttributes:")[0].replace("``", "`").strip().splitlines()
