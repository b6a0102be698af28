"""One environment as a handle: where it is, how to access it, and what runs in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda import api
from multi_env_lambda.api.arguments import checked_methods

if TYPE_CHECKING:
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.model.environment import Environment as EnvironmentConfig
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.model.watch_round import WatchRound
    from multi_env_lambda.plan.stack_adoption import StackAdoption

__all__ = ["Environment"]


@checked_methods
@attrs.frozen(repr=False)
class Environment:
    """One environment of the promotion chain. ``config`` holds its settings from the root ``pyproject.toml``."""

    _opened: Opened
    config: EnvironmentConfig

    @property
    def name(self) -> str:
        """Its name, as in the root ``pyproject.toml``."""
        return self.config.name

    @property
    def account_id(self) -> str:
        """The AWS account that it is in."""
        return self.config.account_id

    @property
    def region(self) -> str:
        """The AWS region that it is in."""
        return self.config.region

    @property
    def role_arn(self) -> str:
        """The role to assume; empty if the caller's own credentials are used."""
        return self.config.role_arn

    @property
    def switch_role_url(self) -> str:
        """The console page that switches to its role; empty if there is none."""
        return self.config.switch_role_url

    def status(self) -> Status:
        """What runs in it: the status matrix, reduced to one column."""
        return api.looking.status(self._opened, environment=self.name)

    def units(self) -> dict[str, str]:
        """The running version of each unit, by name."""
        records = self._opened.world.ledger.records(self.name)
        return {name: record.running.version for name, record in sorted(records.items()) if record.running is not None}

    def plan_adoption(self, stack: str, unit: str) -> StackAdoption:
        """What ``adopt_stack`` would do with each resource of a running stack. Writes nothing.

        Args:
            stack: its name.
            unit: the name of the unit.
        """
        from multi_env_lambda.api.adopting_stack import find_adoption

        return find_adoption(self._opened, unit, stack, self.name)

    def adopt_stack(
        self, stack: str, unit: str, *, agree: Iterable[str] = (), approve: Iterable[str] = ()
    ) -> StackAdoption:
        """Bring a running stack of CloudFormation, made by any tool, under a unit: names and data are kept.

        Args:
            stack: its name.
            unit: the name of the unit.
            agree: the answers of the plan's ``questions``.
            approve: this environment, if its author may approve.

        Raises:
            Refused: nobody has agreed, or something cannot be kept; nothing was written.
            ConfigurationError: there is no such stack.
        """
        from multi_env_lambda.api.adopting_stack import adopt_stack as adopted

        return adopted(self._opened, unit, stack, self.name, agree, approve)

    def plan_repair(self, *units: str, reason: str = "") -> Plan:
        """What ``repair`` would restore, and which of those resources hold data. Writes nothing."""
        return api.carry_out.plan(self._opened, self._repair(units, reason))

    def repair(
        self,
        *units: str,
        reason: str = "",
        agree: Iterable[str] = (),
        approve: Iterable[str] = (),
        wait: float | str = 0.0,
    ) -> Listing[Result]:
        """Restore what the records say should be running: properties, code, aliases, and resources deleted by hand.

        Redeploys the recorded release; builds nothing. Without ``units``, repairs every unit that runs here. The other
        arguments work as in ``Workspace.deploy``.

        Raises:
            UnitsFailed: something still differs from what was deployed, or nothing runs here.
        """
        return api.carry_out.deploy(self._opened, self._repair(units, reason), agree, approve, wait)

    def watch(self, *units: str, agree: Iterable[str] = (), wait: float | str = 0.0) -> Iterator[WatchRound]:
        """Deploy the work tree here, then bring each saved file here; a round for each unit that a save belongs to.

        Each ``next`` waits for a save; end the loop with ``break`` or Ctrl-C. Without ``units``, all are watched.
        ``agree`` and ``wait`` belong to the deploy at the beginning. Later questions stop a round, see its ``result``.
        A change of nothing but code is sent without a release, which nobody can promote; the next deploy replaces it.

        Raises:
            Refused: this environment takes only releases or committed files, or needs an approval.
            ConfigurationError: it is not the first one.
            UnitsFailed: the deploy at the beginning failed.
        """
        return api.watching.watch(self._opened, units, self.name, agree, wait)

    def _repair(self, units: Sequence[str], reason: str) -> Request:
        asked = api.carry_out.request(self._opened, "repair", units, self.name, None)
        return attrs.evolve(asked, reason=reason)

    def freeze(self, *units: str, reason: str, until: str = "") -> Listing[Freeze]:
        """Let nothing change here, or nothing of these units, until somebody lifts it or the time ``until`` is over.

        Runs of the CI leave it alone; people are asked first (``agree=["frozen:orders"]``). ``until``: ISO 8601, UTC if
        it has no zone. Freezing again replaces reason and time.

        Raises:
            ConfigurationError: there is no such unit, no reason is given, or ``until`` is no time in the future.
        """
        return api.freezing.freeze(self._opened, self.name, units, reason=reason, until=until)

    def unfreeze(self, *units: str) -> Listing[Freeze]:
        """Lift the freeze of the environment, or of units, with what rollbacks hold of them; returns what was lifted.

        Raises:
            Refused: this runs in a build.
        """
        return api.freezing.unfreeze(self._opened, self.name, units)

    def waiting_plan(self, digest: str) -> Mapping[str, Any]:
        """The plan with which a run of the CI stopped in front of this environment, for ``Workspace.approve``.

        ``digest``: as the run says it, or the beginning of it.
        """
        return api.approving.waiting_plan(self._opened, self.name, digest)

    def run(self, *command: str) -> int:
        """Run a program, such as ``aws``, with the role of this environment; returns its exit status.

        The role's keys are in the variables of the program only. They last an hour at most.

        Raises:
            AccountError: the role cannot be assumed.
            ToolError: the program could not be started.
        """
        return api.shell.run(self._opened, self.name, command)

    def links(self) -> dict[str, str]:
        """Console links: the role, and the stacks of this workspace. None in the local cloud."""
        if self._opened.local:
            return {}
        config = self.config
        stacks = f"https://{config.region}.console.aws.amazon.com/cloudformation/home?region={config.region}#/stacks"
        role = {"switch role": config.switch_role_url} if config.switch_role_url else {}
        return {**role, "stacks": f"{stacks}?filteringText=-{config.name}"}

    def __repr__(self) -> str:
        return f"<Environment {self.name}: {self.account_id} {self.region}>"
