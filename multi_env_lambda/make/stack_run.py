"""Runs a unit's ``stack.py`` in its own process: values in by stdin, documents out as JSON, and nothing else.

The process is sandboxed before this is imported (``stack_file.py``), and its answer is not trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.answering import answer, function_of, line_of
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.said import said_by
from multi_env_lambda.plan.template import StackInput, extended, stack_file
from multi_env_lambda.plan.template.cotton import import_cottonformation
from multi_env_lambda.plan.template.parts import Json

__all__ = ["load_extend", "main"]

_NO_NETWORK = (
    "`stack.py` runs without credentials and without network: write the value into the settings, or let CloudFormation "
    "look it up (`Fn::ImportValue`, an SSM parameter)"
)
_NO_FILES = "`stack.py` may only read the unit's folder and what it shares; it cannot write or start programs"


def main() -> None:
    """Extend the drafts of all environments from stdin, answer, and exit."""
    answer(lambda value: _answered(*value))


def _answered(root: Path, work: tuple[tuple[StackInput, Json], ...]) -> dict[str, Any]:
    path = os.fspath(root / stack_file(work[0][0].project))
    try:
        extend = load_extend(root, work[0][0].project)
        if extend is None:
            return {"error": ["no longer exists", "run the same command again"]}
        return {"documents": [extended(unit, draft, extend) for unit, draft in work]}
    except MultiEnvLambdaError as error:
        cause = error.__cause__ or error
        return {"error": [f"{error.what}{line_of(cause, path)}", _reason(cause) or error.hint]}
    except BaseException as error:  # KeyboardInterrupt, and whatever a unit derives from BaseException
        what = f"ended with {type(error).__name__}: {said_by(error)}{line_of(error, path)}"
        return {"error": [what, _reason(error) or "let extend() return, or raise an Exception"]}


def _reason(error: BaseException | None) -> str:
    """What the code lacked in the sandbox, if that is why it failed."""
    while error is not None:
        if type(error).__module__.startswith(("botocore.", "urllib3.", "requests.", "socket")):
            return _NO_NETWORK
        if isinstance(error, PermissionError):
            return _NO_FILES
        if isinstance(error, (ConnectionError, TimeoutError)) or "Network is unreachable" in said_by(error):
            return _NO_NETWORK
        error = error.__cause__ or error.__context__
    return ""


def load_extend(root: Path, project: Project) -> Callable[[Any, Any], None] | None:
    """The function ``extend`` of the unit's own ``stack.py``, or None where it has no such file.

    It runs the file in this process: in a test, or in its own process.

    Raises:
        ConfigurationError: the file has no such function.
    """
    where = stack_file(project)
    path = root / where
    if not path.is_file():
        return None
    import_cottonformation()
    module = f"stack_of_{project.name.replace('-', '_')}"
    try:
        extend = function_of(path.read_bytes(), os.fspath(path), "extend", module=module)
    except (Exception, SystemExit) as error:
        what = f"cannot be imported: {type(error).__name__}: {said_by(error)}"
        raise ConfigurationError(where, what, hint="correct the file; it runs when the unit is built") from error
    if extend is None:
        raise ConfigurationError(where, "has no function `extend`", hint="write `def extend(template, context): ...`")
    return extend
