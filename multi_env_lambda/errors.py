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
    │   └── SessionEnded               16   the credentials ended; sign in, and the same command goes on
    ├── StackError                      7   CloudFormation refused, failed or did not answer in time
    ├── PlanStale                       8   the state changed between deciding and acting; run the command again
    ├── Refused                         9   forbidden: order, approval, consent, releases, foreign stack; full account
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
    "SessionEnded",
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
    """A file of the repository is wrong or asks for the impossible; nothing was written.

    The message starts with the file, table or argument, followed by what was found and what was expected. The most
    frequent causes are a misspelt key or name, a unit or environment that does not exist, and two tables that
    contradict each other. Correct the file and run the same command again; ``plan`` reads all files and writes
    nothing.
    """

    exit_code = 3


class BuildError(MultiEnvLambdaError):
    """An artifact cannot be built from these files; nothing was published.

    Either the unit's build backend failed, or what it built would not work in Lambda: a handler that cannot be
    imported, a dependency without a wheel for the runtime, a package that is too large, a secret in a file. The end
    of the output of the tool is part of the message. ``build`` does the same without AWS, so you can try until it
    succeeds.
    """

    exit_code = 4


class PublishError(MultiEnvLambdaError):
    """The bucket refused a write, or has other content under a name that was to be ours.

    What is published never changes, so other content under the same name is an error. If S3 refused the write, the
    message has its words; ``doctor`` checks the bucket and your role.
    """

    exit_code = 5


class DocumentError(PublishError):
    """An object in the bucket is not the document, or not the bytes, that its name promises.

    Somebody changed or replaced it, or a disk or network damaged a copy. Nothing is done with it. The message has
    the object's key; the bucket keeps earlier versions, and the right one can be restored from them.
    """

    exit_code = 14


class UpgradeNeeded(PublishError):
    """An object in the bucket was written by a newer version of this library.

    A colleague or the CI has upgraded. Install the same version or a newer one; older versions do not touch what
    they do not understand.
    """

    exit_code = 15


class AccountError(MultiEnvLambdaError):
    """No credentials, a role that cannot be assumed, or credentials of another account.

    The account of every session is compared with the table before the first write, so nothing was written there.
    ``doctor`` shows who you are and which roles you can assume.
    """

    exit_code = 6


class SessionEnded(AccountError):
    """The credentials of this run have ended, or AWS does not accept this machine's clock; the same command goes on.

    No further unit is begun. What CloudFormation was doing goes on in AWS, and is not recorded as failed. The message
    says whose session it was and how far the run came, and the hint how to renew it. Renew it, and run the same command
    again: it finishes what was under way, and begins the rest. Roles that the run assumes itself are renewed by
    themselves.
    """

    exit_code = 16


class StackError(MultiEnvLambdaError):
    """CloudFormation refused a change, failed to make it, or did not answer before the deadline.

    The message has the reason of the first resource that failed; ``open`` prints the console link of the stack.
    CloudFormation rolls a failed change back. Correct the cause and run the same command again: it continues from what
    is there.

    Attributes:
        put_back: CloudFormation reported that the stack is as it was before the change.
        taken: what it was to create and exists already, as logical id, type and physical id.
    """

    exit_code = 7
    put_back = False
    taken: tuple[tuple[str, str, str], ...] = ()


class PlanStale(MultiEnvLambdaError):
    """The state changed between deciding and acting; simply run the same command again.

    Somebody deployed, or the work tree, a record or a stack is no longer what the plan was made from. A saved plan
    is never applied to another state: save it again, and have it approved again.
    """

    exit_code = 8


class Refused(MultiEnvLambdaError):
    """A rule forbids it: promotion order, approval, consent, releases only, foreign stack; or the account is full.

    The hint says how the rule can be met: deploy to the environment before, have the plan approved, or give the one
    word that agrees (``--agree``, in Python ``agree=[…]``). If the account has no room for what a plan adds, it says
    which quota to raise. The unit's stack is as it was.

    Attributes:
        losses: what holds data and would have been lost, as logical id, type, physical id and fate.
    """

    exit_code = 9
    losses: tuple[tuple[str, str, str, str], ...] = ()


class Busy(MultiEnvLambdaError):
    """Somebody else is deploying this unit to this environment right now.

    The message says who and since when. Wait with ``--wait 5m``, or run the command again later. If the other
    process has died, its lease runs out by itself, and the next command finishes what it began.
    """

    exit_code = 10


class LocalCloudError(MultiEnvLambdaError):
    """The local cloud did not start, or does not answer.

    The message has the end of its log. ``local down`` stops it and keeps what is in it; ``local reset`` deletes its
    state.
    """

    exit_code = 11


class ToolError(MultiEnvLambdaError):
    """A required program (git, uv) is missing, or ended with an error.

    The message has the program, its exit status and the end of what it said. Nothing was written.
    """

    exit_code = 12


class CheckFailed(MultiEnvLambdaError):
    """A smoke invocation after the deploy did not answer as expected.

    The change was rolled back, unless the message says otherwise: the release before runs again. The message has
    the expected and the actual answer, and the end of the function's log.

    Attributes:
        left: what the rollback left behind in the account, as logical id, type and physical id.
    """

    exit_code = 13
    left: tuple[tuple[str, str, str], ...] = ()
