"""The names of the profiles in the AWS files of this machine, read without boto3, whose import takes half a second."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["profile_names"]

_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))


def profile_names() -> tuple[str, ...]:
    """Sorted; a file that cannot be read has none."""
    return tuple(sorted({name for variable, place in _FILES for name in _profiles(variable, place)}))


def _profiles(variable: str, place: str) -> Iterator[str]:
    """In the config file a section is called ``profile NAME``, but for ``default``; others there are no profiles.

    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read(Path(os.environ.get(variable) or place).expanduser(), encoding="utf-8")
    except (OSError, ValueError, RuntimeError, configparser.Error):
        return
    for section in parser.sections():
        kind, _, name = section.partition(" ")
        if variable == "AWS_SHARED_CREDENTIALS_FILE" or section == "default":
            yield section
        elif kind == "profile" and name.strip():
            yield name.strip().strip("\"'")
