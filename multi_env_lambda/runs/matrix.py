"""The cells of a stage as jobs of a workflow beside each other: what one job leaves, and what the others take up.

A run of the branch leaves cells in the bucket (``spread.py``), as it leaves them to the dispatcher of the CI. Here its
job names them for a matrix, each job of which does one; then a job goes on, by the same conditional write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.subject import Cell, subject_of
from multi_env_lambda.ci.wanted import place_of_id
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.github import CELLS_LEFT
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.dispatch import wanted_at
from multi_env_lambda.runs.reviews import OUTPUT

__all__ = ["cells_in", "leave_cells", "must_be_cell"]


def cells_in(store: ObjectStore) -> Callable[[str], str]:
    """Of which cell a job is; empty: of none."""

    def cell_of(job: str) -> str:
        wanted = wanted_at(store, place_of_id(job))
        return wanted.key if wanted is not None and isinstance(subject_of(wanted.key), Cell) else ""

    return cell_of


def must_be_cell(key: str) -> str:
    """The key of a cell, looked at before anything is done with it.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(subject_of(key), Cell):
        what = f"{quoted(key)} is no cell of a stage"
        raise ConfigurationError("ci run", what, hint="the job before it in the workflow names the cells")
    return key


def leave_cells(left: list[str], variables: Mapping[str, str]) -> None:
    """Tell the matrix of the workflow which cells are left."""
    file = variables.get(OUTPUT, "")
    if file and left:
        with Path(file).open("a", encoding="utf-8") as there:
            there.write(f"{CELLS_LEFT}={json.dumps(left)}\n")
