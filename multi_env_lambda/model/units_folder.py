"""Where the units of a repository are: one folder at its top or below, with a folder for each unit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from multi_env_lambda.model.key import Rule
from multi_env_lambda.model.reading import Table

__all__ = ["DEFAULT_FOLDER", "FOLDER", "TOP", "folder_in", "read_units_folder", "unit_folder"]

DEFAULT_FOLDER = "projects"
TOP = "."
"""The top of the repository itself."""

_PART = r"(?!-)[A-Za-z0-9_.-]*[A-Za-z0-9_-]"
FOLDER = Rule(
    pattern=rf"\.|{_PART}(/{_PART})*",
    maximum=200,
    allowed="a folder of the repository, with `/` between its parts",
    hint='write the path from the top, for example "functions"; "." is the top itself',
)


def read_units_folder(table: Table) -> str:
    """The folder in which the units are, from the workspace's table."""
    found = table.named_or("units")
    if ".git" in PurePosixPath(found).parts or found.startswith(".multi_env_lambda"):
        table.wrong("units", allowed=FOLDER.allowed, hint="Git tracks nothing in there")
    return found


def folder_in(table: Mapping[str, object]) -> str:
    """The same before anything is checked; a wrong value counts as the default, until the table is read."""
    found = table.get("units", DEFAULT_FOLDER)
    return found if isinstance(found, str) and FOLDER.accepts(found) else DEFAULT_FOLDER


def unit_folder(units: str, name: str) -> str:
    """The folder of a unit, relative to the top of the repository."""
    return name if units == TOP else f"{units}/{name}"
