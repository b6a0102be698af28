"""Everything this library raises on purpose, with the exit code that a script ends with.

The tree::

    MultiEnvLambdaError                 1
    ├── UnitsFailed                     1   at least one unit did not reach its goal (api/failed.py: it has the results)
    ├── ConfigurationError              3   a file of the repository says something that cannot be done
    ├── BuildError                      4   an artifact cannot be built from what is there
    ├── PublishError                    5   the bucket refused, or holds other bytes under this name
    │   ├── DocumentError              14   an object of the bucket is not what its key says
    │   └── UpgradeNeeded              15   an object was written by a newer version of this library
    ├── AccountError                    6   no credentials, a role that cannot be assumed, or the wrong account
    ├── StackError                      7   CloudFormation refused, failed or did not answer in time
    ├── PlanStale                       8   the world moved between deciding and acting; run the command again
    ├── Refused                         9   a rule forbids it: order, approval, consent, releases only, another's stack
    ├── Busy                           10   somebody else is deploying this unit to this environment
    ├── LocalCloudError                11   the local cloud did not start or does not answer
    ├── ToolError                      12   a program that is needed (git, uv) is missing or failed
    └── CheckFailed                    13   a smoke invocation after the deploy did not answer as expected

A usage error of the command line is 2 and an interrupt is 130, as everywhere.
"""

from __future__ import annotations

import re

from multi_env_lambda.masking import masked
from multi_env_lambda.wording import in_python, worded

__all__ = [
    "AccountError",
    "BuildError",
    "Busy",
    "CheckFailed",
    "ConfigurationError",
    "DocumentError",
    "LocalCloudError",
    "MultiEnvLambdaError",
    "PlanStale",
    "PublishError",
    "Refused",
    "StackError",
    "ToolError",
    "UpgradeNeeded",
]


class MultiEnvLambdaError(Exception):
    """Base of the tree: *where* it happened, *what* is wrong (with both values), and a *hint* what to do.

    As a text it is for who calls methods; the command line shows the hint as it is, in words that can be typed.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, *, hint: str) -> None:
        # What tools, AWS and strangers' code said stands in here, and goes to terminals, records and logs.
        self.where, self.what = _shortened(masked(where)), _shortened(masked(what))
        self.hint = worded(hint, lambda text: _shortened(masked(text)))
        super().__init__(self.where, self.what, self.hint)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\nhint: {in_python(self.hint)}"

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a stack: the error is about the reader's files, not about this library."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are pickled by position; ours take the hint by keyword.
        return (_rebuild, (type(self), self.where, self.what, self.hint), vars(self))


_LONGEST_WORD, _LONGEST_LINE = 1000, 20_000
_TOO_LONG = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}|[^\n]{{{_LONGEST_LINE + 1},}}")


def _shortened(text: str) -> str:
    """The text without most of what is longer than anybody reads: the value of a key in somebody's file."""
    return text if len(text) <= _LONGEST_WORD else _TOO_LONG.sub(_its_begin, text)


def _its_begin(found: re.Match[str]) -> str:
    whole = found[0]
    return f"{whole[:80]}… ({len(whole):,} characters)"


def _rebuild(kind: type[MultiEnvLambdaError], where: str, what: str, hint: str) -> MultiEnvLambdaError:
    return kind(where, what, hint=hint)


class ConfigurationError(MultiEnvLambdaError):
    """A file of the repository says something that cannot be done; nothing was written."""

    exit_code = 3


class BuildError(MultiEnvLambdaError):
    """An artifact cannot be built from what is there; nothing was published."""

    exit_code = 4


class PublishError(MultiEnvLambdaError):
    """The bucket refused a write, or holds other bytes under a name that was to be ours."""

    exit_code = 5


class DocumentError(PublishError):
    """An object of the bucket is not the document, or not the bytes, that its name promises."""

    exit_code = 14


class UpgradeNeeded(PublishError):
    """An object of the bucket was written by a newer version of this library."""

    exit_code = 15


class AccountError(MultiEnvLambdaError):
    """No credentials, a role that cannot be assumed, or credentials of another account."""

    exit_code = 6


class StackError(MultiEnvLambdaError):
    """CloudFormation refused a change, failed to make it, or did not answer before the deadline.

    ``put_back``: CloudFormation has told that the stack is again as it was before the change. ``taken``: what it was to
    make and is there already, as logical id, type and physical id.
    """

    exit_code = 7
    put_back = False
    taken: tuple[tuple[str, str, str], ...] = ()


class PlanStale(MultiEnvLambdaError):
    """The world moved between deciding and acting; the same command can simply be run again."""

    exit_code = 8


class Refused(MultiEnvLambdaError):
    """A rule forbids it: promotion order, approval, consent, releases only; or the stack is somebody else's.

    ``losses``: what holds data and would have gone, as logical id, type, physical id and fate.
    """

    exit_code = 9
    losses: tuple[tuple[str, str, str, str], ...] = ()


class Busy(MultiEnvLambdaError):
    """Somebody else is deploying this unit to this environment right now."""

    exit_code = 10


class LocalCloudError(MultiEnvLambdaError):
    """The local cloud did not start, or does not answer."""

    exit_code = 11


class ToolError(MultiEnvLambdaError):
    """A program that is needed (git, uv) is missing, or ended with an error."""

    exit_code = 12


class CheckFailed(MultiEnvLambdaError):
    """A smoke invocation after the deploy did not answer as expected.

    ``left``: what the put-back let stay in the account, as logical id, type and physical id.
    """

    exit_code = 13
    left: tuple[tuple[str, str, str], ...] = ()
