"""What the page about errors says of each in addition to its docstring: what provokes its example, and its messages.

The examples are made by ``python -m tests.docs.provoked``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from multi_env_lambda.cli.messages import MESSAGES, OTHER_WORDS

__all__ = ["FILE", "MESSAGES", "OTHER_WORDS", "WHEN", "example"]

FILE = Path(__file__).parent / "provoked.json"

WHEN: Mapping[str, str] = {
    "UnitsFailed": "A key of one unit is misspelt, and another one has a link to a file outside of its folder",
    "ConfigurationError": "A key is misspelt",
    "BuildError": "The folder has a symbolic link to a file of another unit",
    "PublishError": "Somebody deleted an artifact from the bucket, and a release that needs it is promoted",
    "AccountError": "There are no credentials",
    "StackError": "The role that deploys may not create roles",
    "PlanStale": "A file was changed after the plan was saved",
    "Refused": "Another unit needs the one that is to be deleted",
    "Busy": "A colleague is deploying the unit",
    "LocalCloudError": "A rule of the local cloud is misspelt",
    "ToolError": "Git is not installed",
    "CheckFailed": "The function does not answer what its ``smoke`` expects",
    "DocumentError": "Somebody overwrote the record of a unit",
    "UpgradeNeeded": "A colleague uses a newer version of this library",
    "SessionEnded": "The sign-in ended while the command was running",
}
"""Error -> what has happened before its example."""


def example(name: str) -> str:
    """What a terminal has after it."""
    shown: str = json.loads(FILE.read_text("utf-8"))[name]
    return shown
