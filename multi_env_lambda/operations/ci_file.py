"""The repository's own decision: the ``ci.py`` of the protected branch, run in a child that is shut in.

The file is read as the protected branch has it, never as the change has it that is judged. It has no rights, of the
dispatcher or anybody else. Where it makes a mistake, the default decision is taken and the mistake is reported.
"""

from __future__ import annotations

import logging

from multi_env_lambda.ci.checked import checked
from multi_env_lambda.ci.decide import decide
from multi_env_lambda.ci.decision import Decision, read_decision
from multi_env_lambda.ci.happened import Happened, NotForUs
from multi_env_lambda.ci.state import State
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.own_child import answer_of, pass_on, run_own

__all__ = ["CI_FILE", "SECONDS", "decide_with", "own_decision"]

CI_FILE = "ci.py"
"""At the root of the repository, beside the table."""

SECONDS = 10.0
LARGEST = 256 * 1024
_HINT = "correct the file on the protected branch; until then the default decision is taken"


def decide_with(text: bytes | None, happened: Happened, state: State, *, seconds: float = SECONDS) -> Decision:
    """The decision of a file with this text; the default one if there is none, or if it makes a mistake.

    What the mistake is, stands in the notes of the decision.
    """
    default = decide(happened, state)
    if text is None or isinstance(happened, NotForUs):
        return default
    try:
        return own_decision(text, happened, state, default, seconds=seconds)
    except MultiEnvLambdaError as error:
        logging.getLogger(__name__).warning("%s", error)
        return default.noting(f"{error.where}: {error.what}; this is the default decision")


def own_decision(
    text: bytes, happened: Happened, state: State, default: Decision, *, seconds: float = SECONDS
) -> Decision:
    """What the file makes of the default decision.

    Raises:
        ConfigurationError: it makes a mistake, or decides what it may not.
    """
    if len(text) > LARGEST:
        raise ConfigurationError(CI_FILE, f"it has {len(text)} bytes, {LARGEST} are read", hint=_HINT)
    value = (text, happened, state, default)
    ended = run_own("multi_env_lambda.operations.ci_run", value, own=(), where=CI_FILE, seconds=seconds)
    pass_on(ended.said)
    answer = answer_of(ended, "decide", where=CI_FILE, seconds=seconds)
    try:
        found = read_decision(answer, where=CI_FILE)
    except MultiEnvLambdaError as error:
        raise ConfigurationError(CI_FILE, error.what, hint=_HINT) from error
    return checked(found, default, state, where=CI_FILE)
