"""An open workspace: what its files say, how progress is displayed, and the connections to everything outside.

Every handle of the public API holds one of these, and no handle holds another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import attrs

from multi_env_lambda.api import opening
from multi_env_lambda.api.by_name import ByName
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.units import Units, units_of
from multi_env_lambda.show.progress import lines_where_this_runs, where_this_runs
from multi_env_lambda.wording import advice, option

if TYPE_CHECKING:
    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.local.cloud import LocalCloud
    from multi_env_lambda.model.broken import BrokenUnit
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.roles import Acting
    from multi_env_lambda.model.workspace import WorkspaceConfig
    from multi_env_lambda.show.progress import Live
    from multi_env_lambda.world import ProgressEvent, World

__all__ = ["ACTING_VARIABLE", "LOCAL_USER_VARIABLE", "LOCAL_VARIABLE", "Opened", "Seen", "silent"]

LOCAL_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL"
"""If set to 1, every command uses the local cloud."""

LOCAL_USER_VARIABLE = "MULTI_ENV_LAMBDA_LOCAL_USER"
"""The user in the local cloud. A different name is a different person, who may approve the first user's plans."""


ACTING_VARIABLE = "MULTI_ENV_LAMBDA_AS"
"""The role somebody acts in where `bootstrap` made roles: developer (the default), approver or administrator."""

_SHOWN = ("report", "progress", "live", "dialog")
"""The fields of ``Opened`` that observe."""


def silent(_: object) -> None:
    """An observer that does nothing."""


class Seen(TypedDict, total=False):
    """Who sees what is done; see ``Opened``."""

    report: Callable[[ProgressEvent], None]
    live: Live | None
    dialog: Dialog | None


def _in_local_cloud(config: WorkspaceConfig) -> WorkspaceConfig:
    """Nobody has credentials of all of its accounts, and its people are users of one."""
    from multi_env_lambda.local.seed import home_of

    named = config.with_roles()
    return named.with_people(f"arn:aws:iam::{home_of(named)}:user/*")


def _profile(name: str | None, local: bool) -> str:
    if name is not None and local:
        what = f"found the profile `{name}`, but the local cloud has its own credentials"
        hint = advice(
            "leave out `{}`, or the local cloud (`{}`, {})", option("profile", name), option("local"), LOCAL_VARIABLE
        )
        raise ConfigurationError("profile", what, hint=hint)
    if name == "":
        raise ConfigurationError("profile", "its name is empty", hint="`aws configure list-profiles` lists the names")
    return name or ""


