"""Every error that this library raises on purpose, and the exit code that a script ends with.

The tree::

    MultiEnvLambdaError                 1
    ├── UnitsFailed                     1   at least one unit did not reach its goal (api/failed.py: it has the results)
    ├── ConfigurationError              3   a file of the repository is wrong or asks for the impossible
    ├── BuildError                      4   an artifact cannot be built from these files
    ├── PublishError                    5   the bucket refused, or has other content under this name
    │   ├── DocumentError              14   an object in the bucket is not what its key says
    │   └── UpgradeNeeded              15   an object was written by a newer version of this library
    ├── AccountError                    6   no credentials, a role that cannot be assumed, or the wrong account
    ├── StackError                      7   CloudFormation refused, failed or did not answer in time
    ├── PlanStale                       8   the state changed between deciding and acting; run the command again
    ├── Refused                         9   a rule forbids it: order, approval, consent, releases only, foreign stack
    ├── Busy                           10   somebody else is deploying this unit to this environment
    ├── LocalCloudError                11   the local cloud did not start or does not answer
    ├── ToolError                      12   a required program (git, uv) is missing or failed
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

    ``str(error)`` advises in Python; the attribute ``hint`` is for the command line, in words that can be typed.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, *, hint: str) -> None:
        # This includes output of tools, AWS and other people's code, and ends up in terminals, records and logs.
        self.where, self.what = masked(_shortened(where)), masked(_shortened(what))
        self.hint = worded(hint, lambda text: masked(_shortened(text)))
        super().__init__(self.where, self.what, self.hint)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\nhint: {in_python(self.hint)}"

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the error is about the user's files, not about this library."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are pickled by position; ours take the hint as a keyword.
        return (_rebuild, (type(self), self.where, self.what, self.hint), vars(self))


_LONGEST_WORD, _LONGEST_LINE, _LOOKED_AT = 1000, 20_000, 4096
_TOO_LONG = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}|[^\n]{{{_LONGEST_LINE + 1},}}")


def _shortened(text: str) -> str:
    """The text, with very long words and lines cut, such as the value of a key in a user's file."""
    return text if len(text) <= _LONGEST_WORD else _TOO_LONG.sub(_its_begin, text)


def _its_begin(found: re.Match[str]) -> str:
    whole = found[0]
    return f"{masked(whole[:_LOOKED_AT])[:80]}… ({len(whole):,} characters)"


def _rebuild(kind: type[MultiEnvLambdaError], where: str, what: str, hint: str) -> MultiEnvLambdaError:
    return kind(where, what, hint=hint)


class ConfigurationError(MultiEnvLambdaError):
    """A file of the repository is wrong or asks for the impossible; nothing was written."""

    exit_code = 3


class BuildError(MultiEnvLambdaError):
    """An artifact cannot be built from these files; nothing was published."""

    exit_code = 4


class PublishError(MultiEnvLambdaError):
    """The bucket refused a write, or has other content under a name that was to be ours."""

    exit_code = 5


class DocumentError(PublishError):
    """An object in the bucket is not the document, or not the bytes, that its name promises."""

    exit_code = 14


class UpgradeNeeded(PublishError):
    """An object in the bucket was written by a newer version of this library."""

    exit_code = 15


class AccountError(MultiEnvLambdaError):
    """No credentials, a role that cannot be assumed, or credentials of another account."""

    exit_code = 6


class StackError(MultiEnvLambdaError):
    """CloudFormation refused a change, failed to make it, or did not answer before the deadline.

    ``put_back``: CloudFormation reported that the stack is as it was before the change. ``taken``: what it was to
    create and exists already, as logical id, type and physical id.
    """

    exit_code = 7
    put_back = False
    taken: tuple[tuple[str, str, str], ...] = ()


class PlanStale(MultiEnvLambdaError):
    """The state changed between deciding and acting; simply run the same command again."""

    exit_code = 8


class Refused(MultiEnvLambdaError):
    """A rule forbids it: promotion order, approval, consent, releases only; or the stack belongs to somebody else.

    ``losses``: what holds data and would have been lost, as logical id, type, physical id and fate.
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
    """A required program (git, uv) is missing, or ended with an error."""

    exit_code = 12


class CheckFailed(MultiEnvLambdaError):
    """A smoke invocation after the deploy did not answer as expected.

    ``left``: what the rollback left behind in the account, as logical id, type and physical id.
    """

    exit_code = 13
    left: tuple[tuple[str, str, str], ...] = ()
