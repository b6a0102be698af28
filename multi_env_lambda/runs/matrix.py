"""The cells of a stage as jobs beside each other at a Git host: what one job leaves, and what the others take up.

A run of the branch leaves cells in the bucket (``spread.py``), as it leaves them to the dispatcher of the CI. Here its
job names them: for a matrix at GitHub, in a pipeline of their own at GitLab. Each job there does one; then a job goes
on, by the same conditional write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.subject import Cell, subject_of
from multi_env_lambda.ci.wanted import FOLDER, place_of, place_of_id
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.github import CELLS_LEFT
from multi_env_lambda.model.gitlab import CELLS_FILE
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.dispatch import wanted_at
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.gitlab_pipeline import cells_pipeline
from multi_env_lambda.runs.reviews import OUTPUT

__all__ = ["cell_named", "cells_in", "leave_cells", "leave_pipeline"]

_ID = re.compile(r"[0-9a-f]{24}")


def cells_in(store: ObjectStore) -> Callable[[str], str]:
    """Of which cell a job is; empty: of none."""

    def cell_of(job: str) -> str:
        wanted = wanted_at(store, place_of_id(job))
        return wanted.key if wanted is not None and isinstance(subject_of(wanted.key), Cell) else ""

    return cell_of


def cell_named(store: ObjectStore, said: str) -> str:
    """The key of a cell, looked at before anything is done with it; ``said``: the key, or the id of what is wanted.

    Raises:
        ConfigurationError: it is none.
    """
    wanted = wanted_at(store, place_of_id(said)) if _ID.fullmatch(said) else None
    key = said if wanted is None else wanted.key
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


def leave_pipeline(root: Path, config: WorkspaceConfig, left: Iterable[str], variables: Mapping[str, str]) -> None:
    """Write the pipeline for the cells that are left; with none, one that does nothing.

    No text of Git gets into it: a cell is called by its account and region, and named by the id of what is wanted.
    """
    there = ((key, subject_of(key)) for key in left)
    cells = [
        (f"{one.stage} {one.place}", place_of(key).removeprefix(FOLDER).removesuffix(".json"))
        for key, one in there
        if isinstance(one, Cell)
    ]
    address, sha256 = variables.get("MULTI_ENV_LAMBDA_LIBRARY", ""), variables.get("MULTI_ENV_LAMBDA_SHA256", "")
    text = cells_pipeline(config, Library(address=address, sha256=sha256), cells)
    (root / CELLS_FILE).write_text(text, "utf-8")
