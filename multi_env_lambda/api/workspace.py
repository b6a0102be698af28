"""A repository with its units and environments: every verb of the command line as a method that gives a value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api import access, carry_out, looking, removing, setup
from multi_env_lambda.api.approving import approve
from multi_env_lambda.api.board import Board, board
from multi_env_lambda.api.build import Build
from multi_env_lambda.api.by_name import ByName
from multi_env_lambda.api.environment import Environment
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.api.local import LocalCloudSwitch
from multi_env_lambda.api.opened import LOCAL_USER_VARIABLE, LOCAL_VARIABLE, Opened
from multi_env_lambda.api.paths import handed_out
from multi_env_lambda.api.project import Project
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.gate import Approval
from multi_env_lambda.flow.identity import advice, told
from multi_env_lambda.flow.saved import Saved
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.project import Project as ProjectConfig
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.status import Status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.world import ProgressEvent, World

if TYPE_CHECKING:
    import pathlib_mate

    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.operations.prune import Prunable
    from multi_env_lambda.plan.permissions import Permissions
    from multi_env_lambda.plan.prune import Candidate
    from multi_env_lambda.show.progress import Live

__all__ = ["LOCAL_USER_VARIABLE", "LOCAL_VARIABLE", "Workspace"]


def _silent(_: object) -> None:
    return None


@attrs.frozen(slots=False, repr=False)
class Workspace:
    """A repository with its units and environments. Opening one reads files only; the other side is met when needed.

    Methods that change something take the same options as the verb of that name:

    Args:
        names: units; none: all units that are affected.
        environment: change this environment only; deploys default to the first one.
        to: go through all environments up to this one.
        agree: answers to the plan's questions in the words that it prints, such as ``replace:billing/Invoices``.
        approve: environments whose approval the caller gives herself, where their rules let her.
        wait: seconds to try again while somebody else deploys a unit.
        reason: why; kept in the record.
    """

    _opened: Opened

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        local: bool | None = None,
        user: str | None = None,
        report: Callable[[ProgressEvent], None] = _silent,
        progress: Callable[[str], None] = _silent,
        live: Live | None = None,
        dialog: Dialog | None = None,
    ) -> Workspace:
        """Read the workspace that ``path`` lies in.

        Args:
            local: the local cloud instead of AWS; None: as the variable ``MULTI_ENV_LAMBDA_LOCAL`` says.
            user: who works in the local cloud; None: as the variable ``MULTI_ENV_LAMBDA_LOCAL_USER`` says.
            report: called for every event of a deploy, from several threads.
            progress: called with a sentence when something takes long.
            live: shows events while they happen; None: a display in a notebook, and nothing elsewhere.
            dialog: is shown every plan before anything is written, and agrees or not; None: the options say it all.

        Raises:
            ConfigurationError: there is none, or its root table cannot be read; nothing was written. A unit that
                cannot be read is ``broken``.
        """
        return cls(Opened.at(path, local=local, user=user, report=report, progress=progress, live=live, dialog=dialog))

    @classmethod
    def init(cls, path: str | os.PathLike[str] = ".") -> tuple[str, ...]:
        """Make the repository at ``path`` a workspace; gives the files that were written."""
        return setup.init(Path(path))

    @property
    def root(self) -> pathlib_mate.Path:
        """The folder with the root ``pyproject.toml``."""
        return handed_out(self._opened.root)

    @property
    def config(self) -> WorkspaceConfig:
        """What the root ``pyproject.toml`` says."""
        return self._opened.config

    @property
    def configs(self) -> tuple[ProjectConfig, ...]:
        """What the files say of each unit that is not broken."""
        return self._opened.projects

    @property
    def broken(self) -> Mapping[str, MultiEnvLambdaError]:
        """Units of which nothing can be made as their files are, by name, and why. The others go on."""
        return self._opened.faults

    @property
    def local(self) -> bool:
        """Whether the local cloud is meant."""
        return self._opened.local

    @cached_property
    def projects(self) -> Mapping[str, Project]:
        """The units by name; asked for one that is broken, it raises what is wrong with that."""
        units = {config.name: Project(self._opened, config.name) for config in self.configs}
        return ByName("unit", units, self.broken)

    @cached_property
    def environments(self) -> Mapping[str, Environment]:
        """The environments by name, in promotion order."""
        return ByName("environment", {item.name: Environment(self._opened, item) for item in self.config.environments})

    def project(self, name: str) -> Project:
        """One unit by name, as ``workspace["orders"]`` gives it.

        Raises:
            ConfigurationError: there is none of that name, or it is broken.
        """
        return self.projects[name]

    __getitem__ = project

    def __contains__(self, name: object) -> bool:
        return name in self.projects or name in self.broken

    def __iter__(self) -> Iterator[Project]:
        """Every unit; one that is broken has its ``fault``."""
        return (Project(self._opened, name) for name in (*self.projects, *self.broken))

    def __len__(self) -> int:
        return len(self.projects) + len(self.broken)

    def reload(self) -> Workspace:
        """The same workspace with its files read anew: what a ``pyproject.toml`` says is read when one is opened."""
        return Workspace(self._opened.again())

    def unit(self, name: str) -> Project:
        """The same for a unit whose folder may be gone: its history can still be read, and it can be destroyed."""
        return Project(self._opened, name)

    def environment(self, name: str) -> Environment:
        """One environment by name, as ``environments`` gives it."""
        return self.environments[self.config.environment(name).name]

    @property
    def world(self) -> World:
        """The handles to everything outside; the first look starts the local cloud, if that is meant."""
        return self._opened.world

    @property
    def local_cloud(self) -> LocalCloudSwitch:
        """Starts and stops the local cloud of this workspace."""
        return self._opened.local_cloud

    def plan(
        self,
        *names: str,
        environment: str | None = None,
        to: str | None = None,
        everything: bool = False,
        upgrade: bool = False,
        force: bool = False,
        publish: bool = False,
    ) -> Plan:
        """What a deploy would do, and why; ``everything``, ``upgrade`` and ``force`` as in ``deploy``.

        ``publish``: the releases of a plan that an approval is asked for, so that it can be approved by their digests.
        """
        request = carry_out.request(self._opened, "deploy", names, environment, to)
        request = attrs.evolve(request, everything=everything, upgrade=upgrade, force=force)
        return carry_out.plan(self._opened, request, publish=publish)

    def plan_promotion(
        self,
        *names: str,
        environment: str | None = None,
        to: str | None = None,
        skip_from: str | None = None,
        force: bool = False,
        reason: str = "",
    ) -> Plan:
        """What ``promote`` would do."""
        request = carry_out.request(self._opened, "promote", names, environment, to)
        return carry_out.plan(self._opened, attrs.evolve(request, skip_from=skip_from, force=force, reason=reason))

    def plan_rollback(
        self, names: carry_out.Names, environment: str, *, to: str | None = None, force: bool = False, reason: str = ""
    ) -> Plan:
        """What ``rollback`` would do."""
        request = carry_out.request(self._opened, "rollback", names, environment, None)
        return carry_out.plan(self._opened, attrs.evolve(request, release=to, force=force, reason=reason))

    def build(
        self, *names: str, environment: str | None = None, to: str | None = None, everything: bool = False
    ) -> Listing[Build]:
        """Build the artifacts of the affected units on this machine, and check that their handlers can be imported.

        Raises:
            UnitsFailed: at least one cannot be built; ``results`` says which and why.
        """
        request = attrs.evolve(carry_out.request(self._opened, "deploy", names, environment, to), everything=everything)
        return carry_out.build(self._opened, request)

    def publish(
        self, *names: str, environment: str | None = None, to: str | None = None, everything: bool = False
    ) -> Listing[Result]:
        """Build, and publish what the bucket lacks. Deploys nothing."""
        request = attrs.evolve(carry_out.request(self._opened, "deploy", names, environment, to), everything=everything)
        return carry_out.publish(self._opened, request)

    def deploy(
        self,
        *names: str,
        environment: str | None = None,
        to: str | None = None,
        everything: bool = False,
        upgrade: bool = False,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float = 0.0,
    ) -> Listing[Result]:
        """Build, publish and deploy: the work tree to the first environment, what runs in one to the next.

        Args:
            everything: compare every unit by content, even one whose inputs are unchanged.
            upgrade: only what another version of this library changes by itself.
            force: send stacks that run the release already.

        Raises:
            UnitsFailed: at least one unit did not get there; the others did, and ``results`` has all.
        """
        request = carry_out.request(self._opened, "deploy", names, environment, to)
        request = attrs.evolve(request, everything=everything, upgrade=upgrade, force=force, reason=reason)
        return carry_out.deploy(self._opened, request, agree, approve, wait)

    def apply(
        self, plan: Saved, *, agree: Iterable[str] = (), approve: Iterable[str] = (), wait: float = 0.0
    ) -> Listing[Result]:
        """Do exactly what the plan says: the value, its document or the file that it was saved to.

        Raises:
            PlanStale: the same request would do something else now.
            UnitsFailed: as in ``deploy``.
        """
        return carry_out.apply(self._opened, plan, agree, approve, wait)

    def promote(
        self,
        *names: str,
        environment: str | None = None,
        to: str | None = None,
        skip_from: str | None = None,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float = 0.0,
    ) -> Listing[Result]:
        """Bring to an environment what runs in the one before it, or in ``skip_from``, for a reason. Builds nothing."""
        request = carry_out.request(self._opened, "promote", names, environment, to)
        request = attrs.evolve(request, skip_from=skip_from, force=force, reason=reason)
        return carry_out.deploy(self._opened, request, agree, approve, wait)

    def rollback(
        self,
        names: carry_out.Names,
        environment: str,
        *,
        to: str | None = None,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float = 0.0,
    ) -> Listing[Result]:
        """Bring back what ran before, or the release ``to`` (its digest or version). Builds nothing."""
        request = carry_out.request(self._opened, "rollback", names, environment, None)
        request = attrs.evolve(request, release=to, force=force, reason=reason)
        return carry_out.deploy(self._opened, request, agree, approve, wait)

    def plan_repair(self, *names: str, environment: str, reason: str = "") -> Plan:
        """What ``repair`` would put right, and what holds data of it. Nothing is written."""
        return self.environment(environment).plan_repair(*names, reason=reason)

    def repair(
        self,
        *names: str,
        environment: str,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float = 0.0,
    ) -> Listing[Result]:
        """Make true again what the records say runs in an environment; no name: of all its units. Builds nothing."""
        return self.environment(environment).repair(*names, reason=reason, agree=agree, approve=approve, wait=wait)

    def approve(self, plan: Saved) -> Listing[Approval]:
        """Approve a plan that somebody else will apply, as the caller. It is made again first, and shown to the dialog.

        It is made from the published releases that it names (``plan(publish=True)``); no code of a unit runs.

        Raises:
            Refused: a build runs this.
        """
        return approve(self._opened, plan)

    def prune(self, *names: str, really: bool = False, removed: Callable[[Candidate], None] = _silent) -> Prunable:
        """What nothing refers to any more; with ``really``, what was removed of it. ``removed`` is told of each."""
        return removing.prune(self._opened.acting_as("administrator").world, names, really, removed)

    def lock(self, *names: str, upgrade: bool = False) -> Mapping[str, pathlib_mate.Path | None]:
        """Write ``pylock.toml`` of the named units, or of all; gives the file by unit, None without dependencies.

        Raises:
            UnitsFailed: at least one cannot be locked; the others are, and ``results`` has them.
        """
        return setup.lock(self._opened, names, upgrade=upgrade)

    def new(self, name: str, *, runtime: str = "python3.13", architecture: str = "arm64") -> tuple[str, ...]:
        """Make the unit ``name``, which can be deployed at once; gives the files that were written."""
        return setup.new(self._opened.root, name, runtime, architecture)

    def bootstrap(self, place: str | None = None, *, really: bool = True, remove: bool = False) -> tuple[str, ...]:
        """Make the artifact bucket and, where the table has ``roles``, those of all accounts or of one place.

        Gives a line for each change; not ``really``: for what would change. ``remove``: the roles go again.
        """
        return access.bootstrap(self._opened, place, really=really, remove=remove)

    def bootstrap_template(self, place: str) -> str:
        """The stack with the roles of a place as JSON, for who applies it by other means; nothing is asked."""
        return access.bootstrap_template(self._opened, place)

    def status(self, name: str | None = None, *, drift: bool = False) -> Status:
        """Units × environments, or one unit's row; with ``drift``, each stack is compared, which takes seconds."""
        return looking.status(self._opened, name, drift=drift)

    def foreign_bucket(self) -> str:
        """A warning where the bucket is another workspace's; else empty. One call."""
        return told(self.world)

    def advice(self) -> str:
        """What to write into the root table, where only the bucket knows the id of the workspace; else empty."""
        return advice(self.world)

    def drift(self, name: str | None = None, environment: str | None = None) -> Listing[UnitDrift]:
        """What somebody changed by hand; without a name or an environment, in all of them. Takes seconds per stack."""
        return looking.drift(self.world, name, environment)

    def board(self, *, drift: bool = False) -> Board:
        """One self-contained HTML page about all units in all environments."""
        return board(self.world, looking.matrix(self._opened, drift=drift))

    def doctor(self) -> Listing[Finding]:
        """Look at this machine, the caller, the bucket and every account; nothing is changed."""
        return looking.doctor(self._opened)

    def permissions(self, place: str) -> Permissions:
        """What the role of an environment, of ``devops`` or of the ``caller`` has to be allowed; nothing is asked."""
        return looking.permissions(self._opened, place)

    def __repr__(self) -> str:
        where = "local cloud" if self.local else "AWS"
        chain = " → ".join(self.environments)
        units = ", ".join((*self.projects, *(f"{name} (broken)" for name in self.broken)))
        return f"<Workspace {self._opened.root.name} on {where}: {units}; {chain}>"

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import workspace_html

        return workspace_html(self._opened.root.name, self.config, self.configs, self.broken, local=self.local)
