"""Files and folders as people get them: with pathlib-mate's methods. Inside of the library they are pathlib's."""

from __future__ import annotations

import os

from multi_env_lambda.api.outside import FilePath

__all__ = ["handed_out"]


def handed_out(path: str | os.PathLike[str]) -> FilePath:
    """The same path with pathlib-mate's methods: ``.sha256``, ``.select_file()``, ``.copyto(…)``.

    It is an ``os.PathLike`` and no ``pathlib.Path``, and the two are never equal: compare with ``pathlib.Path(it)``.
    """
    from pathlib_mate import Path

    found: FilePath = Path(os.fspath(path))
    return found
