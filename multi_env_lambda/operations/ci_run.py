"""Runs a repository's ``ci.py``, in a process of its own that is shut in before this is imported (``ci_file.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from multi_env_lambda.ci.decision import Decision
from multi_env_lambda.ci.happened import Happened
from multi_env_lambda.ci.state import State
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.answering import answer, function_of, line_of
from multi_env_lambda.model.said import said_by

__all__ = ["Own", "load_decide", "main"]

Own = Callable[[Happened, State, Decision], Decision]
_PATH = "ci.py"
_SIGNATURE = "write `def decide(happened, state, default): ...`, and return a decision"


def main() -> None:
    """Decide what comes by stdin, answer, and end."""
    answer(lambda value: _answered(*value))


def load_decide(text: bytes, path: str = _PATH) -> Own:
    """The function ``decide`` of a ``ci.py``. It runs the file, here: in a test, or in a process of its own.

    Raises:
        ConfigurationError: the file gives no function.
    """
    try:
        found = function_of(text, path, "decide", module="ci")
    except (Exception, SystemExit) as error:
        what = f"cannot be imported: {type(error).__name__}: {said_by(error)}{line_of(error, path)}"
        raise ConfigurationError(
            path, what, hint="it runs alone: the standard library and multi_env_lambda.ci"
        ) from error
    if found is None:
        raise ConfigurationError(path, "has no function `decide`", hint=_SIGNATURE)
    return found


def _answered(text: bytes, happened: Happened, state: State, default: Decision) -> Mapping[str, Any]:
    try:
        found = load_decide(text)(happened, state, default)
        if not isinstance(found, Decision):
            return {"error": [f"decide() gave back {type(found).__name__}, expected a Decision", _SIGNATURE]}
        return found.to_document()
    except ConfigurationError as error:
        return {"error": [error.what, error.hint]}
    except BaseException as error:  # KeyboardInterrupt, and what somebody derives from BaseException
        what = f"decide() ended with {type(error).__name__}: {said_by(error)}{line_of(error, _PATH)}"
        return {"error": [what, "let decide() return a decision"]}
