"""Files and folders as the public API returns them: pathlib-mate paths. Internally they are pathlib paths."""

from __future__ import annotations

import os

from multi_env_lambda.api.outside import FilePath

__all__ = ["handed_out"]


def handed_out(path: str | os.PathLike[str]) -> FilePath:
    """The same path with pathlib-mate's methods: ``.sha256``, ``.select_file()``, ``.copyto(…)``.

    It is an ``os.PathLike`` but not a ``pathlib.Path``, and the two never compare equal.
    """
    from pathlib_mate import Path

    found: FilePath = Path(os.fspath(path))
    return found
