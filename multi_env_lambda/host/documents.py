"""Reads untrusted files completely, but within limits."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.toml import LARGEST, parse_toml

__all__ = ["read_bounded", "read_toml", "unreadable"]


def read_toml(path: Path, where: str, *, largest: int = LARGEST, hint: str = "correct the file") -> dict[str, Any]:
    """The document at ``path``; messages call it ``where``.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigurationError: it cannot be read, or is not a TOML document.
    """
    return parse_toml(read_bounded(path, where, largest), where, largest=largest, hint=hint)


def read_bounded(path: str | os.PathLike[str], where: str, largest: int) -> bytes:
    """The bytes of a regular file, at most one more than ``largest``.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigurationError: it cannot be read.
    """
    try:
        there = os.stat(path)
        if not stat.S_ISREG(there.st_mode):
            # Reading a pipe would wait indefinitely.
            raise ConfigurationError(where, "it is not a regular file", hint="put a file there, or remove it")
        with open(path, "rb") as stream:
            body = stream.read(min(there.st_size, largest) + 1)
            # Some files are longer than the system says.
            return body if len(body) <= there.st_size else body + stream.read(largest + 1 - len(body))
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise ConfigurationError(where, "it is a broken link", hint="correct the link, or remove it") from None
        raise
    except OSError as error:
        raise unreadable(where, error) from error
    except ValueError as error:
        raise ConfigurationError(where, f"no file is called like this: {error}", hint="correct the path") from error


def unreadable(where: str, error: OSError) -> ConfigurationError:
    """The error of the system for an existing file."""
    return ConfigurationError(where, f"cannot be read: {error.strerror}", hint="make it readable, or remove it")
