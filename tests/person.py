"""What the tests have around them: what a person without an AWS account has, whoever starts them, and from wherever."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from multi_env_lambda.host.build_run import BUILD_VARIABLES
from multi_env_lambda.model.ci_stack import JOB_VARIABLE

__all__ = ["AWS_FILES", "STARTED_BY_A_CI", "environment_of_a_person", "signals_of_a_person", "variables_are_put_back"]

STARTED_BY_A_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

OF_A_BUILD = (*BUILD_VARIABLES, "CI", JOB_VARIABLE)
"""A build is refused what people decide."""

OF_A_TERMINAL = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "LINES")

OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Git tells its hooks where they are, and a test suite may be started by one."""

TRUST = "AWS_CA_BUNDLE"
"""Says whom to trust, not who one is."""

AWS_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""Where an account is looked for besides: without these, in the home of whoever starts the tests."""

OF_PYTEST = "PYTEST_CURRENT_TEST"
"""Written before every step of a test, by pytest itself."""

SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
"""``nohup`` ignores the first, and a script that starts something with ``&`` the next two: what it starts does, too."""


@contextmanager
def environment_of_a_person(*, with_accounts: bool) -> Iterator[None]:
    """Only what a test sets itself says that it is a build or, but for the live suite, has an AWS account."""
    accounts = () if with_accounts else [name for name in os.environ if name.startswith("AWS_") and name != TRUST]
    with pytest.MonkeyPatch.context() as patch:
        for name in (*OF_A_BUILD, *OF_A_TERMINAL, *OF_A_HOOK, *accounts):
            patch.delenv(name, raising=False)
        for name in () if with_accounts else AWS_FILES:
            patch.setenv(name, os.devnull)
        yield


@contextmanager
def variables_are_put_back() -> Iterator[None]:
    """What is left behind would be there for tests of other files too, and only where one process runs both."""
    before = _variables()
    yield
    left = _variables()
    changed = sorted(name for name in {*before, *left} if before.get(name) != left.get(name))
    for name in changed:
        os.environ.pop(name, None)
    os.environ.update({name: before[name] for name in changed if name in before})
    # Names only: one of them may be a secret of whoever starts the tests.
    assert not changed, f"not put back: {', '.join(changed)}"


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != OF_PYTEST}


@contextmanager
def signals_of_a_person() -> Iterator[None]:
    """What a test starts hears the signals that whoever starts the tests ignores; the tests themselves do not."""
    known = [number for name in SIGNALS if (number := getattr(signal, name, None))]
    ignored = [number for number in known if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, _unheard)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def _unheard(number: int, frame: FrameType | None) -> None:
    """A handler instead of SIG_IGN, which a program that is started would inherit."""
