"""The board as a value: one HTML page that covers all units in all environments, and its data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.flow.left import with_all_left
from multi_env_lambda.host.files import write_for_people
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.status import Status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.wording import counted

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened

__all__ = ["NEWEST", "Board", "board"]

NEWEST = 50
"""How many deployments the page lists per unit and environment."""


Histories = Mapping[tuple[str, str], tuple[Deployment, ...]]


@attrs.frozen(kw_only=True, repr=False)
class Board:
    """The state of everything at one moment.

    Args:
        config, projects: the settings of the workspace and of its units.
        status: what runs where.
        histories: (unit, environment) -> its newest deployments, the oldest of them first.
        when: that moment, as ISO 8601.
        console: whether the page links to the console of AWS; the local cloud has none.
        title: the title of the page.
    """

    _config: WorkspaceConfig = attrs.field(eq=False)
    _projects: tuple[Project, ...] = attrs.field(eq=False)
    status: Status
    histories: Histories
    when: str
    _console: bool = attrs.field(default=True, eq=False)
    _title: str = attrs.field(default="workspace", eq=False)

    @property
    def deployments(self) -> int:
        """How many the page lists."""
        return sum(map(len, self.histories.values()))

    def html(self) -> str:
        """The page. It is self-contained: it needs no server and makes no requests."""
        from multi_env_lambda.show.board import board_html

        return board_html(*self._shown, title=self._title, console=self._console)

    def to_dict(self) -> dict[str, Any]:
        """The data of the page."""
        from multi_env_lambda.show.board import board_data

        return board_data(*self._shown, title=self._title, console=self._console)

    @property
    def _shown(self) -> tuple[WorkspaceConfig, tuple[Project, ...], Status, Histories, str]:
        return self._config, self._projects, self.status, self.histories, self.when

    def text(self) -> str:
        """A one-line summary."""
        return f"{counted(len(self.status.units), 'unit')}, {counted(self.deployments, 'deployment')}"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file that everybody on this machine can read.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        write_for_people(path, self.html())

    def __repr__(self) -> str:
        return f"<Board of {self.when}: {self.text()}>"

    def _repr_html_(self) -> str:
        return self.status._repr_html_()


def board(opened: Opened, status: Status) -> Board:
    """The board of a status, with the deployment histories. The local cloud has no console to link to."""
    world = with_all_left(opened.world) if status.left else opened.world
    histories = {
        (unit, environment): past
        for environment in status.environments
        for unit, past in world.ledger.histories(environment, newest=NEWEST).histories.items()
    }
    return Board(
        config=world.config,
        projects=tuple(world.projects),
        status=status,
        histories=histories,
        when=world.now(),
        console=not opened.local,
        title=f"{opened.root.name} on {'the local cloud' if opened.local else 'AWS'}",
    )
