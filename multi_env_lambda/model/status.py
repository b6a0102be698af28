"""Where everything is: units × environments, derived from the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.model.label import label
from multi_env_lambda.model.moved import moved
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.stages import stages_of
from multi_env_lambda.wording import in_python

if TYPE_CHECKING:
    from multi_env_lambda.errors import MultiEnvLambdaError
    from multi_env_lambda.model.branch_environment import BranchEnvironment
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.outputs import Output
    from multi_env_lambda.model.record import Record, RolledBack
    from multi_env_lambda.model.unreleased import Unreleased
    from multi_env_lambda.model.waiting import WaitingChange
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["Called", "Cell", "Status", "make_status"]


Called = Callable[[str | None, str | None], str]
"""(version, digest) of a release -> what it is called among all visible releases of its unit."""


@attrs.frozen(kw_only=True)
class Cell:
    """One unit in one environment.

    ``behind``: an environment of the stage before it runs another release. ``newer``: what runs is of a later commit
    than the one that is checked out. ``unreadable``: why its record cannot be read.
    ``moved``: where it runs, if that is not where the table says that the environment is. ``uncompared``: why it is
    unknown whether somebody changed it by hand. ``unreleased``: saved files that run there besides the release.
    ``outputs``: what the record tells about what it made: what holds data.
    """

    project: str
    environment: str
    release: str | None = None
    version: str | None = None
    layer: int | None = None
    when: str | None = None
    who: str | None = None
    commit: str = ""
    committed: str = ""
    dirty: bool = False
    behind: bool = False
    newer: bool = False
    failed: str | None = None
    failed_version: str | None = None
    failed_release: str | None = None
    failed_when: str | None = None
    rolled_back: RolledBack | None = None
    held_by: str | None = None
    held_since: str | None = None
    drift: tuple[str, ...] | None = None
    unreadable: str | None = None
    moved: str | None = None
    uncompared: str | None = None
    outputs: tuple[Output, ...] = ()
    unreleased: Unreleased | None = None


@attrs.frozen(kw_only=True)
class Status:
    """Which release of each unit runs in each environment.

    Args:
        environments: in promotion order; those of ``left`` come last.
        units: the units of the work tree.
        removed: units that run somewhere, but are not in the work tree.
        cells: one for each unit and environment in which something was deployed.
        notes: what is unknown, although it was compared, and what is left.
        broken: units of the work tree whose files have errors, so that they cannot be built.
        left: environments that were removed from the table while something runs in them.
        freezes: freezes and holds, including the holds of rollbacks.
        own: the environments of branches.
        waits: changes that wait for an approval.
        left_out: the units of ``removed`` that a sparse checkout leaves out.
    """

    environments: tuple[str, ...]
    units: tuple[str, ...]
    removed: tuple[str, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    own: tuple[BranchEnvironment, ...] = ()
    waits: tuple[WaitingChange, ...] = ()
    left_out: tuple[str, ...] = ()

    def place(self, environment: str) -> str:
        """The environment's name, with ``(frozen)`` or ``(left)`` if that applies."""
        frozen = any(one.environment == environment and not one.unit for one in self.freezes)
        words = ["left"] * (environment in self.left) + ["frozen"] * frozen
        return f"{environment} ({', '.join(words)})" if words else environment

    def lines(self) -> tuple[str, ...]:
        """Pending approvals, freezes and holds, each with its command; then the environments of branches."""
        waits = (one.line() for one in self.waits)
        return (*waits, *(one.line() for one in self.freezes), *(one.fact for one in self.own))

    def label(self, unit: str) -> str:
        """The unit, and what is wrong with its files, if anything is."""
        if unit in self.left_out:
            return f"{unit} (not checked out)"
        return f"{unit} (removed)" if unit in self.removed else f"{unit} (broken)" if unit in self.broken else unit

    def cell(self, project: str, environment: str) -> Cell:
        """One field of the matrix; an empty one if nothing was ever deployed."""
        found = (cell for cell in self.cells if (cell.project, cell.environment) == (project, environment))
        return next(found, Cell(project=project, environment=environment))

    def called(self, project: str) -> Called:
        """What to call the releases of a unit, so that two with the same version can be told apart."""
        cells = [cell for cell in self.cells if cell.project == project]
        backs = [cell.rolled_back for cell in cells if cell.rolled_back is not None]
        seen = [
            *((cell.version or "", cell.release or "") for cell in cells),
            *((cell.failed_version or "", cell.failed_release or "") for cell in cells),
            *((back.version, back.release) for back in backs),
        ]
        return lambda version, release: label(version or "", release or "", seen)

    def of(self, unit: str) -> Status:
        """The row of one unit."""
        return attrs.evolve(
            self,
            units=() if unit in self.removed else (unit,),
            removed=(unit,) if unit in self.removed else (),
            broken=tuple(name for name in self.broken if name == unit),
            cells=tuple(cell for cell in self.cells if cell.project == unit),
            freezes=tuple(one for one in self.freezes if one.is_about(unit)),
            own=tuple(one for one in self.own if unit in one.units),
            waits=tuple(one for one in self.waits if unit in one.units),
        )

    def in_environment(self, name: str) -> Status:
        """The column of one environment."""
        cells = tuple(cell for cell in self.cells if cell.environment == name)
        freezes = tuple(one for one in self.freezes if one.environment == name)
        waits = tuple(one for one in self.waits if one.environment == name)
        return attrs.evolve(self, environments=(name,), cells=cells, freezes=freezes, own=(), waits=waits)

    def text(self) -> str:
        """As the command line prints it, without colours."""
        from multi_env_lambda.show.render import text_of
        from multi_env_lambda.show.text import status_table

        return "\n".join((text_of(status_table(self)), *map(in_python, self.lines())))

    def __repr__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data, without the notes."""
        return {name: value for name, value in attrs.asdict(self).items() if name != "notes"}

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import status_html

        return status_html(self)


def make_status(
    config: WorkspaceConfig,
    units: tuple[str, ...],
    records: Mapping[tuple[str, str], Record],
    unreadable: Mapping[tuple[str, str], MultiEnvLambdaError] | None = None,
) -> Status:
    """Compare the records of all environments. Nothing is read again."""
    damaged = {place: f"{error.where}: {error.what}" for place, error in (unreadable or {}).items()}
    there = {project for (_, project), record in records.items() if not record.gone or record.holder is not None}
    there |= {project for _, project in damaged}
    removed = tuple(sorted(there - set(units)))
    places = (*config.environments, *config.left)
    names = [environment.name for environment in places]
    cells = []
    for project in (*units, *removed):
        before: frozenset[str | None] = frozenset()
        for stage in stages_of(places):
            here: set[str | None] = set()
            for place in stage:
                record = records.get((place.name, project))
                release = None if record is None else record.release
                behind = any(other != release for other in before - {None})
                behind = behind and (place.name, project) not in damaged and place not in config.left
                cell = _cell(project, place.name, record, behind)
                elsewhere = moved(record, place)
                told = None if elsewhere is None else elsewhere[0]
                cells.append(attrs.evolve(cell, unreadable=damaged.get((place.name, project)), moved=told))
                here |= set() if (place.name, project) in damaged else {release}
            before = frozenset(here)
    left = tuple(environment.name for environment in config.left)
    return Status(environments=tuple(names), units=units, removed=removed, cells=tuple(cells), left=left)


def _cell(project: str, environment: str, record: Record | None, behind: bool) -> Cell:
    if record is None:
        return Cell(project=project, environment=environment, behind=behind)
    running, latest, holder = record.running, record.latest, record.holder
    failed = latest is not None and latest.outcome in ("failed", "went back")
    return Cell(
        project=project,
        environment=environment,
        release=None if running is None else running.release,
        version=None if running is None else running.version,
        layer=None if running is None else running.layer,
        when=None if running is None else running.when,
        who=None if running is None else running.who,
        commit="" if running is None else running.commit,
        committed="" if running is None else running.committed,
        dirty=False if running is None else running.dirty,
        behind=behind,
        failed=latest.detail if latest is not None and failed else None,
        failed_version=latest.version if latest is not None and failed else None,
        failed_release=latest.release if latest is not None and failed else None,
        failed_when=latest.when if latest is not None and failed else None,
        rolled_back=record.rolled_back,
        held_by=None if holder is None else holder.who,
        held_since=None if holder is None else holder.since,
        unreleased=unreleased_in(record),
    )
