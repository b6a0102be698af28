"""The functions and jobs of a unit, as handles that can be called."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda import api
from multi_env_lambda.api.arguments import checked_methods
from multi_env_lambda.errors import CheckFailed, ConfigurationError, Refused, StackError
from multi_env_lambda.model.reading import did_you_mean

if TYPE_CHECKING:
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.aws.account import Invocation
    from multi_env_lambda.aws.jobs import JobRun
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.project import Project

__all__ = ["Function", "Job"]


@checked_methods
@attrs.frozen(repr=False)
class Function:
    """One function of a unit, identified by its key in the unit's ``pyproject.toml``."""

    _opened: Opened
    project: str
    key: str

    def name(self, environment: str | None = None) -> str:
        """Its physical name in an environment, by default the first one."""
        return self._config.function_name(self._place(environment).name, self.key)

    def invoke(self, payload: Any = None, environment: str | None = None, *, here: bool = False) -> Any:
        """Invoke it through its alias ``live`` and return its answer.

        Args:
            here: as in ``call``.

        Raises:
            CheckFailed: the function raised an error, or its answer is not JSON.
            ConfigurationError, ToolError: as in ``call``.
        """
        answer = self.call(payload, environment, here=here)
        if answer.error is not None:
            raise CheckFailed(
                f"{self.project}.{self.key} in {self._place(environment).name}",
                f"the function raised {answer.reason}: {answer.payload.decode('utf-8', 'replace')}",
                hint=f"the end of its log:\n{answer.log_tail.strip()}",
            )
        try:
            return json.loads(answer.payload) if answer.payload else None
        except (ValueError, RecursionError) as error:
            where = f"{self.project}.{self.key} in {self._place(environment).name}"
            what = f"its answer is not valid JSON: {type(error).__name__}: {error}"
            raise CheckFailed(where, what, hint="`call` returns the raw bytes") from error

    def call(self, payload: Any = None, environment: str | None = None, *, here: bool = False) -> Invocation:
        """Like ``invoke``, but returns the log as well and does not raise if the function does.

        Args:
            here: run the code of the work tree in a process of this machine, with the locked dependencies and the
                variables of that environment. Nothing is deployed. At a terminal, a debugger may stop it.

        Raises:
            ConfigurationError: the payload is not JSON; with ``here``, the unit cannot start on this machine.
            CheckFailed: with ``here``, a person left the debugger, or there was no terminal for it.
            StackError: the environment has no such function.
            ToolError: with ``here``, this machine has no Python of the unit's version.
        """
        from multi_env_lambda.flow.check import ALIAS
        from multi_env_lambda.flow.failure import name_the_unit

        place = self._place(environment)
        physical = self._config.function_name(place.name, self.key)
        try:
            body = json.dumps(payload, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            hint = "build it of dicts, lists, strings, finite numbers, booleans and None"
            raise ConfigurationError("payload", f"it cannot be written as JSON: {error}", hint=hint) from error
        if here:
            return api.here.called_here(self._opened, self.project, self.key, place, json.loads(body))
        try:
            reached = self._opened.reached(place.name)
            return self._opened.world.platform.invoke(reached, physical, ALIAS, body)
        except StackError as error:
            _refuse_what_is_elsewhere(self._opened, self.project, place)
            name_the_unit(error, self.project, place.name)
            raise

    def sample_event(self, kind: str, values: Mapping[str, Any] | None = None, environment: str | None = None) -> Any:
        """A sample event of a kind, as its own source in an environment would send it; see ``sample_event``.

        What its table says about that source (the queue, the bucket, the prefix) is in it, unless ``values`` say
        otherwise: ``create.invoke(create.sample_event("sqs", {"body": "hello"}))``.

        Raises:
            ConfigurationError: there is no such kind or value.
        """
        place = self._place(environment)
        (function,) = (item for item in self._config.settings[place.name].functions if item.key == self.key)
        return api.samples.event_for(kind, function, self._config, place, values or {})

    def logs(self, environment: str | None = None, *, since: str = "10m", containing: str = "") -> Listing[LogLine]:
        """What it has logged, oldest first; CloudWatch shows new lines after a few seconds.

        Args:
            since: how far back: ``10m``, ``2h``, ``3d``, or an ISO 8601 timestamp.
            containing: only lines with this text.
        """
        return api.logs.listed(
            self._opened, self.project, self._place(environment), self._named(environment), since, containing
        )

    def follow_logs(
        self, environment: str | None = None, *, since: str = "10m", containing: str = ""
    ) -> Iterator[LogLine]:
        """The same, and then each new line as it comes. It never ends by itself."""
        return api.logs.followed(
            self._opened, self.project, self._place(environment), self._named(environment), since, containing
        )

    def _named(self, environment: str | None) -> Mapping[str, str]:
        return {self.key: self.name(environment)}

    def links(self, environment: str | None = None) -> Mapping[str, str]:
        """Console links to the function and its log. None in the local cloud."""
        from multi_env_lambda.model.console import unit_links

        if self._opened.local:
            return {}
        place = api.elsewhere.where_it_runs(self._opened, self.project, self._place(environment))
        wanted = {"switch role", f"function {self.key}", f"log of {self.key}"}
        return {label: url for label, url in unit_links(self._config, place) if label in wanted}

    @property
    def _config(self) -> Project:
        return self._opened.project(self.project)

    def _place(self, environment: str | None) -> Environment:
        place = self._opened.place(environment)
        if self.key not in (keys := [item.key for item in self._config.settings[place.name].functions]):
            raise _absent("function", self.project, self.key, keys, place)
        return place

    def __repr__(self) -> str:
        return f"<Function {self.key} of {self.project}>"


@checked_methods
@attrs.frozen(repr=False)
class Job:
    """One Glue job of a unit, identified by its key in the unit's ``pyproject.toml``."""

    _opened: Opened
    project: str
    key: str

    def name(self, environment: str | None = None) -> str:
        """Its physical name in an environment, by default the first one."""
        return self._opened.project(self.project).job_name(self._opened.place(environment).name, self.key)

    def run(self, arguments: Mapping[str, str] | None = None, environment: str | None = None) -> JobRun:
        """Start one run and wait for it to finish.

        Raises:
            ConfigurationError: there is no such job or argument; nothing was started.
        """
        from multi_env_lambda.model.job import run_arguments

        project, place = self._opened.project(self.project), self._opened.place(environment)
        jobs = {item.key: item for item in project.settings[place.name].jobs}
        if self.key not in jobs:
            raise _absent("job", self.project, self.key, jobs, place)
        given = run_arguments(f"unit {project.name}", jobs[self.key], arguments or {})
        name = project.job_name(place.name, self.key)
        try:
            return self._opened.world.platform.run_job(self._opened.reached(place.name), name, given)
        except StackError:
            _refuse_what_is_elsewhere(self._opened, self.project, place)
            raise

    def __repr__(self) -> str:
        return f"<Job {self.key} of {self.project}>"


def _refuse_what_is_elsewhere(opened: Opened, project: str, place: Environment) -> None:
    """Nothing answers where the table says that the unit is: its record may say where it runs.

    Raises:
        Refused: it runs in another account or region.
    """
    found = api.elsewhere.elsewhere(opened, project, place)
    if found is not None:
        raise Refused(f"{project} in {place.name}", found[0], hint=found[1])


def _absent(kind: str, project: str, key: str, keys: Collection[str], place: Environment) -> ConfigurationError:
    what, add = f"it has no {kind} `{key}` in {place.name}", f"add a table `{kind}s.{key}` to its pyproject.toml"
    return ConfigurationError(f"unit {project}", what, hint=did_you_mean(key, keys) if keys else add)
