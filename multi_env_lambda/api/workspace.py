"""A repository with its units and environments: every command as a method that returns a value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda import api
from multi_env_lambda.api import arguments
from multi_env_lambda.api.by_name import ByName
from multi_env_lambda.api.environment import Environment
from multi_env_lambda.api.local import LocalCloudSwitch
from multi_env_lambda.api.names import Names
from multi_env_lambda.api.opened import LOCAL_USER_VARIABLE, LOCAL_VARIABLE, Opened, Seen, silent
from multi_env_lambda.api.paths import handed_out
from multi_env_lambda.api.project import Project

if TYPE_CHECKING:
    from multi_env_lambda.api.adopting import Adoption
    from multi_env_lambda.api.board import Board
    from multi_env_lambda.api.build import Build
    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.outside import FilePath
    from multi_env_lambda.errors import MultiEnvLambdaError
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.flow.gate import Approval
    from multi_env_lambda.flow.saved import Saved
    from multi_env_lambda.model.finding import Finding
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.project import Project as ProjectConfig
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.model.workspace import WorkspaceConfig
    from multi_env_lambda.operations.prune import Prunable
    from multi_env_lambda.plan.permissions import Permissions
    from multi_env_lambda.plan.prune import Candidate
    from multi_env_lambda.show.progress import Live
    from multi_env_lambda.world import ProgressEvent, World

__all__ = ["LOCAL_USER_VARIABLE", "LOCAL_VARIABLE", "Workspace"]


@arguments.checked_methods
@attrs.frozen(slots=False, repr=False)
class Workspace:
    """A repository with its units and environments. Opening one reads files only; AWS is contacted when needed.

    Methods that change something take the same options as the command of the same name.
    """

    _opened: Opened

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        local: bool | None = None,
        user: str | None = None,
        profile: str | None = None,
        report: Callable[[ProgressEvent], None] = silent,
        progress: Callable[[str], None] | None = None,
        live: Live | None = None,
        dialog: Dialog | None = None,
    ) -> Workspace:
        """Read the workspace that contains ``path``.

        Args:
            local: use the local cloud instead of AWS; None: as ``MULTI_ENV_LAMBDA_LOCAL`` says.
            user: the user in the local cloud; None: as ``MULTI_ENV_LAMBDA_LOCAL_USER`` says.
            profile: the profile of your AWS files to use; None: the credentials that boto3 finds.
            report: called for every event of a deploy, from several threads.
            progress: called with a sentence when something takes a while; None: a line in notebooks, nothing elsewhere.
            live: displays events as they happen; None: a display in notebooks, nothing elsewhere.
            dialog: shown every plan before anything is written, to agree or refuse; None: the options decide alone.

        Raises:
            ConfigurationError: there is none, or its root table cannot be read; units that cannot are in ``broken``.
        """
        seen = Seen(report=report, live=live, dialog=dialog)
        return cls(Opened.at(path, local=local, user=user, profile=profile, progress=progress, **seen))

    @classmethod
    def init(cls, path: str | os.PathLike[str] = ".") -> tuple[str, ...]:
        """Turn the repository at ``path`` into a workspace; returns the files that were written."""
        return api.setup.init(path)

    @property
    def root(self) -> FilePath:
        """The folder with the root ``pyproject.toml``."""
        return handed_out(self._opened.root)

    @property
    def config(self) -> WorkspaceConfig:
        """The settings in the root ``pyproject.toml``."""
        return self._opened.config

    @property
    def configs(self) -> tuple[ProjectConfig, ...]:
        """The settings of every unit that is not broken."""
        return tuple(self._opened.projects)

    @property
    def broken(self) -> Mapping[str, MultiEnvLambdaError]:
        """Units whose files cannot be used, by name, with the reason. All other units keep working."""
        return self._opened.faults

    @property
    def local(self) -> bool:
        """Whether this workspace uses the local cloud."""
        return self._opened.local

    @cached_property
    def projects(self) -> Mapping[str, Project]:
        """The units by name; looking up a broken one raises its error."""
        units = {unit.name: Project(self._opened, unit.name) for unit in self._opened.projects.outlines}
        return ByName("unit", units, self.broken)

    @cached_property
    def environments(self) -> Mapping[str, Environment]:
        """The environments by name, in promotion order."""
        return ByName("environment", {item.name: Environment(self._opened, item) for item in self.config.environments})

    def project(self, name: str) -> Project:
        """One unit by name, same as ``workspace["orders"]``; that of a broken one, or of none, raises its error."""
        return self.projects[name]

    __getitem__ = project

    def __contains__(self, name: object) -> bool:
        return name in self.projects or name in self.broken

    def __iter__(self) -> Iterator[Project]:
        """Every unit; broken ones have a ``fault``."""
        return (Project(self._opened, name) for name in (*self.projects, *self.broken))

    def __len__(self) -> int:
        return len(self.projects) + len(self.broken)

    def reload(self) -> Workspace:
        """The same workspace with its files read again: ``pyproject.toml`` files are read when it is opened."""
        return Workspace(self._opened.again())

    def unit(self, name: str) -> Project:
        """Like ``project``, but its folder may be gone: its history can still be read, and it can be destroyed."""
        return Project(self._opened, name)

    def environment(self, name: str) -> Environment:
        """One environment by name, same as in ``environments``."""
        return self.environments[self.config.environment(name).name]

    @property
    def world(self) -> World:
        """The handles to everything outside; the first access starts the local cloud if that is in use."""
        return self._opened.world

    @property
    def local_cloud(self) -> LocalCloudSwitch:
        """Starts and stops the local cloud of this workspace, and pushes to the repository beside it."""
        return LocalCloudSwitch(self._opened)

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
        """What a deploy would do, and why; ``publish`` uploads releases that need an approval, so they can get it."""
        request = api.carry_out.request(self._opened, "deploy", names, environment, to)
        request = attrs.evolve(request, everything=everything, upgrade=upgrade, force=force)
        return api.carry_out.plan(self._opened, request, publish=publish)

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
        request = api.carry_out.request(self._opened, "promote", names, environment, to)
        return api.carry_out.plan(self._opened, attrs.evolve(request, skip_from=skip_from, force=force, reason=reason))

    def plan_rollback(
        self, names: Names, environment: str, *, to: str | None = None, force: bool = False, reason: str = ""
    ) -> Plan:
        """What ``rollback`` would do."""
        request = api.carry_out.request(self._opened, "rollback", names, environment, None)
        return api.carry_out.plan(self._opened, attrs.evolve(request, release=to, force=force, reason=reason))

    def build(
        self, *names: str, environment: str | None = None, to: str | None = None, everything: bool = False
    ) -> Listing[Build]:
        """Build the artifacts of the affected units on this machine, and check that their handlers are importable.

        Raises:
            UnitsFailed: at least one cannot be built: ``results`` has the failures, ``built`` the others.
        """
        request = api.carry_out.request(self._opened, "deploy", names, environment, to)
        return api.carry_out.build(self._opened, attrs.evolve(request, everything=everything))

    def test(self, *names: str) -> Listing[Result]:
        """Run the own tests of the named units, or of all, as the CI does before it deploys."""
        return api.own_tests.run_tests(self._opened, names)

    def publish(
        self, *names: str, environment: str | None = None, to: str | None = None, everything: bool = False
    ) -> Listing[Result]:
        """Build the affected units, and publish whatever the bucket lacks. Deploys nothing."""
        request = api.carry_out.request(self._opened, "deploy", names, environment, to)
        return api.carry_out.publish(self._opened, attrs.evolve(request, everything=everything))

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
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Build, publish and deploy: the work tree to the first environment, then from each environment to the next.

        Args:
            everything: compare every unit by content, even if its inputs are unchanged.
            upgrade: deploy only what a new version of this library changes.
            force: redeploy units that already run the release.

        Raises:
            UnitsFailed: at least one unit failed; ``results`` has the outcome of every unit.
        """
        request = api.carry_out.request(self._opened, "deploy", names, environment, to)
        request = attrs.evolve(request, everything=everything, upgrade=upgrade, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def apply(
        self, plan: Saved, *, agree: Iterable[str] = (), approve: Iterable[str] = (), wait: float | str = 0.0
    ) -> Listing[Result]:
        """Apply exactly this plan, given as the value, its document or the file that it was saved to.

        Raises:
            PlanStale: the same request would now do something different.
            UnitsFailed: as in ``deploy``.
        """
        return api.carry_out.apply(self._opened, plan, agree, approve, wait)

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
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Promote what runs in the previous environment, or in ``skip_from``, given a reason. Builds nothing."""
        request = api.carry_out.request(self._opened, "promote", names, environment, to)
        request = attrs.evolve(request, skip_from=skip_from, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def rollback(
        self,
        names: Names,
        environment: str,
        *,
        to: str | None = None,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Roll back to what ran before, or to the release ``to`` (a digest or version). Builds nothing."""
        request = api.carry_out.request(self._opened, "rollback", names, environment, None)
        request = attrs.evolve(request, release=to, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def plan_repair(self, *names: str, environment: str, reason: str = "") -> Plan:
        """What ``repair`` would restore, and which of those resources hold data. Writes nothing."""
        return self.environment(environment).plan_repair(*names, reason=reason)

    def repair(
        self,
        *names: str,
        environment: str,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Restore what the records say should run in an environment, by default for all its units. Builds nothing."""
        return self.environment(environment).repair(*names, reason=reason, agree=agree, approve=approve, wait=wait)

    def approve(self, plan: Saved) -> Listing[Approval]:
        """Approve, as the caller, a plan that somebody else will apply. It is recomputed and shown to the dialog first,
        from the published releases that it names (``plan(publish=True)``); no code of a unit runs, and no build may."""
        return api.approving.approve(self._opened, plan)

    def prune(self, *names: str, really: bool = False, removed: Callable[[Candidate], None] = silent) -> Prunable:
        """List what nothing refers to any more; with ``really``, remove it and call ``removed`` for each item."""
        return api.removing.prune(self._opened.acting_as("administrator").world, names, really, removed)

    def lock(self, *names: str, upgrade: bool = False) -> Mapping[str, FilePath | None]:
        """Write ``pylock.toml`` for these units or all; each file or None. ``UnitsFailed.locked`` has those written."""
        return api.setup.lock(self._opened, names, upgrade=upgrade)

    def adopt(
        self, path: str | os.PathLike[str], *, unit: str = "", values: Iterable[str] = (), really: bool = True
    ) -> Adoption:
        """Make a unit from another tool's project, with ``values`` of its parameters; without ``really``, only report
        what would be done."""
        return api.adopting.adopt(self._opened, path, unit, values, really=really)

    def new(
        self, name: str, *, runtime: str = "python3.13", architecture: str = "arm64", flat: bool = False
    ) -> tuple[str, ...]:
        """Create the unit ``name``, ready to be deployed, as a package or ``flat``; returns the files written."""
        return api.setup.new(self._opened, name, runtime, architecture, flat=flat)

    def bootstrap(self, place: str | None = None, *, really: bool = True, remove: bool = False) -> tuple[str, ...]:
        """Create the artifact bucket and, where the table has ``roles``, the roles of all accounts or of one place.

        Settings that belong to somebody else are kept; the bucket records the workspace's id and the environments'
        rules. One line per change, made or (not ``really``) needed; ``remove`` deletes the roles.

        Raises:
            ConfigurationError: the bucket belongs to another workspace, or ``place`` has no roles to make.
            UnitsFailed: some places failed: ``what`` says which and why; the others were done.
        """
        return api.access.bootstrap(self._opened, place, really=really, remove=remove)

    def bootstrap_template(self, place: str, *, files: str | None = None) -> str:
        """What a place gets, as JSON, for others to apply; the folder ``files`` gets what has to be uploaded."""
        return api.access.bootstrap_template(self._opened, place, files)

    def write_ci(self, host: str, *, really: bool = True) -> tuple[str, ...]:
        """Write what ``"bitbucket"``, ``"codepipeline"``, ``"github"`` or ``"gitlab"`` runs; what has changed."""
        return api.access.write_ci(self._opened, host, really=really)

    def status(self, name: str | None = None, *, drift: bool = False) -> Status:
        """Units × environments, or one unit's row; ``drift`` compares every stack, which takes seconds."""
        return api.looking.status(self._opened, name, drift=drift)

    def foreign_bucket(self) -> str:
        """A warning if the bucket belongs to another workspace, else empty. One call."""
        return api.whose.told(self.world)

    def advice(self) -> str:
        """What to add to the root table if only the bucket knows the id of the workspace, else empty."""
        return api.whose.advice(self.world)

    def drift(self, name: str | None = None, environment: str | None = None) -> Listing[UnitDrift]:
        """Manual changes, for one unit or all, in one environment or all. Takes seconds per stack."""
        return api.looking.drift(self.world, name, environment)

    def board(self, *, drift: bool = False) -> Board:
        """One self-contained HTML page covering all units in all environments."""
        return api.board.board(self._opened, api.looking.matrix(self._opened, drift=drift))

    def doctor(self) -> Listing[Finding]:
        """Check this machine, the caller, the bucket and every account. Changes nothing."""
        return api.looking.doctor(self._opened)

    def permissions(self, place: str) -> Permissions:
        """The permissions that an environment's role, that of ``devops`` or the ``caller`` needs. Makes no request."""
        return api.looking.permissions(self._opened, place)

    def __repr__(self) -> str:
        return f"<Workspace {api.looking.described(self._opened)}>"

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import workspace_html

        return workspace_html(self._opened.root.name, self.config, self.configs, self.broken, local=self.local)
