"""Who reviews a plan before it is applied, and what they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import save_removal, waiting_lines, waiting_plan, waits_for_another
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.wording import Advice, advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.rules import Bound
    from multi_env_lambda.plan.removal import Removal
    from multi_env_lambda.world import World

__all__ = ["Asked", "Dialog", "agreed_by"]


@attrs.frozen(kw_only=True)
class Asked:
    """What needs consent: a plan or the deletion of a unit, each with its rules, and the consent already given.

    A ``Plan`` has ``questions``, each with the ``answer`` that belongs to ``Consent.allowed``; a ``Removal`` has one
    ``answer``, without which nothing is deleted.
    """

    plan: Plan | Removal
    given: Consent
    _world: World = attrs.field(repr=False, eq=False)

    @property
    def approvable(self) -> tuple[str, ...]:
        """The environments that require an approval which the caller may give themselves."""
        return tuple(bound.environment for bound in self._rules if bound.may_be_typed)

    def waiting(self) -> Mapping[str, Advice]:
        """The environments still waiting for somebody else's approval, each with three lines on how to obtain it.

        The lines show commands to type; ``.python`` shows the methods to call instead.
        """
        return {
            bound.environment: self._how(bound.environment)
            for bound in self._rules
            if waits_for_another(self._world, bound, self._digest(bound.environment))
        }

    @property
    def _rules(self) -> tuple[Bound, ...]:
        rules = self.plan.rules
        return rules if isinstance(rules, tuple) else () if rules is None else (rules,)

    def _digest(self, environment: str) -> str:
        return self.plan.digest_of(environment) if isinstance(self.plan, Plan) else self.plan.digest

    def _how(self, environment: str) -> Advice:
        if isinstance(self.plan, Plan):
            return waiting_plan(self.plan, environment)
        unit, digest = self.plan.project, self.plan.digest
        save = advice("`{}`", save_removal(unit, environment))
        return waiting_lines(environment, digest, save, unit_call("destroy", unit, environment))


class Dialog(Protocol):
    """A person at a terminal, or your own program. Without a dialog, the arguments of a method decide alone."""

    def show(self, plan: Plan | Removal) -> None:
        """Called with the complete plan, before anything is written."""
        ...

    def agree(self, asked: Asked) -> Consent:
        """Called before anything is written; returns all consent given: ``asked.given``, or more.

        Raises:
            Refused: the plan must not be applied: ``raise Refused("the plan", "not today", hint="ask again")``.
        """
        ...


def agreed_by(dialog: Dialog, asked: Asked) -> Consent:
    """What the dialog returns.

    Raises:
        ConfigurationError: it returned something else.
    """
    found: object = dialog.agree(asked)
    if not isinstance(found, Consent):
        what = f"`agree` returned {found!r:.80}; expected a Consent"
        raise ConfigurationError("dialog", what, hint="return `asked.given`, or raise Refused")
    if wrong := [answer for answer in found.allowed if not isinstance(answer, str)]:
        what = f"found {wrong[0]!r:.80} among the answers; expected a text"
        raise ConfigurationError("dialog", what, hint="a question's word is its `answer`")
    return found
