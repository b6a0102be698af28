"""The friendly face for notebooks and scripts: everything that the command line does, as methods that give values."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda._version import __version__
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.errors import ConfigurationError, UnitsFailed
from multi_env_lambda.flow.act import Result
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.flow.check import ALIAS
from multi_env_lambda.flow.gate import Consent
from multi_env_lambda.flow.observe import read_all
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.flow.why import Explanation, explain
from multi_env_lambda.host.folders import workspace_cache
from multi_env_lambda.host.identity import is_dead, now, this_process
from multi_env_lambda.host.repository import find_root, read_repository
from multi_env_lambda.model.collisions import find_collisions
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.job import run_arguments
from multi_env_lambda.model.order import in_order
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.world import Event, Invocation, World

if TYPE_CHECKING:
    from multi_env_lambda.aws.jobs import JobRun
    from multi_env_lambda.flow.difference import Difference
    from multi_env_lambda.flow.drift import UnitDrift
    from multi_env_lambda.flow.prune import Prunable
    from multi_env_lambda.local.cloud import LocalCloud
    from multi_env_lambda.plan.permissions import Permissions

__all__ = ["LOCAL_USER_VARIABLE", "LOCAL_VARIABLE", "Workspace"]

LOCAL_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL"
"""Set to 1, every command means the local cloud."""

LOCAL_USER_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL_USER"
"""Who works in the local cloud; another name is another person, who may approve the plan of the first."""

Report = Callable[[Event], None]
Progress = Callable[[str], None]


def _silent(_: object) -> None:
    return None


@attrs.frozen(kw_only=True, slots=False)
class Workspace:
    """A repository with its units and environments. Opening one reads files only; the other side is met when needed."""

    root: Path
    config: WorkspaceConfig
    projects: tuple[Project, ...]
    local: bool = False
    report: Report = attrs.field(default=_silent, repr=False, eq=False)
    progress: Progress = attrs.field(default=_silent, repr=False, eq=False)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        local: bool | None = None,
        report: Report = _silent,
        progress: Progress = _silent,
    ) -> Workspace:
        """Read the workspace that ``path`` lies in.

        Args:
            local: the local cloud instead of AWS; None: as the variable ``MULTI_ENV_LAMBDA_LOCAL`` says.
            report: called for every event of a deploy, from several threads.
            progress: called with a sentence when something takes long.

        Raises:
            ConfigurationError: there is none, or a file of it cannot be read; nothing was written.
        """
        root = find_root(Path(path))
        repository = read_repository(root)
        config = read_workspace(repository.document, where="pyproject.toml")
        projects = tuple(
            read_project(
                document,
                folder=folder,
                where=f"{folder}/pyproject.toml",
                environments=config.environments,
                devops=config.devops,
            )
            for folder, document in repository.units.items()
        )
        find_collisions(projects, config)
        in_order(projects)
        wished = os.environ.get(LOCAL_VARIABLE, "") not in ("", "0") if local is None else local
        config = config.with_roles() if wished else config
        return cls(root=root, config=config, projects=projects, local=wished, report=report, progress=progress)

    @cached_property
    def world(self) -> World:
        """The handles to everything outside; the first look starts the local cloud, if that is meant."""
        from multi_env_lambda.aws.bucket import Bucket
        from multi_env_lambda.aws.index import body_of
        from multi_env_lambda.aws.platform import AwsPlatform
        from multi_env_lambda.aws.session import Sessions
        from multi_env_lambda.flow.make import TreeMaker
        from multi_env_lambda.host.interpreter import find_python, runtime_python

        projects = self._local_projects() if self.local else self.projects
        sessions = Sessions()
        devops = self.config.devops
        store = Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id)
        cache = workspace_cache(self.root) / ("local" if self.local else "aws")
        platform = AwsPlatform(sessions, devops)

        def interpreter(version: str) -> Path | None:
            return runtime_python(version) if find_python(version) is not None else None

        return World(
            config=self.config,
            projects=projects,
            store=store,
            ledger=Ledger(store, cache),
            platform=platform,
            maker=TreeMaker(
                root=self.root, cache=cache, config=self.config, interpreter=interpreter, fetch=partial(body_of, store)
            ),
            cache=cache,
            library=__version__,
            holder=lambda: this_process(platform.caller()),
            holder_is_dead=is_dead,
            reported=self.report,
            now=now,
            elsewhere=lambda place: Bucket(sessions.client(place, "s3"), place.bucket, place.account_id),
        )

    def plan(
        self,
        *names: str,
        to: str | None = None,
        only_there: bool = False,
        everything: bool = False,
        force: bool = False,
    ) -> Plan:
        """What a deploy would do, and why. Nothing is written.

        Args:
            names: units; none: all units that are affected.
            to: the environment to reach, through all before it; None: the first one.
            only_there: change this environment only.
        """
        ask = self._deploy(names, to, only_there, everything, force)
        return with_rules(self.world, self.draft(ask, closely=True).plan)

    def draft(self, ask: Ask, *, soon: bool = False, closely: bool = False) -> pipeline.Draft:
        """A plan together with what was built for it; ``soon`` and ``closely`` as in ``pipeline.plan``."""
        self._check_names(ask.only)
        return pipeline.plan(self.world, ask, soon=soon, closely=closely)

    def apply(self, plan: Plan | Mapping[str, Any], *, agree: Iterable[str] = ()) -> tuple[Result, ...]:
        """Do exactly what the plan says. ``agree``: answers to its questions, such as ``replace:a/Invoices``.

        Raises:
            PlanStale: the same request would do something else now.
            UnitsFailed: at least one unit did not get there; the others did.
        """
        draft = pipeline.same_again(self.world, plan, soon=True)
        return self._finish(pipeline.apply(self.world, draft, Consent(allowed=frozenset(agree))))

    def deploy(
        self, *names: str, to: str | None = None, only_there: bool = False, agree: Iterable[str] = ()
    ) -> tuple[Result, ...]:
        """Plan and apply at once."""
        return self._run(self._deploy(names, to, only_there, False, False), agree)

    def promote(self, *names: str, to: str, agree: Iterable[str] = ()) -> tuple[Result, ...]:
        """Bring to ``to`` what runs in the environment before it: the same bytes, and no build."""
        return self._run(Ask(verb="promote", target=to, only=names), agree)

    def rollback(
        self, name: str, environment: str, *, to: str | None = None, reason: str = "", agree: Iterable[str] = ()
    ) -> tuple[Result, ...]:
        """Bring back what ran before, or the release ``to`` (its digest or version). Builds nothing."""
        return self._run(Ask(verb="rollback", target=environment, only=(name,), release=to, reason=reason), agree)

    def destroy(self, name: str, environment: str, *, confirm: str, reason: str = "", force: bool = False) -> Result:
        """Delete a unit from one environment. ``confirm`` is its name once more, so that nobody does it by mistake."""
        from multi_env_lambda.flow.remove import destroy, find_removal

        if confirm != name:
            raise ConfigurationError(
                "destroy", f"`{confirm}` does not confirm `{name}`", hint="give the unit's name again"
            )
        return destroy(self.world, find_removal(self.world, name, environment), reason=reason, force=force)

    def prune(self, *names: str, really: bool = False) -> Prunable:
        """What nothing refers to any more; with ``really``, what was removed of it."""
        from multi_env_lambda.flow.prune import find_prunable, prune

        shown = find_prunable(self.world, names)
        return prune(self.world, shown) if really else shown

    def status(self) -> Status:
        """Units × environments."""
        found = read_all(self.world, self.config.environments)
        units = tuple(project.name for project in self.projects)
        return make_status(self.config, units, found.records, found.unreadable)

    def history(
        self, name: str, environment: str, *, newest: int | None = None, before: int | None = None
    ) -> tuple[Deployment, ...]:
        """The deployments of a unit in an environment, oldest first.

        Args:
            newest: so many of them only; None: all.
            before: only those with a smaller number: that of the oldest one on a page gives the page before it.
        """
        self._check_names((name,))
        place = self.config.environment(environment).name
        return self.world.ledger.history(place, name, newest=newest, before=before)

    def difference(self, name: str, left: str, right: str) -> Difference:
        """What is different between what runs of a unit in two environments."""
        from multi_env_lambda.flow.difference import difference

        return difference(self.world, name, left, right)

    def drift(self, name: str | None = None, environment: str | None = None) -> tuple[UnitDrift, ...]:
        """What somebody changed by hand; without a name or an environment, in all of them. Takes seconds per stack."""
        from multi_env_lambda.flow.drift import find_drift

        return find_drift(self.world, name, environment)

    def histories(self, *, newest: int = 50) -> dict[tuple[str, str], tuple[Deployment, ...]]:
        """The newest deployments by (unit, environment), oldest first."""
        return {
            (unit, environment.name): past
            for environment in self.config.environments
            for unit, past in self.world.ledger.histories(environment.name, newest=newest).histories.items()
        }

    def board(self) -> str:
        """One self-contained HTML page about all units in all environments."""
        from multi_env_lambda.show.board import board_html

        return board_html(self.config, self.projects, self.status(), self.histories(), now())

    def why(self, name: str, environment: str | None = None) -> Explanation:
        """Why a unit would be deployed to an environment or not: the chain of inputs behind the decision."""
        draft = self.draft(Ask(verb="deploy", target=environment or self.config.environments[0].name))
        return explain(draft.plan, draft.known, draft.looked_at, name)

    def invoke(self, name: str, function: str, environment: str, payload: Any = None) -> Any:
        """Call one function through its alias; gives its answer.

        Raises:
            CheckFailed: the function raised.
        """
        answer = self.call(name, function, environment, payload)
        if answer.error is not None:
            from multi_env_lambda.errors import CheckFailed

            raise CheckFailed(
                f"{name}.{function} in {environment}",
                f"the function raised {answer.error}: {answer.payload.decode('utf-8', 'replace')}",
                hint=f"its log ends with:\n{answer.log_tail.strip()}",
            )
        return json.loads(answer.payload) if answer.payload else None

    def call(self, name: str, function: str, environment: str, payload: Any = None) -> Invocation:
        """As ``invoke``, with the log and without raising for the function's own errors."""
        project = self.project(name)
        place = self.config.environment(environment)
        if function not in (keys := [item.key for item in project.settings[place.name].functions]):
            hint = did_you_mean(function, keys)
            raise ConfigurationError(f"unit {project.name}", f"it has no function `{function}`", hint=hint)
        physical = project.function_name(place.name, function)
        return self.world.platform.invoke(place, physical, ALIAS, json.dumps(payload).encode())

    def run_job(self, name: str, job: str, environment: str, arguments: Mapping[str, str] | None = None) -> JobRun:
        """Start one Glue job of a unit and wait for how it ends."""
        project = self.project(name)
        place = self.config.environment(environment)
        jobs = {item.key: item for item in project.settings[place.name].jobs}
        if job not in jobs:
            raise ConfigurationError(f"unit {project.name}", f"it has no job `{job}`", hint=did_you_mean(job, jobs))
        given = run_arguments(f"unit {project.name}", jobs[job], arguments or {})
        return self.world.platform.run_job(place, project.job_name(place.name, job), given)

    def project(self, name: str) -> Project:
        """One unit by name.

        Raises:
            ConfigurationError: there is none of that name.
        """
        found = {project.name: project for project in self.projects}
        if name not in found:
            raise ConfigurationError("units", f"there is no unit `{name}`", hint=did_you_mean(name, found))
        return found[name]

    def environment(self, name: str) -> Environment:
        """One environment by name."""
        return self.config.environment(name)

    def start_local_cloud(self) -> LocalCloud:
        """Start the local cloud of this workspace, if it does not run yet."""
        from multi_env_lambda.local.opening import start

        user = os.environ.get(LOCAL_USER_VARIABLE, "")
        return start(self.root, self.config, self.projects, user=user, progress=self.progress)

    def doctor(self) -> tuple[Finding, ...]:
        """Look at this machine, the caller, the bucket and every account; nothing is changed."""
        from multi_env_lambda.aws.session import Sessions
        from multi_env_lambda.flow.doctor import examine

        _ = self.local and self.world  # starts the local cloud, and says how to get there
        pythons = {python for project in self.projects for python in project.pythons}
        return examine(self.config, pythons, Sessions(), os.environ, lambda: self.world)

    def permissions(self, place: str) -> Permissions:
        """What the role of an environment, of ``devops`` or of the ``caller`` has to be allowed; nothing is asked."""
        from multi_env_lambda.flow.permissions import permissions_of

        return permissions_of(self.root, self.config, self.projects, place)

    def bootstrap(self) -> tuple[str, ...]:
        """Make the artifact bucket in the devops account; the accounts of all environments may read it.

        Returns what was changed, in a line each; what others have set (policy, lifecycle, encryption) stays.
        It gets the id of the workspace, a new one where the root table has none, and remembers the environments' rules.

        Raises:
            ConfigurationError: it has another workspace's id.
            MultiEnvLambdaError: what it remembers of an environment's rules cannot be read.
        """
        from multi_env_lambda.flow.bootstrap import make_bucket, settle

        world = self.world  # first of all: it starts the local cloud, and says how to get there
        changes = make_bucket(self.config)
        settle(world)
        return changes

    def _run(self, ask: Ask, agree: Iterable[str]) -> tuple[Result, ...]:
        draft = self.draft(ask, soon=True, closely=bool(agree))
        return self._finish(pipeline.apply(self.world, draft, Consent(allowed=frozenset(agree))))

    def _finish(self, results: tuple[Result, ...]) -> tuple[Result, ...]:
        bad = [result for result in results if not result.good]
        if bad:
            lines = "; ".join(f"{item.project} in {item.environment} {item.outcome}: {item.detail}" for item in bad)
            raise UnitsFailed(f"{len(bad)} of {len(results)}", lines, hint=bad[0].hint or "correct it and run again")
        return results

    def _deploy(self, names: Iterable[str], to: str | None, only_there: bool, everything: bool, force: bool) -> Ask:
        return Ask(
            verb="deploy",
            target=self.config.environments[0].name if to is None else to,
            through=not only_there,
            only=tuple(names),
            everything=everything,
            force=force,
        )

    def _check_names(self, names: Iterable[str]) -> None:
        """A unit whose folder is gone may still be named; that it exists somewhere is found out later."""
        if not all(names):
            raise ConfigurationError("units", "the name of a unit is empty", hint="name a folder of `projects`")

    def _local_projects(self) -> tuple[Project, ...]:
        """The units as this machine can run them, with the local cloud running and this process pointed at it."""
        from multi_env_lambda.local.opening import as_run_here

        return as_run_here(self.projects, self.start_local_cloud())

    def __repr__(self) -> str:
        where = "local cloud" if self.local else "AWS"
        names = ", ".join(project.name for project in self.projects)
        chain = " → ".join(environment.name for environment in self.config.environments)
        return f"<Workspace {self.root.name} on {where}: {names}; {chain}>"

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import workspace_html

        return workspace_html(self)