@attrs.frozen(kw_only=True, slots=False)
class Opened:
    """What was read, and how to display progress. Opening reads files only; AWS is contacted when needed.

    Args:
        profile: the profile of the AWS files whose credentials are used; empty: as boto3 finds credentials.
        report: called for every event of a deploy, from several threads.
        progress: called with a sentence when something takes a while.
        live: displays events as they happen; None: whatever suits the place where this runs.
        dialog: shown every plan before anything is written.
    """

    root: Path
    config: WorkspaceConfig = attrs.field(hash=False)
    projects: Units = attrs.field(converter=units_of, hash=False)
    broken: tuple[BrokenUnit, ...] = attrs.field(default=(), hash=False)
    local: bool = False
    user: str = ""
    profile: str = ""
    acting: str = ""
    report: Callable[[ProgressEvent], None] = attrs.field(default=silent, eq=False, repr=False)
    progress: Callable[[str], None] = attrs.field(default=silent, eq=False, repr=False)
    live: Live | None = attrs.field(default=None, eq=False, repr=False)
    dialog: Dialog | None = attrs.field(default=None, eq=False, repr=False)

    @classmethod
    def at(
        cls,
        path: str | os.PathLike[str],
        *,
        local: bool | None,
        user: str | None = None,
        profile: str | None = None,
        progress: Callable[[str], None] | None = None,
        **seen: Unpack[Seen],
    ) -> Opened:
        """Read the workspace that contains ``path``; None means as the two variables say; ``seen`` by whom.

        Raises:
            ConfigurationError: there is none, or its root table cannot be read.
        """
        if not Path(path).exists():
            raise ConfigurationError(os.fspath(path), "there is no such folder", hint="name one of the workspace")
        found = opening.read(Path(path))
        wished = os.environ.get(LOCAL_VARIABLE, "") not in ("", "0") if local is None else local
        return cls(
            root=found.root,
            config=_in_local_cloud(found.config) if wished else found.config,
            projects=found.projects,
            broken=found.broken,
            local=wished,
            user=os.environ.get(LOCAL_USER_VARIABLE, "") if user is None else user,
            profile=_profile(profile, wished),
            acting=os.environ.get(ACTING_VARIABLE, ""),
            progress=lines_where_this_runs() if progress is None else progress,
            **seen,
        )

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets: everything that was read, but no connections and no observers."""
        shown = {name: getattr(attrs.fields(Opened), name).default for name in _SHOWN}
        return {field.name: shown.get(field.name, getattr(self, field.name)) for field in attrs.fields(Opened)}

    def __deepcopy__(self, _: object) -> Opened:
        """It is immutable, and its connections cannot be copied."""
        return self

    def again(self) -> Opened:
        """The same workspace with its files read again and no connections yet."""
        seen = Seen(report=self.report, live=self.live, dialog=self.dialog)
        return Opened.at(
            self.root,
            local=self.local,
            user=self.user,
            profile=self.profile or None,
            progress=self.progress,
            **seen,
        )

    def read_again(self) -> Opened:
        """The same workspace with its files read again; it stays connected if its root table is as it was."""
        found = self.again()
        if found.config == self.config:
            if found.local and found.runtimes - self.runtimes:
                found.local_cloud()  # which prepares them
            projects = opening.built_here(found.projects, local=found.local)
            found.__dict__["world"] = attrs.evolve(self.world, projects=projects, broken=found.broken)
        return found

    @property
    def runtimes(self) -> frozenset[str]:
        """Those that the units name."""
        return frozenset(unit.runtime for unit in self.projects.outlines)

    def shown_to(self, dialog: Dialog) -> Opened:
        """The same workspace, still connected, with its plans shown to somebody else."""
        found = attrs.evolve(self, dialog=dialog)
        found.__dict__["world"] = self.world
        return found

    def disconnect(self) -> None:
        """The next use of ``world`` connects again."""
        self.__dict__.pop("world", None)

    def in_local_cloud(self, user: str) -> Opened:
        """The same workspace in the local cloud, as this user of it, read again."""
        return Opened.at(self.root, local=True, user=user, progress=self.progress)

    def acting_as(self, acting: Acting) -> Opened:
        """The same workspace as somebody who acts as this; nothing of it is met yet, where that makes a difference."""
        return self if self.config.roles is None else attrs.evolve(self, acting=acting)

    @cached_property
    def world(self) -> World:
        """The handles to everything outside; the first access starts the local cloud if that is in use."""
        return opening.connect(
            self.root,
            self.config,
            self.projects,
            self.broken,
            cloud=self._cloud,
            profile=self.profile,
            acting=self.acting,
            report=self.report,
            said=self.progress,
        )

    def sessions(self) -> Sessions:
        """New sessions for the current user."""
        return opening.sessions(self._cloud, self.profile)

    def local_cloud(self) -> LocalCloud:
        """The local cloud of this workspace, started unless it is running."""
        from multi_env_lambda.local.opening import start

        return start(self.root, self.config, self.projects, user=self.user, progress=self.progress)

    @property
    def watching(self) -> Live:
        return self.live or where_this_runs()

    def project(self, name: str) -> Project:
        """The settings of a unit.

        Raises:
            ConfigurationError: there is no unit of that name, or it is broken.
        """
        outlines = {outline.name: outline for outline in self.projects.outlines}
        return self.projects.settled(ByName("unit", outlines, self.faults)[name])

    @property
    def faults(self) -> Mapping[str, MultiEnvLambdaError]:
        """The errors of the broken units, by name."""
        # Two broken units may share a name; the first one is reported.
        return {unit.name: unit.error for unit in sorted(reversed(self.broken), key=lambda unit: unit.name)}

    def reached(self, environment: str) -> Environment:
        """An environment as the caller reaches it; who that is is asked, where `bootstrap` made roles."""
        return self.world.config.environment(environment)

    def place(self, environment: str | None = None) -> Environment:
        """The settings of an environment, by default the first one.

        Raises:
            ConfigurationError: there is no environment of that name.
        """
        return self.config.environments[0] if environment is None else self.config.environment(environment)

    def target(self, verb: str, name: str | None = None) -> str:
        """The name of what a request changes: an environment, by default the first, or a stage where that may be.

        Raises:
            ConfigurationError: there is neither, or the verb is for one environment.
        """
        is_stage = verb in ("deploy", "promote") and name in self.config.stage_names
        return str(name) if is_stage else self.place(name).name

    @property
    def _cloud(self) -> LocalCloud | None:
        """The local cloud, started if it is in use."""
        return self.local_cloud() if self.local else None
