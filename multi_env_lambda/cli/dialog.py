"""At a terminal, a person sees every plan and is asked; in a pipe and in CI the options say it all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import attrs
import click

from multi_env_lambda.cli.output import asked as typed_by_a_person
from multi_env_lambda.cli.output import note, tell
from multi_env_lambda.errors import Refused

if TYPE_CHECKING:
    from multi_env_lambda import Asked, Consent, Plan, Removal

__all__ = ["TerminalDialog", "confirmed"]


@attrs.frozen(kw_only=True)
class TerminalDialog:
    """What the options said: ``yes``, ``confirm`` (the unit's name, repeated); ``quiet`` hides the plan of a deploy.

    ``removals`` are those that were displayed.
    """

    yes: bool = False
    confirm: str = ""
    quiet: bool = False
    details: bool = False
    removals: list[Removal] = attrs.field(factory=list)

    def show(self, plan: Plan | Removal) -> None:
        """Print it to stderr."""
        from multi_env_lambda import Plan
        from multi_env_lambda.show.text import plan_text

        if not isinstance(plan, Plan):
            self.removals.append(plan)
            note(plan.text())
            for line in plan.rules.lines() if self.details and plan.rules is not None else ():
                note(line)
        elif not self.quiet:
            tell(plan_text(plan, details=self.details))

    def agree(self, asked: Asked) -> Consent:
        """Ask what the options leave open."""
        from multi_env_lambda import Plan

        if isinstance(asked.plan, Plan):
            return self._agree_to_plan(asked, asked.plan)
        return self._agree_to_removal(asked, asked.plan)

    def _agree_to_plan(self, asked: Asked, plan: Plan) -> Consent:
        from multi_env_lambda import Consent

        if not plan.deploys or not _is_a_person():
            return asked.given
        allowed, typed = set(asked.given.allowed), set(asked.given.typed)
        for question in plan.questions:
            text = f"{question.text}\ntype `{question.answer}` to agree"
            if question.answer not in allowed and typed_by_a_person(text) == question.answer:
                allowed.add(question.answer)
        waiting = asked.waiting()
        for text in waiting.values():
            note(text)
        typed |= {name for name in asked.approvable if _typed(name)}
        open_ones = {step.environment for step in plan.deploys} - waiting.keys()
        if open_ones and not self.yes and not typed and not click.confirm("apply this plan?", err=True):
            raise Refused("the plan", "not applied", hint="pass `--yes` to apply without confirmation")
        return Consent(allowed=frozenset(allowed), typed=frozenset(typed))

    def _agree_to_removal(self, asked: Asked, removal: Removal) -> Consent:
        """The unit's name, typed by a person or given as an option; the environment's, where its author may approve."""
        from multi_env_lambda import Consent

        name, environment = removal.project, removal.environment
        for line in removal.rules.lines() if removal.rules is not None else ():
            note(line)
        if not _is_a_person():
            if not self.yes or self.confirm != name:
                hint = f"pass `--yes --confirm {name}`"
                raise Refused(f"{name} in {environment}", "its name was not confirmed", hint=hint)
            return attrs.evolve(asked.given, allowed=frozenset({removal.answer}))
        text = f"type `{name}` to delete it from {environment}"
        typed = self.confirm if self.yes else typed_by_a_person(text, default="", show_default=False)
        if typed != name:
            raise Refused(f"{name} in {environment}", f"expected `{name}`, got `{typed}`", hint=f"type `{name}`")
        waiting = asked.waiting()
        for lines in waiting.values():
            note(lines)
        typed_names = asked.given.typed if waiting else _approved_by_herself(asked)
        return Consent(allowed=frozenset({removal.answer}), typed=typed_names)


def _approved_by_herself(asked: Asked) -> frozenset[str]:
    text = "type `{0}` to approve this yourself, or leave it empty if somebody else has approved it"
    return frozenset(
        name
        for name in asked.approvable
        if typed_by_a_person(text.format(name), default="", show_default=False) == name
    )


def confirmed(question: str, what: str) -> bool:
    """Whether a person at the terminal says yes; ``what`` would be written.

    Raises:
        Refused: nobody is there to be asked.
    """
    if not _is_a_person():
        raise Refused(what, "not written", hint="pass `--yes` to write without confirmation")
    return click.confirm(question, err=True)


def _is_a_person() -> bool:
    return sys.stdin.isatty() and not os.environ.get("CI")


def _typed(name: str) -> bool:
    text = f"type `{name}` to approve this plan, or leave it empty to keep {name} as it is"
    return typed_by_a_person(text, default="", show_default=False) == name
