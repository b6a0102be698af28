"""Read a job's arguments, as ``awsglue.utils`` does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

__all__ = ["GlueArgumentError", "getResolvedOptions"]


class GlueArgumentError(Exception):
    """An argument is missing."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:
    """The values of ``options`` in ``args`` (``sys.argv``), each given as ``--NAME value``."""
    parser = _Parser(allow_abbrev=False)
    for option in options:
        parser.add_argument(f"--{option}", required=True)
    return vars(parser.parse_known_args(list(args)[1:])[0])
