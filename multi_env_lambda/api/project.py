"""One deployment unit as a handle: what it consists of, and what can be done with it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda import api
from multi_env_lambda.api.arguments import checked_methods
from multi_env_lambda.api.by_name import ByName
from multi_env_lambda.api.function import Function, Job
from multi_env_lambda.api.opened import Opened, Seen, silent
from multi_env_lambda.api.paths import handed_out
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.request import Request

if TYPE_CHECKING:
    from multi_env_lambda.api.build import Build, LayerArtifact, SourceArtifact
    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.outside import FilePath, Template
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.outputs import Outputs
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.project import Project as ProjectConfig
    from multi_env_lambda.model.record import Deployment
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.model.watch_round import WatchRound
    from multi_env_lambda.operations.difference import Difference
    from multi_env_lambda.operations.why import Explanation
    from multi_env_lambda.plan.removal import Removal
    from multi_env_lambda.show.progress import Live
    from multi_env_lambda.world import ProgressEvent

__all__ = ["Project"]


@checked_methods
@attrs.frozen(repr=False)
class Project:
    """One unit of a workspace: ``workspace["orders"]`` or ``Project.open("projects/orders")``.

    ``environment`` is a name and defaults to the first environment. Other options work as in ``Workspace``.
    """

    _opened: Opened
    name: str

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str] = ".",
        *,
        local: bool | None = None,
        user: str | None = None,
        profile: str | None = None,
        report: Callable[[ProgressEvent], None] = silent,
        progress: Callable[[str], None] | None = None,
        live: Live | None = None,
        dialog: Dialog | None = None,
    ) -> Project:
        """The unit that ``folder`` belongs to; the other arguments work as in ``Workspace.open``.

        Raises:
            ConfigurationError: the folder belongs to no unit, or to a broken one.
        """
        seen = Seen(report=report, live=live, dialog=dialog)
        opened = Opened.at(folder, local=local, user=user, profile=profile, progress=progress, **seen)
        inside = Path(folder).resolve().relative_to(opened.root.resolve())
        for outline in opened.projects.outlines:
            if inside.is_relative_to(outline.folder):
                return cls(opened, outline.name)
        for unit in opened.broken:
            if inside.is_relative_to(unit.folder):
                raise unit.error
        what = f"the folder `{inside.as_posix()}` belongs to no unit"
        raise ConfigurationError(str(opened.root), what, hint="give a folder below `projects`")

    @property
    def config(self) -> ProjectConfig:
        """Its settings from ``pyproject.toml``, for every environment.

        Raises:
            ConfigurationError: its folder is missing, or it is broken.
        """
        return self._opened.project(self.name)

    @property
    def fault(self) -> MultiEnvLambdaError | None:
        """Why its files cannot be used, if so; its history can still be read, and it can still be rolled back."""
        return self._opened.faults.get(self.name)

    @property
    def dir(self) -> FilePath:
        """Its folder."""
        return handed_out(self._opened.root / self.config.folder)

    @property
    def version(self) -> str:
        """The version in its ``pyproject.toml``; a release may be called ``VERSION.postN``."""
        return self.config.version

    @property
    def functions(self) -> Mapping[str, Function]:
        """Its Lambda functions by key."""
        return ByName("function", {key: Function(self._opened, self.name, key) for key in self._keys("functions")})

    @property
    def jobs(self) -> Mapping[str, Job]:
        """Its Glue jobs by key."""
        return ByName("job", {key: Job(self._opened, self.name, key) for key in self._keys("jobs")})

    def function(self, key: str) -> Function:
        """One function by its key; whether an environment has it is looked at when it is called."""
        return Function(self._opened, self.name, key)

    def jobs_in(self, environment: str) -> tuple[str, ...]:
        """The keys of the jobs that one environment has."""
        return tuple(job.key for job in self.config.settings[self._opened.place(environment).name].jobs)

    # --- build and publish ---
    def build(self) -> Build:
        """Build its artifacts on this machine, and check that its handlers can be imported.

        Raises:
            UnitsFailed: it cannot be built.
        """
        return api.carry_out.build(self._opened, self._all_of_it())[0]

    def test(self) -> Listing[Result]:
        """Run its own tests with its locked dependencies, without credentials and network, as the CI does.

        Raises:
            UnitsFailed: a test failed.
        """
        return api.own_tests.run_tests(self._opened, (self.name,))

    @property
    def source(self) -> SourceArtifact:
        """Its code as an artifact, built if necessary."""
        return self.build().source

    @property
    def layer(self) -> LayerArtifact | None:
        """Its dependencies as an artifact, built if necessary; None if its functions have none, or another unit's."""
        return self.build().layer

    def template(self, environment: str | None = None) -> Template:
        """Its CloudFormation template as a cottonformation object, to read, modify and export."""
        from multi_env_lambda.plan.template.cotton import typed

        found: Template = typed(json.loads(self.build().templates[self._opened.place(environment).name]))
        return found

    def publish(self) -> Listing[Result]:
        """Build it, and publish whatever the bucket lacks. Deploys nothing."""
        return api.carry_out.publish(self._opened, self._all_of_it())

    def lock(self, *, upgrade: bool = False) -> FilePath | None:
        """Write its ``pylock.toml`` and return that file; None if it has no dependencies."""
        return api.setup.lock_one(self._opened.root, self.config, upgrade=upgrade, said=self._opened.progress)

    # --- what changes an environment ---
    def plan(
        self, environment: str | None = None, *, to: str | None = None, force: bool = False, publish: bool = False
    ) -> Plan:
        """What ``deploy`` would do, and why. Writes nothing; only ``publish`` uploads what an approval refers to."""
        request = api.carry_out.request(self._opened, "deploy", self.name, environment, to)
        return api.carry_out.plan(self._opened, attrs.evolve(request, force=force), publish=publish)

    def deploy(
        self,
        environment: str | None = None,
        *,
        to: str | None = None,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Build, publish and deploy this unit only."""
        request = api.carry_out.request(self._opened, "deploy", self.name, environment, to)
        request = attrs.evolve(request, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def watch(self, environment: str | None = None, *, agree: Iterable[str] = ()) -> Iterator[WatchRound]:
        """Deploy this unit only, then bring each saved file there, as ``Environment.watch`` does."""
        return api.watching.watch(self._opened, self.name, environment, agree, 0.0)

    def promote(
        self,
        environment: str | None = None,
        *,
        to: str | None = None,
        skip_from: str | None = None,
        force: bool = False,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Promote to an environment what runs in the previous one, or in ``skip_from``, which requires a reason."""
        request = api.carry_out.request(self._opened, "promote", self.name, environment, to)
        request = attrs.evolve(request, skip_from=skip_from, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def plan_promotion(
        self,
        environment: str | None = None,
        *,
        to: str | None = None,
        skip_from: str | None = None,
        force: bool = False,
        reason: str = "",
    ) -> Plan:
        """What ``promote`` would do."""
        request = api.carry_out.request(self._opened, "promote", self.name, environment, to)
        return api.carry_out.plan(self._opened, attrs.evolve(request, skip_from=skip_from, force=force, reason=reason))

    def plan_rollback(self, environment: str, *, to: str | None = None, force: bool = False, reason: str = "") -> Plan:
        """What ``rollback`` would do."""
        request = api.carry_out.request(self._opened, "rollback", self.name, environment, None)
        return api.carry_out.plan(self._opened, attrs.evolve(request, release=to, force=force, reason=reason))

    def rollback(
        self,
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
        request = api.carry_out.request(self._opened, "rollback", self.name, environment, None)
        request = attrs.evolve(request, release=to, force=force, reason=reason)
        return api.carry_out.deploy(self._opened, request, agree, approve, wait)

    def plan_repair(self, environment: str, *, reason: str = "") -> Plan:
        """What ``repair`` would restore, and which of those resources hold data. Writes nothing."""
        request = api.carry_out.request(self._opened, "repair", self.name, environment, None)
        return api.carry_out.plan(self._opened, attrs.evolve(request, reason=reason))

    def repair(
        self,
        environment: str,
        *,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Restore what the record says should be running, by redeploying the same release. Builds nothing."""
        request = api.carry_out.request(self._opened, "repair", self.name, environment, None)
        return api.carry_out.deploy(self._opened, attrs.evolve(request, reason=reason), agree, approve, wait)

    def freeze(self, environment: str, *, reason: str, until: str = "") -> Listing[Freeze]:
        """Let nothing of it change in an environment; as in ``Environment.freeze``."""
        return api.freezing.freeze(self._opened, environment, (self.name,), reason=reason, until=until)

    def unfreeze(self, environment: str) -> Listing[Freeze]:
        """Lift its freeze in an environment, and what a rollback holds there; returns what was lifted."""
        return api.freezing.unfreeze(self._opened, environment, (self.name,))

    def plan_removal(self, environment: str, *, retain: Iterable[str] = ()) -> Removal:
        """What ``destroy`` would do: what is kept, what is lost, and which units still need it. Writes nothing."""
        return api.removing.find(self._opened, self.name, environment, retain)

    def destroy(
        self,
        environment: str,
        *,
        confirm: str = "",
        retain: Iterable[str] = (),
        force: bool = False,
        reason: str = "",
        approve: Iterable[str] = (),
    ) -> Result:
        """Delete it from one environment: its stack and everything in it that is not retained.

        Args:
            confirm: the unit's name again, as a safeguard; a dialog may ask for it instead.
            retain: logical ids to keep, where an earlier deletion failed on them.
            force: delete even if other units depend on it, or it is frozen.

        Raises:
            Refused: the deletion was not confirmed or not approved, or other units depend on it.
        """
        removal = self.plan_removal(environment, retain=retain)
        return api.removing.destroy(self._opened, removal, confirm=confirm, approve=approve, force=force, reason=reason)

    # --- what only looks ---
    def history(
        self, environment: str | None = None, *, newest: int | None = None, before: int | None = None
    ) -> Listing[Deployment]:
        """Its deployments in an environment, oldest first.

        Args:
            environment: None: the first one. ``histories`` reads several.
            newest: at most this many; None: all.
            before: only deployments with a smaller number. Pass the number of the oldest one to get the previous page.

        Raises:
            ConfigurationError: there is no unit of this name, here or in a record, or `newest` is less than 1.
        """
        return api.looking.history(self._opened, self.name, environment, newest, before)

    def histories(
        self, environments: Iterable[str], *, newest: int | None = None, before: int | None = None
    ) -> Mapping[str, Listing[Deployment]]:
        """``history`` of several environments, read concurrently."""
        names = tuple(environments)
        pages = in_parallel(lambda name: self.history(name, newest=newest, before=before), names)
        return dict(zip(names, pages, strict=True))

    def status(self, *, drift: bool = False) -> Status:
        """Its row of ``Workspace.status``; with ``drift``, compared against its stacks."""
        return api.looking.status(self._opened, self.name, drift=drift)

    def why(self, environment: str | None = None) -> Explanation:
        """Why it would or would not be deployed to an environment: the chain of inputs behind the decision."""
        from multi_env_lambda import pipeline
        from multi_env_lambda.operations.why import explain

        request = Request(verb="deploy", target=self._opened.place(environment).name)
        draft = pipeline.plan(self._opened.world, request, alone=self.name)
        return explain(draft.plan, draft.known, draft.looked_at, self.name)

    def difference(self, left: str, right: str) -> Difference:
        """The difference between what runs in two environments."""
        from multi_env_lambda.operations.difference import difference

        return difference(self._opened.world, self.name, left, right)

    def drift(self, environment: str | None = None) -> Listing[UnitDrift]:
        """Manual changes to it, in one environment or in all."""
        return api.looking.drift(self._opened.world, self.name, environment)

    def logs(self, environment: str | None = None, *, since: str = "10m", containing: str = "") -> Listing[LogLine]:
        """What all its functions have logged, oldest first; ``since`` and ``containing`` as in ``Function.logs``."""
        return api.logs.listed(
            self._opened, self.name, self._opened.place(environment), self._named(environment), since, containing
        )

    def follow_logs(
        self, environment: str | None = None, *, since: str = "10m", containing: str = ""
    ) -> Iterator[LogLine]:
        """The same, and then each new line as it comes. It never ends by itself."""
        return api.logs.followed(
            self._opened, self.name, self._opened.place(environment), self._named(environment), since, containing
        )

    def _named(self, environment: str | None) -> Mapping[str, str]:
        place = self._opened.place(environment).name
        return {one.key: self.config.function_name(place, one.key) for one in self.config.settings[place].functions}

    def outputs(self, environment: str | None = None) -> Outputs:
        """What it made in an environment, as its stack is now: names, ARNs and URLs, and the outputs of its template.

        Raises:
            StackError: nothing of it is deployed there.
        """
        return api.outputs.outputs(self._opened, self.name, self._opened.place(environment))

    def links(self, environment: str | None = None) -> Mapping[str, str]:
        """Console links by label: switch role, stack, functions, logs and jobs. None in the local cloud."""
        from multi_env_lambda.model.console import unit_links

        if self._opened.local:
            return {}
        place = api.elsewhere.where_it_runs(self._opened, self.name, self._opened.place(environment))
        return dict(unit_links(self.config, place))

    def _all_of_it(self) -> Request:
        request = api.carry_out.request(self._opened, "deploy", self.name, None, None)
        return attrs.evolve(request, everything=True)

    def _keys(self, kind: str) -> list[str]:
        """In any environment, in the order of the file."""
        settings = self.config.settings.values()
        return list(dict.fromkeys(item.key for each in settings for item in getattr(each, kind)))

    def __repr__(self) -> str:
        return f"<Project {self.name}{' (broken)' if self.fault else ''} of {self._opened.root.name}>"
