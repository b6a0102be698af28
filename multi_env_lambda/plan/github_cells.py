"""The jobs for a stage with several cells at GitHub: a matrix with a job for each of them, and one that goes on.

Which cells there is work in, the job before says; without any, these jobs are skipped. One that fails stops what
depends on it, and none beside it.

Source: https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations (a matrix
from an output, ``fail-fast``)
"""

from __future__ import annotations

from multi_env_lambda.model.github import CELLS_LEFT, GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.stages import cells_of
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.github_steps import GIT, MINUTES, PROGRAM, RUNNER, Library, literal, outputs, rights, steps

__all__ = ["CELL", "GO_ON", "GO_ON_LEAVING", "cells", "going_on", "stages_with_cells"]

CELL = f"""\
{GIT}{PROGRAM} ci cell "$CELL"
"""
GO_ON = f"""\
{GIT}{PROGRAM} ci go-on
"""
GO_ON_LEAVING = f"""\
{GIT}{PROGRAM} ci go-on --leave-cells
"""

_JOBS = """\

  # Each works on what is left in one account and region of a stage, beside the others.
  cells-{number}:
    name: ${{{{ matrix.cell }}}}
    needs: {before}
    if: >-
      !cancelled() && github.repository == {repository} && github.ref == {ref} &&
      needs.{before}.outputs.{left} != ''
    strategy:
      fail-fast: false
      matrix:
        cell: ${{{{ fromJSON(needs.{before}.outputs.{left} || '[]') }}}}
    runs-on: {runner}
    timeout-minutes: {minutes}
    permissions:
{rights}
    concurrency:
      group: multi-env-lambda-${{{{ matrix.cell }}}}
      queue: max
    steps:
{steps_cell}

  # Goes on with the branch, once all of its cells have ended.
  go-on-{number}:
    needs: cells-{number}
    if: >-
      !cancelled() && needs.cells-{number}.result != 'skipped'
    runs-on: {runner}
    timeout-minutes: {minutes}
    permissions:
{rights}
    concurrency:
      group: multi-env-lambda
      queue: max{outputs}
    steps:
{steps_on}
"""


def stages_with_cells(config: WorkspaceConfig) -> int:
    """How many stages are worked on by several jobs."""
    return sum(len(cells_of(stage)) > 1 for stage in config.stages)


def going_on(config: WorkspaceConfig) -> tuple[str, ...]:
    """The jobs that go on."""
    return tuple(f"go-on-{number}" for number in range(1, stages_with_cells(config) + 1))


def cells(config: WorkspaceConfig, github: GitHub, roles: Roles, library: Library) -> str:
    """Two jobs for each stage with several cells."""
    count, build = stages_with_cells(config), roles.of_devops("build")
    found = ""
    for number in range(1, count + 1):
        last = number == count
        leaves = (*github.reviewed, *(() if last else (CELLS_LEFT,)))
        script = GO_ON if last else GO_ON_LEAVING
        found += _JOBS.format(
            number=number,
            before="look" if number == 1 else f"go-on-{number - 1}",
            left=CELLS_LEFT,
            repository=literal(github.repository),
            ref=literal(f"refs/heads/{config.ci.branch}"),
            runner=RUNNER,
            minutes=MINUTES,
            rights=rights(build),
            outputs=outputs(leaves),
            steps_cell=steps(
                config, build, library, does="Deploy in this cell", script=CELL, env={"CELL": "${{ matrix.cell }}"}
            ),
            steps_on=steps(config, build, library, does="Go on", script=script, leaves=bool(leaves)),
        )
    return found
