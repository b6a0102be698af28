"""What this machine refuses: a full disk, a read-only folder, a file where a folder is needed, memory, threads."""

from __future__ import annotations

import errno

from multi_env_lambda.errors import MultiEnvLambdaError

__all__ = ["refused_by_the_machine"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_OF_THE_MACHINE = _FULL | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}
"""Without a file in them, too."""

_NO_THREAD = "can't start new thread"


def refused_by_the_machine(error: Exception) -> MultiEnvLambdaError | None:
    """The error as ours; None if it is about no file of the user, and so may be a mistake of ours."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and str(error) == _NO_THREAD):
        what = "it gives this command no more memory" if isinstance(error, MemoryError) else "it starts no more threads"
        hint = "end other programs, or raise the limits of this shell (`ulimit -a`); then run the same command again"
        return MultiEnvLambdaError("this machine", what, hint=hint)
    if not isinstance(error, OSError):
        return None
    if error.filename is None and error.errno not in _OF_THE_MACHINE:
        return None
    where = "this machine" if error.filename is None else str(error.filename)
    hint = "make room there" if error.errno in _FULL else "let this user write there, or correct what is in the way"
    return MultiEnvLambdaError(where, str(error.strerror or error), hint=f"{hint}; then run the same command again")
